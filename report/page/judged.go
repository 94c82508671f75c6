package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/report"
)

type thresholdView struct {
	Scenario, Metric, Check, Observed, More string
	OK                                      bool
}

func thresholdsOf(run events.Run, several bool) (list []thresholdView) {
	for _, s := range run.Scenarios {
		for _, t := range s.Thresholds {
			v := thresholdView{Metric: t.Metric, Check: t.Check, Observed: t.Text, OK: t.OK}
			if several {
				v.Scenario = s.Name
			}
			var more []string
			if t.BrokeAtMs != nil {
				more = append(more, "first broke at "+report.Clock(time.Duration(*t.BrokeAtMs*1e6)))
			}
			if t.Aborted {
				more = append(more, "ended the scenario")
			}
			if t.WindowMs > 0 {
				more = append(more, "in any "+report.Millis(t.WindowMs))
			}
			if len(t.Phases) > 0 {
				more = append(more, "of "+strings.Join(t.Phases, ", "))
			}
			if len(t.ExceptPhases) > 0 {
				more = append(more, "without "+strings.Join(t.ExceptPhases, ", "))
			}
			if t.Optional {
				more = append(more, "optional")
			}
			v.More = strings.Join(more, " · ")
			list = append(list, v)
		}
	}
	return list
}

type stageRow struct {
	Name, From, Duration, Iterations, Rate, Failed string
	Bad, WarmUp                                    bool
	Times                                          timesRow
}

// stagesOf are the figures of a scenario's phases; one alone is the scenario itself.
func stagesOf(s events.RunScenario) (rows []stageRow, of string) {
	if len(s.Phases) < 2 {
		return nil, ""
	}
	of = "iteration response time"
	for _, p := range s.Phases {
		if p.HTTP != nil {
			of = "HTTP response time"
		}
	}
	for _, p := range s.Phases {
		done := p.Succeeded + p.Failed + p.Aborted
		row := stageRow{
			Name: p.Name, From: report.Clock(time.Duration(p.FromMs * 1e6)), Duration: report.Millis(p.DurationMs), WarmUp: p.WarmUp,
			Iterations: report.Grouped(done), Failed: report.Share(p.Failed, done), Bad: p.Failed > 0,
		}
		if p.DurationMs > 0 {
			row.Rate = report.PerSecond(float64(done) / p.DurationMs * 1000)
		}
		d := p.ResponseTime
		if of != "iteration response time" {
			d = events.RunDistribution{}
			if p.HTTP != nil {
				d = *p.HTTP
			}
		}
		row.Times = distributionRow(d)
		rows = append(rows, row)
	}
	return rows, of
}

func distributionRow(d events.RunDistribution) timesRow {
	w := func(v *float64) string {
		if v == nil {
			return report.None
		}
		return report.Millis(*v)
	}
	return timesRow{Count: report.Grouped(d.Count), Min: w(d.Min), Mean: w(d.Mean), P50: w(d.P50), P90: w(d.P90), P95: w(d.P95), P99: w(d.P99), P999: w(d.P999), Max: w(d.Max)}
}

// generatorView is what the generator says of itself.
type generatorView struct {
	Sentence string
	Bad      bool
	Facts    []fact
	Charts   []plot
	Marks    []string
}

// ruleTexts say what a rule of package generator means to a reader.
var ruleTexts = map[string]string{
	"lateness": "arrivals were started late", "stalls": "the process did not run", "cpu": "no processor time was left",
	"descriptors": "hardly any file descriptor was left", "ports": "hardly any outgoing port was left",
	"errors": "exchanges failed by this machine's limits", "drops": "starts were dropped for want of a user",
}

func rulesText(rules []string) string {
	var texts []string
	for _, r := range rules {
		if t, ok := ruleTexts[r]; ok {
			texts = append(texts, t)
		} else {
			texts = append(texts, r)
		}
	}
	return strings.Join(texts, ", ")
}

func generatorOf(run events.Run, points []events.GeneratorPoint, a axis) *generatorView {
	g := run.Generator
	if g == nil {
		return nil
	}
	v := &generatorView{Bad: g.Limited > 0}
	if g.Limited == 0 {
		v.Sentence = fmt.Sprintf("It kept up in all %s: these figures are the server's.", report.Plural(int64(g.Seconds), "second", "seconds"))
	} else {
		v.Sentence = fmt.Sprintf("In %s of %s the figures are not the server's alone: they are shaded in the charts.",
			report.Grouped(int64(g.Limited)), report.Plural(int64(g.Seconds), "second", "seconds"))
	}
	const most = 20
	for i, m := range g.Marks {
		if i == most {
			v.Marks = append(v.Marks, fmt.Sprintf("… and %d more spans", len(g.Marks)-most))
			break
		}
		from, to := report.Clock(time.Duration(m.FromMs*1e6)), report.Clock(time.Duration(m.ToMs*1e6))
		v.Marks = append(v.Marks, from+"–"+to+"  "+rulesText(m.Rules))
	}
	add := func(name, value string) { v.Facts = append(v.Facts, fact{name, value}) }
	add("processor", fmt.Sprintf("mean %s, at most %s of what it may use; the machine at most %s", percent(g.MeanCPU), percent(g.CPU), percent(g.MachineCPU)))
	if g.LatenessMs != nil {
		add("lateness", report.Millis(*g.LatenessMs)+", the p99 of the worst second")
	}
	add("longest stall", report.Millis(g.StallMs))
	add("longest pause for garbage", report.Millis(g.PauseMs))
	add("waiting for a processor", report.Millis(g.RunQueueMs)+", p99 of the worst second")
	add("memory", report.ByteSize(float64(g.HeapBytes)))
	if g.DescriptorLimit > 0 {
		add("descriptors", fmt.Sprintf("%s of %s", report.Grouped(int64(g.Descriptors)), report.Grouped(int64(g.DescriptorLimit))))
	}
	if g.PortLimit > 0 {
		add("outgoing ports", fmt.Sprintf("%s of %s", report.Grouped(int64(g.Ports)), report.Grouped(int64(g.PortLimit))))
	}
	v.Charts = generatorCharts(points, a)
	return v
}

func percent(share float64) string { return trim(math.Round(share*1000)/10) + " %" }

// onAxis spreads the generator's points, which have steps of their own, over the steps of the axis: the
// worst of each.
func onAxis(points []events.GeneratorPoint, a axis, of func(p *events.Generator) float64) []float64 {
	values := make([]float64, a.steps)
	for i := range values {
		values[i] = math.NaN()
	}
	for i := range points {
		p := &points[i]
		v := of(&p.Generator)
		for at := p.At; at < p.At+p.Step; at += min(a.step, p.Step) {
			if n := int(at / a.step); n < a.steps && !(values[n] >= v) {
				values[n] = v
			}
		}
	}
	return values
}

func generatorCharts(points []events.GeneratorPoint, a axis) []plot {
	if len(points) == 0 {
		return nil
	}
	own := onAxis(points, a, func(p *events.Generator) float64 { return 100 * p.CPU })
	machine := onAxis(points, a, func(p *events.Generator) float64 { return 100 * p.MachineCPU })
	s, ticks := linear(100, 80, func(v float64) string { return trim(v) + " %" })
	cpu := plot{Title: "Processor", Sub: "of what there is", Height: 80, YTicks: ticks, Label: "processor use of the generator over time",
		Shapes: []shape{{"line c-n1", a.line(machine, s)}, {"line c-n0", a.line(own, s)}},
		Keys:   []key{{Class: "c-n0", Text: "runner"}, {Class: "c-n1", Text: "whole machine"}}}
	late := onAxis(points, a, func(p *events.Generator) float64 {
		if p.LatenessMs == nil {
			return math.NaN()
		}
		return *p.LatenessMs
	})
	stall := onAxis(points, a, func(p *events.Generator) float64 { return p.StallMs })
	pause := onAxis(points, a, func(p *events.Generator) float64 { return p.PauseMs })
	queue := onAxis(points, a, func(p *events.Generator) float64 { return p.RunQueueMs })
	lists := [][]float64{late, stall, pause, queue}
	names := []string{"lateness p99", "longest stall", "longest garbage pause", "wait for a processor p99"}
	classes := []string{"c-p99", "c-n3", "c-n4", "c-p50"}
	low, high := math.Inf(1), 0.0
	for _, l := range lists {
		for _, v := range l {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	plots := []plot{cpu}
	if high > 0 {
		s, ticks := logarithmic(max(low, high/1e5), high, 110, axisMillis)
		p := plot{Title: "Delays of its own", Sub: "log scale", Height: 110, YTicks: ticks, Label: "the generator's own delays over time"}
		for n, l := range lists {
			positive := slices.Clone(l)
			for i, v := range positive {
				if !(v > 0) {
					positive[i] = math.NaN()
				}
			}
			if d := a.line(positive, s); d != "" {
				p.Shapes = append(p.Shapes, shape{"line " + classes[n], d})
				p.Keys = append(p.Keys, key{Class: classes[n], Text: names[n]})
			}
		}
		plots = append(plots, p)
	}
	for i := range a.steps {
		text := func(v float64, words func(float64) string) string {
			if math.IsNaN(v) {
				return report.None
			}
			return words(v)
		}
		share := func(v float64) string { return trim(math.Round(v*10)/10) + " %" }
		plots[0].Hits = append(plots[0].Hits, hit(a, i, []string{"runner " + text(own[i], share), "machine " + text(machine[i], share)}))
		if len(plots) > 1 {
			var parts []string
			for n, l := range lists {
				if !math.IsNaN(l[i]) {
					parts = append(parts, names[n]+" "+report.Millis(l[i]))
				}
			}
			plots[1].Hits = append(plots[1].Hits, hit(a, i, parts))
		}
	}
	for i := range plots {
		plots[i].XTicks = a.ticks()
	}
	return plots
}

// shadesOf are the spans in which figures are not the server's.
func shadesOf(run events.Run, a axis) (list []shade) {
	if run.Generator == nil {
		return nil
	}
	for _, m := range run.Generator.Marks {
		from, to := a.pos(time.Duration(m.FromMs*1e6)), a.pos(time.Duration(m.ToMs*1e6))
		list = append(list, shade{X: plotWidth * from, Width: max(1, plotWidth*(to-from))})
	}
	return list
}
