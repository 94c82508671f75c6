package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/generator"
	"runner/metrics"
)

const (
	mostThresholds = 30
	mostPhases     = 25
)

// phaseView are the figures of one phase of a scenario.
type phaseView struct {
	Name     string
	Duration time.Duration
	Done     int64
	Failed   int64
	Dropped  int64
	Requests int64
	Response distribution
}

// generatorView is how the machine that makes the load fared.
type generatorView struct {
	Seconds      int
	CPU, MaxCPU  float64 // shares of what the process may use
	LatenessP99  float64 // ms, of all arrivals
	Arrivals     int64
	Limited      int // seconds in which figures are not the server's
	Rules        map[string]int
	MaxStallMs   float64
	Descriptors  int
	LimitOfThose int
}

func newGeneratorView(g *events.GeneratorState) generatorView {
	v := generatorView{Seconds: g.Seconds, CPU: g.MeanCPU(), MaxCPU: g.Worst.CPU, Limited: g.Limited, MaxStallMs: g.Worst.StallMs,
		Descriptors: g.Worst.Descriptors, LimitOfThose: g.Worst.DescriptorLimit, Rules: map[string]int{}}
	for rule, n := range g.Rules {
		v.Rules[rule] = n
	}
	return v
}

func (v *generatorView) look(store *metrics.Store) {
	s, _ := store.Query(metrics.IterationLateness.Name, nil, 0)
	v.Arrivals, v.LatenessP99 = s.Count, s.Quantile(0.99)
}

// phaseViews are looked up within the state's View.
func phaseViews(sc *events.Scenario, now time.Duration) (list []phaseView) {
	for _, p := range sc.Phases {
		f := &p.Figures
		list = append(list, phaseView{
			Name: p.Name, Duration: p.Duration(now), Done: f.Succeeded + f.Failed + f.Aborted, Failed: f.Failed, Dropped: f.Dropped,
			Requests: f.Requests, Response: distributionOf(f.ResponseTime.Stats()),
		})
	}
	return list
}

// thresholdTable has all thresholds of all scenarios, those that broke first.
func thresholdTable(v *runView, w int) []line {
	type row struct {
		scenario string
		events.Threshold
	}
	var rows []row
	for i := range v.Scenarios {
		for _, t := range v.Scenarios[i].Thresholds {
			rows = append(rows, row{v.Scenarios[i].Name, t})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		switch {
		case a.Broken() == b.Broken():
			return 0
		case a.Broken():
			return -1
		}
		return 1
	})
	t := table{columns: []column{{head: "threshold"}, {head: "it was", right: true}, {head: "broke", right: true, rank: 1}}}
	for i, r := range rows {
		if i == mostThresholds {
			t.add(text(faint, fmt.Sprintf("… %s", plural(int64(len(rows)-mostThresholds), "more threshold", "more thresholds"))))
			break
		}
		mark, look := "✓ ", plain
		if r.Broken() {
			mark, look = "✗ ", bad
		}
		name := clean(r.Metric) + ": " + clean(r.Check)
		if len(v.Scenarios) > 1 {
			name = clean(r.scenario) + " › " + name
		}
		if r.Window > 0 {
			name += fmt.Sprintf(" in %v", r.Window)
		}
		switch {
		case len(r.Phases) > 0:
			name += " in " + clean(strings.Join(r.Phases, ", "))
		case len(r.Except) > 0:
			name += " except " + clean(strings.Join(r.Except, ", "))
		}
		broke := ""
		if r.Broken() && r.Broke != nil {
			broke = clock(*r.Broke)
		}
		t.add(text(look, mark+name), text(look, r.Text), text(look, broke))
	}
	if len(t.rows) == 0 {
		return nil
	}
	return append([]line{nil}, t.layout(gutter, w)...)
}

// phaseTable has the phases in the order in which they came.
func phaseTable(s *scenarioView, w int) []line {
	if len(s.Phases) == 0 {
		return nil
	}
	t := table{columns: []column{
		{head: "phase"}, {head: "time", right: true, rank: 2}, {head: "iterations", right: true}, {head: "per s", right: true, rank: 1}, {head: "failed", right: true},
		{head: "dropped", right: true, rank: 3}, {head: "p50", right: true}, {head: "p95", right: true}, {head: "p99", right: true, rank: 4}, {head: "max", right: true, rank: 5},
	}}
	alarm := func(n int64, always bool) span {
		switch {
		case n > 0:
			return text(bad, grouped(n))
		case always:
			return text(plain, "0")
		}
		return span{}
	}
	for i, p := range s.Phases {
		if i == mostPhases {
			t.add(text(faint, "… "+plural(int64(len(s.Phases)-mostPhases), "more phase", "more phases")))
			break
		}
		rate := ""
		if p.Duration > 0 {
			rate = strings.TrimSuffix(perSecond(float64(p.Done)/p.Duration.Seconds()), "/s")
		}
		cells := []span{text(plain, clean(p.Name)), text(plain, duration(p.Duration)), text(plain, grouped(p.Done)), text(plain, rate),
			alarm(p.Failed, true), alarm(p.Dropped, false)}
		if p.Response.Count > 0 {
			for _, ms := range []float64{p.Response.P50, p.Response.P95, p.Response.P99, p.Response.Max} {
				cells = append(cells, text(plain, millis(ms)))
			}
		}
		t.rows = append(t.rows, cells)
	}
	return t.layout(gutter, w)
}

// generatorLines say how the generator fared, and which figures are not the server's.
func generatorLines(g generatorView, w int) []line {
	if g.Seconds == 0 {
		return nil
	}
	percent := func(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
	var l line
	l.add(plain, percent(g.CPU))
	l.add(faint, " CPU")
	l.add(faint, ", at most ")
	l.add(plain, percent(g.MaxCPU))
	if g.Arrivals > 0 {
		l.add(faint, " · lateness p99 ")
		l.add(plain, millis(g.LatenessP99))
	}
	lines := underLabel("generator", breakLine(l, w-labelWidth))
	if g.Limited == 0 {
		return lines
	}
	var rules []string
	for _, rule := range generator.Rules {
		if n := g.Rules[rule]; n > 0 {
			rules = append(rules, fmt.Sprintf("%s %d s", rule, n))
		}
	}
	m := fmt.Sprintf("in %d of %d s the figures are not the server's alone: %s", g.Limited, g.Seconds, strings.Join(rules, ", "))
	return append(lines, labelled("", wrap(m, w-labelWidth), warn)...)
}

// thresholdLine says how the thresholds stand while a scenario runs; nil if it has none that was judged.
func thresholdLine(s *scenarioView, w int) []line {
	var judged, hold int
	var worst *events.Threshold
	for i := range s.Thresholds {
		t := &s.Thresholds[i]
		if t.Metric == "" {
			continue
		}
		judged++
		if t.Broken() {
			if worst == nil {
				worst = t
			}
			continue
		}
		hold++
	}
	if judged == 0 {
		return nil
	}
	l := label("thresholds")
	if worst == nil {
		l.add(plain, fmt.Sprintf("%d of %d", hold, judged))
		l.add(faint, " hold")
		return []line{l.cut(w - 1)}
	}
	l.add(bad, fmt.Sprintf("%d of %d", hold, judged))
	l.add(faint, " hold")
	l.add(faint, " · ")
	l.add(bad, clean(worst.Metric)+": "+clean(worst.Check)+": "+worst.Text)
	return []line{l.cut(w - 1)}
}
