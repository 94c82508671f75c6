// Package metrics counts and times what a run does. Users record into shards, a few per core; once
// a second the shards are drained into a Delta, which is an event of the stream; a Store folds
// deltas into the figures of the whole run and of sliding windows.
//
// Durations are in milliseconds. Trends are held in DDSketches (Masson, Rim, Lee: DDSketch, VLDB
// 2019) whose bounds grow by γ = 2^(2⁻⁷), so that a quantile is right to ±0.27 % and the buckets are
// those of OpenTelemetry's exponential histograms at scale 7; count, sum, minimum and maximum are
// exact.
package metrics

import "fmt"

// Kind is a metric's type.
type Kind uint8

const (
	Counter Kind = iota // a sum
	Gauge               // the last value, with minimum and maximum
	Rate                // how many of all were true
	Trend               // a distribution
)

var kindNames = [...]string{Counter: "counter", Gauge: "gauge", Rate: "rate", Trend: "trend"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// MarshalText writes the kind as a word, so that recordings can be read by eye.
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kindNames) {
		return nil, fmt.Errorf("no such kind of metric: %d", uint8(k))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("no such kind of metric: %q (counter, gauge, rate or trend)", text)
}

// Metric is a name with a meaning. Metrics are registered before they are recorded.
type Metric struct {
	Name string
	Kind Kind
	Unit string // "ms", "bytes", "1", …
}

// Tag is one dimension of a series.
type Tag struct{ Key, Value string }

// The metrics that the engine and the modules record. A script's own are registered by name.
var (
	IterationsStarted   = &Metric{"iterations.started", Counter, "iterations"}
	IterationsSucceeded = &Metric{"iterations.succeeded", Counter, "iterations"}
	IterationsFailed    = &Metric{"iterations.failed", Counter, "iterations"}
	IterationsAborted   = &Metric{"iterations.aborted", Counter, "iterations"}
	IterationsDropped   = &Metric{"iterations.dropped", Counter, "iterations"}

	// IterationResponseTime counts from the planned start in an open model, IterationServiceTime from
	// the real one; IterationLateness is the generator's own share of the difference.
	IterationResponseTime = &Metric{"iteration.response_time", Trend, "ms"}
	IterationServiceTime  = &Metric{"iteration.service_time", Trend, "ms"}
	IterationLateness     = &Metric{"iteration.lateness", Trend, "ms"}

	UsersStarted = &Metric{"users.started", Counter, "users"}
	UsersEnded   = &Metric{"users.ended", Counter, "users"}
	UsersDied    = &Metric{"users.died", Counter, "users"} // by an error outside an iteration
	EventsSent   = &Metric{"events.delivered", Counter, "events"}

	HTTPRequests     = &Metric{"http.requests", Counter, "requests"} // exchanges as the script sees them
	HTTPFailed       = &Metric{"http.failed", Rate, "requests"}      // no answer, or an answer that was not expected
	HTTPAttempts     = &Metric{"http.attempts", Counter, "requests"} // requests put on the wire, redirects and retries included
	HTTPResponseTime = &Metric{"http.response_time", Trend, "ms"}
	HTTPBlocked      = &Metric{"http.blocked", Trend, "ms"}
	HTTPDNS          = &Metric{"http.dns", Trend, "ms"}
	HTTPConnect      = &Metric{"http.connect", Trend, "ms"}
	HTTPTLS          = &Metric{"http.tls", Trend, "ms"}
	HTTPSend         = &Metric{"http.send", Trend, "ms"}
	HTTPWait         = &Metric{"http.wait", Trend, "ms"}
	HTTPReceive      = &Metric{"http.receive", Trend, "ms"}
	HTTPBytesOut     = &Metric{"http.bytes_out", Counter, "bytes"}
	HTTPBytesIn      = &Metric{"http.bytes_in", Counter, "bytes"}
	HTTPConnsOpened  = &Metric{"http.connections_opened", Counter, "connections"}
	HTTPConnsReused  = &Metric{"http.connections_reused", Counter, "connections"}
	HTTPConnsClosed  = &Metric{"http.connections_closed_by_peer", Counter, "connections"}

	Checks = &Metric{"checks", Rate, "checks"}
)

// builtin are the metrics above: every registry knows them from the start, so that a script cannot
// register one of them with another kind.
var builtin = []*Metric{
	IterationsStarted, IterationsSucceeded, IterationsFailed, IterationsAborted, IterationsDropped,
	IterationResponseTime, IterationServiceTime, IterationLateness,
	UsersStarted, UsersEnded, UsersDied, EventsSent,
	HTTPRequests, HTTPFailed, HTTPAttempts, HTTPResponseTime, HTTPBlocked, HTTPDNS, HTTPConnect,
	HTTPTLS, HTTPSend, HTTPWait, HTTPReceive, HTTPBytesOut, HTTPBytesIn, HTTPConnsOpened,
	HTTPConnsReused, HTTPConnsClosed,
	Checks,
}
