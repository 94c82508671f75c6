package report

import (
	"testing"
	"time"

	"runner/events"
	"runner/verdict"
)

// judgedStory is an open model in phases, with thresholds that hold and break, on a generator that was
// too busy for some seconds.
func judgedStory() *story {
	s := newStory()
	s.begin(7, "shop")
	s.status("shop", "waiting", "starting")
	s.status("shop", "starting", "running")
	observed := func(v float64) *float64 { return &v }
	broke := 9 * time.Second
	for i := range 12 {
		switch i {
		case 0:
			s.tell("shop", events.Event{Phase: &events.Phase{Name: "warm-up", WarmUp: true}})
		case 3:
			s.tell("shop", events.Event{Phase: &events.Phase{Name: "stage 1 › 10 users"}})
		case 8:
			s.tell("shop", events.Event{Phase: &events.Phase{Name: "stage 2"}})
		}
		o := iterationsOf{succeeded: 100, failed: i / 8 * 3, ms: float64(1 + i), late: 0.2, planned: 100, http: true}
		if i == 0 {
			o.started = 10
		}
		g := events.Generator{CPU: 0.2 + 0.06*float64(i), MachineCPU: 0.9, LatenessMs: observed(0.2), Descriptors: 40, DescriptorLimit: 1024}
		if i >= 10 {
			g.Limits = []string{"lateness", "cpu"}
			o.dropped = 5
		}
		s.second("shop", 10, o)
		s.tell("", events.Event{Generator: &g})
	}
	for i, t := range []events.Threshold{
		{Metric: "http.response_time{name:login}", Check: "p(95) < 200ms", Observed: observed(96), Unit: "ms", Text: "96 ms", OK: true},
		{Metric: "http.response_time", Check: "error_rate < 1%", Observed: observed(0.02), Unit: "share", Text: "2 %", Window: 30 * time.Second, Broke: &broke},
		{Metric: "sales", Check: "count > 10", Text: "no samples", Phases: []string{"stage 2"}},
		{Metric: "iteration.response_time{a:\x1b[31m}", Check: "max < 1s", Text: "120 ms", OK: true, Except: []string{"stage 1"}},
	} {
		t.Index, t.Final = i, true
		s.tell("shop", events.Event{Threshold: &t})
	}
	s.status("shop", "running", "stopping")
	causes := []verdict.Cause{
		{Kind: verdict.Threshold, Scenario: "shop", Message: "threshold broke: http.response_time: error_rate < 1% in 30s broke after 9s"},
		{Kind: verdict.Overload, Scenario: "shop", Message: "the generator was the bottleneck (cpu): the processors were busy for 6 s"},
	}
	s.end("shop", events.ScenarioEnded{Verdict: verdict.Failed, Causes: causes, Duration: 12 * time.Second})
	s.close(causes...)
	return s
}

func TestJudgementsLookAsDrawn(t *testing.T) {
	story := judgedStory()
	golden(t, "summary-judged", sheets(func(o Options) []line { return summaryLines(summaryView(story.state), o) }))
	golden(t, "thresholds-live", sheets(func(o Options) []line {
		return thresholdLine(&liveView(story.state).Scenarios[0], o.columns())
	}))
	for columns := minWidth; columns <= maxWidth; columns += 1 + columns/50 {
		sound(t, summaryLines(summaryView(story.state), Options{Width: columns}), columns)
	}
}
