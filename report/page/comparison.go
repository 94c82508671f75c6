package page

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"runner/compare"
	"runner/metrics"
	"runner/report"
	"runner/report/timeline"
)

// Compared is one comparison as a page shows it.
type Compared struct {
	Base, Head string // names of the runs
	Result     compare.Result
}

//go:embed comparison.html
var comparisonHTML string

var comparisonTemplate = template.Must(template.Must(pageTemplate.Clone()).Parse(comparisonHTML))

type comparisonView struct {
	shell
	Title string
	Runs  []comparedView
	Limit string
}

type comparedView struct {
	Base, Head, Mark, Look, Conclusion string
	Groups                             []comparedGroup
	Notes                              []string
}

type comparedGroup struct {
	Scenario string
	Rows     []comparedRow
	Charts   []plot
	Spread   []plot
}

type comparedRow struct {
	Name, Base, Head, Change, Interval, P, N, Answer, Look string
	Detail                                                 bool
	Drawn                                                  bool
	X, Width, At                                           float64 // percent
}

// WriteComparison writes a page that compares runs.
func WriteComparison(w io.Writer, list []Compared, o compare.Options) error {
	if o.MaxRegression <= 0 {
		o.MaxRegression = compare.DefaultMaxRegression
	}
	v := comparisonView{shell: newShell(), Title: "Comparison", Limit: trim(math.Round(1000*o.MaxRegression)/10) + " %"}
	for _, c := range list {
		v.Runs = append(v.Runs, newCompared(c, o))
	}
	out := bufio.NewWriterSize(w, 64<<10)
	if err := comparisonTemplate.ExecuteTemplate(out, "comparison", v); err != nil {
		return err
	}
	return out.Flush()
}

var answerLooks = map[compare.Answer]string{compare.Regression: "bad", compare.Worse: "warn", compare.Better: "good", compare.NoEvidence: "", compare.TooLittle: "dim", compare.Gone: "dim"}

func newCompared(c Compared, o compare.Options) comparedView {
	v := comparedView{Base: c.Base, Head: c.Head, Mark: c.Result.Mark(o), Conclusion: c.Result.Conclusion(o), Notes: c.Result.Notes}
	v.Look = map[string]string{"✓": "good", "✗": "bad", "?": "warn"}[v.Mark]
	for _, pair := range c.Result.Scenarios {
		g := comparedGroup{Scenario: pair.Name}
		widest := 2 * o.MaxRegression
		for _, f := range c.Result.Figures {
			if f.Scenario == pair.Name && f.Kind != compare.Share && !math.IsNaN(f.Change) && !math.IsInf(f.High, 0) && !math.IsInf(f.Low, 0) {
				widest = max(widest, math.Abs(f.Change), min(3*math.Abs(f.Change), math.Abs(f.Low)), min(3*math.Abs(f.Change), math.Abs(f.High)))
			}
		}
		widest = min(widest*1.1, 3)
		for _, f := range c.Result.Figures {
			if f.Scenario == pair.Name {
				g.Rows = append(g.Rows, rowOf(f, widest))
			}
		}
		g.Charts, g.Spread = comparedCharts(pair)
		v.Groups = append(v.Groups, g)
	}
	return v
}

// rowOf draws the interval too: in the middle there is no change, on the right there is more.
func rowOf(f compare.Figure, widest float64) comparedRow {
	r := comparedRow{
		Name: f.Name, Base: f.Value(f.Base), Head: f.Value(f.Head), Change: f.ChangeText(), Interval: f.IntervalText(), P: f.PText(), N: f.NText(),
		Answer: string(f.Answer), Look: answerLooks[f.Answer], Detail: f.Detail,
	}
	if f.Kind == compare.Share || math.IsNaN(f.Change) || math.IsNaN(f.Low) {
		return r
	}
	at := func(v float64) float64 { return 50 + 50*max(-1, min(1, v/widest)) }
	low, high := at(f.Low), at(f.High)
	r.Drawn, r.X, r.Width, r.At = true, low, max(0.5, high-low), at(f.Change)
	return r
}

// comparedCharts lays the two runs over each other: each since its first iteration.
func comparedCharts(p compare.Pair) (charts, spread []plot) {
	n := max(len(p.Base), len(p.Head))
	if n == 0 {
		return nil, nil
	}
	a := axis{steps: n, step: p.Step}
	http := func(points []timeline.Point) bool {
		for _, p := range points {
			if p.HTTP.Count() > 0 {
				return true
			}
		}
		return false
	}
	of, what := func(p timeline.Point) metrics.Packed { return p.Response }, "Iteration response time"
	counted := func(p timeline.Point) int64 { return p.Succeeded + p.Failed + p.Aborted }
	rate := "Iterations a second"
	if http(p.Base) && http(p.Head) {
		of, what = func(p timeline.Point) metrics.Packed { return p.HTTP }, "HTTP response time"
		counted, rate = func(p timeline.Point) int64 { return p.Requests }, "Requests a second"
	}
	charts = append(charts, twoLines(rate, a, p, func(p timeline.Point) float64 { return p.PerSecond(counted(p)) }, rateWords, 120))
	for _, q := range []struct {
		name string
		q    float64
	}{{"p50", .5}, {"p95", .95}, {"p99", .99}} {
		charts = append(charts, twoLines(what+", "+q.name, a, p, func(p timeline.Point) float64 { return of(p).Stats().Quantile(q.q) }, timeWords, 120))
	}
	var base, head metrics.Packed
	for _, one := range p.Base {
		base.Merge(of(one))
	}
	for _, one := range p.Head {
		head.Merge(of(one))
	}
	spread = append(spread, byPercentile(what+" by percentile", []curve{{"c-base", "base", base.Stats()}, {"c-head", "head", head.Stats()}}))
	kept := charts[:0]
	for _, c := range charts {
		if len(c.Shapes) > 0 {
			c.XTicks = a.ticks()
			kept = append(kept, c)
		}
	}
	return kept, spread
}

// words are how a chart writes its values, on the axis and in full.
type words struct{ axis, full func(float64) string }

var (
	rateWords = words{count, report.PerSecond}
	timeWords = words{axisMillis, report.Millis}
)

func twoLines(title string, a axis, p compare.Pair, of func(timeline.Point) float64, words words, height float64) plot {
	values := func(points []timeline.Point) []float64 {
		list := make([]float64, a.steps)
		for i := range list {
			list[i] = math.NaN()
			if i < len(points) {
				list[i] = of(points[i])
			}
		}
		return list
	}
	base, head := values(p.Base), values(p.Head)
	s, ticks := linear(max(largest(base), largest(head)), height, words.axis)
	c := plot{Title: title, Height: height, YTicks: ticks, Label: title + " of both runs",
		Keys: []key{{Class: "c-base", Text: "base"}, {Class: "c-head", Text: "head"}}}
	for _, l := range []struct {
		class  string
		values []float64
	}{{"c-base", base}, {"c-head", head}} {
		if d := a.line(l.values, s); d != "" {
			c.Shapes = append(c.Shapes, shape{"line " + l.class, d})
		}
	}
	for i := range a.steps {
		text := func(v float64) string {
			if math.IsNaN(v) {
				return report.None
			}
			return words.full(v)
		}
		change := ""
		if base[i] > 0 && head[i] > 0 {
			change = fmt.Sprintf(" · %+.1f %%", 100*(head[i]/base[i]-1))
		}
		c.Hits = append(c.Hits, "+"+a.when(i)+"  base "+text(base[i])+" · head "+text(head[i])+change)
	}
	return c
}
