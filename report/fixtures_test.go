package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/verdict"
)

func wave(n int, from, to, wobble float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		x := float64(i) / float64(n-1)
		v[i] = max(0, from+(to-from)*x+wobble*math.Sin(float64(i)*1.3))
	}
	return v
}

// stressing is a closed model in the middle of a ramp.
func stressing() scenarioView {
	return scenarioView{
		Name: "stress", Status: "running", Began: 0, Phase: "period 3 of 6", Fraction: 0.53, Remaining: 37 * time.Second,
		Users: 15, WantedUsers: 15, MaxUsers: 15,
		Iterations: iterationCounts{Started: 2325, Succeeded: 2298, Failed: 12},
		Requests:   4620, ReqFailed: 3,
		Recent: recentView{
			IterationRate: 231.4, RequestRate: 462.8, P50: 12.34, P95: 41.02, P99: 88.1, LatenessP99: math.NaN(),
			UsersHistory: wave(42, 5, 15, 0), RateHistory: wave(42, 60, 231, 12),
			RequestHistory: wave(42, 120, 462, 24), P95History: wave(42, 8, 41, 4),
		},
		Aggregate: json.RawMessage(`{"count": 2310, "meanMs": 12.310234523, "perUser": {"1": 154, "2": 154}}`),
		Failures: []failureView{
			{Source: "iteration", Name: "TypeError", Message: "Cannot read property 'id' of undefined", Place: "stress.js:14:9", Count: 9},
			{Source: "iteration", Name: "Error", Message: "connection refused", Place: "stress.js:12:20", Count: 3},
		},
	}
}

// arriving is an open model that drops starts.
func arriving() scenarioView {
	s := scenarioView{
		Name: "arrivals", Status: "running", Began: 10 * time.Second, Phase: "ramp", Fraction: 0.2, Remaining: -1, PlannedRate: 2500,
		Users: 200, WantedUsers: 200, WorkQueued: 0,
		Iterations: iterationCounts{Started: 61234, Succeeded: 61230, Dropped: 120},
		Recent: recentView{
			IterationRate: 2480, P50: 0.9, P95: 2.1, P99: 1200, LatenessP99: 0.34,
			UsersHistory: wave(32, 10, 200, 0), RateHistory: wave(32, 100, 2480, 30), P95History: wave(32, 1, 2.1, 0.3),
		},
	}
	return s
}

func waiting(name string) scenarioView {
	return scenarioView{Name: name, Status: "waiting", Began: -1, Fraction: -1, Remaining: -1}
}

var longAgo = 42 * time.Second

// liveCases are moments of runs, by what is special about them.
func liveCases() map[string]*runView {
	wide := stressing()
	wide.Name = "測試負載-Ωmega-ユーザー登録シナリオ"
	wide.Phase = "段階 3"
	wide.Failures[0].Message = "名前が見つかりません\x1b[31m\nzweite Zeile"
	unknown := stressing()
	unknown.Fraction, unknown.Remaining, unknown.Failures, unknown.Iterations.Failed = -1, -1, nil, 0
	unknown.Requests, unknown.WorkQueued, unknown.ResultsUnread = 0, 1200, 14
	starting := scenarioView{Name: "stress", Status: "starting", Began: 40 * time.Second, Fraction: -1, Remaining: -1,
		Recent: recentView{P50: math.NaN(), P95: math.NaN(), P99: math.NaN()}}
	many := &runView{}
	for i := range 12 {
		s := stressing()
		s.Name = "scenario-" + strings.Repeat("x", i)
		many.Scenarios = append(many.Scenarios, s)
	}
	done := stressing()
	done.Ended, done.Verdict = true, verdict.Passed
	return map[string]*runView{
		"one":      {Scenarios: []scenarioView{stressing()}},
		"two":      {Scenarios: []scenarioView{stressing(), arriving(), waiting("read-back"), waiting("duplicate")}},
		"wide":     {Scenarios: []scenarioView{wide}},
		"unknown":  {Scenarios: []scenarioView{unknown}},
		"starting": {Scenarios: []scenarioView{starting}},
		"many":     many,
		"ended":    {Scenarios: []scenarioView{done, arriving()}},
	}
}

// story tells the events of a run by hand.
type story struct {
	state *events.State
	reg   *metrics.Registry
	peaks map[string]int // the most users at once, by scenario
	at    time.Duration
	sinks []events.Sink
}

// newStory begins one; each of the makers may add a display of its state.
func newStory(displays ...func(*events.State) events.Sink) *story {
	s := &story{state: events.NewState(), reg: metrics.NewRegistry()}
	s.sinks = []events.Sink{s.state.Apply}
	for _, make := range displays {
		s.sinks = append(s.sinks, make(s.state))
	}
	return s
}

func (s *story) tell(scenario string, e events.Event) {
	e.At, e.Scenario = s.at, scenario
	for _, sink := range s.sinks {
		sink(e)
	}
}

func (s *story) begin(seed uint64, scenarios ...string) {
	run := &events.RunStarted{ID: "r1", Seed: seed}
	for _, n := range scenarios {
		run.Scenarios = append(run.Scenarios, events.ScenarioInfo{Name: n, Script: n + ".js"})
	}
	s.tell("", events.Event{Run: run})
}

func (s *story) status(scenario, from, to string) {
	s.tell(scenario, events.Event{Status: &events.StatusChanged{From: from, To: to}})
}

// second passes a second in which iterations of a scenario end, each with one request.
func (s *story) second(scenario string, users int, o iterationsOf) {
	s.at += time.Second
	rec := s.reg.Recorder(1, metrics.Tag{Key: events.ScenarioTag, Value: scenario})
	add := func(m *metrics.Metric, v float64, tags ...string) {
		var list []metrics.Tag
		for i := 0; i < len(tags); i += 2 {
			list = append(list, metrics.Tag{Key: tags[i], Value: tags[i+1]})
		}
		rec.Add(rec.Series(m, list...), v)
	}
	for i := range o.succeeded + o.failed {
		add(metrics.IterationsStarted, 1)
		ms := o.ms * float64(1+i%10)
		failed := i >= o.succeeded
		if failed {
			add(metrics.IterationsFailed, 1)
		} else {
			add(metrics.IterationsSucceeded, 1)
		}
		add(metrics.IterationServiceTime, ms)
		if o.late > 0 {
			add(metrics.IterationLateness, o.late)
		}
		add(metrics.IterationResponseTime, ms+o.late)
		if o.http {
			tags := []string{"method", "POST", "name", "/users", "status", "201"}
			if i%2 == 1 {
				tags = []string{"method", "GET", "name", "/users/{id}", "status", "200"}
			}
			add(metrics.HTTPRequests, 1, tags...)
			add(metrics.HTTPAttempts, 1, tags...)
			bad := 0.0
			if failed {
				bad = 1
			}
			add(metrics.HTTPFailed, bad, tags...)
			add(metrics.HTTPResponseTime, ms*0.8, tags...)
			add(metrics.HTTPBytesOut, 180, tags...)
			add(metrics.HTTPBytesIn, 2345, tags...)
			add(metrics.HTTPConnsReused, 1)
			add(metrics.Checks, 1-bad, "check", "status is 201")
			add(metrics.Checks, 1, "check", "has an id", "group", "create")
		}
	}
	if o.http {
		add(metrics.HTTPConnsOpened, float64(users))
	}
	if o.dropped > 0 {
		add(metrics.IterationsDropped, float64(o.dropped))
	}
	if o.started > 0 {
		add(metrics.UsersStarted, float64(o.started))
	}
	if o.custom {
		for _, m := range []struct {
			metrics.Metric
			v    float64
			tags []string
		}{
			{metrics.Metric{Name: "sales", Kind: metrics.Counter, Unit: "1"}, 12, nil},
			{metrics.Metric{Name: "queue", Kind: metrics.Gauge, Unit: "jobs"}, 7, nil},
			{metrics.Metric{Name: "cached", Kind: metrics.Rate}, 1, []string{"region", "eu"}},
			{metrics.Metric{Name: "cached", Kind: metrics.Rate}, 0, []string{"region", "us"}},
			{metrics.Metric{Name: "render", Kind: metrics.Trend, Unit: "ms"}, 1234.5, nil},
		} {
			known, err := s.reg.Register(&m.Metric)
			if err != nil {
				panic(err)
			}
			add(known, m.v, m.tags...)
		}
	}
	s.tell("", events.Event{Metrics: s.reg.Drain()})
	s.tell(scenario, events.Event{Tick: &events.Tick{
		Users: users, MostUsers: s.most(scenario, users), TargetUsers: users, Phase: "hold", Fraction: 0.5, Remaining: 5 * time.Second, PlannedRate: o.planned,
	}})
}

type iterationsOf struct {
	succeeded, failed, dropped, started int
	ms, late, planned                   float64
	http, custom                        bool
}

func (s *story) end(scenario string, e events.ScenarioEnded) {
	s.tell(scenario, events.Event{Ended: &e})
}

func (s *story) close(causes ...verdict.Cause) {
	verdict.Sort(causes)
	v, code := verdict.Of(causes)
	s.tell("", events.Event{End: &events.RunEnded{Verdict: v, ExitCode: code, Causes: causes}})
}

// passedStory is a closed model without a flaw.
func passedStory(displays ...func(*events.State) events.Sink) *story {
	s := newStory(displays...)
	s.begin(42, "stress")
	s.status("stress", "waiting", "starting")
	s.at += 100 * time.Millisecond
	s.status("stress", "starting", "running")
	for i := range 12 {
		o := iterationsOf{succeeded: 200, ms: 5, http: true, custom: true}
		if i == 0 {
			o.started = 15
		}
		s.second("stress", 15, o)
	}
	s.status("stress", "running", "stopping")
	s.end("stress", events.ScenarioEnded{
		Verdict: verdict.Passed, Duration: 12 * time.Second,
		Aggregate: json.RawMessage(`{"count":2400}`),
		Output:    json.RawMessage(`{"count":2400,"meanMs":27.5,"slowest":[{"user":3,"ms":50},{"user":7,"ms":50}],"note":"a text that makes this too long for one line"}`),
	})
	s.close()
	return s
}

// failedStory has two scenarios that fail and one that is skipped.
func failedStory(displays ...func(*events.State) events.Sink) *story {
	s := newStory(displays...)
	s.begin(0, "create", "arrivals", "read-back")
	for _, n := range []string{"create", "arrivals"} {
		s.status(n, "waiting", "starting")
		s.status(n, "starting", "running")
	}
	first := true
	for range 6 {
		s.second("create", 3, iterationsOf{succeeded: 90, failed: 10, ms: 0.21, http: true, started: 3})
		s.second("arrivals", 40, iterationsOf{succeeded: 100, dropped: 7, ms: 20, late: 1.5, planned: 107})
		f := events.Failure{Source: "iteration", Name: "TypeError", Message: "Cannot read property 'id' of undefined", Place: "lib/users.ts:14:9", Count: 9}
		if first {
			f.Stack = "TypeError: Cannot read property 'id' of undefined\n    at create (lib/users.ts:14:9)\n    at start (create.js:22:15)"
			f.User, f.Iteration = 3, 2
		}
		s.tell("create", events.Event{Failure: &f})
		s.tell("create", events.Event{Failure: &events.Failure{Source: "iteration", Name: "Error",
			Message: "the server said: \x1b[2J<h1>500</h1>\nand more", Count: 1}})
		first = false
	}
	for i := range 14 {
		s.tell("arrivals", events.Event{Failure: &events.Failure{Source: "userLoop", Message: fmt.Sprintf("failure of sort %d", i), Count: int64(20 - i)}})
	}
	s.tell("arrivals", events.Event{Note: &events.Note{Level: "warn", Code: "users-stuck", Message: "3 users did not stop within 30 s and were interrupted"}})
	s.tell("", events.Event{Note: &events.Note{Level: "warn", Code: "metrics", Message: "metric \"sales\" has too many series: its tag user has a value for each user"}})
	verifier := verdict.Cause{Kind: verdict.Verifier, Scenario: "create", Message: "the verifier gave 60 errors"}
	fail := verdict.Cause{Kind: verdict.ScriptFail, Scenario: "arrivals", Message: "fail was called: the queue is longer than it may be, and this text is long enough to be wrapped on a narrow terminal"}
	skipped := verdict.Cause{Kind: verdict.Dependency, Scenario: "read-back", Message: "it depends on create, which failed"}
	var errs []string
	for i := range 60 {
		errs = append(errs, fmt.Sprintf("result of user %d failed: TypeError", i%12))
	}
	s.end("create", events.ScenarioEnded{Verdict: verdict.Failed, Causes: []verdict.Cause{verifier}, Duration: 12 * time.Second, Errors: errs})
	s.end("arrivals", events.ScenarioEnded{Verdict: verdict.Failed, Causes: []verdict.Cause{fail}, Duration: 12 * time.Second,
		Output: json.RawMessage(`"throughput  100/s\nlatency      20 ms"`)})
	s.end("read-back", events.ScenarioEnded{Verdict: verdict.Skipped, Causes: []verdict.Cause{skipped}})
	s.close(verifier, fail, skipped)
	return s
}

// brokenOffStory is a recording that ends in the middle.
func brokenOffStory() *story {
	s := newStory()
	s.begin(1, "stress")
	s.status("stress", "waiting", "starting")
	s.status("stress", "starting", "running")
	s.second("stress", 2, iterationsOf{succeeded: 5, ms: 5, started: 2})
	return s
}

// unreachableStory is a script whose init threw: nothing was sent.
func unreachableStory() *story {
	s := newStory()
	s.begin(1, "stress")
	s.status("stress", "waiting", "starting")
	s.at = 20 * time.Millisecond
	s.tell("stress", events.Event{Failure: &events.Failure{Source: "init", Name: "Error", Message: "connection refused", Place: "stress.js:5:11", Count: 1,
		Stack: "Error: connection refused\n    at init (stress.js:5:11)"}})
	c := verdict.Cause{Kind: verdict.Script, Scenario: "stress", Message: "init threw: Error: connection refused"}
	s.status("stress", "starting", "ended")
	s.end("stress", events.ScenarioEnded{Verdict: verdict.Error, Causes: []verdict.Cause{c}, Duration: 20 * time.Millisecond})
	s.close(c)
	return s
}

// onceStory is two scenarios of one iteration each, the second without a request.
func onceStory() *story {
	s := newStory()
	s.begin(7, "create", "think")
	for _, n := range []string{"create", "think"} {
		s.status(n, "waiting", "starting")
		s.status(n, "starting", "running")
		s.second(n, 1, iterationsOf{succeeded: 1, ms: 12.5, http: n == "create", started: 1})
		s.end(n, events.ScenarioEnded{Verdict: verdict.Passed, Duration: 13 * time.Millisecond, Aggregate: json.RawMessage(`{"id":1}`)})
	}
	s.close()
	return s
}

// most is the most users that a scenario had at once so far.
func (s *story) most(scenario string, users int) int {
	if s.peaks == nil {
		s.peaks = map[string]int{}
	}
	s.peaks[scenario] = max(s.peaks[scenario], users)
	return s.peaks[scenario]
}
