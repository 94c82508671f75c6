package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// row is a part of the table.
type row struct {
	name, what string
	measure    func(ctx context.Context, l *lab, o options, r *results) error
}

// table is everything that can be measured, in order.
var table = []row{
	{"get", "a GET and a look at its status, 50 connections", costGet},
	{"slow", "the same from a server that answers after 10 ms, 200 connections", costSlow},
	{"check", "a GET with a check()", costCheck},
	{"json", "a GET of 1 KB of JSON, a few fields read", costJSON},
	{"allocs", "allocations of a GET", allocations},
	{"asleep", "memory and start of users that sleep", asleep},
	{"connected", "memory of users with one connection each", connected},
	{"functions", "memory of users of a 5 KB script with 25 functions", functions},
	{"second", "10,000 users that wake once a second", everySecond},
	{"arrivals", "10,000 empty iterations a second", arrivals},
	{"arrivals-get", "20,000 requests a second", arrivalsGet},
	{"ceiling", "as many empty iterations a second as one core starts", ceiling},
	{"stall", "a server that stands still for 1 s every 10 s", stall},
}

// costs has every tool that can do the work do it by turns.
func (l *lab) costs(ctx context.Context, o options, r *results, what string, w work, only ...string) (*cost, error) {
	c := &cost{what: what, tools: map[string][]float64{}}
	for range o.rounds {
		for _, t := range l.tools {
			if w.script && !t.scripts || len(only) > 0 && !among(t.name, only) {
				continue
			}
			if err := l.costOf(ctx, o, c, t, w); err != nil {
				return nil, err
			}
		}
	}
	r.costs = append(r.costs, c)
	return c, nil
}

func (l *lab) costOf(ctx context.Context, o options, c *cost, t tool, w work) error {
	n, u, err := t.run(ctx, w, o.each)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if n == 0 {
		return fmt.Errorf("%s made no request", t.name)
	}
	c.tools[t.name] = append(c.tools[t.name], float64(u.CPU.Nanoseconds())/1e3/float64(n))
	return nil
}

func among(name string, list []string) bool {
	for _, n := range list {
		if n == name {
			return true
		}
	}
	return false
}

// atMost notes what runner costs in terms of a tool, if that ran.
func (r *results) atMost(c *cost, what, of string, limit float64) {
	if v, ok := c.ratio("runner", of); ok {
		r.goal(what+", runner ÷ "+of, "%.2f", fmt.Sprintf("≤ %.2f", limit), v, limit)
	}
}

// cheaper notes how much more a tool costs than runner, if it ran.
func (r *results) cheaper(c *cost, what, than string, limit float64) {
	if v, ok := c.ratio(than, "runner"); ok {
		r.atLeast(what+", "+than+" ÷ runner", "%.1f", fmt.Sprintf("≥ %.1f", limit), v, limit)
	}
}

func costGet(ctx context.Context, l *lab, o options, r *results) error {
	c, err := l.costs(ctx, o, r, "GET + status, 50 connections", work{name: "get", path: "/", conns: 50})
	if err != nil {
		return err
	}
	r.atMost(c, "GET", "fasthttp", 1)
	r.atMost(c, "GET", "wrk", 1.25)
	r.cheaper(c, "GET", "k6", 6.5)
	return nil
}

func costSlow(ctx context.Context, l *lab, o options, r *results) error {
	c, err := l.costs(ctx, o, r, "GET + status, answer after 10 ms, 200 connections", work{name: "slow", path: "/slow", conns: 200})
	if err != nil {
		return err
	}
	r.atMost(c, "GET, 10 ms", "fasthttp", 1.15)
	r.cheaper(c, "GET, 10 ms", "k6", 5.5)
	return nil
}

// costCheck has a plain loop run beside the scripts with a check, for it is what they are to be
// compared with.
func costCheck(ctx context.Context, l *lab, o options, r *results) error {
	c, err := l.costs(ctx, o, r, "GET + check()", work{name: "check", path: "/", conns: 50}, "runner", "fasthttp", "k6")
	if err != nil {
		return err
	}
	r.atMost(c, "GET + check()", "fasthttp", 1.3)
	r.cheaper(c, "GET + check()", "k6", 6)
	delete(c.tools, "fasthttp") // which checks nothing
	return nil
}

func costJSON(ctx context.Context, l *lab, o options, r *results) error {
	c, err := l.costs(ctx, o, r, "GET + json() of 1 KB", work{name: "json", path: "/json", conns: 50, script: true})
	if err != nil {
		return err
	}
	r.cheaper(c, "GET + json()", "k6", 4)
	return nil
}

// allocations is the difference between a long run and a short one, so that the start counts for
// nothing.
func allocations(ctx context.Context, l *lab, o options, r *results) error {
	few, many := 20_000, 220_000
	if o.short {
		few, many = 500, 2500
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	measure := func(n int) (done, error) {
		p := part{Role: "runner", Result: filepath.Join(l.folder, "allocs.json")}
		p.Args = l.runnerArgs("get", filepath.Join(l.folder, "run.json"), "--users", "50", "--iterations", strconv.Itoa(n))
		if _, _, err := once(ctx, p.env(), self); err != nil {
			return done{}, err
		}
		return readDone(p.Result)
	}
	a, err := measure(few)
	if err != nil {
		return err
	}
	b, err := measure(many)
	if err != nil {
		return err
	}
	n := float64(many - few)
	r.goal("allocations of a GET", "%.1f", "≤ 8", float64(b.Mallocs-a.Mallocs)/n, 8)
	r.goal("bytes allocated for a GET", "%.0f", "≤ 600", float64(b.Bytes-a.Bytes)/n, 600)
	return nil
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
