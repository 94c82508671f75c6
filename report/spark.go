package report

import (
	"math"
	"strings"
)

var levels = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the last values in so many columns, one a column, scaled from 0 to the largest. NaN
// leaves its column empty. Old values of a long series are not squeezed: they have scrolled out.
func sparkline(values []float64, columns int) string {
	if columns <= 0 {
		return ""
	}
	if len(values) > columns {
		values = values[len(values)-columns:]
	}
	top := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v) || v < 0:
			b.WriteByte(' ')
		case top == 0:
			b.WriteRune(levels[0])
		default:
			b.WriteRune(levels[min(len(levels)-1, int(v/top*float64(len(levels))))])
		}
	}
	return b.String()
}

// bar draws a progress bar of so many columns, exact to half a column. A fraction outside 0…1 is
// drawn as the nearest end.
func bar(fraction float64, columns int) line {
	if columns <= 0 {
		return nil
	}
	halves := int(min(max(fraction, 0), 1)*float64(2*columns) + 1e-9)
	full := halves / 2
	var l line
	l.add(accent, strings.Repeat("━", full))
	rest := columns - full
	if halves%2 == 1 {
		l.add(accent, "╸")
		rest--
	}
	l.add(faint, strings.Repeat("─", rest))
	return l
}
