package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"runner/verdict"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// notGiven are rows of the table that nothing in the program gives yet, so that no page may promise them.
var notGiven = map[verdict.Kind]string{
	verdict.NodeLost: "verdict.NodeLost",
}

func TestExitCodesAreThoseOfTheTable(t *testing.T) {
	page := read(t, "docs/cli.md")
	_, table, ok := strings.Cut(page, "| Code | Verdict | Cause |\n|---|---|---|\n")
	if !ok {
		t.Fatal("no table of exit codes")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for _, r := range verdict.Table {
		if notGiven[r.Kind] == "" {
			want = append(want, fmt.Sprintf("| %d | %s | %s |", r.Code, r.Verdict, r.Text))
		}
	}
	if table != strings.Join(want, "\n") {
		t.Errorf("the table of exit codes should be:\n%s", strings.Join(want, "\n"))
	}
}

func TestRowsThatNothingGivesAreStillGivenByNothing(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range notGiven {
			if regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).Match(text) {
				t.Errorf("%s gives %s: docs/cli.md can promise it now", path, name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var flag = regexp.MustCompile(`--[a-z][a-z-]+`)

func TestEveryFlagIsOnThePageAndEveryFlagOnThePageIsThere(t *testing.T) {
	page := read(t, "docs/cli.md")
	there := map[string]bool{"--help": true}
	for _, command := range []string{"run", "inspect", "plan", "report", "runs", "compare", "new", "types", "demo", "version"} {
		out, err := exec.Command(filepath.Join(bin, "runner"), command, "--help").CombinedOutput()
		if err != nil {
			t.Fatalf("%s --help: %v\n%s", command, err, out)
		}
		_, flags, _ := strings.Cut(string(out), "Flags:")
		for line := range strings.Lines(flags) {
			if name := flag.FindString(line); name != "" {
				there[name] = true
			}
		}
	}
	onPage := map[string]bool{"--help": true}
	for _, name := range flag.FindAllString(page, -1) {
		onPage[name] = true
		if !there[name] {
			t.Errorf("docs/cli.md has %s, the program has not", name)
		}
	}
	for name := range there {
		if !onPage[name] {
			t.Errorf("docs/cli.md does not have %s", name)
		}
	}
	for _, other := range []string{"README.md", "docs/scripting.md", "docs/load-models.md", "docs/architecture.md", "docs/metrics.md"} {
		for _, name := range flag.FindAllString(read(t, other), -1) {
			if !there[name] {
				t.Errorf("%s has %s, the program has not", other, name)
			}
		}
	}
}
