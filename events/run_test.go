package events

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"runner/metrics"
	"runner/verdict"
)

// playRun emits the events of a run of two scenarios that lasts so many seconds, as an engine would:
// browse does ten iterations a second, of which every tenth fails; checkout depends on it and is
// skipped. It must be called in a synctest bubble.
func playRun(seconds int, sink Sink) {
	start := time.Now()
	s := NewStream(start, sink)
	s.Emit("", Event{Run: &RunStarted{
		ID: "01", Started: start.UTC(), Scripts: []string{"shop.js"}, Version: "v0.1.0", Seed: 1<<63 + 1, Flags: []string{"--tag", "<shop> & co"},
		Host:      Host{Name: "here", OS: "linux", Arch: "amd64", GoVersion: "go1.26", CPUs: 2},
		Scenarios: []ScenarioInfo{{Name: "browse", Script: "shop.js", Tags: []string{"fast"}}, {Name: "checkout", Script: "shop.js", DependsOn: []string{"browse"}}},
	}})
	s.Emit("browse", Event{Status: &StatusChanged{From: "waiting", To: "running"}})
	s.Emit("browse", Event{Note: &Note{Level: "info", Code: "phase", Message: "3 users"}})
	registry := metrics.NewRegistry()
	tick := Tick{Users: 3, TargetUsers: 3, Phase: "steady", Remaining: -1}
	tag := metrics.Tag{Key: "scenario", Value: "browse"}
	for second := range seconds {
		var failed int64
		for i := range 10 {
			n := second*10 + i
			rec := registry.Recorder(int64(i), tag)
			add := func(m *metrics.Metric, v float64, tags ...metrics.Tag) { rec.Add(rec.Series(m, tags...), v) }
			name := metrics.Tag{Key: "name", Value: fmt.Sprintf("/page/%d", n%3)}
			add(metrics.IterationsStarted, 1)
			add(metrics.HTTPRequests, 1, name)
			add(metrics.HTTPAttempts, 1, name)
			add(metrics.HTTPBytesIn, 1000, name)
			add(metrics.HTTPResponseTime, float64(1+n%50), name)
			add(metrics.IterationResponseTime, float64(2+n%50))
			add(metrics.IterationServiceTime, float64(2+n%50))
			add(metrics.IterationLateness, 0)
			add(metrics.Checks, float64(n%10/9^1), metrics.Tag{Key: "check", Value: "is a page"})
			if i < 9 {
				add(metrics.IterationsSucceeded, 1)
				add(metrics.HTTPFailed, 0, name)
			} else {
				add(metrics.IterationsFailed, 1)
				add(metrics.HTTPFailed, 1, name)
				failed++
			}
		}
		time.Sleep(time.Second + time.Duration(second%5)*time.Millisecond)
		tick.ResultsCollected += 10
		tick.Aggregate = nil
		if second%2 == 0 {
			tick.Aggregate = json.RawMessage(fmt.Sprintf(`{ "pages": %d, "worst": "<b>" }`, tick.ResultsCollected))
		}
		tick.Fraction = float64(second+1) / float64(seconds)
		now := tick
		s.Emit("browse", Event{Tick: &now})
		s.Emit("", Event{Metrics: registry.Drain()})
		s.Emit("browse", Event{Log: &Log{Level: "info", Message: fmt.Sprintf("second %d\nis over", second), User: 2, Iteration: int64(second + 1)}})
		f := Failure{Source: "iteration", Name: "Error", Message: "no page", Place: "shop.js:7:9", Count: failed}
		if second == 0 {
			f.Stack, f.User, f.Iteration = "Error: no page\n    at start (shop.js:7:9)", 9, 1
		}
		s.Emit("browse", Event{Failure: &f})
	}
	cause := verdict.Cause{Kind: verdict.Verifier, Scenario: "browse", Message: "iterations failed"}
	s.Emit("browse", Event{Status: &StatusChanged{From: "running", To: "ended"}})
	s.Emit("browse", Event{Ended: &ScenarioEnded{
		Verdict: verdict.Failed, Causes: []verdict.Cause{cause}, Aggregate: json.RawMessage(`{"pages" : 7}`), Output: json.RawMessage(`"7 pages"`),
		Errors: []string{"no page"}, Duration: time.Since(start),
	}})
	s.Emit("checkout", Event{Ended: &ScenarioEnded{Verdict: verdict.Skipped, Causes: []verdict.Cause{{Kind: verdict.Dependency, Scenario: "checkout", Message: "browse failed"}}}})
	s.Emit("", Event{End: &RunEnded{Verdict: verdict.Failed, ExitCode: 99, Causes: []verdict.Cause{cause}}})
}

// collect gives the events of a run.
func collect(t *testing.T, seconds int) []Event {
	t.Helper()
	var all []Event
	synctest.Test(t, func(t *testing.T) {
		playRun(seconds, func(e Event) { all = append(all, e) })
	})
	return all
}

// encode gives the recording of events, and where each record ends, its newline included.
func encode(t testing.TB, all []Event) (recording []byte, ends []int) {
	t.Helper()
	for _, e := range all {
		record, err := encodeRecord(e)
		if err != nil {
			t.Fatal(err)
		}
		recording = append(recording, record...)
		ends = append(ends, len(recording))
	}
	return recording, ends
}

func path(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }
