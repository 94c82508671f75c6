package report

import (
	"strings"
	"time"

	"runner/events"
)

// logLines turns a script's log lines and the run's notes into lines for the terminal, at most
// perSecondShown of a second, and counts the rest: all of them are in the log file.
type logLines struct {
	o      Options
	second time.Duration // which second of the run is being counted
	shown  int
	hidden int64
}

const (
	perSecondShown = 10
	maxMessage     = 500 // columns of one message on the terminal
)

// take gives the lines to show for an event, if any. A new second first tells how many lines of the
// last one were left out.
func (l *logLines) take(e events.Event) []line {
	out := l.tick(e.At)
	switch {
	case e.Log != nil:
		if e.Log.Level == "debug" {
			return out
		}
		if l.shown >= perSecondShown {
			l.hidden++
			return out
		}
		l.shown++
		return append(out, logLine(e)...)
	case e.Note != nil:
		if e.Note.Level != "warn" { // a warning is never left out; of these there may be many
			if l.shown >= perSecondShown {
				l.hidden++
				return out
			}
			l.shown++
		}
		return append(out, noteLine(e))
	}
	return out
}

// skip counts an event's line as left out.
func (l *logLines) skip(e events.Event) {
	if e.Note != nil || e.Log != nil && e.Log.Level != "debug" {
		l.hidden++
	}
}

// tick moves on to the second of a moment and gives the line that says what was left out.
func (l *logLines) tick(at time.Duration) []line {
	if s := at.Truncate(time.Second); s != l.second {
		l.second, l.shown = s, 0
		return l.flush()
	}
	return nil
}

// flush gives the line that says what was left out.
func (l *logLines) flush() []line {
	if l.hidden == 0 {
		return nil
	}
	t := "… " + plural(l.hidden, "more line", "more lines")
	if l.o.LogFile != "" {
		t += " in " + clean(l.o.LogFile)
	}
	l.hidden = 0
	return []line{{text(faint, t)}}
}

func logLine(e events.Event) []line {
	var head line
	head.add(faint, clock(e.At)+" ")
	if e.Scenario != "" {
		head.add(faint, clean(e.Scenario)+" ")
	}
	if e.Log.User > 0 {
		head.add(faint, "user "+grouped(e.Log.User)+" ")
	}
	look := plain
	switch e.Log.Level {
	case "error":
		look = bad
		head.add(look, "error: ")
	case "warn":
		look = warn
		head.add(look, "warning: ")
	}
	message := cleanLines(e.Log.Message)
	if len(message) == 0 {
		message = []string{""}
	}
	const most = 20
	var lines []line
	for i, m := range message {
		l := append(line(nil), head...)
		if i > 0 {
			l = line{text(plain, strings.Repeat(" ", head.width()))}
		}
		if i == most {
			l.add(faint, "… "+plural(int64(len(message)-most), "more line", "more lines"))
			return append(lines, l)
		}
		l.add(look, cutText(m, maxMessage))
		lines = append(lines, l)
	}
	return lines
}

func noteLine(e events.Event) line {
	l := line{text(faint, clock(e.At)+" ")}
	if e.Scenario != "" {
		l.add(faint, clean(e.Scenario)+" ")
	}
	look := plain
	if e.Note.Level == "warn" {
		look = warn
		l.add(look, "warning: ")
	}
	l.add(look, cutText(clean(e.Note.Message), maxMessage))
	return l
}
