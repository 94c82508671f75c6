package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"runner/metrics"
	"runner/report"
	"runner/report/timeline"
)

// quantiles are the lines of the charts of response times.
var quantiles = []struct {
	name, class string
	q           float64
}{
	{"p50", "c-p50", 0.5}, {"p90", "c-p90", 0.9}, {"p95", "c-p95", 0.95}, {"p99", "c-p99", 0.99}, {"max", "c-max", 1},
}

// columns are a scenario's points, one for each step of the axis.
type columns []timeline.Point

func columnsOf(s *timeline.Scenario, a axis) columns {
	c := make(columns, a.steps)
	copy(c, s.Points)
	return c
}

func (c columns) each(fn func(p timeline.Point) float64) []float64 {
	values := make([]float64, len(c))
	for i, p := range c {
		values[i] = fn(p)
	}
	return values
}

// known is false where nothing is known of the users.
func known(p timeline.Point) bool { return p.Ticked || p.Span > 0 }

// charts draws a scenario on the time axis.
func charts(s *timeline.Scenario, a axis, marks marks) []plot {
	c := columnsOf(s, a)
	list := []plot{usersChart(c, a), iterationsChart(c, a)}
	http := slices.ContainsFunc(c, func(p timeline.Point) bool { return p.Requests > 0 })
	if http {
		list = append(list, answersChart(c, a))
		list = append(list, timesChart("HTTP response time", "percentiles of each step", c, a, func(p timeline.Point) metrics.Packed { return p.HTTP }))
		list = append(list, heatChart("HTTP response times", c, a, func(p timeline.Point) metrics.Packed { return p.HTTP }))
	}
	open := slices.ContainsFunc(c, func(p timeline.Point) bool { return p.Lateness.Count() > 0 })
	sub := "percentiles of each step"
	if open {
		sub = "from the planned start: what a user waits, however late the generator was"
	}
	if open || !sameTimes(c) {
		list = append(list, timesChart("Iteration response time", sub, c, a, func(p timeline.Point) metrics.Packed { return p.Response }))
	}
	if !http {
		list = append(list, heatChart("Iteration response times", c, a, func(p timeline.Point) metrics.Packed { return p.Response }))
	}
	if open {
		list = append(list, latenessChart(c, a))
	}
	if len(s.Failures) > 0 {
		list = append(list, failuresChart(s, a))
	}
	kept := list[:0]
	for _, p := range list {
		if len(p.Shapes) > 0 {
			p.XTicks = a.ticks()
			p.Lines, p.Pins, p.Bands, p.Shades = marks.lines, marks.pins, nil, marks.shades
			kept = append(kept, p)
		}
	}
	if len(kept) > 0 {
		kept[0].Bands = marks.bands
	}
	return kept
}

func usersChart(c columns, a axis) plot {
	running := c.each(func(p timeline.Point) float64 {
		if !known(p) {
			return math.NaN()
		}
		return float64(p.Users)
	})
	wanted := c.each(func(p timeline.Point) float64 {
		if !known(p) {
			return math.NaN()
		}
		return float64(p.TargetUsers)
	})
	queued := c.each(func(p timeline.Point) float64 { return float64(p.Queued) })
	s, ticks := linear(max(largest(running), largest(wanted)), 96, count)
	p := plot{Title: "Users", Sub: "running, at the end of each step", Height: 96, YTicks: ticks}
	p.Shapes = a.stacked([]layer{{"c-users", "", running}}, s)
	p.Keys = []key{{Class: "c-users", Text: "running", Value: "most " + report.Grouped(int64(largest(running)))}}
	if !slices.EqualFunc(running, wanted, func(x, y float64) bool { return x == y || math.IsNaN(x) }) {
		p.Shapes = append(p.Shapes, shape{"line dash c-plan", a.stairs(wanted, s)})
		p.Keys = append(p.Keys, key{Class: "c-plan", Text: "wanted", Dashed: true})
	}
	p.Label = fmt.Sprintf("users over time, at most %d", int(largest(running)))
	for i := range c {
		text := a.when(i)
		if known(c[i]) {
			text += fmt.Sprintf("  %s running · %s wanted", report.Grouped(int64(running[i])), report.Grouped(int64(wanted[i])))
			if queued[i] > 0 {
				text += " · " + report.Grouped(int64(queued[i])) + " units of work queued"
			}
		}
		p.Hits = append(p.Hits, text)
	}
	return p
}

func rates(c columns, fn func(p timeline.Point) int64) []float64 {
	return c.each(func(p timeline.Point) float64 { return p.PerSecond(fn(p)) })
}

func iterationsChart(c columns, a axis) plot {
	layers := []layer{
		{"c-ok", "succeeded", rates(c, func(p timeline.Point) int64 { return p.Succeeded })},
		{"c-bad", "failed", rates(c, func(p timeline.Point) int64 { return p.Failed })},
		{"c-warn", "aborted", rates(c, func(p timeline.Point) int64 { return p.Aborted })},
	}
	plan := c.each(func(p timeline.Point) float64 {
		if p.PlannedRate <= 0 {
			return math.NaN()
		}
		return p.PlannedRate
	})
	dropped := rates(c, func(p timeline.Point) int64 { return p.Dropped })
	s, ticks := linear(max(tops(a.steps, layers), largest(plan), largest(dropped)), 130, count)
	p := plot{Title: "Iterations a second", Sub: "completed, by how they ended", Height: 130, YTicks: ticks}
	p.Shapes = a.stacked(layers, s)
	p.Keys = layerKeys(layers)
	if largest(plan) > 0 {
		p.Shapes = append(p.Shapes, shape{"line dash c-plan", a.stairs(plan, s)})
		p.Keys = append(p.Keys, key{Class: "c-plan", Text: "planned", Dashed: true})
	}
	if largest(dropped) > 0 {
		p.Shapes = append(p.Shapes, shape{"line c-drop", a.stairs(dropped, s)})
		p.Keys = append(p.Keys, key{Class: "c-drop", Text: "dropped for want of a user"})
	}
	p.Label = fmt.Sprintf("iterations completed a second, at most %s", count(tops(a.steps, layers)))
	for i := range c {
		parts := parts(layers, i)
		if plan[i] > 0 {
			parts = append(parts, report.PerSecond(plan[i])+" planned")
		}
		if dropped[i] > 0 {
			parts = append(parts, report.PerSecond(dropped[i])+" dropped")
		}
		p.Hits = append(p.Hits, hit(a, i, parts))
	}
	return p
}

func layerKeys(layers []layer) (keys []key) {
	for _, l := range layers {
		if largest(l.values) > 0 {
			keys = append(keys, key{Class: l.class, Text: l.name})
		}
	}
	return keys
}

// parts are the values of a stack at one step; the first is told even if it is 0.
func parts(layers []layer, i int) (list []string) {
	for n, l := range layers {
		if l.values[i] > 0 || n == 0 {
			list = append(list, report.PerSecond(l.values[i])+" "+l.name)
		}
	}
	return list
}

func hit(a axis, i int, parts []string) string { return a.when(i) + "  " + strings.Join(parts, " · ") }

// sameTimes is true where an iteration is one request and little else: one chart then tells it all.
func sameTimes(c columns) bool {
	var iterations, requests metrics.Packed
	for _, p := range c {
		iterations.Merge(p.Response)
		requests.Merge(p.HTTP)
	}
	if iterations.Count() == 0 || iterations.Count() != requests.Count() {
		return false
	}
	return math.Abs(iterations.Sum()-requests.Sum()) < 0.03*iterations.Sum()
}

// answersChart stacks statuses and kinds of errors.
func answersChart(c columns, a axis) plot {
	totals := map[string]int64{}
	for _, p := range c {
		for k, n := range p.Answers {
			totals[k] += n
		}
	}
	groups := answerGroups(totals)
	var layers []layer
	for _, g := range groups {
		layers = append(layers, layer{g.class, g.name, rates(c, func(p timeline.Point) (n int64) {
			for _, k := range g.members {
				n += p.Answers[k]
			}
			return n
		})})
	}
	s, ticks := linear(tops(a.steps, layers), 130, count)
	p := plot{Title: "Requests a second", Sub: "by status, and by kind of error where there was no answer", Height: 130, YTicks: ticks}
	p.Shapes = a.stacked(layers, s)
	for _, g := range groups {
		p.Keys = append(p.Keys, key{Class: g.class, Text: g.name, Value: report.Grouped(g.total)})
	}
	p.Label = fmt.Sprintf("requests a second by status, at most %s", count(tops(a.steps, layers)))
	for i := range c {
		p.Hits = append(p.Hits, hit(a, i, parts(layers, i)))
	}
	return p
}

type answerGroup struct {
	class, name string
	members     []string
	total       int64
}

// answerGroups orders answers from good to bad: each status of its own as long as there are few of its
// class, and each kind of error.
func answerGroups(totals map[string]int64) []answerGroup {
	byClass := map[byte][]string{}
	for k := range totals {
		class := byte('e')
		if len(k) == 3 && k[0] >= '1' && k[0] <= '5' {
			class = k[0]
		}
		byClass[class] = append(byClass[class], k)
	}
	var groups []answerGroup
	for _, class := range []byte("12345e") {
		members := byClass[class]
		slices.SortFunc(members, func(x, y string) int {
			if totals[x] != totals[y] {
				return int(max(-1, min(1, totals[y]-totals[x])))
			}
			return strings.Compare(x, y)
		})
		const most = 3
		for i, k := range members {
			if i == most {
				g := answerGroup{class: fmt.Sprintf("c-s%c%d", class, most), name: fmt.Sprintf("other %cxx", class), members: members[i:]}
				if class == 'e' {
					g.name = "other errors"
				}
				for _, m := range members[i:] {
					g.total += totals[m]
				}
				groups = append(groups, g)
				break
			}
			groups = append(groups, answerGroup{class: fmt.Sprintf("c-s%c%d", class, i), name: strings.TrimPrefix(k, "error "), members: []string{k}, total: totals[k]})
		}
	}
	return groups
}

// timesChart has percentiles over time: on a log scale when they differ much.
func timesChart(title, sub string, c columns, a axis, of func(timeline.Point) metrics.Packed) plot {
	lines := make([][]float64, len(quantiles))
	counts := make([]int64, len(c))
	low, high := math.Inf(1), 0.0
	var all metrics.Packed
	for i, p := range c {
		packed := of(p)
		all.Merge(packed)
		stats := packed.Stats()
		counts[i] = stats.Count
		for n, q := range quantiles {
			v := stats.Quantile(q.q)
			lines[n] = append(lines[n], v)
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if all.Count() == 0 {
		return plot{}
	}
	const height = 190
	var s scale
	var ticks []tick
	if high/low > 30 {
		s, ticks = logarithmic(low, high, height, axisMillis)
		sub += ", log scale"
	} else {
		s, ticks = linear(high, height, axisMillis)
	}
	p := plot{Title: title, Sub: sub, Height: height, YTicks: ticks}
	whole := all.Stats()
	for n := len(quantiles) - 1; n >= 0; n-- {
		q := quantiles[n]
		p.Shapes = append(p.Shapes, shape{"line " + q.class, a.line(lines[n], s)})
	}
	for _, q := range quantiles {
		p.Keys = append(p.Keys, key{Class: q.class, Text: q.name, Value: report.Millis(whole.Quantile(q.q))})
	}
	p.Label = fmt.Sprintf("%s over time; of the whole run p50 %s, p95 %s, p99 %s", title,
		report.Millis(whole.Quantile(.5)), report.Millis(whole.Quantile(.95)), report.Millis(whole.Quantile(.99)))
	for i := range c {
		if counts[i] == 0 {
			p.Hits = append(p.Hits, a.when(i)+"  none ended")
			continue
		}
		var parts []string
		for n, q := range quantiles {
			parts = append(parts, q.name+" "+report.Millis(lines[n][i]))
		}
		p.Hits = append(p.Hits, hit(a, i, append(parts, "n = "+report.Grouped(counts[i]))))
	}
	return p
}

// latenessChart is the generator's own share.
func latenessChart(c columns, a axis) plot {
	return timesChart("Lateness", "how much later than planned the generator started iterations: its own share, not the server's", c, a,
		func(p timeline.Point) metrics.Packed { return p.Lateness })
}

// failuresChart stacks the most frequent sorts of failures.
func failuresChart(s *timeline.Scenario, a axis) plot {
	type sort struct {
		text   string
		total  int64
		values []float64
	}
	var sorts []sort
	for _, f := range s.Failures {
		one := sort{text: f.Text, values: make([]float64, a.steps)}
		for i, n := range f.Points {
			if i < a.steps {
				one.values[i] = float64(n) / a.step.Seconds()
				one.total += n
			}
		}
		sorts = append(sorts, one)
	}
	slices.SortStableFunc(sorts, func(x, y sort) int { return int(max(-1, min(1, y.total-x.total))) })
	const most = 5
	if len(sorts) > most+1 {
		rest := sort{text: fmt.Sprintf("%d other sorts", len(sorts)-most), values: make([]float64, a.steps)}
		for _, o := range sorts[most:] {
			rest.total += o.total
			for i, v := range o.values {
				rest.values[i] += v
			}
		}
		sorts = append(sorts[:most], rest)
	}
	var layers []layer
	p := plot{Title: "Failures a second", Sub: "by what was thrown", Height: 96}
	for i, o := range sorts {
		class := fmt.Sprintf("c-f%d", i)
		name := o.text
		if r := []rune(name); len(r) > 70 {
			name = string(r[:69]) + "…"
		}
		layers = append(layers, layer{class, name, o.values})
		p.Keys = append(p.Keys, key{Class: class, Text: name, Value: report.Grouped(o.total)})
	}
	sc, ticks := linear(tops(a.steps, layers), p.Height, count)
	p.YTicks = ticks
	p.Shapes = a.stacked(layers, sc)
	p.Label = "failures a second by what was thrown"
	for i := range a.steps {
		var list []string
		for _, l := range layers {
			if l.values[i] > 0 {
				list = append(list, report.PerSecond(l.values[i])+" "+l.name)
			}
		}
		if len(list) == 0 {
			list = []string{"none"}
		}
		p.Hits = append(p.Hits, hit(a, i, list))
	}
	return p
}

// overview stacks scenarios beside each other.
func overview(all []*timeline.Scenario, a axis, marks marks) []plot {
	users := plot{Title: "Users", Sub: "running, by scenario", Height: 110}
	ends := plot{Title: "Iterations a second", Sub: "completed, by scenario", Height: 130}
	var running, ended []layer
	for i, s := range all {
		c := columnsOf(s, a)
		class := fmt.Sprintf("c-n%d", i%8)
		running = append(running, layer{class, s.Name, c.each(func(p timeline.Point) float64 { return float64(p.Users) })})
		ended = append(ended, layer{class, s.Name, rates(c, func(p timeline.Point) int64 { return p.Succeeded + p.Failed + p.Aborted })})
	}
	draw := func(p *plot, layers []layer, words func(float64) string) {
		s, ticks := linear(tops(a.steps, layers), p.Height, count)
		p.YTicks, p.Shapes, p.Keys = ticks, a.stacked(layers, s), layerKeys(layers)
		p.XTicks, p.Pins, p.Shades = a.ticks(), marks.pins, marks.shades
		p.Label = p.Title + ", " + p.Sub
		for i := range a.steps {
			var list []string
			for _, l := range layers {
				if l.values[i] > 0 {
					list = append(list, words(l.values[i])+" "+l.name)
				}
			}
			if len(list) == 0 {
				list = []string{"none"}
			}
			p.Hits = append(p.Hits, hit(a, i, list))
		}
	}
	draw(&users, running, func(v float64) string { return report.Grouped(int64(v)) })
	draw(&ends, ended, report.PerSecond)
	return slices.DeleteFunc([]plot{users, ends}, func(p plot) bool { return len(p.Shapes) == 0 })
}

// spark draws a small line.
type spark struct {
	D, Fill, Title string
}

const sparkHeight = 22

// sparkOf draws up to 300 values; negative and unknown ones leave gaps.
func sparkOf(values []float64, steps int, words func(float64) string) spark {
	top := largest(values)
	if top <= 0 || steps == 0 {
		return spark{}
	}
	a := axis{steps: steps, step: time.Second}
	s := scale{max: top * 1.08, height: sparkHeight}
	base := make([]float64, len(values))
	return spark{D: a.line(values, s), Fill: a.stack(base, values, s), Title: "at most " + words(top)}
}
