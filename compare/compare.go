// Package compare says whether one run was slower or faster than another, and how sure that is.
//
// Two runs are compared second by second: the first second of one with the first of the other, so that
// a load that rises in both does not blur what differs. Of each pair of steps it takes the ratio of a
// figure, percentiles by merging distributions; neighbouring steps are joined until a percentile has
// enough values behind it and until one ratio does not tell the next. Wilcoxon's signed-rank test on
// the logarithms of the ratios gives the change, its interval and its p-value; they assume no
// distribution. P-values are adjusted for the number of questions by Holm's method.
//
// It cannot know how much two runs of the same thing differ because the machine had another day: that
// takes several runs. The least change that counts as a regression is the guard against it.
package compare

import (
	"fmt"
	"math"
	"time"

	"runner/metrics"
	"runner/report/timeline"
)

// Options say what counts.
type Options struct {
	// MaxRegression is the least relative change for the worse that counts as a regression; 0.1 is 10 %.
	MaxRegression float64
}

const (
	// DefaultMaxRegression is 10 %.
	DefaultMaxRegression = 0.10
	// MaxMoreFailures is the least rise of a share of failures, in percentage points over 100, that
	// counts as a regression.
	MaxMoreFailures = 0.005

	alpha = 0.05 // evidence has a smaller adjusted p
	// mostDependence is the autocorrelation up to which differences pass for independent.
	mostDependence = 0.1
	// leastJoined is how many pairs joining leaves, so that even the adjusted p can be small.
	leastJoined = 10
	// leastTail is how many values there must be beyond a percentile in a step.
	leastTail = 2
)

// Answer is what can be said of one figure.
type Answer string

const (
	Regression Answer = "regression"                     // worse, by more than may be
	Worse      Answer = "worse"                          // worse, but not for certain by more than may be
	Better     Answer = "better"                         //
	NoEvidence Answer = "no evidence of a change"        //
	TooLittle  Answer = "inconclusive: too little data"  //
	Gone       Answer = "inconclusive: not in both runs" //
)

// Figure is one figure of two runs.
type Figure struct {
	Scenario, Name string // Name as "HTTP p95" or "GET /login p95"
	Kind           Kind
	Base, Head     float64 // over the time that was compared
	// Change is relative (0.1: 10 % more), of a Share the difference. Low and High are the ends of its 95 %
	// interval; NaN if there are too few data.
	Change, Low, High float64
	P                 float64 // by itself
	Adjusted          float64 // for the number of figures
	N                 int     // pairs of steps; of a Share, exchanges of the smaller run
	Step              time.Duration
	Answer            Answer
	Detail            bool // of a single endpoint
}

// Kind is what a figure measures.
type Kind uint8

const (
	Rate  Kind = iota // a second: more is better
	Time              // milliseconds: less is better
	Share             // of failures: less is better
)

// Result is how one run compares with another.
type Result struct {
	Figures []Figure
	Notes   []string // what makes the comparison doubtful
	// Regressions are the figures that got worse by more than may be.
	Regressions []Figure
	Scenarios   []Pair
}

// Pair is a scenario of both runs, step by step since it began.
type Pair struct {
	Name       string
	Step       time.Duration
	Base, Head []timeline.Point
}

// Run compares two runs.
func Run(base, head *timeline.Timeline, o Options) Result {
	if o.MaxRegression <= 0 {
		o.MaxRegression = DefaultMaxRegression
	}
	var r Result
	for _, b := range base.Scenarios {
		h := head.Scenario(b.Name)
		if h == nil {
			r.Notes = append(r.Notes, fmt.Sprintf("the scenario %s is in the first run only", b.Name))
			continue
		}
		r.scenario(base, head, b, h)
	}
	for _, h := range head.Scenarios {
		if base.Scenario(h.Name) == nil {
			r.Notes = append(r.Notes, fmt.Sprintf("the scenario %s is in the second run only", h.Name))
		}
	}
	r.judge(o)
	return r
}

func (r *Result) judge(o Options) {
	var asked []int
	var p []float64
	for i, f := range r.Figures {
		if f.Answer == "" {
			asked = append(asked, i)
			p = append(p, f.P)
		}
	}
	for n, adjusted := range holm(p) {
		f := &r.Figures[asked[n]]
		f.Adjusted = adjusted
		f.Answer = f.answer(o)
		if f.Answer == Regression {
			r.Regressions = append(r.Regressions, *f)
		}
	}
}

// answer is what a tested figure says. A regression is one that is beyond its limit with the whole of
// its interval.
func (f *Figure) answer(o Options) Answer {
	if f.Adjusted >= alpha {
		return NoEvidence
	}
	switch f.Kind {
	case Rate:
		switch {
		case f.Change > 0:
			return Better
		case f.High < -o.MaxRegression:
			return Regression
		}
	case Time:
		switch {
		case f.Change < 0:
			return Better
		case f.Low > o.MaxRegression:
			return Regression
		}
	case Share:
		switch {
		case f.Change < 0:
			return Better
		case f.Low > MaxMoreFailures:
			return Regression
		}
	}
	return Worse
}

// scenario compares one scenario of both runs.
func (r *Result) scenario(base, head *timeline.Timeline, b, h *timeline.Scenario) {
	step := max(base.Step, head.Step)
	bs, hs := seriesOf(b, base.Step, step), seriesOf(h, head.Step, step)
	bs.trim()
	hs.trim()
	r.Scenarios = append(r.Scenarios, Pair{Name: b.Name, Step: step, Base: bs.points, Head: hs.points})
	n := min(len(bs.points), len(hs.points))
	long := max(len(bs.points), len(hs.points))
	if n == 0 {
		r.Figures = append(r.Figures, Figure{Scenario: b.Name, Name: "iterations", Kind: Rate, Answer: Gone, Change: math.NaN(), Low: math.NaN(), High: math.NaN(), Base: math.NaN(), Head: math.NaN()})
		return
	}
	if n*4 < long*3 {
		r.Notes = append(r.Notes, fmt.Sprintf("%s ran for %v in one run and for %v in the other: the first %v are compared",
			b.Name, time.Duration(n)*step, time.Duration(long)*step, time.Duration(n)*step))
	}
	bs.cut(n)
	hs.cut(n)
	if note := loadNote(b.Name, bs.points, hs.points); note != "" {
		r.Notes = append(r.Notes, note)
	}
	add := func(f Figure) {
		f.Scenario = b.Name
		r.Figures = append(r.Figures, f)
	}
	rate := func(name string, of func(p *timeline.Point) int64) {
		if f, ok := compareRates(name, bs.points, hs.points, step, of); ok {
			add(f)
		}
	}
	times := func(name string, bp, hp []metrics.Packed, detail bool) {
		for _, q := range []struct {
			name string
			q    float64
		}{{"p50", .5}, {"p95", .95}, {"p99", .99}} {
			if detail && q.name != "p95" {
				continue
			}
			f, ok := compareTimes(name+" "+q.name, bp, hp, step, q.q)
			f.Detail = detail
			if ok {
				add(f)
			}
		}
	}
	rate("iterations a second", func(p *timeline.Point) int64 { return p.Succeeded + p.Failed + p.Aborted })
	times("iteration", packed(bs.points, iterationTimes), packed(hs.points, iterationTimes), false)
	share := func(name string, bad, all func(p *timeline.Point) int64) {
		if f, ok := compareShares(name, bs.points, hs.points, bad, all); ok {
			f.Step = time.Duration(n) * step
			add(f)
		}
	}
	share("iterations failed", func(p *timeline.Point) int64 { return p.Failed + p.Aborted },
		func(p *timeline.Point) int64 { return p.Succeeded + p.Failed + p.Aborted })
	rate("requests a second", func(p *timeline.Point) int64 { return p.Requests })
	times("HTTP", packed(bs.points, httpTimes), packed(hs.points, httpTimes), false)
	share("requests failed", func(p *timeline.Point) int64 { return p.RequestsFailed }, func(p *timeline.Point) int64 { return p.Requests })
	for _, e := range bs.endpoints(hs) {
		times(e.name, e.base, e.head, true)
	}
}

func iterationTimes(p *timeline.Point) metrics.Packed { return p.Response }
func httpTimes(p *timeline.Point) metrics.Packed      { return p.HTTP }

func packed(points []timeline.Point, of func(p *timeline.Point) metrics.Packed) []metrics.Packed {
	list := make([]metrics.Packed, len(points))
	for i := range points {
		list[i] = of(&points[i])
	}
	return list
}

// loadNote says when the two runs were not put under the same load.
func loadNote(name string, base, head []timeline.Point) string {
	mean := func(points []timeline.Point, of func(p timeline.Point) float64) float64 {
		sum := 0.0
		for _, p := range points {
			sum += of(p) / float64(len(points))
		}
		return sum
	}
	differ := func(a, b float64) bool { return math.Abs(a-b) > 0.05*max(a, b) }
	rate := func(p timeline.Point) float64 { return p.PlannedRate }
	if b, h := mean(base, rate), mean(head, rate); b > 0 || h > 0 {
		if differ(b, h) {
			return fmt.Sprintf("%s: the load differs: %.4g iterations a second were planned in the first run, %.4g in the second", name, b, h)
		}
		return ""
	}
	users := func(p timeline.Point) float64 { return float64(p.Users) }
	if b, h := mean(base, users), mean(head, users); differ(b, h) {
		return fmt.Sprintf("%s: the load differs: %.4g users in the mean in the first run, %.4g in the second", name, b, h)
	}
	return ""
}

// sizes are how many steps are tried to be joined.
func sizes(n int) (list []int) {
	for size := 1; n/size >= leastPairs; size = max(size+1, size*5/4) {
		list = append(list, size)
	}
	return list
}

// compareRates compares what is counted a second.
func compareRates(name string, base, head []timeline.Point, step time.Duration, of func(p *timeline.Point) int64) (Figure, bool) {
	f := Figure{Name: name, Kind: Rate, Step: step, Answer: TooLittle, Change: math.NaN(), Low: math.NaN(), High: math.NaN(), P: 1}
	total := func(points []timeline.Point) (rate float64, count int64) {
		var span time.Duration
		for i := range points {
			count += of(&points[i])
			span += points[i].Span
		}
		return float64(count) / span.Seconds(), count
	}
	var bn, hn int64
	f.Base, bn = total(base)
	f.Head, hn = total(head)
	if bn == 0 && hn == 0 {
		return f, false
	}
	floor := max(f.Base, f.Head) / 1000 // a rate of 0 has no logarithm
	for _, size := range sizes(len(base)) {
		var d []float64
		least := int64(math.MaxInt64)
		for i := 0; i+size <= len(base); i += size {
			b, bc := total(base[i : i+size])
			h, hc := total(head[i : i+size])
			least = min(least, max(bc, hc))
			d = append(d, math.Log(max(h, floor)/max(b, floor)))
		}
		// A step in which hardly anything ends says little.
		if least >= 5 && settled(d, len(base), size) {
			f.take(d, time.Duration(size)*step)
			return f, true
		}
	}
	return f, true
}

// settled says whether the differences can be taken: when they do not depend on each other, or when
// joining more steps would leave too few.
func settled(d []float64, n, size int) bool {
	next := max(size+1, size*5/4)
	return dependence(d) <= mostDependence || n/next < leastJoined
}

// take tests the logarithms of ratios.
func (f *Figure) take(d []float64, step time.Duration) {
	t := testSignedRank(d)
	f.N, f.Step, f.P, f.Answer = t.n, step, t.p, ""
	f.Change, f.Low, f.High = math.Expm1(t.estimate), math.Expm1(t.low), math.Expm1(t.high)
}

// compareTimes compares a percentile.
func compareTimes(name string, base, head []metrics.Packed, step time.Duration, q float64) (Figure, bool) {
	f := Figure{Name: name, Kind: Time, Step: step, Answer: TooLittle, Change: math.NaN(), Low: math.NaN(), High: math.NaN(), P: 1}
	var allBase, allHead metrics.Packed
	for i := range base {
		allBase.Merge(base[i])
		allHead.Merge(head[i])
	}
	if allBase.Count() == 0 && allHead.Count() == 0 {
		return f, false
	}
	f.Base, f.Head = allBase.Stats().Quantile(q), allHead.Stats().Quantile(q)
	if allBase.Count() == 0 || allHead.Count() == 0 {
		f.Answer = Gone
		return f, true
	}
	need := int64(math.Ceil(leastTail / (1 - q)))
	for _, size := range sizes(len(base)) {
		var d []float64
		enough := true
		for i := 0; i+size <= len(base) && enough; i += size {
			var b, h metrics.Packed
			for j := i; j < i+size; j++ {
				b.Merge(base[j])
				h.Merge(head[j])
			}
			if b.Count() < need || h.Count() < need {
				enough = false
				break
			}
			bv, hv := b.Stats().Quantile(q), h.Stats().Quantile(q)
			d = append(d, math.Log(max(hv, 1e-9)/max(bv, 1e-9)))
		}
		if enough && settled(d, len(base), size) {
			f.take(d, time.Duration(size)*step)
			return f, true
		}
	}
	return f, true
}

// compareShares compares shares of failures. Failures come in bursts, which no test of steps would
// see: all of the run are counted.
func compareShares(name string, base, head []timeline.Point, bad, all func(p *timeline.Point) int64) (Figure, bool) {
	sum := func(points []timeline.Point, of func(p *timeline.Point) int64) (n int64) {
		for i := range points {
			n += of(&points[i])
		}
		return n
	}
	bb, b, hb, h := sum(base, bad), sum(base, all), sum(head, bad), sum(head, all)
	f := Figure{Name: name, Kind: Share, Answer: TooLittle, Change: math.NaN(), Low: math.NaN(), High: math.NaN(), P: 1}
	if b+h == 0 {
		return f, false
	}
	if b == 0 || h == 0 {
		f.Base, f.Head, f.Answer = math.NaN(), math.NaN(), Gone
		return f, true
	}
	f.Base, f.Head = float64(bb)/float64(b), float64(hb)/float64(h)
	if min(b, h) < 20 {
		f.N = int(min(b, h))
		return f, true
	}
	t := shareDifference(bb, b, hb, h)
	f.Change, f.Low, f.High, f.P, f.N, f.Answer = t.estimate, t.low, t.high, t.p, t.n, ""
	return f, true
}
