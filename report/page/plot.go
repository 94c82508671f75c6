package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"runner/report"
)

// A plot is drawn as SVG of its own rather than with a plotting library: colours come from the page's
// style sheet, so that one drawing serves light, dark and paper, and the drawing is stretched to the
// width there is while its texts keep their size.

// plotWidth is the width of a drawing in its own units.
const plotWidth = 1000.0

// plot is one chart as the template draws it.
type plot struct {
	Title, Sub string
	Label      string // for those who cannot see it
	Height     float64
	Keys       []key
	YTicks     []tick // in pixels from the top
	XTicks     []tick // in percent
	Shapes     []shape
	Lines      []ruler // vertical lines: where phases change, or percentiles
	Pins       []tick  // numbers of notes, in percent
	Bands      []band  // phases
	Shades     []shade // spans in which figures are not the server's
	Hits       []string
	Heat       bool
}

type key struct {
	Class, Text, Value string
	Dashed             bool
}

type tick struct {
	Pos    float64
	Text   string
	Anchor string
}

type shape struct{ Class, D string }

type shade struct{ X, Width float64 }

type ruler struct {
	X     float64
	Class string
}

type band struct {
	X, Width float64 // percent
	Text     string
	Class    string
}

// scale maps values to pixels from the top.
type scale struct {
	min, max, height float64
	log              bool
}

func (s scale) y(v float64) float64 {
	f := 0.0
	if s.log {
		f = (math.Log(max(v, s.min)) - math.Log(s.min)) / (math.Log(s.max) - math.Log(s.min))
	} else {
		f = (v - s.min) / (s.max - s.min)
	}
	return s.height * (1 - min(1, max(0, f)))
}

// linear is a scale from 0 to a little more than the largest value, with round ticks.
func linear(largest, height float64, words func(float64) string) (scale, []tick) {
	if !(largest > 0) {
		largest = 1
	}
	step := niceStep(largest / 3.2)
	s := scale{max: largest * 1.06, height: height}
	var ticks []tick
	for v := 0.0; v <= s.max; v += step {
		ticks = append(ticks, tick{Pos: s.y(v), Text: words(v)})
	}
	return s, ticks
}

// niceStep is the smallest of 1, 2, 5, 10, 20 … (and their fractions) that is not below v.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*0.999 {
			return m * p
		}
	}
	return 10 * p
}

// logarithmic is a scale that holds all positive values from low to high.
func logarithmic(low, high, height float64, words func(float64) string) (scale, []tick) {
	low, high = logRange(low, high)
	s := scale{min: low, max: high, height: height, log: true}
	var ticks []tick
	for _, v := range logTicks(low, high) {
		ticks = append(ticks, tick{Pos: s.y(v), Text: words(v)})
	}
	return s, ticks
}

// logRange widens a range so that it has some extent.
func logRange(low, high float64) (float64, float64) {
	if !(low > 0) {
		low = high / 1000
	}
	if !(low > 0) {
		low, high = 1, 10
	}
	low, high = low/1.06, high*1.06
	if high/low < 4 {
		middle := math.Sqrt(low * high)
		low, high = middle/2, middle*2
	}
	return low, high
}

// logTicks are round numbers within a range: powers of ten, and 2 and 5 times them if these are few.
func logTicks(low, high float64) (ticks []float64) {
	factors := []float64{1}
	if decades := math.Log10(high / low); decades < 1.5 {
		factors = []float64{1, 2, 3, 5, 7}
		if decades < 0.8 {
			factors = []float64{1, 1.5, 2, 3, 4, 5, 6, 8}
		}
	} else if decades < 3 {
		factors = []float64{1, 2, 5}
	}
	for p := math.Pow(10, math.Floor(math.Log10(low))); p <= high; p *= 10 {
		for _, f := range factors {
			if v := f * p; v >= low && v <= high {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// axis is the time axis that all charts of a page share.
type axis struct {
	steps int
	step  time.Duration
}

func (a axis) total() time.Duration         { return time.Duration(a.steps) * a.step }
func (a axis) x(i int) float64              { return plotWidth * float64(i) / float64(a.steps) }
func (a axis) pos(at time.Duration) float64 { return min(1, max(0, float64(at)/float64(a.total()))) }

// when names a step.
func (a axis) when(i int) string { return a.between(i, i+1) }

// between names the time from one step to another: a single second by its beginning.
func (a axis) between(i, j int) string {
	begin, end := time.Duration(i)*a.step, time.Duration(j)*a.step
	if end-begin <= time.Second {
		return report.Clock(begin)
	}
	return report.Clock(begin) + "–" + report.Clock(end)
}

var tickSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour,
}

// ticks are about seven round times.
func (a axis) ticks() (ticks []tick) {
	total := a.total()
	step := tickSteps[len(tickSteps)-1]
	for _, s := range tickSteps {
		if total/s <= 7 {
			step = s
			break
		}
	}
	for total/step > 8 {
		step *= 2
	}
	for at := time.Duration(0); at <= total; at += step {
		t := tick{Pos: 100 * a.pos(at), Text: tickTime(at, step)}
		if t.Pos > 97 {
			t.Anchor = "end"
		} else if t.Pos > 0 {
			t.Anchor = "middle"
		}
		ticks = append(ticks, t)
	}
	return ticks
}

func tickTime(at, step time.Duration) string {
	switch {
	case at == 0:
		return "0"
	case step%time.Hour == 0:
		return fmt.Sprintf("%dh", at/time.Hour)
	case step%time.Minute == 0 && at < time.Hour:
		return fmt.Sprintf("%dm", at/time.Minute)
	case step%time.Minute == 0:
		return fmt.Sprintf("%dh%02d", at/time.Hour, at/time.Minute%60)
	case at < time.Minute:
		return fmt.Sprintf("%ds", at/time.Second)
	}
	return report.Clock(at)
}

// path writes a path's commands.
type path struct{ b strings.Builder }

func (p *path) num(v float64) {
	p.b.WriteString(strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64))
}

func (p *path) to(command byte, x, y float64) {
	p.b.WriteByte(command)
	p.num(x)
	p.b.WriteByte(' ')
	p.num(y)
}

func (p *path) one(command byte, v float64) {
	p.b.WriteByte(command)
	p.num(v)
}

// line joins the middles of the steps; where there is no value (NaN) it is broken, and a value that
// stands alone is as long as its step.
func (a axis) line(values []float64, s scale) string {
	var p path
	for i := 0; i < len(values); {
		if math.IsNaN(values[i]) {
			i++
			continue
		}
		p.to('M', a.x(i), s.y(values[i]))
		end := i
		for end+1 < len(values) && !math.IsNaN(values[end+1]) {
			end++
		}
		if end > i {
			for j := i; j <= end; j++ {
				p.to('L', (a.x(j)+a.x(j+1))/2, s.y(values[j]))
			}
		}
		p.one('H', a.x(end+1))
		i = end + 1
	}
	return p.b.String()
}

// stairs is a line that is level within each step; it is broken where there is no value.
func (a axis) stairs(values []float64, s scale) string {
	var p path
	open := false
	for i, v := range values {
		if math.IsNaN(v) {
			open = false
			continue
		}
		if open {
			p.one('V', s.y(v))
		} else {
			p.to('M', a.x(i), s.y(v))
		}
		open = true
		p.one('H', a.x(i+1))
	}
	return p.b.String()
}

// stack is the area between two lists of values, level within each step; empty if it has no extent.
func (a axis) stack(lower, upper []float64, s scale) string {
	var p path
	for i := 0; i < len(upper); {
		if !(upper[i] > lower[i]) {
			i++
			continue
		}
		end := i
		for end+1 < len(upper) && upper[end+1] > lower[end+1] {
			end++
		}
		p.to('M', a.x(i), s.y(lower[i]))
		for j := i; j <= end; j++ {
			p.one('V', s.y(upper[j]))
			p.one('H', a.x(j+1))
		}
		for j := end; j >= i; j-- {
			p.one('V', s.y(lower[j]))
			if j > i {
				p.one('H', a.x(j))
			}
		}
		p.b.WriteByte('Z')
		i = end + 1
	}
	return p.b.String()
}

// layer is one part of a stack.
type layer struct {
	class, name string
	values      []float64
}

// stacked makes the shapes of layers, the first at the bottom, and gives the tops.
func (a axis) stacked(layers []layer, s scale) (shapes []shape) {
	lower := make([]float64, a.steps)
	for _, l := range layers {
		upper := make([]float64, a.steps)
		for i := range upper {
			upper[i] = lower[i]
			if v := l.values[i]; v > 0 {
				upper[i] += v
			}
		}
		if d := a.stack(lower, upper, s); d != "" {
			shapes = append(shapes, shape{"area " + l.class, d})
		}
		lower = upper
	}
	return shapes
}

func tops(steps int, layers []layer) float64 {
	top := 0.0
	for i := range steps {
		sum := 0.0
		for _, l := range layers {
			if v := l.values[i]; v > 0 {
				sum += v
			}
		}
		top = max(top, sum)
	}
	return top
}

func largest(values []float64) float64 {
	top := 0.0
	for _, v := range values {
		if v > top {
			top = v
		}
	}
	return top
}

// count writes a number on an axis.
func count(v float64) string {
	switch {
	case v >= 1e6:
		return trim(v/1e6) + "M"
	case v >= 1e4:
		return trim(v/1e3) + "k"
	case v >= 1000:
		return report.Grouped(int64(math.Round(v)))
	}
	return trim(v)
}

func trim(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// axisMillis writes a round time on an axis.
func axisMillis(ms float64) string {
	switch {
	case ms == 0:
		return "0"
	case ms < 0.001:
		return trim(ms*1e6) + " ns"
	case ms < 1:
		return trim(ms*1e3) + " µs"
	case ms < 1000:
		return trim(ms) + " ms"
	case ms < 60_000*10:
		return trim(ms/1e3) + " s"
	}
	return trim(ms/60e3) + " min"
}
