package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"time"

	"runner/events"
)

// size is how much is asked for: the short form is what a test can afford.
type size struct {
	delays, outcomes, closes, bodies int
	mostBody                         int
	rate, seconds                    int // of the open model
	stallEvery, stall                time.Duration
}

var (
	short = size{delays: 200, outcomes: 1000, closes: 300, bodies: 4, mostBody: 1_000_000,
		rate: 200, seconds: 4, stallEvery: time.Second, stall: 200 * time.Millisecond}
	full = size{delays: 5000, outcomes: 20_000, closes: 3000, bodies: 20, mostBody: 10_000_000,
		rate: 1000, seconds: 30, stallEvery: 5 * time.Second, stall: time.Second}
)

// finding is one comparison of what was measured with what was true.
type finding struct {
	what, want, got string
	ok              bool
	exact           bool // a count, which must be equal whatever the machine does
}

// report are the findings of one case.
type report struct {
	name     string
	findings []finding
}

func (r *report) equal(what string, want, got any) {
	w, g := fmt.Sprint(want), fmt.Sprint(got)
	r.findings = append(r.findings, finding{what, w, g, w == g, true})
}

// near compares times, in milliseconds.
func (r *report) near(what string, want, got, tolerance float64) {
	r.findings = append(r.findings, finding{what, fmt.Sprintf("%.2f ms ± %.2f", want, tolerance), fmt.Sprintf("%.2f ms", got),
		math.Abs(want-got) <= tolerance, false})
}

func (r *report) holds(what, want, got string, ok, exact bool) {
	r.findings = append(r.findings, finding{what, want, got, ok, exact})
}

// counts compares all that is counted.
func (r *report) counts(s *server, run events.Run) {
	want, got := s.counted(), countedBy(run)
	r.equal("requests", want.Requests, got.Requests)
	r.equal("outcomes", want.Outcomes, got.Outcomes)
	r.equal("connections", want.Connections, got.Connections)
	r.equal("bytes sent", want.Sent, got.Sent)
	r.equal("bytes received", want.Received, got.Received)
	for _, sc := range run.Scenarios {
		r.equal("ledger of iterations balanced", true, sc.Ledger.Balanced && sc.Ledger.Running == 0)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// value is a figure that may not be there.
func value(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// delays plays fixed delays.
func (l *lab) delays(ctx context.Context, z size) (reports []report, err error) {
	for _, delay := range []int{1, 10, 100} {
		s, err := startServer()
		if err != nil {
			return nil, err
		}
		n := z.delays
		if delay == 100 {
			n /= 4
		}
		run, _, err := l.run(ctx, "delay.js", map[string]any{"server": s.url(), "ms": delay, "iterations": n, "users": 5}, nil)
		s.close()
		if err != nil {
			return nil, err
		}
		r := report{name: fmt.Sprintf("a delay of %d ms", delay)}
		r.counts(s, run)
		r.equal("planned requests", n, countedBy(run).Requests)
		if run.HTTP != nil {
			for _, q := range []struct {
				q   float64
				got *float64
			}{{0.5, run.HTTP.Response.P50}, {0.9, run.HTTP.Response.P90}, {0.95, run.HTTP.Response.P95}, {0.99, run.HTTP.Response.P99}} {
				want := ms(s.quantile(q.q))
				r.near(fmt.Sprintf("p%.0f", 100*q.q), want, value(q.got), max(1, 0.02*want))
			}
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// outcomes plays errors of all kinds.
func (l *lab) outcomes(ctx context.Context, z size, seed uint64) (reports []report, err error) {
	for _, c := range []struct {
		name   string
		n      int
		shares map[string]float64
		pause  string
		retry  bool
	}{
		{"7 % 500s, 3 % resets, 2 % timeouts", z.outcomes, map[string]float64{"500": 0.07, reset: 0.03, timedOut: 0.02}, "0ms", false},
		{"the same, what is reset on a used connection sent again", z.outcomes / 2, map[string]float64{"500": 0.07, reset: 0.03, timedOut: 0.02}, "0ms", true},
		// The pause lets a silent close arrive before the connection is used again: what a server has closed
		// meanwhile cannot be told from what it refused.
		{"closes: announced, silent, without and amid answers", z.closes, map[string]float64{announced: 0.1, silent: 0.1, closed: 0.1, truncated: 0.1}, "20ms", false},
	} {
		s, err := startServer()
		if err != nil {
			return nil, err
		}
		s.plan(c.n, seed, c.shares)
		run, _, err := l.run(ctx, "outcome.js", map[string]any{"server": s.url(), "iterations": c.n, "users": 10, "pause": c.pause, "retry": c.retry}, nil)
		s.close()
		if err != nil {
			return nil, err
		}
		r := report{name: c.name}
		if c.retry {
			r.again(s, run, c.n)
			reports = append(reports, r)
			continue
		}
		r.counts(s, run)
		want := map[string]int{"200": c.n}
		for kind, share := range c.shares {
			k := int(share * float64(c.n))
			if kind != announced && kind != silent {
				want[kind] += k
				want["200"] -= k
			}
		}
		r.equal("planned outcomes", want, maps.Clone(countedBy(run).Outcomes))
		reports = append(reports, r)
	}
	return reports, nil
}

// again compares when requests are sent again: the server saw each attempt, the script what came of the last.
func (r *report) again(s *server, run events.Run, exchanges int) {
	want, got := s.counted(), countedBy(run)
	r.equal("attempts", want.Requests, got.Requests)
	r.equal("exchanges", exchanges, int(sum(run, "http.requests")))
	r.equal("connections", want.Connections, got.Connections)
	r.equal("bytes sent", want.Sent, got.Sent)
	r.equal("bytes received", want.Received, got.Received)
	broke := want.Outcomes[reset]
	r.equal("resets that were sent again or told", broke, int(got.Requests)-exchanges+got.Outcomes[reset]+got.Outcomes[closed])
	delete(want.Outcomes, reset)
	delete(got.Outcomes, reset)
	delete(got.Outcomes, closed)
	r.equal("other outcomes", want.Outcomes, got.Outcomes)
}

// bodies plays answers of all sizes.
func (l *lab) bodies(ctx context.Context, z size) ([]report, error) {
	s, err := startServer()
	if err != nil {
		return nil, err
	}
	run, _, err := l.run(ctx, "body.js", map[string]any{"server": s.url(), "iterations": z.bodies, "users": 2, "most": z.mostBody}, nil)
	s.close()
	if err != nil {
		return nil, err
	}
	r := report{name: "bodies: plain, chunked, gzipped"}
	r.counts(s, run)
	r.equal("decoded bytes", s.decoded, int64(sum(run, "decoded")))
	return []report{r}, nil
}

// stalls plays a server that stands still for a part of each period. At an even rate, of all that are due
// in a period the share S/T waits, evenly from S down to nothing: the response time at quantile q is
// S(1 − (1 − q)·T/S) for q above 1 − S/T.
func (l *lab) stalls(ctx context.Context, z size) ([]report, error) {
	r := report{name: fmt.Sprintf("a stall of %v every %v", z.stall, z.stallEvery)}
	// A closed loop asks seldom while it waits: its percentiles hide the stall.
	for _, script := range []string{"open.js", "closed.js"} {
		s, err := startServer()
		if err != nil {
			return nil, err
		}
		s.gate.set(z.stallEvery, z.stall)
		run, _, err := l.run(ctx, script, map[string]any{"server": s.url(), "rate": z.rate, "seconds": z.seconds}, nil)
		s.close()
		if err != nil {
			return nil, err
		}
		r.counts(s, run)
		got := run.Scenarios[0].ResponseTime
		if script == "open.js" {
			r.equal("planned arrivals", z.rate*z.seconds, run.Scenarios[0].Ledger.Started+run.Scenarios[0].Ledger.Dropped)
		}
		for _, q := range []struct {
			q   float64
			got *float64
		}{{0.9, got.P90}, {0.95, got.P95}, {0.99, got.P99}} {
			share := float64(z.stall) / float64(z.stallEvery)
			want := ms(z.stall) * (1 - (1-q.q)/share)
			if q.q <= 1-share {
				continue
			}
			if script == "open.js" {
				r.near(fmt.Sprintf("open model, p%.0f by the formula", 100*q.q), want, value(q.got), max(3, 0.03*ms(z.stall)))
				continue
			}
			r.holds(fmt.Sprintf("closed loop, p%.0f does not see it", 100*q.q), fmt.Sprintf("far below %.0f ms", want), fmt.Sprintf("%.2f ms", value(q.got)),
				value(q.got) < want/2, false)
		}
	}
	return []report{r}, nil
}

// stopFor is how long the generator itself is stopped.
const stopFor = 400 * time.Millisecond

// stopped stops the generator itself for a moment: what is late then is its own fault, and it says so.
func (l *lab) stopped(ctx context.Context, z size) ([]report, error) {
	s, err := startServer()
	if err != nil {
		return nil, err
	}
	defer s.close()
	rate := min(z.rate, 200)
	run, code, err := l.run(ctx, "open.js", map[string]any{"server": s.url(), "rate": rate, "seconds": 4}, func(p *os.Process) {
		time.Sleep(2 * time.Second)
		pause(p, stopFor)
	})
	if err != nil {
		return nil, err
	}
	sc := run.Scenarios[0]
	r := report{name: fmt.Sprintf("the generator itself is stopped for %v", stopFor)}
	r.equal("planned arrivals", rate*4, sc.Ledger.Started+sc.Ledger.Dropped)
	late := math.NaN()
	if sc.Lateness != nil {
		late = value(sc.Lateness.Max)
	}
	r.holds("it shows as lateness", fmt.Sprintf("at least %v", stopFor*3/4), fmt.Sprintf("%.0f ms", late), late >= 0.75*ms(stopFor), true)
	stall := 0.0
	if run.Generator != nil {
		stall = run.Generator.StallMs
	}
	r.holds("it shows as a stall of the generator", fmt.Sprintf("at least %v", stopFor*3/4), fmt.Sprintf("%.0f ms", stall), stall >= 0.75*ms(stopFor), true)
	r.holds("it does not show as the server's time", fmt.Sprintf("p95 of service below %v", stopFor/4), fmt.Sprintf("%.2f ms", value(sc.ServiceTime.P95)),
		value(sc.ServiceTime.P95) < ms(stopFor)/4, false)
	r.equal("verdict", "generator-limited", run.Verdict)
	r.equal("exit code", 112, code)
	return []report{r}, nil
}

// all plays everything.
func (l *lab) all(ctx context.Context, z size, seed uint64, each func(report)) error {
	for _, play := range []func() ([]report, error){
		func() ([]report, error) { return l.delays(ctx, z) },
		func() ([]report, error) { return l.outcomes(ctx, z, seed) },
		func() ([]report, error) { return l.bodies(ctx, z) },
		func() ([]report, error) { return l.stalls(ctx, z) },
		func() ([]report, error) { return l.stopped(ctx, z) },
	} {
		reports, err := play()
		if err != nil {
			return err
		}
		for _, r := range reports {
			each(r)
		}
	}
	return nil
}
