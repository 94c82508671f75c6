package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"runner/verdict"
)

type hinted struct{ error }

func (hinted) Hint() string { return "look at\nthe manual" }

func TestErrorsLookAsDrawn(t *testing.T) {
	many := make([]Problem, 12)
	for i := range many {
		many[i] = Problem{File: "a.js", Line: i + 1, Message: "no"}
	}
	minified := strings.Repeat("function(){return 1};", 2000)
	for _, c := range []struct {
		name     string
		err      error
		problems []Problem
	}{
		{"one line", errors.New("open stress.js: no such file or directory"), nil},
		{"a hint", &verdict.Err{Kind: verdict.Config, Err: errors.New("no such script: strss.js"), Hint: "did you mean stress.js?"}, nil},
		{"a hint of another error, of two lines", fmt.Errorf("loading: %w", hinted{errors.New("it did not work")}), nil},
		{"a defect of ours", &verdict.Err{Kind: verdict.Internal, Err: errors.New("index out of range")}, nil},
		{"joined errors", errors.Join(errors.New("users: -1 is negative"), errors.New("rate: 0 is not above 0")), nil},
		{"a long message", errors.New(strings.Repeat("a message that goes on and on ", 6)), nil},
		{"control characters", errors.New("the server said \x1b[31mno\x07"), nil},
		{"no message", errors.New(""), nil},
		{"a place in the source", errors.New("not shown"), []Problem{{"stress.js", 14, 9, `Expected ";" but found "x"`, "  let y x = 3;"}}},
		{"wide characters and tabs before it", nil, []Problem{{"lib/名前.ts", 7, 13, "no such name", "\tlet 名前 = \tfoo;"}}},
		{"the end of the line", nil, []Problem{{"stress.js", 1, 12, "unexpected end", "function f("}}},
		{"a column past the line", nil, []Problem{{"stress.js", 1, 99, "unexpected end", "f("}}},
		{"a line without a column", nil, []Problem{{"stress.js", 3, 0, "no", "f();"}}},
		{"a file without a line", nil, []Problem{{"stress.js", 0, 0, "ES and CommonJS exports are mixed", ""}}},
		{"minified code", nil, []Problem{{"a.min.js", 1, 20_000, "oops", minified}}},
		{"many problems", nil, many},
	} {
		golden(t, "error-"+strings.ReplaceAll(strings.ReplaceAll(c.name, ",", ""), " ", "-"), sheetsOf(t, func(b *bytes.Buffer, o Options) error {
			return WriteError(b, c.err, c.problems, o)
		}))
	}
}

// sheetsOf writes in two widths, which do for text that only wraps.
func sheetsOf(t *testing.T, write func(*bytes.Buffer, Options) error) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, o := range []Options{{Width: 80}, {Width: 40, Color: true}} {
		fmt.Fprintf(&b, "=== %d\n", o.Width)
		if err := write(&b, o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestDetect(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		says string
		env  map[string]string
		want Options
	}{
		{"a file gets 100 columns, no colours, and errors on one line", map[string]string{"LANG": "en_GB.UTF-8"}, Options{Width: 100, OneLine: true}},
		{"COLUMNS says how wide it is", map[string]string{"COLUMNS": "64"}, Options{Width: 64, OneLine: true}},
		{"COLUMNS may be nonsense", map[string]string{"COLUMNS": "wide"}, Options{Width: 100, OneLine: true}},
		{"no locale at all is a modern one", nil, Options{Width: 100, OneLine: true}},
		{"the C locale", map[string]string{"LANG": "C"}, Options{Width: 100, ASCII: true, OneLine: true}},
		{"LC_ALL wins over LANG", map[string]string{"LANG": "en_GB.UTF-8", "LC_ALL": "POSIX"}, Options{Width: 100, ASCII: true, OneLine: true}},
		{"LC_CTYPE wins over LANG", map[string]string{"LANG": "C", "LC_CTYPE": "C.utf8"}, Options{Width: 100, OneLine: true}},
	} {
		if got := detect(f, false, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.says, got, c.want)
		}
	}
}

func TestAnErrorForAProgramStaysOnOneLine(t *testing.T) {
	long := errors.New(strings.Repeat("a value that is wrong and long ", 20))
	for _, c := range []struct {
		o     Options
		lines int
	}{{Options{Width: 80, OneLine: true}, 1}, {Options{Width: 80}, 9}} {
		var b bytes.Buffer
		if err := WriteError(&b, long, nil, c.o); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != c.lines {
			t.Errorf("%+v: %d lines, want %d:\n%s", c.o, n, c.lines, &b)
		}
	}
}
