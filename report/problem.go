package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"runner/verdict"
)

// Problem is one thing that is wrong with a script or a setting, with its place in the user's own
// source as far as it is known.
type Problem struct {
	File         string
	Line, Column int // from 1, the column in characters; 0 if not known
	Message      string
	Text         string // the source line, if known
}

const mostProblems = 10

// WriteError tells a person what went wrong: one clear line, the source line with a mark under the
// place where it is known, and a hint on its own line. With problems it is they that are shown, not the
// error's text, which only repeats them. The hint is a verdict.Err's, or what a Hint method of an
// error in the chain gives.
func WriteError(w io.Writer, err error, problems []Problem, o Options) error {
	columns := o.columns()
	var lines []line
	for i, p := range problems {
		if i == mostProblems {
			lines = append(lines, line{text(faint, "… "+plural(int64(len(problems)-i), "more problem", "more problems"))})
			break
		}
		lines = append(lines, problemLines(p, messageColumns(o), columns)...)
	}
	if len(problems) == 0 && err != nil {
		lines = messageLines(errorWord(err), err.Error(), messageColumns(o))
	}
	if hint := hintOf(err); hint != "" {
		for i, t := range cleanLines(hint) {
			head := "hint: "
			if i > 0 {
				head = "      "
			}
			for j, part := range wrap(t, columns-len(head)) {
				if j > 0 {
					head = "      "
				}
				lines = append(lines, line{text(warnStrong, head), text(plain, part)})
			}
		}
	}
	return writeLines(w, lines, o)
}

// errorWord tells a defect of ours from a mistake of the user.
func errorWord(err error) string {
	var e *verdict.Err
	if errors.As(err, &e) && e.Kind == verdict.Internal {
		return "internal error: "
	}
	return "error: "
}

func hintOf(err error) string {
	var e *verdict.Err
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// messageColumns is how wide an error's message may be before it is wrapped.
func messageColumns(o Options) int {
	if o.OneLine {
		return math.MaxInt32
	}
	return o.columns()
}

func messageLines(word, message string, columns int) []line {
	var lines []line
	for i, t := range cleanLines(message) {
		if i > 0 { // a stack, or one of several joined errors: kept as it is
			lines = append(lines, line{text(plain, "  "), text(plain, t)})
			continue
		}
		for j, part := range wrap(t, columns-len(word)) {
			if j == 0 {
				lines = append(lines, line{text(badStrong, word), text(plain, part)})
			} else {
				lines = append(lines, line{text(plain, strings.Repeat(" ", len(word))), text(plain, part)})
			}
		}
	}
	if len(lines) == 0 {
		lines = []line{{text(badStrong, strings.TrimSuffix(word, ": "))}}
	}
	return lines
}

// place is file:line:column as far as it is known.
func (p Problem) place() string {
	switch {
	case p.File == "" || p.Line == 0:
		return clean(p.File)
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", clean(p.File), p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", clean(p.File), p.Line, p.Column)
}

func problemLines(p Problem, columns, frameColumns int) []line {
	message := p.Message
	if place := p.place(); place != "" {
		message = place + ": " + message
	}
	return append(messageLines("error: ", message, columns), codeFrame(p, frameColumns)...)
}

// codeFrame is the source line with a mark under the column. Of a long line (minified code has lines of
// megabytes) it shows the part around the mark.
func codeFrame(p Problem, columns int) []line {
	if strings.TrimSpace(p.Text) == "" {
		return nil
	}
	head := ""
	if p.Line > 0 {
		head = fmt.Sprint(p.Line)
	}
	gutterText := "  " + head + " │ "
	room := max(columns-width(gutterText), 20)

	src := []rune(strings.TrimRight(p.Text, " \t\r\n"))
	at := -1
	if p.Column > 0 {
		at = min(p.Column-1, len(src))
	}
	from, before := 0, ""
	if at > room*2/3 && len(src) > room {
		from = at - room/2
		before = "…"
	}
	to := min(len(src), from+4*room) // cutText does the rest; this only bounds its work
	shown := func(r []rune) string { return clean(strings.ReplaceAll(string(r), "\t", "    ")) }
	lines := []line{{text(faint, gutterText), text(plain, cutText(before+shown(src[from:to]), room))}}
	if at >= 0 {
		mark := width(before + shown(src[from:at]))
		lines = append(lines, line{
			text(faint, "  "+strings.Repeat(" ", len(head))+" │ "),
			text(plain, strings.Repeat(" ", mark)), text(badStrong, "^"),
		})
	}
	return lines
}
