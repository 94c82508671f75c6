package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
	"github.com/fatih/color"
)

// style is the role of a piece of text; which colour a role has stands in styles alone.
type style uint8

const (
	plain  style = iota
	faint        // labels, units, what is there for orientation
	strong       // names
	accent       // bars and sparklines
	good
	bad
	warn
	goodStrong
	badStrong
	warnStrong
)

// styles use the terminal's own 16 colours, which its user has chosen to be readable.
var styles = func() map[style]*color.Color {
	m := map[style]*color.Color{
		faint:      color.New(color.Faint),
		strong:     color.New(color.Bold),
		accent:     color.New(color.FgCyan),
		good:       color.New(color.FgGreen),
		bad:        color.New(color.FgRed),
		warn:       color.New(color.FgYellow),
		goodStrong: color.New(color.FgGreen, color.Bold),
		badStrong:  color.New(color.FgRed, color.Bold),
		warnStrong: color.New(color.FgYellow, color.Bold),
	}
	for _, c := range m {
		c.EnableColor() // whether to colour at all is the painter's decision, not the package's guess
	}
	return m
}()

// span is a piece of text in one style. Its text has no control characters: see clean.
type span struct {
	style style
	text  string
}

// line is one row of the terminal.
type line []span

func text(s style, t string) span { return span{s, t} }

// add appends a span to a line.
func (l *line) add(s style, t string) {
	if t != "" {
		*l = append(*l, span{s, t})
	}
}

// padTo adds spaces up to a column.
func (l *line) padTo(column int) {
	if n := column - l.width(); n > 0 {
		*l = append(*l, span{plain, strings.Repeat(" ", n)})
	}
}

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

// cut shortens a line to so many columns, marking that something is missing.
func (l line) cut(columns int) line {
	if l.width() <= columns {
		return l
	}
	if columns <= 0 {
		return nil
	}
	var out line
	left := columns - 1 // for the ellipsis
	for _, s := range l {
		w := width(s.text)
		if w > left {
			return append(out, span{s.style, displaywidth.TruncateString(s.text, left, "") + "…"})
		}
		out = append(out, s)
		left -= w
	}
	return out
}

// String is the line without any style.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// width is the number of columns that a text takes.
func width(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return displaywidth.String(s)
		}
	}
	return len(s)
}

// cutText shortens a text to so many columns with an ellipsis.
func cutText(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	if columns <= 0 {
		return ""
	}
	return displaywidth.TruncateString(s, columns, "…")
}

func padRight(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}

func padLeft(s string, columns int) string {
	return strings.Repeat(" ", max(0, columns-width(s))) + s
}

// painter turns lines into bytes for one terminal.
type painter struct {
	color, ascii bool
}

func (p painter) paint(b *strings.Builder, l line) {
	for i, s := range l {
		t := s.text
		if p.ascii {
			t = toASCII(t)
		}
		if i == len(l)-1 && s.style == plain {
			t = strings.TrimRight(t, " ")
		}
		if c := styles[s.style]; c != nil && p.color && t != "" {
			b.WriteString(c.Sprint(t))
		} else {
			b.WriteString(t)
		}
	}
}

// asciiFor has what stands for our own symbols where only ASCII can be shown. Each takes the same
// number of columns, so that nothing moves.
var asciiFor = map[rune]rune{
	'✓': '+', '✗': 'x', '●': '*', '○': 'o', '…': '~', '·': '-', '×': 'x', '–': '-', '→': '>', '≤': '<', '±': '~',
	'µ': 'u', '│': '|', '─': '-', '┬': '+', '└': '+', '┤': '+', '┴': '+', '┼': '+', '›': '>', '∞': '-', '\u00a0': ' ',
	'━': '=', '╸': '=',
	'▁': '_', '▂': '.', '▃': '.', '▄': ':', '▅': ':', '▆': '|', '▇': '|', '█': '#',
}

func toASCII(s string) string {
	var b strings.Builder
	g := displaywidth.StringGraphemes(s)
	for g.Next() {
		v := g.Value()
		if len(v) == 1 {
			b.WriteString(v)
			continue
		}
		r := []rune(v)
		if a, ok := asciiFor[r[0]]; ok && len(r) == 1 {
			b.WriteRune(a)
			continue
		}
		b.WriteString(strings.Repeat("?", max(1, g.Width())))
	}
	return b.String()
}
