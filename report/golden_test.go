package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was written with a file of testdata. Escapes are made visible, so that the
// files can be read and a diff does not colour the terminal.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = bytes.ReplaceAll(got, []byte("\x1b"), []byte("␛"))
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got), go test -update writes it anew:\n%s", path, diff)
	}
}

// widths are the options that a drawing is compared at.
var widths = []struct {
	name string
	o    Options
}{
	{"40", Options{Width: 40}},
	{"60", Options{Width: 60}},
	{"80", Options{Width: 80}},
	{"100-colour", Options{Width: 100, Color: true}},
	{"80-ascii", Options{Width: 80, ASCII: true}},
}

// sheets writes one drawing in all the widths.
func sheets(draw func(o Options) []line) []byte {
	var b bytes.Buffer
	for _, w := range widths {
		fmt.Fprintf(&b, "=== %s\n", w.name)
		writeLines(&b, draw(w.o), w.o)
	}
	return b.Bytes()
}

// sound checks what is true of every drawing: it fits, and it holds no control character.
func sound(t *testing.T, lines []line, columns int) {
	t.Helper()
	for _, l := range lines {
		if w := l.width(); w > columns {
			t.Errorf("a line takes %d of %d columns: %q", w, columns, l.String())
		}
		if s := l.String(); strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("a line has a control character: %q", s)
		}
	}
}
