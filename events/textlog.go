package events

import (
	"fmt"
	"strings"
	"time"
)

// TextLog writes what scripts log, and what the user should know besides, as lines of text:
//
//	00:01.234 WARN [user 3, iteration 2] the cart is empty
//
// It is complete: nothing is held back, however much there is. Write is a Sink. Safe for concurrent
// use; errors are remembered for Close.
type TextLog struct {
	to    *appender
	named bool // there are several scenarios: lines name theirs
}

// CreateTextLog makes the log at path, which must not be there yet.
func CreateTextLog(path string) (*TextLog, error) {
	to, err := createAppender(path)
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	return &TextLog{to: to}, nil
}

// Write adds the line of a Log or a Note; other events have none. Calls must come one at a time.
func (l *TextLog) Write(e Event) {
	switch {
	case e.Run != nil:
		l.named = len(e.Run.Scenarios) > 1
	case e.Log != nil:
		var from []string
		if l.named && e.Scenario != "" {
			from = append(from, e.Scenario)
		}
		if e.Log.Node != "" {
			from = append(from, e.Log.Node)
		}
		if e.Log.User != 0 {
			from = append(from, fmt.Sprintf("user %d", e.Log.User))
		}
		if e.Log.Iteration != 0 {
			from = append(from, fmt.Sprintf("iteration %d", e.Log.Iteration))
		}
		l.line(e.At, e.Log.Level, from, e.Log.Message)
	case e.Note != nil:
		from := []string{"runner"}
		if l.named && e.Scenario != "" {
			from = append(from, e.Scenario)
		}
		l.line(e.At, e.Note.Level, from, e.Note.Message)
	case e.End != nil:
		l.to.flush()
	}
}

// Close writes what is waiting and returns what went wrong, if Err has not said it already.
func (l *TextLog) Close() error { return l.to.close(false) }

func (l *TextLog) line(at time.Duration, level string, from []string, message string) {
	var b strings.Builder
	b.WriteString(clock(at))
	b.WriteByte(' ')
	b.WriteString(strings.ToUpper(level))
	if len(from) > 0 {
		b.WriteString(" [" + strings.Join(from, ", ") + "]")
	}
	b.WriteByte(' ')
	writePrintable(&b, message)
	b.WriteByte('\n')
	l.to.append([]byte(b.String()))
}

// clock shows a time since the run began as 00:01.234, or 1:00:01.234 after an hour.
func clock(at time.Duration) string {
	at = max(0, at).Truncate(time.Millisecond)
	h, m := int(at/time.Hour), int(at/time.Minute)%60
	s, ms := int(at/time.Second)%60, int(at/time.Millisecond)%1000
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d.%03d", h, m, s, ms)
	}
	return fmt.Sprintf("%02d:%02d.%03d", m, s, ms)
}

// writePrintable indents further lines, so that no message can pass for a line of its own, and shows
// control characters as escapes, so that none reaches the terminal of whoever reads the file.
func writePrintable(b *strings.Builder, message string) {
	for _, r := range message {
		switch {
		case r == '\n':
			b.WriteString("\n    ")
		case r == '\t':
			b.WriteByte('\t')
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
}
