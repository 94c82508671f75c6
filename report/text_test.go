package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCleanEscapesWhatCouldHarmATerminal(t *testing.T) {
	for _, c := range []struct{ says, in, want string }{
		{"plain text stays", "plain text", "plain text"},
		{"so do other scripts and emoji", "名前 naïve 👩‍👩‍👧", "名前 naïve 👩‍👩‍👧"},
		{"an escape sequence", "\x1b[2J", `\x1b[2J`},
		{"a bell and a backspace", "\a\b", `\x07\x08`},
		{"line breaks and tabs", "a\r\n\tb", `a\r\n\tb`},
		{"C1 controls", "\u009b31m", `\u009b31m`},
		{"marks that turn the direction", "a\u202eb\u2066", `a\u202eb\u2066`},
		{"line separators", "a\u2028b", `a\u2028b`},
		{"bytes that are not UTF-8", "a\xff\xc3", `a\xff\xc3`},
		{"a delete", "\x7f", `\x7f`},
	} {
		if got := clean(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.says, got, c.want)
		}
	}
}

func TestCleanLines(t *testing.T) {
	got := cleanLines("a\r\n\tb\x1b\n\nc\n\n")
	if diff := cmp.Diff([]string{"a", `    b\x1b`, "", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrapLosesNothingAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("ab 界é-"))).Draw(t, "text")
		columns := rapid.IntRange(1, 30).Draw(t, "columns")
		lines := wrap(s, columns)
		for _, l := range lines {
			if width(l) > max(columns, 10) {
				t.Fatalf("%q is wider than %d", l, columns)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := squeeze(strings.Join(lines, "")); got != squeeze(s) {
			t.Fatalf("got %q of %q", got, s)
		}
	})
}

func TestCutCountsColumns(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    string
	}{
		{"stress", 6, "stress"}, {"stress", 5, "stre…"}, {"stress", 1, "…"}, {"stress", 0, ""},
		{"測試負載", 8, "測試負載"}, {"測試負載", 7, "測試負…"}, {"測試負載", 6, "測試…"},
	} {
		if got := cutText(c.in, c.columns); got != c.want {
			t.Errorf("cutText(%q, %d) = %q, want %q", c.in, c.columns, got, c.want)
		}
		l := line{text(plain, c.in)}.cut(c.columns)
		if l.width() > c.columns {
			t.Errorf("cut(%q, %d) takes %d columns", c.in, c.columns, l.width())
		}
	}
}

func TestASCIIKeepsTheColumns(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"✓ passed · 1 µs", "+ passed - 1 us"},
		{"━━╸─ ▁▄█", "===- _:#"},
		{"測試é👩‍👩‍👧", "?????" + "??"},
	} {
		got := toASCII(c.in)
		if got != c.want || width(got) != width(c.in) {
			t.Errorf("toASCII(%q) = %q, want %q in as many columns", c.in, got, c.want)
		}
	}
	for from := range asciiFor {
		if w := width(string(from)); w != 1 {
			t.Errorf("%q takes %d columns and would be replaced by one", from, w)
		}
	}
}

func TestColoursComeOnlyWhenAskedFor(t *testing.T) {
	l := line{text(bad, "red"), text(plain, " plain  ")}
	var with, without strings.Builder
	painter{color: true}.paint(&with, l)
	painter{}.paint(&without, l)
	if !strings.Contains(with.String(), "\x1b[31mred") {
		t.Errorf("no colour in %q", with.String())
	}
	if without.String() != "red plain" {
		t.Errorf("got %q", without.String())
	}
}

func TestTableDropsWhatMattersLeastFirst(t *testing.T) {
	tab := table{columns: []column{
		{head: "name"}, {head: "first", right: true}, {head: "second", right: true, rank: 1},
		{head: "third", right: true, rank: 2}, {head: "nothing", right: true},
	}}
	tab.add(text(plain, "a long name that has much to say"), text(plain, "1"), text(plain, "2"), text(plain, "3"))
	heads := func(w int) string {
		lines := tab.layout(0, w)
		for _, l := range lines {
			if l.width() > w {
				t.Errorf("%q is wider than %d", l.String(), w)
			}
		}
		return strings.Join(strings.Fields(lines[0].String()), " ")
	}
	for _, c := range []struct {
		columns int
		want    string
	}{
		{100, "name first second third"}, {51, "name first second third"}, {50, "name first second"}, {40, "name first"}, {20, "name first"},
	} {
		if got := heads(c.columns); got != c.want {
			t.Errorf("at %d columns: %q, want %q", c.columns, got, c.want)
		}
	}
}

func TestPrettyJSON(t *testing.T) {
	for _, c := range []struct {
		says, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"a scalar", "12.50", []string{"12.50"}},
		{"a short object on one line", `{"a":1,"b":[1,2],"c":"x,y: \"z\""}`, []string{`{"a": 1, "b": [1, 2], "c": "x,y: \"z\""}`}},
		{"text as text", `"one\ntwo\u001b"`, []string{"one", `two\x1b`}},
		{"an empty text", `""`, []string{`""`}},
		{"a long object indented, its keys in order", `{"zebra":"` + strings.Repeat("z", 30) + `","ant":1}`,
			[]string{"{", `  "zebra": "` + strings.Repeat("z", 30) + `",`, `  "ant": 1`, "}"}},
		{"what is not JSON", "{oops", []string{"{oops"}},
	} {
		got, more := prettyJSON([]byte(c.in), 44, 40)
		if diff := cmp.Diff(c.want, got); diff != "" || more != 0 {
			t.Errorf("%s: %d more, %s", c.says, more, diff)
		}
	}
}
