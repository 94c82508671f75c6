package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"runner/loadmodels"
)

// WritePlan draws what a load model plans: users and arrival rate over virtual time, then its parts
// one by one. Parts whose length nobody can know beforehand are drawn with a length of their own,
// faint, and marked.
func WritePlan(w io.Writer, name string, segments []loadmodels.Segment, o Options) error {
	return writeLines(w, planLines(name, segments, o), o)
}

const chartRows = 8

func planLines(name string, segments []loadmodels.Segment, o Options) []line {
	w := o.columns()
	title := line{text(strong, clean(name))}
	if len(segments) == 0 {
		title.add(plain, "  the load model says nothing of its plan: it decides while it runs")
		var lines []line
		for i, t := range wrap(title[1].text, w-title[:1].width()-2) {
			if i == 0 {
				lines = append(lines, line{title[0], text(plain, "  "+t)})
			} else {
				lines = append(lines, line{text(plain, strings.Repeat(" ", title[:1].width()+2)), text(plain, t)})
			}
		}
		return lines
	}
	lines := []line{title}
	p := newPlot(segments)
	users, rate := p.top(usersOf), p.top(rateOf)
	if users > 0 {
		lines = append(append(lines, nil), p.chart("users", users, usersOf, w)...)
	}
	if rate > 0 {
		lines = append(append(lines, nil), p.chart("arrivals per second", rate, rateOf, w)...)
	}
	lines = append(append(lines, nil), partsTable(segments).layout(gutter, w)...)
	lines = append(lines, nil)
	for _, t := range wrap(planTotals(segments), w-gutter) {
		lines = append(lines, line{text(plain, "  "), text(plain, t)})
	}
	return lines
}

// endless is true for a part whose length is not known beforehand.
func endless(s loadmodels.Segment) bool { return s.Duration < 0 || s.Duration == loadmodels.Forever }

func usersOf(s loadmodels.Segment) (from, to float64) { return s.FromUsers, s.ToUsers }
func rateOf(s loadmodels.Segment) (from, to float64)  { return s.FromRate, s.ToRate }

// plot has the parts with the length that each is drawn with.
type plot struct {
	segments []loadmodels.Segment
	start    []float64 // of each part, and the end of the last
}

// newPlot gives a part of unknown length a sixth of what is known, or all parts the same if nothing is.
func newPlot(segments []loadmodels.Segment) *plot {
	known := 0.0
	for _, s := range segments {
		if !endless(s) {
			known += s.Duration.Seconds()
		}
	}
	guess := known / 6
	if guess == 0 {
		guess = 1
	}
	p := &plot{segments: segments, start: []float64{0}}
	at := 0.0
	for _, s := range segments {
		if endless(s) {
			at += guess
		} else {
			at += s.Duration.Seconds()
		}
		p.start = append(p.start, at)
	}
	return p
}

// end is where the last part ends; a plan without any length is drawn as if it had one.
func (p *plot) end() float64 {
	if e := p.start[len(p.start)-1]; e > 0 {
		return e
	}
	return 1
}

func (p *plot) top(of func(loadmodels.Segment) (float64, float64)) float64 {
	top := 0.0
	for _, s := range p.segments {
		from, to := of(s)
		top = max(top, from, to)
	}
	return top
}

// between gives the largest value in a span of time, so that a short peak is not lost between two
// columns, and whether a part of unknown length is in it.
func (p *plot) between(a, b float64, of func(loadmodels.Segment) (float64, float64)) (value float64, guessed bool) {
	for i, s := range p.segments {
		x0, x1 := p.start[i], p.start[i+1]
		if x1 <= a && x1 > x0 || x0 >= b {
			continue
		}
		from, to := of(s)
		if x1 > x0 {
			slope := (to - from) / (x1 - x0)
			value = max(value, from+slope*(max(a, x0)-x0), from+slope*(min(b, x1)-x0))
		} else if x0 >= a {
			value = max(value, from, to)
		}
		guessed = guessed || endless(s)
	}
	return value, guessed
}

// chart draws one quantity as an area of eighth blocks over the time axis.
func (p *plot) chart(title string, top float64, of func(loadmodels.Segment) (float64, float64), w int) []line {
	labels := map[int]string{0: number(top), chartRows / 2: number(top / 2), chartRows: "0"}
	left := 0
	for _, l := range labels {
		left = max(left, width(l))
	}
	columns := min(w-gutter-left-3, 120)
	eighths := make([]int, columns)
	faded := make([]bool, columns)
	for c := range columns {
		a := p.end() * float64(c) / float64(columns)
		b := p.end() * float64(c+1) / float64(columns)
		// A hair less than the column: the value at its very end belongs to the next one.
		v, guessed := p.between(a, b-(b-a)*1e-6, of)
		eighths[c] = int(v/top*chartRows*8 + 0.5)
		if v > 0 {
			eighths[c] = max(eighths[c], 1)
		}
		faded[c] = guessed
	}
	lines := []line{{text(plain, strings.Repeat(" ", gutter)), text(faint, title)}}
	for r := range chartRows {
		var l line
		l.padTo(gutter)
		mark := " │"
		if labels[r] != "" {
			mark = " ┤"
		}
		l.add(faint, padLeft(labels[r], left)+mark)
		base := (chartRows - 1 - r) * 8
		for c := range columns {
			look := accent
			if faded[c] {
				look = faint
			}
			cellText := " "
			if n := min(max(eighths[c]-base, 0), 8); n > 0 {
				cellText = string(levels[n-1])
			}
			if k := len(l) - 1; l[k].style == look && c > 0 {
				l[k].text += cellText
			} else {
				l.add(look, cellText)
			}
		}
		lines = append(lines, l.trim())
	}
	return append(lines, p.axis(left, columns)...)
}

// axis draws the line under a chart with a mark where a part begins, and the times as far as they
// have room. After a part of unknown length times begin anew, with a plus.
func (p *plot) axis(left, columns int) []line {
	ticks := []rune(strings.Repeat("─", columns+1))
	labels := []rune(strings.Repeat(" ", columns+12))
	free := 0 // the first column of labels that is free
	var since time.Duration
	unknown := false
	place := func(x float64, t string) {
		c := int(x/p.end()*float64(columns) + 0.5)
		ticks[c] = '┴'
		at := c
		if at+len(t) > columns+1 {
			at = columns + 1 - len(t)
		}
		if at < free {
			return
		}
		copy(labels[at:], []rune(t))
		free = at + len(t) + 2
	}
	for i, s := range p.segments {
		if i == 0 {
			place(0, "0")
		}
		if endless(s) {
			since, unknown = 0, true
			place(p.start[i+1], "?")
			continue
		}
		since += s.Duration
		t := short(since)
		if unknown {
			t = "+" + t
		}
		place(p.start[i+1], t)
	}
	head := strings.Repeat(" ", gutter) + padLeft("0", left) + " "
	ticks[0] = '└'
	return []line{
		{text(faint, head+string(ticks))},
		line{text(faint, strings.Repeat(" ", width(head))+string(labels))}.trim(),
	}
}

// fromTo writes how a quantity changes: "0 → 30", or "30".
func fromTo(from, to float64, unit string) string {
	switch {
	case from == 0 && to == 0:
		return ""
	case from == to:
		return number(from) + unit
	}
	return number(from) + " → " + number(to) + unit
}

func partsTable(segments []loadmodels.Segment) *table {
	t := &table{columns: []column{
		{head: "part"}, {head: "from", right: true, rank: 3}, {head: "length", right: true},
		{head: "users", right: true, rank: 1}, {head: "arrivals", right: true, rank: 1},
		{head: "iterations", right: true, rank: 2}, {head: "", rank: 4},
	}}
	var at time.Duration
	unknown := false
	for i, s := range segments {
		name := clean(s.Label)
		if name == "" {
			name = fmt.Sprintf("part %d", i+1)
		}
		from := short(at)
		if at == 0 {
			from = "0"
		}
		if unknown {
			from = "+" + from
		}
		length := "?"
		if !endless(s) {
			length = short(s.Duration)
			at += s.Duration
		} else {
			at, unknown = 0, true
		}
		planned := ""
		if s.Iterations > 0 {
			planned = grouped(s.Iterations)
		}
		note := clean(s.Note)
		if note == "" && s.Duration == loadmodels.Forever {
			note = "until something else ends it"
		}
		t.add(text(plain, name), text(faint, from), text(plain, length),
			text(plain, fromTo(s.FromUsers, s.ToUsers, "")), text(plain, fromTo(s.FromRate, s.ToRate, "/s")),
			text(plain, planned), text(faint, note))
	}
	return t
}

// planTotals says in a sentence what the parts sum up to, and of what that is not all.
func planTotals(segments []loadmodels.Segment) string {
	var length time.Duration
	var planned int64
	var users, rate float64
	lengthKnown, plannedKnown := true, true
	for _, s := range segments {
		if endless(s) {
			lengthKnown = false
		} else {
			length += s.Duration
		}
		planned += s.Iterations
		plannedKnown = plannedKnown && s.Iterations > 0
		users = max(users, s.FromUsers, s.ToUsers)
		rate = max(rate, s.FromRate, s.ToRate)
	}
	var parts []string
	switch {
	case lengthKnown:
		parts = append(parts, short(length)+" in all")
	case length > 0:
		parts = append(parts, short(length)+" and what cannot be known beforehand")
	default:
		parts = append(parts, "how long it takes cannot be known beforehand")
	}
	if users > 0 {
		parts = append(parts, number(users)+" users at most")
	}
	if rate > 0 {
		parts = append(parts, number(rate)+" arrivals a second at most")
	}
	switch {
	case planned > 0 && plannedKnown:
		parts = append(parts, plural(planned, "iteration", "iterations"))
	case planned > 0:
		parts = append(parts, "at least "+plural(planned, "iteration", "iterations"))
	}
	return strings.Join(parts, ", ")
}

// planWords says what a plan does on a line or two.
func planWords(segments []loadmodels.Segment) string {
	const most = 6
	var parts []string
	for i, s := range segments {
		if i == most && len(segments) > most+1 {
			parts = append(parts, "… "+plural(int64(len(segments)-most), "more part", "more parts"))
			break
		}
		var words []string
		if s.Label != "" {
			words = append(words, clean(s.Label))
		}
		users := fromTo(s.FromUsers, s.ToUsers, " users")
		if s.FromUsers == 1 && s.ToUsers == 1 {
			users = "1 user"
		}
		for _, w := range []string{users, fromTo(s.FromRate, s.ToRate, "/s")} {
			if w != "" && !strings.Contains(s.Label, w) {
				words = append(words, w)
			}
		}
		if s.Iterations > 0 {
			words = append(words, plural(s.Iterations, "iteration", "iterations"))
		}
		switch {
		case !endless(s):
			words = append(words, short(s.Duration))
		case s.Note != "":
			words = append(words, clean(s.Note))
		}
		parts = append(parts, strings.Join(words, ", "))
	}
	return strings.Join(parts, "; ")
}
