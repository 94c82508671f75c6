package http

import (
	"strconv"
	"time"

	"runner/metrics"
)

// series are all series of one method, name, status and error kind, found once and kept. Those that
// most requests do not touch are found when they are first needed.
type series struct {
	requests, failed, attempts, response   *metrics.Series
	send, wait, receive, bytesOut, bytesIn *metrics.Series
	reused, opened, closed                 *metrics.Series
	blocked, dns, connect, tls             *metrics.Series
	tags                                   []metrics.Tag
}

// seriesKey names a set. tags is the request's own tags in one string.
type seriesKey struct {
	method, name, kind, tags, group string
	status                          int16
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// record counts one finished call, under one lock.
func (s *state) record(r *response) {
	rec := s.vm.Env().Recorder
	if rec == nil {
		return
	}
	p := r.plan
	key := seriesKey{method: p.method, name: p.name, tags: p.tagKey, status: r.Status, group: s.vm.Env().Group}
	if r.Err != nil {
		key.kind, key.status = r.Err.Kind, 0
	}
	set := p.last
	if set == nil || p.lastStatus != key.status || p.lastKind != key.kind || p.lastGroup != key.group {
		set = s.series[key]
		if set == nil {
			set = s.newSeries(rec, key, p)
		}
		p.last, p.lastStatus, p.lastKind, p.lastGroup = set, key.status, key.kind, key.group
	}
	failed := 0.0
	if r.Err != nil || !p.expect.has(int(r.Status)) {
		failed = 1
	}
	samples := append(s.samples[:0],
		metrics.Sample{Series: set.requests, Value: 1},
		metrics.Sample{Series: set.failed, Value: failed},
		metrics.Sample{Series: set.response, Value: ms(r.Duration)})
	lazy := func(to **metrics.Series, m *metrics.Metric, v float64) {
		if *to == nil {
			*to = rec.Series(m, set.tags...)
		}
		samples = append(samples, metrics.Sample{Series: *to, Value: v})
	}
	if r.Attempts > 0 {
		samples = append(samples,
			metrics.Sample{Series: set.attempts, Value: float64(r.Attempts)},
			metrics.Sample{Series: set.send, Value: ms(r.Send)},
			metrics.Sample{Series: set.wait, Value: ms(r.Wait)},
			metrics.Sample{Series: set.receive, Value: ms(r.Receive)},
			metrics.Sample{Series: set.bytesOut, Value: float64(r.BytesOut)},
			metrics.Sample{Series: set.bytesIn, Value: float64(r.BytesIn)})
	}
	setup := r.Setup()
	if n := int(r.Attempts) - setup.Opened; n > 0 {
		lazy(&set.reused, metrics.HTTPConnsReused, float64(n))
	}
	if setup.Opened > 0 {
		lazy(&set.opened, metrics.HTTPConnsOpened, float64(setup.Opened))
	}
	if setup.Blocked > 0 {
		lazy(&set.blocked, metrics.HTTPBlocked, ms(setup.Blocked))
	}
	if setup.Resolved > 0 {
		lazy(&set.dns, metrics.HTTPDNS, ms(setup.DNS))
	}
	if setup.Connected > 0 {
		lazy(&set.connect, metrics.HTTPConnect, ms(setup.Connect))
	}
	if setup.Shook > 0 {
		lazy(&set.tls, metrics.HTTPTLS, ms(setup.TLS))
	}
	if n := r.More().Peer; n > 0 {
		lazy(&set.closed, metrics.HTTPConnsClosed, float64(n))
	}
	rec.AddAll(samples)
	s.samples = samples[:0]
}

// BytesDecoded is what bodies came to once their content coding was taken off.
var BytesDecoded = &metrics.Metric{Name: "http.bytes_decoded", Kind: metrics.Counter, Unit: "bytes"}

func (s *state) countDecoded(r *response, n int) {
	if rec := s.vm.Env().Recorder; rec != nil && r.plan.last != nil {
		rec.Add(rec.Series(BytesDecoded, r.plan.last.tags...), float64(n))
	}
}

func (s *state) newSeries(rec *metrics.Recorder, key seriesKey, p *plan) *series {
	tags := append([]metrics.Tag{{Key: "group", Value: key.group}}, p.tags...) // a tag without a value is none
	tags = append(tags, metrics.Tag{Key: "method", Value: key.method}, metrics.Tag{Key: "name", Value: key.name})
	if key.kind != "" {
		tags = append(tags, metrics.Tag{Key: "error", Value: key.kind})
	} else {
		tags = append(tags, metrics.Tag{Key: "status", Value: strconv.Itoa(int(key.status))})
	}
	set := &series{
		tags:     tags,
		requests: rec.Series(metrics.HTTPRequests, tags...),
		failed:   rec.Series(metrics.HTTPFailed, tags...),
		attempts: rec.Series(metrics.HTTPAttempts, tags...),
		response: rec.Series(metrics.HTTPResponseTime, tags...),
		send:     rec.Series(metrics.HTTPSend, tags...),
		wait:     rec.Series(metrics.HTTPWait, tags...),
		receive:  rec.Series(metrics.HTTPReceive, tags...),
		bytesOut: rec.Series(metrics.HTTPBytesOut, tags...),
		bytesIn:  rec.Series(metrics.HTTPBytesIn, tags...),
	}
	if s.series == nil {
		s.series = map[seriesKey]*series{}
	}
	// A script that names every request anew must not make its user grow without end. The registry
	// has its own limit for what it keeps.
	if len(s.series) >= maxSeries {
		clear(s.series)
	}
	s.series[key] = set
	return set
}

const maxSeries = 256
