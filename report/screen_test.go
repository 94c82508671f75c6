package report

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
	"github.com/google/go-cmp/cmp"
)

// glass is as much of a terminal as a screen needs: it wraps, scrolls into a history, moves the
// cursor up, erases, and breaks its lines anew when it becomes narrower.
type glass struct {
	columns, rows int
	lines         []string // history and screen; one cell a character, a wide one and its filler are two
	soft          []bool   // the line goes on in the next
	y, x          int      // y counts from the first line of the history
	noWrap        bool
	hidden        bool
	unknown       []string
}

func newGlass(columns, rows int) *glass {
	return &glass{columns: columns, rows: rows, lines: []string{""}, soft: []bool{false}}
}

func (g *glass) top() int { return max(0, len(g.lines)-g.rows) }

func (g *glass) down() {
	g.y++
	if g.y == len(g.lines) {
		g.lines, g.soft = append(g.lines, ""), append(g.soft, false)
	}
}

func (g *glass) Write(p []byte) (int, error) {
	s := string(p)
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, "\x1b["):
			end := strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' && r <= '~' }) + 2
			g.control(s[2:end], s[end])
			s = s[end+1:]
		case s[0] == '\r':
			g.x, s = 0, s[1:]
		case s[0] == '\n': // the line discipline adds the return
			g.x = 0
			g.down()
			s = s[1:]
		default:
			it := displaywidth.StringGraphemes(s)
			it.Next()
			g.put(it.Value(), it.Width())
			s = s[len(it.Value()):]
		}
	}
	return len(p), nil
}

func (g *glass) control(args string, final byte) {
	switch {
	case final == 'A':
		n, _ := strconv.Atoi(args)
		g.y = max(g.top(), g.y-n)
	case final == 'K' && args == "":
		g.lines[g.y] = cells(g.lines[g.y], g.x)
	case final == 'J' && args == "":
		g.lines[g.y] = cells(g.lines[g.y], g.x)
		for i := g.y + 1; i < len(g.lines); i++ {
			g.lines[i], g.soft[i] = "", false
		}
	case args == "?7" && final == 'l':
		g.noWrap = true
	case args == "?7" && final == 'h':
		g.noWrap = false
	case args == "?25" && (final == 'l' || final == 'h'):
		g.hidden = final == 'l'
	case args == "?2026" && (final == 'l' || final == 'h'), final == 'm':
	default:
		g.unknown = append(g.unknown, args+string(final))
	}
}

// cells are the first columns of a line, filled up with blanks.
func cells(s string, columns int) string {
	if w := width(s); w < columns {
		return s + strings.Repeat(" ", columns-w)
	}
	return displaywidth.TruncateString(s, columns, "")
}

func (g *glass) put(c string, w int) {
	if g.x+w > g.columns {
		if g.noWrap {
			return
		}
		g.soft[g.y] = true
		g.x = 0
		g.down()
	}
	old := g.lines[g.y]
	rest := ""
	if ow := width(old); ow > g.x+w {
		rest = old[len(cells(old, g.x+w)):]
	}
	g.lines[g.y] = cells(old, g.x) + c + rest
	g.x += w
}

// resize breaks lines anew as modern terminals do; the cursor stays with its text.
func (g *glass) resize(columns, rows int) {
	var lines []string
	var soft []bool
	y := 0
	for i, l := range g.lines {
		if i == g.y {
			y = len(lines)
		}
		for width(l) > columns {
			part := displaywidth.TruncateString(l, columns, "")
			lines, soft = append(lines, part), append(soft, true)
			l = l[len(part):]
		}
		lines, soft = append(lines, l), append(soft, g.soft[i])
	}
	g.lines, g.soft, g.y, g.columns, g.rows = lines, soft, y, columns, rows
}

// text is everything that was ever shown, without empty lines at the end.
func (g *glass) text() []string {
	var out []string
	for _, l := range g.lines {
		out = append(out, strings.TrimRight(l, " "))
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

func linesOf(format string, n int) []line {
	var lines []line
	for i := range n {
		lines = append(lines, line{text(plain, fmt.Sprintf(format, i))})
	}
	return lines
}

func newTestScreen(columns, rows int) (*glass, *screen) {
	g := newGlass(columns, rows)
	return g, &screen{out: g, size: func() (int, int) { return g.columns, g.rows }, reflows: true}
}

func checkGlass(t *testing.T, g *glass, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, g.text()); diff != "" {
		t.Errorf("the terminal shows (-want +got):\n%s", diff)
	}
	if g.noWrap || g.hidden {
		t.Errorf("between two updates a mode stays changed: wrapping off %v, cursor hidden %v", g.noWrap, g.hidden)
	}
	if len(g.unknown) > 0 {
		t.Errorf("unknown sequences: %q", g.unknown)
	}
}

func TestScreenUpdatesInPlace(t *testing.T) {
	g, s := newTestScreen(40, 10)
	fmt.Fprint(g, "$ runner run\n")
	s.draw(nil, linesOf("first %d", 3))
	s.draw(nil, linesOf("second, longer %d", 3))
	s.draw(nil, linesOf("third %d", 3))
	checkGlass(t, g, "$ runner run", "third 0", "third 1", "third 2")
}

func TestScreenLetsLinesScrollAwayAbove(t *testing.T) {
	g, s := newTestScreen(20, 6)
	for i := range 5 {
		s.draw([]line{{text(plain, fmt.Sprintf("log %d is longer than a row", i))}}, linesOf("frame %d", 3))
	}
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("log %d is longer than", i), " a row")
	}
	checkGlass(t, g, append(want, "frame 0", "frame 1", "frame 2")...)
}

func TestScreenGrowsAndShrinksAndGoesAway(t *testing.T) {
	g, s := newTestScreen(40, 10)
	fmt.Fprint(g, "before\n")
	s.draw(nil, linesOf("frame %d", 2))
	s.draw(nil, linesOf("frame %d", 6))
	s.draw(nil, linesOf("frame %d", 1))
	checkGlass(t, g, "before", "frame 0")
	s.draw(linesOf("said %d", 1), nil)
	fmt.Fprint(g, "summary\n")
	checkGlass(t, g, "before", "said 0", "summary")
}

func TestScreenErasesAnEchoedInterrupt(t *testing.T) {
	g, s := newTestScreen(40, 10)
	s.draw(nil, linesOf("frame %d", 2))
	fmt.Fprint(g, "^C")
	s.draw(nil, linesOf("frame %d", 2))
	checkGlass(t, g, "frame 0", "frame 1")
}

func TestScreenSurvivesAnyResize(t *testing.T) {
	for from := 15; from <= 60; from += 5 {
		for to := 15; to <= 60; to += 3 {
			g, s := newTestScreen(from, 30)
			fmt.Fprint(g, "before\n")
			lines := append(linesOf("frame %d "+strings.Repeat("=", 50), 4), line{text(plain, "界界界界界界界界界界界界")}, nil)
			s.draw(nil, lines)
			g.resize(to, 30)
			s.draw(nil, lines)
			s.draw(nil, lines)
			got := g.text()
			if len(got) != 6 || got[0] != "before" || !strings.HasPrefix(got[1], "frame 0") {
				t.Errorf("from %d to %d columns the terminal shows:\n%s", from, to, strings.Join(got, "\n"))
			}
		}
	}
}

func TestScreenOfFewRows(t *testing.T) {
	g, s := newTestScreen(40, 4)
	for range 3 {
		s.draw(nil, linesOf("frame %d", 8))
	}
	checkGlass(t, g, "frame 5", "frame 6", "frame 7")
}

func TestScreenGoesOnBelowWhatOthersWrote(t *testing.T) {
	g, s := newTestScreen(40, 20)
	s.draw(nil, linesOf("frame %d", 2))
	fmt.Fprint(g, "[1]+ Stopped\n$ fg\n")
	s.forget()
	s.draw(nil, linesOf("again %d", 2))
	checkGlass(t, g, "frame 0", "frame 1", "[1]+ Stopped", "$ fg", "again 0", "again 1")
}

type goneTerminal struct{ writes int }

func (g *goneTerminal) Write([]byte) (int, error) {
	g.writes++
	return 0, fmt.Errorf("input/output error")
}

func TestScreenGivesUpWhenTheTerminalIsGone(t *testing.T) {
	gone := &goneTerminal{}
	s := &screen{out: gone, size: func() (int, int) { return 80, 24 }}
	for range 5 {
		s.draw(nil, linesOf("frame %d", 2))
	}
	if gone.writes != 1 {
		t.Errorf("%d writes to a terminal that is gone, want 1", gone.writes)
	}
}

func TestReflowingIsToldByTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm-256color"}, true},
		{map[string]string{"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(390)"}, false},
		{map[string]string{"TERM": "screen-256color", "TMUX": "/tmp/tmux"}, true},
		{map[string]string{"TERM": "screen"}, false},
		{map[string]string{"TERM": "linux"}, false},
	} {
		if got := reflowing(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v: %v", c.env, got)
		}
	}
}
