package page

import (
	"math"
	"math/rand/v2"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/report/timeline"
	"runner/verdict"
)

// fixture makes the events of a run by hand, through a real registry.
type fixture struct {
	registry *metrics.Registry
	state    *events.State
	over     *timeline.Timeline
	rand     *rand.Rand
	at       time.Duration
}

func newFixture(started events.RunStarted) *fixture {
	f := &fixture{registry: metrics.NewRegistry(), state: events.NewState(), over: timeline.New(), rand: rand.New(rand.NewPCG(1, 2))}
	started.ID, started.Started, started.Seed = "run-1", time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), 42
	started.Host = events.Host{Name: "bench-1", OS: "linux", Arch: "amd64", GoVersion: "go1.26", CPUs: 8}
	f.emit("", events.Event{Kind: events.KindRun, Run: &started})
	return f
}

func (f *fixture) emit(scenario string, e events.Event) {
	e.At, e.Scenario = f.at, scenario
	f.state.Apply(e)
	f.over.Apply(e)
}

func (f *fixture) input() Input { return Input{State: f.state, Timeline: f.over} }

func (f *fixture) end(v verdict.Verdict, causes ...verdict.Cause) {
	f.emit("", events.Event{Kind: events.KindRunEnded, End: &events.RunEnded{Verdict: v, ExitCode: 0, Causes: causes}})
}

// second is one second of a scenario.
type second struct {
	users    int
	planned  float64
	requests int
	medianMs float64
	failures float64 // share
	open     bool
	phase    string
}

var paths = []string{"http://shop.example/login", "http://shop.example/cart", "http://shop.example/items/:id"}

func (f *fixture) run(scenario string, s second) {
	f.at += time.Second
	rec := f.registry.Recorder(1, metrics.Tag{Key: "scenario", Value: scenario})
	add := func(m *metrics.Metric, v float64, tags ...metrics.Tag) { rec.Add(rec.Series(m, tags...), v) }
	for i := range s.requests {
		ms := s.medianMs * math.Exp(f.rand.NormFloat64()*0.4)
		status := "200"
		failed := 0.0
		if f.rand.Float64() < s.failures {
			status, failed = "503", 1
		}
		tags := []metrics.Tag{{Key: "method", Value: "GET"}, {Key: "name", Value: paths[i%len(paths)]}, {Key: "status", Value: status}}
		add(metrics.HTTPRequests, 1, tags...)
		add(metrics.HTTPFailed, failed, tags...)
		add(metrics.HTTPResponseTime, ms, tags...)
		add(metrics.HTTPWait, ms*.9, tags...)
		add(metrics.HTTPReceive, ms*.1, tags...)
		add(metrics.IterationsStarted, 1)
		if failed > 0 {
			add(metrics.IterationsFailed, 1)
		} else {
			add(metrics.IterationsSucceeded, 1)
		}
		add(metrics.IterationResponseTime, ms+.3)
		add(metrics.IterationServiceTime, ms+.1)
		if s.open {
			add(metrics.IterationLateness, .05*math.Exp(f.rand.NormFloat64()))
		}
	}
	f.emit("", events.Event{Kind: events.KindMetrics, Metrics: f.registry.Drain()})
	f.emit(scenario, events.Event{Kind: events.KindTick, Tick: &events.Tick{Users: s.users, TargetUsers: s.users, PlannedRate: s.planned, Phase: s.phase, Fraction: -1, Remaining: -1}})
}

// day is a run of 24 hours whose load goes up and down, and whose server suffers in the afternoon.
func day() *fixture {
	f := newFixture(events.RunStarted{Scripts: []string{"day.js"}, Version: "1.0", Scenarios: []events.ScenarioInfo{{Name: "day", Script: "day.js", LoadModel: "rampingArrivalRate(…)"}}})
	for i := range 24 * 3600 {
		h := float64(i) / 3600
		load := 3 + 2*math.Sin((h-9)/24*2*math.Pi)
		s := second{users: int(20 * load), planned: load, requests: int(load + f.rand.Float64()), medianMs: 40 + 8*load, open: true, phase: "night"}
		if h > 8 {
			s.phase = "day"
		}
		if h > 20 {
			s.phase = "evening"
		}
		if h > 14 && h < 15.5 {
			s.medianMs *= 9
			s.failures = .12
		}
		if i == 14*3600 {
			f.emit("", events.Event{Kind: events.KindNote, Note: &events.Note{Level: "warn", Code: "scale", Message: "the database failed over"}})
		}
		f.run("day", s)
	}
	f.emit("day", events.Event{Kind: events.KindScenarioEnded, Ended: &events.ScenarioEnded{Verdict: verdict.Passed, Duration: f.at}})
	f.end(verdict.Passed)
	return f
}
