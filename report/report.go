// Package report is what a person sees in the terminal: the live display, plain progress lines, the
// summary at the end, the drawings of `runner plan` and `runner inspect`, and error messages. Each
// is a fold over the event stream, or over a finished State, and touches nothing else of a run.
//
// Everything is laid out as lines of styled spans whose width is counted in terminal columns, and is
// turned into bytes in one place, where colour is added, characters that the terminal cannot show are
// replaced, and control characters from scripts and servers are escaped.
package report

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// Options say what the terminal can show and what the reader wants.
type Options struct {
	Width   int    // columns; 0 means 80
	Color   bool   // write ANSI colours
	ASCII   bool   // write nothing but ASCII
	Compact bool   // the summary without tables and stacks
	OneLine bool   // an error's message stays on one line, for a program or a log to read
	Results string // the folder that the results were written to; empty: none
	LogFile string // where all log lines can be read; empty: nowhere
}

const (
	defaultWidth = 80
	minWidth     = 40
	maxWidth     = 200
)

// Detect gives the options that suit f: its width if it is a terminal, colours if it is one and
// neither noColor, NO_COLOR (no-color.org) nor TERM=dumb forbids them, ASCII if the locale is not UTF-8. Output
// that is not a terminal gets 100 columns, or what COLUMNS says.
func Detect(f *os.File, noColor bool) Options {
	return detect(f, noColor, os.Getenv)
}

func detect(f *os.File, noColor bool, getenv func(string) string) Options {
	o := Options{Width: 100, ASCII: !utf8Locale(getenv), OneLine: !isTerminal(f)}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		o.Width = n
	}
	if isTerminal(f) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			o.Width = w
		}
		o.Color = !noColor && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
	return o
}

// CanDrawLive says whether f can carry the live display: a terminal that moves its cursor, and not the
// log of a CI job, which some services present as a terminal.
func CanDrawLive(f *os.File) bool {
	return isTerminal(f) && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}

func isTerminal(f *os.File) bool {
	return f != nil && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// utf8Locale follows POSIX: LC_ALL over LC_CTYPE over LANG, the first one that is set decides. A
// system that sets none of them is taken for a modern one.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(strings.ReplaceAll(v, "-", ""))
			return strings.Contains(v, "utf8")
		}
	}
	return true
}

// columns is the width to lay out for.
func (o Options) columns() int {
	if o.Width <= 0 {
		return defaultWidth
	}
	return min(max(o.Width, minWidth), maxWidth)
}

// writeLines writes a whole text with one call, so that two writers cannot mix their lines.
func writeLines(w io.Writer, lines []line, o Options) error {
	var b strings.Builder
	p := painter{color: o.Color, ascii: o.ASCII}
	for _, l := range lines {
		p.paint(&b, l)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
