package events

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/metrics"
)

// judgedRun are the events of a run in phases, with a threshold, on a generator that is limited now and
// then.
func judgedRun(seconds int) (all []Event) {
	registry := metrics.NewRegistry()
	rec := registry.Recorder(0, metrics.Tag{Key: ScenarioTag, Value: "a"})
	tell := func(at time.Duration, scenario string, e Event) {
		e.At, e.Scenario, e.Kind = at, scenario, e.kind()
		all = append(all, e)
	}
	tell(0, "a", Event{Status: &StatusChanged{To: "running"}})
	broke := 3 * time.Second
	for i := range seconds {
		at := time.Duration(i) * time.Second
		if i%10 == 0 {
			tell(at, "a", Event{Phase: &Phase{Name: fmt.Sprintf("phase %d", i/10%3), WarmUp: i == 0}})
		}
		rec.Add(rec.Series(metrics.IterationsStarted), 2)
		rec.Add(rec.Series(metrics.IterationsSucceeded), 2)
		rec.AddAll([]metrics.Sample{{Series: rec.Series(metrics.IterationResponseTime), Value: float64(i)}, {Series: rec.Series(metrics.IterationResponseTime), Value: 1}})
		tell(at+time.Second, "", Event{Metrics: registry.Drain()})
		v := float64(i)
		tell(at+time.Second, "a", Event{Threshold: &Threshold{Index: 1, Metric: "m", Check: "max < 9", Observed: &v, Text: "…", OK: i < 9, Broke: &broke}})
		g := Generator{CPU: float64(i%7) / 10, LatenessMs: &v, Dropped: 1}
		if i%5 >= 3 {
			g.Limits = []string{"cpu"}
		}
		tell(at+time.Second, "", Event{Generator: &g})
	}
	tell(time.Duration(seconds)*time.Second, "a", Event{Status: &StatusChanged{From: "running", To: "terminating"}})
	tell(time.Duration(seconds+9)*time.Second, "a", Event{Status: &StatusChanged{From: "terminating", To: "ended"}})
	return all
}

func TestJudgementsFoldAsTheyCome(t *testing.T) {
	const seconds = 60
	all := judgedRun(seconds)
	live := NewState()
	for _, e := range all {
		live.Apply(e)
	}
	r := Summary(live)
	sc := r.Scenarios[0]
	if len(sc.Phases) != 3 {
		t.Fatalf("%d phases", len(sc.Phases))
	}
	for i, p := range sc.Phases { // each came twice, for 10 s
		if p.DurationMs != 20_000 || p.Succeeded != 40 || p.ResponseTime.Count != 40 || p.FromMs != float64(i)*10_000 || p.WarmUp != (i == 0) {
			t.Errorf("phase %d: %+v", i, p)
		}
	}
	if n := len(sc.Thresholds); n != 2 {
		t.Fatalf("%d thresholds", n)
	}
	if th := sc.Thresholds[1]; th.OK || *th.Observed != 59 || *th.BrokeAtMs != 3000 {
		t.Errorf("the threshold: %+v", th)
	}
	g := r.Generator
	if g.Seconds != seconds || g.Limited != 24 || g.Rules["cpu"] != 24 || g.CPU != 0.6 || *g.LatenessMs != 59 || g.Dropped != seconds {
		t.Errorf("the generator: %+v", g)
	}
	if len(g.Marks) != 12 || g.Marks[0].FromMs != 3000 || g.Marks[0].ToMs != 5000 {
		t.Errorf("the marks: %+v", g.Marks)
	}
	if len(live.Generator.Points) != seconds {
		t.Errorf("%d points", len(live.Generator.Points))
	}

	recording, _ := encode(t, all)
	back := NewState()
	if err := Read(bytes.NewReader(recording), back.Apply); err == nil {
		t.Error("a recording without an end is whole")
	}
	if diff := cmp.Diff(r, Summary(back)); diff != "" {
		t.Errorf("from a recording it is another:\n%s", diff)
	}
	if diff := cmp.Diff(live.Generator.Points, back.Generator.Points); diff != "" {
		t.Errorf("from a recording the points are others:\n%s", diff)
	}
}

func TestJudgementsDoNotGrowWithTheRun(t *testing.T) {
	state := NewState()
	for i := range 5 * MaxPoints {
		at := time.Duration(i) * time.Second
		state.Apply(Event{At: at, Scenario: "a", Phase: &Phase{Name: fmt.Sprint(i)}})
		g := Generator{CPU: 0.5}
		if i%2 == 1 {
			g.Limits = []string{"cpu"}
		}
		state.Apply(Event{At: at, Generator: &g})
	}
	sc := state.Scenario("a")
	if n := len(sc.Phases); n != MaxPhases+1 || sc.Phases[n-1].Name != OtherPhases {
		t.Errorf("%d phases, the last %q", n, sc.Phases[n-1].Name)
	}
	if n := len(state.Generator.Points); n > MaxPoints {
		t.Errorf("%d points", n)
	}
	if n := len(state.Generator.Marks); n > maxMarks {
		t.Errorf("%d marks", n)
	}
	if last := state.Generator.Marks[len(state.Generator.Marks)-1]; last.To != time.Duration(5*MaxPoints-1)*time.Second {
		t.Errorf("the last mark ends at %v", last.To)
	}
}

func TestOddJudgementsAreNoHarm(t *testing.T) {
	state := NewState()
	for _, at := range []time.Duration{-time.Hour, 0, 1 << 62} {
		for _, i := range []int{-1, 0, 1 << 40} {
			state.Apply(Event{At: at, Scenario: "a", Threshold: &Threshold{Index: i}})
		}
		state.Apply(Event{At: at, Scenario: "a", Phase: &Phase{}})
		state.Apply(Event{At: at, Generator: &Generator{Limits: []string{"x"}}})
	}
	if n := len(state.Scenario("a").Thresholds); n != 1 {
		t.Errorf("%d thresholds", n)
	}
	Summary(state)
}
