package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"runner/events"
	"runner/metrics"
)

func TestFrameLooksAsDrawn(t *testing.T) {
	cases := liveCases()
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			golden(t, "frame-"+name, sheets(func(o Options) []line {
				o.Results = "runner-results/2026-11-25T10-04-42-stress"
				return frame(cases[name], longAgo, o, 24)
			}))
		})
	}
}

func TestFrameFitsAnyTerminal(t *testing.T) {
	for name, v := range liveCases() {
		for columns := minWidth; columns <= maxWidth+20; columns += 1 + columns/60 {
			for _, rows := range []int{1, 2, 5, 13, 24, 60} {
				o := Options{Width: columns, Results: "runner-results/x"}
				lines := frame(v, longAgo, o, rows)
				if len(lines) > rows {
					t.Fatalf("%s at %d×%d takes %d rows", name, columns, rows, len(lines))
				}
				sound(t, lines, min(columns, maxWidth))
			}
		}
	}
}

func TestFrameOfManyScenariosCountsThoseThatDoNotFit(t *testing.T) {
	lines := frame(liveCases()["many"], longAgo, Options{Width: 80}, 10)
	var shown int
	var said string
	for _, l := range lines {
		s := l.String()
		if strings.Contains(s, "scenario-") {
			shown++
		}
		if strings.Contains(s, "more scenario") {
			said = strings.TrimSpace(s)
		}
	}
	if shown != 7 || said != "… and 5 more scenarios" {
		t.Errorf("of 12 scenarios %d are shown and the rest is said to be %q", shown, said)
	}
}

func TestFrameOfAnySensibleOrSenselessView(t *testing.T) {
	s := stressing()
	s.Name = ""
	s.Fraction, s.Remaining = 7, 1000*time.Hour
	s.Users, s.WantedUsers = -1, math.MaxInt32
	s.Iterations = iterationCounts{Started: math.MaxInt64, Succeeded: math.MaxInt64 / 2, Failed: 1, Dropped: math.MaxInt64}
	s.Recent.IterationRate, s.Recent.P50, s.Recent.P95 = math.Inf(1), math.Inf(1), -1
	s.Recent.RateHistory = []float64{math.NaN(), -1, 0, math.NaN()}
	s.Aggregate = []byte(`not JSON` + "\n\x07" + strings.Repeat("x", 10_000))
	s.Failures = []failureView{{Count: math.MaxInt64}, {Message: strings.Repeat("界", 500), Place: strings.Repeat("p", 500), Count: 1}}
	v := &runView{Scenarios: []scenarioView{s}}
	for columns := minWidth; columns <= maxWidth; columns += 7 {
		sound(t, frame(v, -time.Hour, Options{Width: columns}, 24), columns)
	}
}

func TestProminentFailuresAreTheMostFrequentAndTheNewest(t *testing.T) {
	g := func(name string, n int64) failureView { return failureView{Name: name, Count: n} }
	for _, c := range []struct {
		of   []failureView
		want string
	}{
		{nil, ""},
		{[]failureView{g("a", 1)}, "a"},
		{[]failureView{g("a", 1), g("b", 5), g("c", 2)}, "b c"},
		{[]failureView{g("a", 1), g("b", 2), g("c", 5)}, "c b"},
	} {
		var names []string
		for _, f := range prominent(c.of) {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("of %v: %q, want %q", c.of, got, c.want)
		}
	}
}

func TestFrameSaysWhatCtrlCDoesNext(t *testing.T) {
	running, stopping, ended := stressing(), stressing(), stressing()
	stopping.Status = "stopping"
	ended.Ended = true
	for _, c := range []struct {
		says string
		of   []scenarioView
		want string
	}{
		{"while one runs", []scenarioView{running, stopping}, "Ctrl-C ends it gracefully"},
		{"when all are stopping", []scenarioView{stopping, ended}, "Ctrl-C ends it at once"},
		{"before anything began", []scenarioView{waiting("x")}, "Ctrl-C ends it gracefully"},
	} {
		lines := frame(&runView{Scenarios: c.of}, longAgo, Options{Width: 80}, 30)
		if got := lines[len(lines)-1].String(); !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %q", c.says, got)
		}
	}
}

// BenchmarkFrame is what the display costs at each frame of a run with many series.
func BenchmarkFrame(b *testing.B) {
	s := newStory()
	s.begin(1, "stress")
	s.status("stress", "waiting", "running")
	for i := range 300 {
		rec := s.reg.Recorder(int64(i), metrics.Tag{Key: events.ScenarioTag, Value: "stress"})
		for _, m := range []*metrics.Metric{metrics.HTTPRequests, metrics.HTTPFailed, metrics.HTTPResponseTime} {
			rec.Add(rec.Series(m, metrics.Tag{Key: "name", Value: fmt.Sprint("/", i)}), float64(i))
		}
	}
	for range 60 {
		s.second("stress", 15, iterationsOf{succeeded: 200, ms: 5, http: true})
	}
	b.ReportAllocs()
	for b.Loop() {
		frame(liveView(s.state), s.at, Options{Width: 120}, 40)
	}
}

func TestHistoryOfASecondWithoutRecords(t *testing.T) {
	s := newStory()
	s.begin(1, "slow")
	s.status("slow", "waiting", "running")
	s.second("slow", 2, iterationsOf{succeeded: 4, ms: 5})
	s.at += time.Second
	s.tell("slow", events.Event{Tick: &events.Tick{Users: 2, TargetUsers: 2}})
	s.second("slow", 2, iterationsOf{succeeded: 8, ms: 5})
	r := liveView(s.state).Scenarios[0].Recent
	if got := sparkline(r.RateHistory, 10); got != "█▁█" { // the last delta has 8 in two seconds
		t.Errorf("rates %v are drawn as %q", r.RateHistory, got)
	}
	if got := sparkline(r.P95History, 10); got != "▅ █" {
		t.Errorf("response times %v are drawn as %q", r.P95History, got)
	}
}
