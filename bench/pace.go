package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"runner/events"
)

// everySecond is what many users cost that do next to nothing.
func everySecond(ctx context.Context, l *lab, o options, r *results) error {
	users, warm, window := 10_000, 5*time.Second, 8*time.Second
	if o.short {
		users, warm, window = 100, 500*time.Millisecond, time.Second
	}
	share := func(program string, args []string) (float64, error) {
		c, err := start(ctx, nil, program, args...)
		if err != nil {
			return 0, err
		}
		defer c.kill()
		var cpu [2]time.Duration
		began := time.Now()
		for i, pause := range []time.Duration{warm, window} {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			if i == 0 {
				began = time.Now()
			}
			if cpu[i], _, err = c.now(); err != nil {
				return 0, err
			}
		}
		return 100 * (cpu[1] - cpu[0]).Seconds() / time.Since(began).Seconds(), nil
	}
	flags := []string{"--users", strconv.Itoa(users), "--duration", "1h"}
	ours, err := share(l.program, l.runnerArgs("second", l.folder+"/run.json", flags...))
	if errors.Is(err, errNoProc) {
		r.note("second: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	r.goal(fmt.Sprintf("%s users, sleep(1): share of a core", grouped(users)), "%.1f %%", "≤ 4 %", ours, 4)
	if l.k6 != "" {
		theirs, err := share(l.k6, l.k6Args("second", l.folder+"/k6.json", "--vus", strconv.Itoa(users), "--duration", "1h"))
		if err != nil {
			return err
		}
		r.atLeast(fmt.Sprintf("%s users, sleep(1), k6 ÷ runner", grouped(users)), "%.1f", "≥ 8", theirs/ours, 8)
	}
	return nil
}

// pace runs an open model.
func (l *lab) pace(ctx context.Context, script string, rate, users int, d time.Duration) (events.Run, used, error) {
	return l.load(ctx, script, "--rate", strconv.Itoa(rate), "--users", strconv.Itoa(users), "--duration", d.String())
}

// medians runs an open model once a round, and notes medians.
func (l *lab) medians(ctx context.Context, o options, script string, rate, users int, d time.Duration) (p50, p99, response, dropped, perIteration float64, err error) {
	var p50s, p99s, responses, drops, costs []float64
	for range min(o.rounds, 3) {
		run, u, err := l.pace(ctx, script, rate, users, d)
		if err != nil {
			return 0, 0, 0, 0, 0, err
		}
		s := run.Scenarios[0]
		if s.Lateness == nil || s.Lateness.P50 == nil || s.ResponseTime.P99 == nil || s.Ledger.Started == 0 {
			return 0, 0, 0, 0, 0, errors.New("no iteration was planned")
		}
		p50s, p99s = append(p50s, *s.Lateness.P50), append(p99s, *s.Lateness.P99)
		responses = append(responses, *s.ResponseTime.P99)
		drops = append(drops, 100*float64(s.Ledger.Dropped)/float64(s.Ledger.Dropped+s.Ledger.Started))
		costs = append(costs, us(u.CPU)/float64(s.Ledger.Started))
	}
	return median(p50s), median(p99s), median(responses), median(drops), median(costs), nil
}

func arrivals(ctx context.Context, l *lab, o options, r *results) error {
	rate, users, d := 10_000, 500, 8*time.Second
	if o.short {
		rate, users, d = 1000, 50, o.each
	}
	p50, p99, _, dropped, each, err := l.medians(ctx, o, "empty", rate, users, d)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s arrivals/s, empty: ", grouped(rate))
	r.goal(what+"lateness p50", "%.2f ms", "≤ 0.2 ms", p50, 0.2)
	r.goal(what+"lateness p99", "%.2f ms", "≤ 0.5 ms", p99, 0.5)
	r.goal(what+"dropped", "%.2f %%", "0 %", dropped, 0)
	r.goal(what+"CPU an iteration", "%.1f µs", "≤ 10 µs", each, 10)
	return nil
}

func arrivalsGet(ctx context.Context, l *lab, o options, r *results) error {
	rate, users, d := 20_000, 500, 8*time.Second
	if o.short {
		rate, users, d = 500, 50, o.each
	}
	p50, p99, response, dropped, each, err := l.medians(ctx, o, "get", rate, users, d)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s GETs/s: ", grouped(rate))
	r.goal(what+"dropped", "%.2f %%", "0 %", dropped, 0)
	r.goal(what+"lateness p50", "%.2f ms", "≤ 0.3 ms", p50, 0.3)
	r.goal(what+"lateness p99", "%.2f ms", "≤ 5 ms", p99, 5)
	r.note("%sp99 of the response time %.2f ms, CPU an iteration %.1f µs", what, response, each)
	return nil
}

// ceiling asks for more than can be had and counts what was started.
func ceiling(ctx context.Context, l *lab, o options, r *results) error {
	rate, users, d := 1_000_000, 500, 5*time.Second
	if o.short {
		rate, users, d = 5000, 50, o.each
	}
	run, _, err := l.pace(ctx, "empty", rate, users, d)
	if err != nil {
		return err
	}
	s := run.Scenarios[0]
	r.atLeast("empty arrivals a second, one core", "%.0f", "≥ 300000", float64(s.Ledger.Started)/(s.DurationMs/1e3), 300_000)
	return nil
}

// stall compares what is reported of a stall with what must have been. In any 10 s, those that are
// planned in the second of the stall wait for its end, evenly from 1 s down to nothing, and those are a
// tenth of all: the hundredth that waits longest waits 0.9 s and more.
func stall(ctx context.Context, l *lab, o options, r *results) error {
	if o.short {
		// What a stall does cannot be seen in a moment, but that all of it works can.
		_, _, err := l.pace(ctx, "stall", 100, 20, o.each)
		return err
	}
	const rate, truth = 1000, 900.0
	server, err := startServer() // whose stalls begin to count with its first request
	if err != nil {
		return err
	}
	defer server.close()
	own := *l
	own.server = server
	run, _, err := own.pace(ctx, "stall", rate, 2*rate, 2*stallEvery)
	if err != nil {
		return err
	}
	s := run.Scenarios[0]
	if s.ResponseTime.P99 == nil {
		return errors.New("there is no response time")
	}
	off := 100 * (*s.ResponseTime.P99 - truth) / truth
	r.goal("stall of 1 s in 10 s, 1,000/s: p99 from the planned start off by", "%.1f %%", "≤ 3 %", max(off, -off), 3)
	r.note("stall: p99 %.0f ms, true %.0f ms; %d dropped", *s.ResponseTime.P99, truth, s.Ledger.Dropped)
	return nil
}

// grouped writes a number with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
