package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// column is one column of a table. When the width does not do for all of them, those with the highest
// rank go first; rank 0 never goes.
type column struct {
	head  string
	right bool // aligned
	rank  int
}

// table has rows of spans under columns. Its first column is as wide as it needs to be, up to what
// the others leave; a column with nothing in it is left out.
type table struct {
	columns []column
	rows    [][]span
}

const (
	columnGap    = 2
	minFirst     = 10
	goodFirst    = 24 // columns go before the first one becomes narrower than that
	maxFirst     = 60
	rightMinimum = 7
)

func (t *table) add(cells ...span) { t.rows = append(t.rows, cells) }

// layout draws the table indented, in at most w columns.
func (t *table) layout(indent, w int) []line {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = width(c.head)
		if c.right {
			widths[i] = max(widths[i], rightMinimum)
		}
		for _, r := range t.rows {
			if i < len(r) {
				widths[i] = max(widths[i], width(r[i].text))
			}
		}
	}
	widths[0] = min(widths[0], maxFirst)
	shown := make([]bool, len(t.columns))
	for i := range shown {
		shown[i] = i == 0 || t.filled(i)
	}
	total := func() int {
		n := indent - columnGap
		for i, x := range widths {
			if shown[i] {
				n += x + columnGap
			}
		}
		return n
	}
	shrink := func(least int) {
		if over := total() - w; over > 0 && widths[0] > least {
			widths[0] = max(least, widths[0]-over)
		}
	}
	shrink(goodFirst)
	for total() > w {
		worst := 0
		for i, c := range t.columns {
			if shown[i] && c.rank > 0 && (worst == 0 || c.rank >= t.columns[worst].rank) {
				worst = i
			}
		}
		if worst == 0 {
			break
		}
		shown[worst] = false
	}
	shrink(minFirst)
	// What the columns that went have freed may serve the first one again.
	need := 0
	for _, r := range t.rows {
		need = max(need, width(r[0].text))
	}
	widths[0] += max(0, min(w-total(), min(need, maxFirst)-widths[0]))

	var lines []line
	write := func(cells []span) {
		var l line
		l.padTo(indent)
		first := true
		for i, c := range t.columns {
			if !shown[i] {
				continue
			}
			if !first {
				l.add(plain, strings.Repeat(" ", columnGap))
			}
			first = false
			var s span
			if i < len(cells) {
				s = cells[i]
			}
			s.text = cutText(s.text, widths[i])
			pad := strings.Repeat(" ", widths[i]-width(s.text))
			if c.right {
				l.add(plain, pad)
				l.add(s.style, s.text)
			} else {
				l.add(s.style, s.text)
				l.add(plain, pad)
			}
		}
		lines = append(lines, l.trim())
	}
	heads := make([]span, len(t.columns))
	any := false
	for i, c := range t.columns {
		heads[i] = text(faint, c.head)
		any = any || c.head != ""
	}
	if any {
		write(heads)
	}
	for _, r := range t.rows {
		write(r)
	}
	return lines
}

// filled is true for a column that has something in it.
func (t *table) filled(column int) bool {
	for _, r := range t.rows {
		if column < len(r) && r[column].text != "" {
			return true
		}
	}
	return false
}

// trim takes empty space from the end of a line.
func (l line) trim() line {
	for len(l) > 0 {
		last := &l[len(l)-1]
		t := strings.TrimRight(last.text, " ")
		if t != "" {
			*last = span{last.style, t}
			return l
		}
		l = l[:len(l)-1]
	}
	return l
}

// wrap breaks a text into lines of at most so many columns, between words where that can be.
func wrap(s string, columns int) []string {
	columns = max(columns, 10)
	var lines []string
	var now string
	for _, word := range strings.Fields(s) {
		switch {
		case now == "" && width(word) <= columns:
			now = word
		case now != "" && width(now)+1+width(word) <= columns:
			now += " " + word
		default:
			if now != "" {
				lines = append(lines, now)
			}
			now = word
			for width(now) > columns {
				head := displaywidth.TruncateString(now, columns, "")
				if head == "" {
					break
				}
				lines = append(lines, head)
				now = now[len(head):]
			}
		}
	}
	if now != "" || len(lines) == 0 {
		lines = append(lines, now)
	}
	return lines
}
