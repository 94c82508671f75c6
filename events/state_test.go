package events

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"runner/metrics"
	"runner/verdict"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestStateOfARecordingIsTheLiveOne(t *testing.T) {
	for _, seconds := range []int{0, 1, 7, 700} {
		file := path(t, "events.log")
		live := NewState()
		synctest.Test(t, func(t *testing.T) {
			w, err := Create(file)
			if err != nil {
				t.Fatal(err)
			}
			playRun(seconds, Tee(live.Apply, w.Write))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		})
		back, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Summary(live), Summary(back)); diff != "" {
			t.Errorf("after %d seconds the summaries differ:\n%s", seconds, diff)
		}
		if diff := cmp.Diff(live.Scenarios, back.Scenarios, whole); diff != "" {
			t.Errorf("after %d seconds the scenarios differ:\n%s", seconds, diff)
		}
		if diff := cmp.Diff([]any{live.Failures, live.Notes, live.Logs, live.LogLines, live.Now}, []any{back.Failures, back.Notes, back.Logs, back.LogLines, back.Now}, whole); diff != "" {
			t.Errorf("after %d seconds the rest differs:\n%s", seconds, diff)
		}
	}
}

func TestSummary(t *testing.T) {
	state := NewState()
	for _, e := range collect(t, 10) {
		state.Apply(e)
	}
	file := path(t, SummaryFile)
	if err := WriteSummary(file, Summary(state)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", SummaryFile)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	var back Run
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	second := path(t, SummaryFile)
	if err := WriteSummary(second, back); err != nil {
		t.Fatal(err)
	}
	again, _ := os.ReadFile(second)
	if diff := cmp.Diff(string(got), string(again)); diff != "" {
		t.Errorf("read back, it differs:\n%s", diff)
	}
	if names, _ := os.ReadDir(filepath.Dir(file)); len(names) != 1 {
		t.Errorf("something is left beside it: %v", names)
	}
}

func TestSummaryOfARunThatWasCutShort(t *testing.T) {
	state := NewState()
	for _, e := range collect(t, 3) {
		if e.Ended == nil && e.End == nil {
			state.Apply(e)
		}
	}
	r := Summary(state)
	if r.Finished || r.Verdict != verdict.Incomplete || r.ExitCode != 111 || len(r.Causes) != 1 || r.Scenarios[0].Verdict != verdict.Incomplete {
		t.Errorf("%+v", r)
	}
	if l := r.Scenarios[0].Ledger; l.Started != 30 || !l.Balanced {
		t.Errorf("%+v", l)
	}
	if r := Summary(NewState()); r.Schema != SummarySchema || r.Finished {
		t.Errorf("of nothing: %+v", r)
	}
}

func TestWriteSummaryLeavesTheOldOneWhenItFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", SummaryFile)
	if err := WriteSummary(file, Run{}); err == nil || !strings.HasPrefix(err.Error(), "writing the summary: ") {
		t.Error(err)
	}
	file = filepath.Join(dir, SummaryFile)
	if err := WriteSummary(file, Run{Schema: 1}); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(file)
	if err := WriteSummary(file, Run{Scenarios: []RunScenario{{Output: json.RawMessage("{")}}}); err == nil {
		t.Error("what is no JSON is written")
	}
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Error("the old one is gone")
	}
}

func TestLedgerThatDoesNotClose(t *testing.T) {
	state := NewState()
	registry := metrics.NewRegistry()
	rec := registry.Recorder(1, metrics.Tag{Key: ScenarioTag, Value: "a"})
	rec.Add(rec.Series(metrics.IterationsStarted), 3)
	rec.Add(rec.Series(metrics.IterationsSucceeded), 2)
	state.Apply(Event{At: time.Second, Metrics: registry.Drain()})
	if l := Summary(state).Scenarios[0].Ledger; !l.Balanced || l.Running != 1 {
		t.Errorf("while it runs: %+v", l)
	}
	state.Apply(Event{At: time.Second, Scenario: "a", Ended: &ScenarioEnded{Verdict: verdict.Passed}})
	if l := Summary(state).Scenarios[0].Ledger; l.Balanced || l.Running != 1 {
		t.Errorf("after the end: %+v", l)
	}
}

func TestFailuresAreGrouped(t *testing.T) {
	s := NewState()
	add := func(at time.Duration, scenario string, f Failure) {
		s.Apply(Event{At: at, Scenario: scenario, Failure: &f})
	}
	add(1, "a", Failure{Source: "iteration", Name: "Error", Message: "x", Place: "a.js:1:1", Count: 2, Stack: "first", User: 7})
	add(2, "a", Failure{Source: "iteration", Name: "Error", Message: "x", Place: "a.js:1:1", Count: 3})
	add(3, "a", Failure{Source: "iteration", Name: "Error", Message: "x", Place: "a.js:2:1", Count: 1})
	add(4, "b", Failure{Source: "iteration", Name: "Error", Message: "x", Place: "a.js:1:1", Count: 1})
	add(5, "a", Failure{Source: "init", Name: "Error", Message: "x", Place: "a.js:1:1", Count: 1})
	if len(s.Failures) != 4 {
		t.Fatalf("%d groups", len(s.Failures))
	}
	if g := s.Failures[0]; g.Count != 5 || g.Stack != "first" || g.User != 7 || g.First != 1 || g.Last != 2 || g.Scenario != "a" {
		t.Errorf("%+v", g)
	}
	for i := range 2 * maxGroups {
		add(6, "a", Failure{Message: fmt.Sprint("id ", i), Count: 2})
	}
	if len(s.Failures) != maxGroups || s.OtherFailures != 2*(maxGroups+4) {
		t.Errorf("%d groups and %d others", len(s.Failures), s.OtherFailures)
	}
	var sum int64
	for _, f := range Summary(s).Failures {
		sum += f.Count
	}
	if sum+s.OtherFailures != 8+4*maxGroups {
		t.Errorf("%d of %d failures are counted", sum+s.OtherFailures, 8+4*maxGroups)
	}
}

func TestTextsAndListsAreBounded(t *testing.T) {
	s := NewState()
	long := strings.Repeat("é", maxText)
	for i := range 3000 {
		s.Apply(Event{Scenario: "a", Log: &Log{Level: []string{"info", "warn"}[i%2], Message: fmt.Sprint(i, long)}})
		s.Apply(Event{Scenario: "a", Note: &Note{Level: "info", Message: long}})
		s.Apply(Event{Scenario: "a", Status: &StatusChanged{To: fmt.Sprint(i)}})
	}
	if n := len(s.Logs); n < maxLogLines || n > 2*maxLogLines || !strings.HasPrefix(s.Logs[n-1].Message, "2999é") || len(s.Logs[n-1].Message) > maxText {
		t.Errorf("%d lines, the last %.10s…", n, s.Logs[n-1].Message)
	}
	if s.LogLines["info"] != 1500 || s.LogLines["warn"] != 1500 {
		t.Errorf("counted are %v", s.LogLines)
	}
	if len(s.Notes) != maxNotes || s.OtherNotes != 3000-maxNotes || len(s.Notes[0].Message) > maxText {
		t.Errorf("%d notes and %d others", len(s.Notes), s.OtherNotes)
	}
	if sc := s.Scenarios[0]; len(sc.History) != maxHistory || sc.Status != "2999" {
		t.Errorf("%d changes, now %s", len(sc.History), sc.Status)
	}
}

func TestTextsAreWhatJSONMakesOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		if rapid.Bool().Draw(t, "repeated") && len(text) > 0 {
			text = strings.Repeat(text, maxText/len(text)+1)
		}
		raw, _ := json.Marshal(text)
		var back string
		json.Unmarshal(raw, &back)
		if a, b := clip(text, maxText), clip(back, maxText); a != b || len(a) > maxText {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestPoints(t *testing.T) {
	for _, seconds := range []int{1, 10, 599, 601, 1300} {
		s := NewState()
		for _, e := range collect(t, seconds) {
			s.Apply(e)
		}
		sc := s.Scenario("browse")
		if len(s.Scenario("checkout").Points) != 0 {
			t.Error("a scenario that did not run has points")
		}
		var sum Point
		var lastAt time.Duration = -1
		for _, p := range sc.Points {
			if p.At <= lastAt || p.At%p.Step != 0 || p.Step != s.step {
				t.Fatalf("%d s: a point at %v of %v after %v", seconds, p.At, p.Step, lastAt)
			}
			lastAt = p.At
			if p.Users != 3 {
				t.Errorf("%d s: %d users at %v", seconds, p.Users, p.At)
			}
			if r := p.PerSecond(p.Started); p.Span > 0 && (r < 9.9 || r > 10.1) {
				t.Errorf("%d s: %v iterations a second at %v", seconds, r, p.At)
			}
			sum.merge(p)
		}
		n := int64(seconds) * 10
		if sum.Started != n || sum.Succeeded != n*9/10 || sum.Failed != n/10 || sum.Requests != n || sum.RequestsFailed != n/10 || sum.ResponseTime.Count() != n || sum.HTTPResponseTime.Count() != n {
			t.Errorf("%d s: the points come to %+v", seconds, sum)
		}
		if p99 := sum.HTTPResponseTime.Stats().Quantile(1); seconds > 10 && p99 != 50 {
			t.Errorf("%d s: the slowest took %v ms", seconds, p99)
		}
		if sum.Span != s.lastMetrics {
			t.Errorf("%d s: the points cover %v of %v", seconds, sum.Span, s.lastMetrics)
		}
		if len(sc.Points) > MaxPoints || seconds > 1000 && len(sc.Points) < MaxPoints/4 {
			t.Errorf("%d s: %d points", seconds, len(sc.Points))
		}
		if seconds <= 599 && (s.step != time.Second || len(sc.Points) > seconds+2) {
			t.Errorf("%d s: %d points of %v", seconds, len(sc.Points), s.step)
		}
	}
}

func TestPointsTellSecondsApart(t *testing.T) {
	s := NewState()
	apply := func(scenario string, at time.Duration, users int, started float64) {
		r := metrics.NewRegistry()
		rec := r.Recorder(1, metrics.Tag{Key: ScenarioTag, Value: scenario})
		s.Apply(Event{At: at, Scenario: scenario, Tick: &Tick{Users: users}})
		if started > 0 {
			rec.Add(rec.Series(metrics.IterationsStarted), started)
		}
		s.Apply(Event{At: at + 2*time.Millisecond, Metrics: r.Drain()})
	}
	apply("a", 1001*time.Millisecond, 1, 10)
	apply("b", 1003*time.Millisecond, 5, 50) // another node, or scenario, in the same second
	apply("a", 1998*time.Millisecond, 2, 20)
	apply("a", 3050*time.Millisecond, 3, 0) // nothing started, but it runs
	apply("a", 3200*time.Millisecond, 4, 40)
	type row struct {
		At      time.Duration
		Users   int
		Started int64
	}
	rows := func(name string) (list []row) {
		for _, p := range s.Scenario(name).Points {
			list = append(list, row{p.At / time.Second, p.Users, p.Started})
		}
		return list
	}
	want := []row{{0, 1, 10}, {1, 2, 20}, {2, 4, 40}}
	if diff := cmp.Diff(want, rows("a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]row{{0, 5, 50}, {1, 5, 0}, {2, 5, 0}}, rows("b")); diff != "" {
		t.Error(diff)
	}
}

func TestCounts(t *testing.T) {
	s := NewState()
	for _, e := range collect(t, 4) {
		s.Apply(e)
	}
	want := Counts{Started: 40, Succeeded: 36, Failed: 4}
	if got := s.Counts("browse"); got != want || got.Running() != 0 || got.Completed() != 40 {
		t.Errorf("%+v", got)
	}
	if got := s.Counts(""); got != want {
		t.Errorf("all: %+v", got)
	}
	if got := s.Counts("checkout"); got != (Counts{}) {
		t.Errorf("checkout: %+v", got)
	}
	s.View(func(s *State) {
		sc := s.Scenario("browse")
		if string(sc.Aggregate) != `{"pages":7}` || sc.Tick.ResultsCollected != 40 || sc.Status != "ended" || sc.Ended.Verdict != verdict.Failed {
			t.Errorf("%+v", sc)
		}
	})
}

func TestStateIsSafeForConcurrentUse(t *testing.T) {
	all := collect(t, 100)
	s := NewState()
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				s.View(func(s *State) {
					for _, sc := range s.Scenarios {
						for _, p := range sc.Points {
							p.ResponseTime.Stats().Quantile(0.5)
						}
					}
				})
				Summary(s)
				s.Counts("browse")
				s.Metrics.Query("http.response_time", nil, 5*time.Second)
			}
		})
	}
	for _, e := range all {
		s.Apply(e)
	}
	close(done)
	wg.Wait()
}

func TestStateDoesNotGrowWithTheRun(t *testing.T) {
	s := NewState()
	registry := metrics.NewRegistry()
	rec := registry.Recorder(1, metrics.Tag{Key: ScenarioTag, Value: "a"})
	second := 0
	run := func(seconds int) {
		for range seconds {
			second++
			at := time.Duration(second) * time.Second
			for i := range 40 {
				rec.Add(rec.Series(metrics.IterationResponseTime), float64((second*17+i*31)%2000)+1)
				rec.Add(rec.Series(metrics.HTTPResponseTime), float64((second*13+i*37)%2000)+1)
			}
			s.Apply(Event{At: at, Scenario: "a", Tick: &Tick{Users: second}})
			s.Apply(Event{At: at, Metrics: registry.Drain()})
			s.Apply(Event{At: at, Scenario: "a", Log: &Log{Level: "info", Message: "a line of a log"}})
			s.Apply(Event{At: at, Scenario: "a", Failure: &Failure{Message: fmt.Sprint(second), Count: 1}})
		}
	}
	heap := func() uint64 {
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	run(1500)
	before := heap()
	run(4000)
	// Points hold the distributions of more and more seconds each, until all their buckets are there.
	if after := heap(); after > before+before/4 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	goruntime.KeepAlive(s)
}

func FuzzState(f *testing.F) {
	f.Add(`{"at":1,"kind":"tick","scenario":"a","tick":{"aggregate":{"a":1}}}`)
	f.Add(`{"at":-5,"kind":"metrics","metrics":{"tags":[["scenario","a"]],"metrics":[{"name":"m","kind":"counter","series":[{"t":0,"n":1}]}]}}`)
	f.Add(`{"at":9223372036854775807,"kind":"tick","tick":{}}`)
	f.Add(`{"at":1,"kind":"run","run":{"scenarios":[{"name":""},{"name":""}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := NewState()
		for line := range strings.Lines(text) {
			var e Event
			if json.Unmarshal([]byte(line), &e) == nil {
				s.Apply(e)
			}
		}
		if _, err := json.Marshal(Summary(s)); err != nil {
			t.Fatal(err)
		}
	})
}
