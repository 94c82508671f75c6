package js

import (
	"fmt"
	"strings"
)

// LoadError is a script that cannot be loaded: each problem with file:line:column in the user's own
// source and the line itself; Hint may be empty.
type LoadError struct {
	Problems []Problem
	Hint     string
	// Missing is true if there is no script at the path at all, or nothing that could be one.
	Missing bool
}

// Problem is one thing that is wrong with a script.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 if not known
	Message      string
	Text         string // the source line, if known
}

// Place is file:line:column as far as it is known.
func (p Problem) Place() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Problem) String() string {
	var b strings.Builder
	if place := p.Place(); place != "" {
		b.WriteString(place)
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Text != "" {
		text, column := excerpt(p.Text, p.Column)
		fmt.Fprintf(&b, "\n    %s", text)
		if column > 0 {
			fmt.Fprintf(&b, "\n    %s^", strings.Repeat(" ", column-1))
		}
	}
	return b.String()
}

// excerptWidth is how much of a source line is shown: minified files have lines of megabytes.
const excerptWidth = 120

// excerpt cuts a long line to the part around a column, both counted in characters, and replaces tabs,
// so that a mark below stands at its place.
func excerpt(line string, column int) (string, int) {
	r := []rune(strings.ReplaceAll(strings.TrimRight(line, " \t\r\n"), "\t", " "))
	if column > len(r)+1 {
		column = len(r) + 1
	}
	if len(r) > excerptWidth {
		from := max(0, min(column-excerptWidth/2, len(r)-excerptWidth))
		r = r[from : from+excerptWidth]
		column -= from
	}
	return string(r), column
}

// Error is all the problems, one below the other. The hint is not part of it.
func (e *LoadError) Error() string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = p.String()
	}
	return strings.Join(parts, "\n")
}

// loadError is a LoadError of one problem without a line.
func loadError(file, hint, format string, args ...any) *LoadError {
	return &LoadError{
		Problems: []Problem{{File: file, Message: fmt.Sprintf(format, args...)}},
		Hint:     hint,
	}
}
