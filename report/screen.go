package report

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// screen keeps a few lines at the bottom of a terminal's output up to date, in place, and lets other
// lines scroll away above them. It uses neither the alternate screen nor raw input and leaves no mode
// changed between two writes, so that the terminal is in order however the process ends, and Ctrl-C
// stays the signal that it is.
//
// One update is one write: synchronised, where the terminal knows that (others ignore it), with the
// cursor hidden and automatic wrapping off only within it. Lines are overwritten, not erased and
// drawn anew; that, too, keeps them from flickering. The cursor rests at the start of the row below
// the last line, where an echoed ^C does no harm.
type screen struct {
	out   io.Writer
	size  func() (columns, rows int)
	paint painter
	// reflows says whether the terminal breaks lines anew when it becomes narrower, as all do today
	// but xterm, the Linux console and screen.
	reflows bool

	drawn   []int // the widths of the lines on the screen
	columns int   // the terminal's width when they were drawn
	err     error // of a write: the terminal is gone, nothing more is drawn
}

const (
	beginUpdate = "\x1b[?2026h\x1b[?25l"
	endUpdate   = "\x1b[?25h\x1b[?2026l"
	wrapOff     = "\x1b[?7l"
	wrapOn      = "\x1b[?7h"
	eraseRight  = "\x1b[K"
	eraseBelow  = "\x1b[J"
)

// draw writes the lines above for good and replaces the lines at the bottom.
func (s *screen) draw(above, lines []line) {
	if s.err != nil {
		return
	}
	columns, rows := s.size()
	var b strings.Builder
	b.WriteString(beginUpdate)
	s.home(&b, columns, rows)
	if len(above) > 0 || columns != s.columns {
		b.WriteString(eraseBelow)
	}
	for _, l := range above {
		s.paint.paint(&b, l)
		b.WriteString("\n")
	}
	b.WriteString(wrapOff)
	s.drawn = s.drawn[:0]
	if rows > 1 && len(lines) > rows-1 {
		lines = lines[len(lines)-(rows-1):]
	}
	for _, l := range lines {
		l = l.cut(columns - 1)
		s.paint.paint(&b, l)
		b.WriteString(eraseRight + "\n")
		s.drawn = append(s.drawn, l.width())
	}
	b.WriteString(eraseBelow + wrapOn + endUpdate)
	s.columns = columns
	_, s.err = io.WriteString(s.out, b.String())
}

// home moves the cursor to the first of the lines that were drawn.
func (s *screen) home(b *strings.Builder, columns, rows int) {
	up := len(s.drawn)
	if s.reflows && columns < s.columns && columns > 0 {
		up = 0
		for _, w := range s.drawn {
			up += max(1, (w+columns-1)/columns)
		}
	}
	if rows > 0 {
		up = min(up, rows-1) // what is higher has scrolled away
	}
	b.WriteByte('\r')
	if up > 0 {
		b.WriteString("\x1b[")
		b.WriteString(strconv.Itoa(up))
		b.WriteByte('A')
	}
}

// forget makes the next draw begin where the cursor is: someone else has written in between.
func (s *screen) forget() { s.drawn = s.drawn[:0] }

// sizeOf asks the terminal for its size each time: nothing is to be heard of a change then.
func sizeOf(f *os.File) func() (int, int) {
	return func() (int, int) {
		w, h, err := term.GetSize(int(f.Fd()))
		if err != nil || w <= 0 || h <= 0 {
			return defaultWidth, 24
		}
		return w, h
	}
}

// reflowing tells by the environment whether the terminal breaks lines anew when its width changes.
func reflowing(getenv func(string) string) bool {
	t := getenv("TERM")
	return getenv("XTERM_VERSION") == "" && t != "linux" && (!strings.HasPrefix(t, "screen") || getenv("TMUX") != "")
}
