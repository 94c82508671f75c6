package page

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"runner/metrics"
	"runner/report"
	"runner/report/timeline"
)

const (
	heatRows    = 30
	heatColumns = 150
	heatLevels  = 8
	heatHeight  = 200
)

// octaves is where a bucket's middle lies, in powers of two.
func octaves(b metrics.Bucket) float64 {
	lower, upper := b.Bounds()
	return (math.Log2(lower) + math.Log2(upper)) / 2
}

// heatChart shows every response time: darker where there were more. A count's colour grows with its
// logarithm, so that the rare slow ones, which matter most, are seen too.
func heatChart(title string, c columns, a axis, of func(timeline.Point) metrics.Packed) plot {
	per := (a.steps + heatColumns - 1) / heatColumns
	n := (a.steps + per - 1) / per
	list := make([][]metrics.Bucket, n)
	counts := make([]int64, n)
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range n {
		var packed metrics.Packed
		for j := i * per; j < min((i+1)*per, len(c)); j++ {
			packed.Merge(of(c[j]))
		}
		_, list[i], _ = packed.Stats().Buckets()
		counts[i] = packed.Count()
		if k := len(list[i]); k > 0 {
			first, _ := list[i][0].Bounds()
			_, last := list[i][k-1].Bounds()
			lo, hi = min(lo, first), max(hi, last)
		}
	}
	if lo > hi {
		return plot{}
	}
	s, ticks := logarithmic(lo, hi, heatHeight, axisMillis)
	bottom, height := math.Log2(s.min), (math.Log2(s.max)-math.Log2(s.min))/heatRows
	cells := make([][heatRows]int64, n)
	most := int64(0)
	for i, buckets := range list {
		for _, b := range buckets {
			row := min(heatRows-1, max(0, int((octaves(b)-bottom)/height)))
			cells[i][row] += b.Count
			most = max(most, cells[i][row])
		}
	}
	p := plot{Title: title, Sub: fmt.Sprintf("every one, log scale; darkest: %s in one cell", report.Grouped(most)), Height: heatHeight, YTicks: ticks, Heat: true}
	var paths [heatLevels]path
	cellHeight := float64(heatHeight) / heatRows
	level := func(count int64) int {
		if count == 0 {
			return -1
		}
		return min(heatLevels-1, int(heatLevels*math.Log1p(float64(count))/math.Log1p(float64(most))))
	}
	for i := range cells {
		x, width := a.x(i*per), a.x(min((i+1)*per, a.steps))-a.x(i*per)
		for row := 0; row < heatRows; {
			l := level(cells[i][row])
			end := row + 1
			for end < heatRows && level(cells[i][end]) == l {
				end++
			}
			if l >= 0 {
				d := &paths[l]
				d.to('M', x, heatHeight-float64(row)*cellHeight)
				d.one('h', width)
				d.one('v', -float64(end-row)*cellHeight)
				d.one('h', -width)
				d.b.WriteByte('z')
			}
			row = end
		}
	}
	for l := range paths {
		if d := paths[l].b.String(); d != "" {
			p.Shapes = append(p.Shapes, shape{fmt.Sprintf("heat h%d", l), d})
		}
	}
	p.Label = title + ": a heat map over time"
	for i := range cells {
		text := a.between(i*per, min((i+1)*per, a.steps))
		if counts[i] == 0 {
			p.Hits = append(p.Hits, text+"  none")
			continue
		}
		top, at := int64(0), 0
		for row, c := range cells[i] {
			if c > top {
				top, at = c, row
			}
		}
		from, to := math.Exp2(bottom+float64(at)*height), math.Exp2(bottom+float64(at+1)*height)
		p.Hits = append(p.Hits, fmt.Sprintf("%s  %s in all · most, %s, took %s to %s", text, report.Grouped(counts[i]), report.Grouped(top), report.Millis(from), report.Millis(to)))
	}
	return p
}

const bars = 72

// histogram is a distribution over a log axis, with its percentiles marked.
func histogram(title string, stats metrics.Stats, one, many string) plot {
	_, buckets, _ := stats.Buckets()
	if len(buckets) == 0 {
		return plot{}
	}
	first, _ := buckets[0].Bounds()
	_, last := buckets[len(buckets)-1].Bounds()
	low, high := logRange(first, last)
	bottom, width := math.Log2(low), (math.Log2(high)-math.Log2(low))/bars
	counts := make([]float64, bars)
	for _, b := range buckets {
		counts[min(bars-1, max(0, int((octaves(b)-bottom)/width)))] += float64(b.Count)
	}
	a := axis{steps: bars}
	total := float64(stats.Count)
	s, ticks := linear(largest(counts)/total*100, 150, func(v float64) string { return trim(v) + " %" })
	shares := make([]float64, bars)
	for i, c := range counts {
		shares[i] = c / total * 100
	}
	p := plot{
		Title: title, Sub: fmt.Sprintf("%s, log scale", report.Plural(stats.Count, one, many)), Height: 150, YTicks: ticks,
		Shapes: []shape{{"area c-dist", a.stack(make([]float64, bars), shares, s)}},
	}
	x := func(v float64) float64 { return (math.Log2(max(v, low)) - bottom) / width / bars }
	for _, v := range logTicks(low, high) {
		p.XTicks = append(p.XTicks, tickAt(x(v), axisMillis(v)))
	}
	p.XTicks = thin(p.XTicks)
	for _, q := range quantiles {
		if q.q < 1 {
			v := stats.Quantile(q.q)
			p.Lines = append(p.Lines, ruler{plotWidth * x(v), q.class})
			p.Keys = append(p.Keys, key{Class: q.class, Text: q.name, Value: report.Millis(v)})
		}
	}
	p.Label = fmt.Sprintf("%s: p50 %s, p95 %s, p99 %s", title, report.Millis(stats.Quantile(.5)), report.Millis(stats.Quantile(.95)), report.Millis(stats.Quantile(.99)))
	below := 0.0
	for i, c := range counts {
		below += c
		from, to := math.Exp2(bottom+float64(i)*width), math.Exp2(bottom+float64(i+1)*width)
		p.Hits = append(p.Hits, fmt.Sprintf("%s to %s  %s · %s · %s were not slower", report.Millis(from), report.Millis(to),
			report.Plural(int64(c), one, many), report.Share(int64(c), stats.Count), report.Share(int64(below), stats.Count)))
	}
	return p
}

func tickAt(pos float64, text string) tick {
	t := tick{Pos: 100 * pos, Text: text, Anchor: "middle"}
	if t.Pos < 3 {
		t.Anchor = ""
	} else if t.Pos > 95 {
		t.Anchor = "end"
	}
	return t
}

// thin leaves out ticks that come too close to the one before.
func thin(ticks []tick) []tick {
	kept := ticks[:0]
	for _, t := range ticks {
		if n := len(kept); n > 0 && t.Pos-kept[n-1].Pos < 13 {
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// curve is one line of a chart by percentile.
type curve struct {
	class, name string
	stats       metrics.Stats
}

// byPercentile draws times against the share of all that were not slower, spread out towards the
// slowest: each part of the axis has ten times fewer.
func byPercentile(title string, curves []curve) plot {
	curves = slices.DeleteFunc(curves, func(c curve) bool { return c.stats.Count == 0 })
	if len(curves) == 0 {
		return plot{}
	}
	nines := 1.0
	low, high := math.Inf(1), 0.0
	for _, c := range curves {
		nines = max(nines, math.Log10(float64(c.stats.Count)))
		low, high = min(low, c.stats.Quantile(0.001)), max(high, c.stats.Max)
	}
	nines = min(7, math.Ceil(nines*2)/2)
	if low <= 0 {
		low = high / 1e4
	}
	s, ticks := logarithmic(low, high, 150, axisMillis)
	p := plot{Title: title, Sub: "the slowest on the right; log scale", Height: 150, YTicks: ticks}
	const points = 120
	a := axis{steps: points}
	quantile := func(i int) float64 { return 1 - math.Pow(10, -nines*(float64(i)+.5)/points) }
	hits := make([][]string, points)
	for _, c := range curves {
		values := make([]float64, points)
		for i := range values {
			q := quantile(i)
			if (1-q)*float64(c.stats.Count) < 0.5 {
				values[i] = math.NaN()
				continue
			}
			values[i] = c.stats.Quantile(q)
			hits[i] = append(hits[i], c.name+" "+report.Millis(values[i]))
		}
		p.Shapes = append(p.Shapes, shape{"line " + c.class, a.line(values, s)})
		p.Keys = append(p.Keys, key{Class: c.class, Text: c.name})
	}
	for i := range points {
		text := "p" + percentile(quantile(i))
		for _, h := range hits[i] {
			text += "  " + h
		}
		p.Hits = append(p.Hits, text)
	}
	for _, q := range []float64{0, .5, .9, .99, .999, .9999, .99999, .999999} {
		if pos := -math.Log10(1-q) / nines; pos <= 1 {
			p.XTicks = append(p.XTicks, tickAt(pos, "p"+percentile(q)))
		}
	}
	p.XTicks = thin(p.XTicks)
	p.Label = title
	return p
}

func percentile(q float64) string {
	digits := 1
	if q > 0.99 {
		digits = 3
	}
	if q > 0.999 {
		digits = 5
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.*f", digits, q*100), "0"), ".")
}
