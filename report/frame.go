package report

import (
	"strings"
	"time"
)

// frame draws the live display as lines of at most width columns and at most height rows. It is pure:
// the same view at the same moment gives the same lines. Scenarios that have ended are not in it; the
// display prints a line for each when it ends.
func frame(v *runView, now time.Duration, o Options, height int) []line {
	w := o.columns()
	var running []*scenarioView
	var waiting []string
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		switch {
		case s.Ended:
		case s.Began < 0:
			waiting = append(waiting, clean(s.Name))
		default:
			running = append(running, s)
		}
	}
	footer := footerLines(v, waiting, now, o, w)

	// The most detailed level at which all fits in a display that stays calm; at the last one the whole
	// height may be used, and what does not fit is counted.
	room := height - len(footer) - 1
	calm := min(room, calmRows)
	var body []line
	for detail := detailFull; detail >= detailLine; detail-- {
		body = body[:0]
		for i, s := range running {
			if i > 0 && detail > detailLine {
				body = append(body, nil)
			}
			body = append(body, scenarioLines(s, now, w, detail)...)
		}
		if len(body) <= calm {
			break
		}
	}
	if len(body) > room && room > 0 {
		left := len(running) - (room - 1)
		body = append(body[:room-1:room-1], line{text(faint, "  … and "+plural(int64(left), "more scenario", "more scenarios"))})
	} else if room <= 0 {
		body = nil
	}
	lines := append([]line{nil}, body...)
	lines = append(lines, footer...)
	if len(lines) > height {
		lines = lines[len(lines)-max(height, 0):]
	}
	for i := range lines {
		lines[i] = lines[i].cut(w)
	}
	return lines
}

// calmRows is how many rows of figures a display has at most, unless that many scenarios run at once.
const calmRows = 13

const (
	detailLine = iota // one line a scenario
	detailShort
	detailFull
)

func scenarioLines(s *scenarioView, now time.Duration, w, detail int) []line {
	if detail == detailLine {
		return []line{scenarioLine(s, w)}
	}
	lines := []line{headerLine(s, now, w)}
	lines = append(lines, usersRow(s).layout(w))
	lines = append(lines, iterationsRow(s).layout(w))
	if s.Requests > 0 {
		lines = append(lines, requestsRow(s).layout(w))
	}
	lines = append(lines, responseRow(s).layout(w))
	if s.Iterations.Dropped > 0 || s.PlannedRate > 0 && detail == detailFull {
		lines = append(lines, arrivalsRow(s).layout(w))
	}
	lines = append(lines, thresholdLine(s, w)...)
	if detail == detailShort {
		return append(lines, failureLines(s, w, 1)...)
	}
	if a := compactJSON(s.Aggregate); a != "" && a != "null" {
		l := label("aggregate")
		l.add(plain, a)
		lines = append(lines, l.cut(w-1))
	}
	return append(lines, failureLines(s, w, 2)...)
}

// labelWidth is the column at which values start, gutter the empty columns before a label.
const (
	gutter     = 2
	labelWidth = gutter + 12
	cellWidth  = 14
	sparkAt    = labelWidth + 3*cellWidth + 7
	maxSpark   = 30
	minSpark   = 8
	captionMax = 5
)

func label(name string) line {
	var l line
	l.padTo(gutter)
	l.add(faint, name)
	l.padTo(labelWidth)
	return l
}

// headerLine: dot, name, bar, percentage, phase, elapsed, left.
func headerLine(s *scenarioView, now time.Duration, w int) line {
	var l line
	l.add(statusStyle(s), "● ")
	l.add(strong, cutText(clean(s.Name), max(10, w/4)))
	l.padTo(max(labelWidth, l.width()+gutter))

	var times line
	left := s.Remaining >= 0 && s.Fraction < 1 && s.running()
	if !left || w >= 60 {
		times.add(plain, clock(now-s.Began))
	}
	if left {
		if w >= 60 {
			times.add(faint, " · ")
		}
		times.add(plain, clock(s.Remaining+time.Second-1))
		times.add(faint, " left")
	}
	phase, look := clean(s.Phase), plain
	if !s.running() {
		phase, look = clean(s.Status), warn
	}

	right := w - 1 - times.width() // where the times begin
	if s.Fraction >= 0 && s.running() {
		percent := padLeft(wholePercent(s.Fraction), 6)
		columns := right - gutter - l.width() - width(percent)
		if phase != "" && columns > 16 {
			columns -= min(width(phase)+gutter, columns/2)
		}
		l = append(l, bar(s.Fraction, min(columns, 48))...)
		l.add(plain, percent+"  ")
	}
	if room := right - gutter - l.width(); room >= min(8, width(phase)) {
		l.add(look, cutText(phase, room))
	}
	l.padTo(right)
	return append(l, times...)
}

func wholePercent(fraction float64) string {
	p := int(min(max(fraction, 0), 1)*100 + 1e-9)
	return grouped(int64(p)) + " %"
}

// running is false while a scenario gets ready or comes to its end.
func (s *scenarioView) running() bool { return s.Status == "running" || s.Status == "" }

func statusStyle(s *scenarioView) style {
	if s.running() {
		return good
	}
	return warn
}

// cell is one figure of a row. When the width does not do for all of a row's cells, their short forms
// are taken, and then those that matter least go first; rank 0 never goes.
type cell struct {
	line
	short line // nil: there is none
	rank  int
}

// row is a label, cells in columns that stand under each other in all rows, and a sparkline.
type row struct {
	label   string
	cells   []cell
	spark   []float64
	caption string
}

func (r row) layout(w int) line {
	cells := append([]cell(nil), r.cells...)
	fits := func() bool {
		at := labelWidth
		for i, c := range cells {
			at = max(at+gutter, labelWidth+i*cellWidth) + c.width()
		}
		return at < w
	}
	for i := range cells {
		if cells[i].short != nil && !fits() {
			cells[i].line = cells[i].short
		}
	}
	for !fits() && len(cells) > 1 {
		worst := 0
		for i, c := range cells {
			if c.rank >= cells[worst].rank {
				worst = i
			}
		}
		if cells[worst].rank == 0 {
			break
		}
		cells = append(cells[:worst], cells[worst+1:]...)
	}
	l := label(r.label)
	for i, c := range cells {
		if i > 0 {
			l.padTo(max(l.width()+gutter, labelWidth+i*cellWidth))
		}
		l = append(l, c.line...)
	}
	at := max(sparkAt, l.width()+gutter)
	columns := min(w-1-at-1-captionMax, maxSpark)
	spark := sparkline(r.spark, columns)
	if len(r.spark) > 1 && columns >= minSpark && strings.TrimSpace(spark) != "" {
		l.padTo(at)
		l.add(accent, padLeft(spark, columns))
		l.add(faint, " "+r.caption)
	}
	return l
}

func figure(value string) line { return line{text(plain, value)} }

func named(name, value string) line {
	return line{text(faint, name+" "), text(plain, value)}
}

// alarm is a figure that is red as soon as it is not 0. rest is left out where room is scarce.
func alarm(name string, n int64, rest string, rank int) cell {
	if n == 0 {
		return cell{line: line{text(faint, name+" 0")}, rank: rank}
	}
	short := line{text(bad, name+" "+grouped(n))}
	if rest == "" {
		return cell{line: short, rank: rank}
	}
	return cell{line{text(bad, name+" "+grouped(n)+rest)}, short, rank}
}

func usersRow(s *scenarioView) row {
	r := row{label: "users", spark: s.Recent.UsersHistory, caption: "users"}
	r.cells = append(r.cells, cell{line: line{text(plain, grouped(int64(s.Users))), text(faint, " of "+grouped(int64(s.WantedUsers)))}})
	if s.WorkQueued > 0 {
		r.cells = append(r.cells, cell{line: named("queued", grouped(int64(s.WorkQueued))), rank: 1})
	}
	if s.ResultsPassed > 0 {
		r.cells = append(r.cells, cell{line: line{text(warn, "passed over "+grouped(s.ResultsPassed))}, rank: 2})
	} else if s.ResultsUnread > 0 {
		r.cells = append(r.cells, cell{line: named("unread", grouped(s.ResultsUnread)), rank: 2})
	}
	return r
}

func iterationsRow(s *scenarioView) row {
	c := s.Iterations
	r := row{label: "iterations", spark: s.Recent.RateHistory, caption: "/s"}
	r.cells = []cell{
		{line: figure(perSecond(s.Recent.IterationRate))},
		{line: named("total", grouped(c.Done())), rank: 2},
		alarm("failed", c.Failed, " ("+share(c.Failed, c.Done())+")", 1),
	}
	return r
}

func requestsRow(s *scenarioView) row {
	return row{
		label: "requests",
		cells: []cell{
			{line: figure(perSecond(s.Recent.RequestRate))},
			{line: named("total", grouped(s.Requests)), rank: 2},
			alarm("failed", s.ReqFailed, " ("+share(s.ReqFailed, s.Requests)+")", 1),
		},
		spark: s.Recent.RequestHistory, caption: "/s",
	}
}

func responseRow(s *scenarioView) row {
	r := s.Recent
	return row{
		label: "response",
		cells: []cell{
			{line: named("p50", millis(r.P50)), rank: 1},
			{line: named("p95", millis(r.P95))},
			{line: named("p99", millis(r.P99)), rank: 2},
		},
		spark: r.P95History, caption: "p95",
	}
}

func arrivalsRow(s *scenarioView) row {
	return row{
		label: "arrivals",
		cells: []cell{
			{line: named("plan", perSecond(s.PlannedRate)), rank: 2},
			alarm("dropped", s.Iterations.Dropped, "", 0),
			{line: named("late p99", millis(s.Recent.LatenessP99)), rank: 3},
		},
	}
}

// failureLines shows the newest groups.
func failureLines(s *scenarioView, w, most int) []line {
	var lines []line
	groups := s.Failures[:min(most, len(s.Failures))]
	digits := 0
	for _, f := range groups {
		digits = max(digits, len(grouped(f.Count)))
	}
	for i, f := range groups {
		l := label("")
		if i == 0 {
			l = label("failures")
		}
		l.add(bad, padLeft(grouped(f.Count), digits)+" × ")
		place := clean(f.Place)
		left := w - 1 - l.width()
		if place != "" && left-width(place)-2 > 20 {
			l.add(plain, cutText(clean(f.title()), left-width(place)-2))
			l.add(faint, "  "+place)
		} else {
			l.add(plain, cutText(clean(f.title()), left))
		}
		lines = append(lines, l)
	}
	return lines
}

// scenarioLine is a scenario on one line, for many at once.
func scenarioLine(s *scenarioView, w int) line {
	var l line
	name := min(max(8, w/4), 30)
	l.add(statusStyle(s), "● ")
	l.add(plain, cutText(clean(s.Name), name))
	l.padTo(gutter + name + 1)
	if !s.running() {
		l.add(warn, clean(s.Status))
		return l
	}
	if w >= 95 {
		if s.Fraction >= 0 {
			l = append(l, bar(s.Fraction, 10)...)
			l.add(plain, padLeft(wholePercent(s.Fraction), 6))
		}
		l.padTo(gutter + name + 1 + 18)
	}
	l.add(plain, padLeft(perSecond(s.Recent.IterationRate), 8))
	if w >= 58 {
		l.add(faint, "  p95 ")
		l.add(plain, padRight(millis(s.Recent.P95), 8))
	}
	if w >= 72 {
		l.add(faint, "  users ")
		l.add(plain, padRight(grouped(int64(s.Users)), 5))
	}
	l.add(plain, "  ")
	return append(l, alarm("failed", s.Iterations.Failed, "", 0).line...)
}

func footerLines(v *runView, waiting []string, now time.Duration, o Options, w int) []line {
	var lines []line
	if len(waiting) > 0 {
		l := label("waiting")
		l.add(plain, cutText(strings.Join(waiting, ", "), w-1-labelWidth))
		lines = append(lines, l)
	}
	var l line
	l.padTo(gutter)
	hint := clock(now) + " · Ctrl-C ends it gracefully"
	if ending(v) {
		hint = clock(now) + " · Ctrl-C ends it at once"
	}
	if where := " · results in " + clean(o.Results); o.Results != "" && gutter+width(hint+where) < w {
		hint += where
	}
	l.add(faint, hint)
	return append(lines, l)
}

// ending is true while all scenarios that go on are coming to their end.
func ending(v *runView) bool {
	going, stopping := 0, 0
	for i := range v.Scenarios {
		switch s := &v.Scenarios[i]; {
		case s.Ended:
		case s.Status == "stopping" || s.Status == "terminating":
			stopping++
		default:
			going++
		}
	}
	return going == 0 && stopping > 0
}
