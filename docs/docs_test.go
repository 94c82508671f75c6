// Package docs holds README.md and the pages of docs/ to their word: every script and every command
// in them is run with the real program.
//
// A block of js or ts is a whole scenario and is run against the demo API, unless a comment before it
// names the file that it is a part of: <!-- from docs/snippets/x.js -->. Then it must stand in that
// file, and the file is run. A block of sh is run line by line in a shell; a block of text right after
// it is what it prints, give or take the numbers. A comment <!-- exit 99 --> before a block says how it
// ends.
package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// root is the repository's folder, bin the folder of the program under test.
var root, bin string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	var err error
	if root, err = filepath.Abs(".."); err != nil {
		return 0, err
	}
	if bin, err = os.MkdirTemp("", "runner-docs"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "runner"), ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build runner: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// block is one fenced block of a page.
type block struct {
	page   string // relative to root
	line   int    // of its fence
	lang   string
	text   string
	from   string // the file that it is a part of
	exit   int    // the exit code that it ends with
	output string // the block of text that follows a block of sh
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

var note = regexp.MustCompile(`^<!-- (from|exit) (\S+) -->$`)

// parse finds the fenced blocks of a page.
func parse(page, text string) (blocks []block, err error) {
	var open *block
	var from string
	exit, after := 0, -1 // the index of a sh block that only empty lines have followed
	for i, line := range strings.Split(text, "\n") {
		lang, fence := strings.CutPrefix(line, "```")
		switch m := note.FindStringSubmatch(line); {
		case open != nil && fence:
			if after >= 0 && open.lang == "text" {
				blocks[after].output = open.text
			}
			after = -1
			if open.lang == "sh" {
				after = len(blocks)
			}
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case fence:
			open = &block{page: page, line: i + 1, lang: lang, from: from, exit: exit}
			from, exit = "", 0
		case m != nil && m[1] == "from":
			from = m[2]
		case m != nil:
			if exit, err = strconv.Atoi(m[2]); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", page, i+1, err)
			}
		case strings.TrimSpace(line) != "":
			after = -1
			if from != "" || exit != 0 {
				return nil, fmt.Errorf("%s:%d: a comment for a block stands before none", page, i+1)
			}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block does not end", page, open.line)
	}
	return blocks, nil
}

// pages reads the blocks of README.md and docs/*.md.
func pages(t *testing.T) (blocks []block) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, filepath.Join(root, "README.md"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		found, err := parse(page, string(text))
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, found...)
	}
	return blocks
}

// place makes a folder in which a page's commands find what they name.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"examples", "docs"} {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// limit is what one block may take.
const limit = time.Minute

// shell runs a script, and ends what it left running in the background.
func shell(t *testing.T, dir, script string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-e", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v, %v\n%s", err, ctx.Err(), out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// slots bounds how many blocks run at once, whatever -parallel says: they sleep most of the time.
var slots = make(chan struct{}, 6)

func TestScripts(t *testing.T) {
	ran := map[string]bool{}
	for _, b := range pages(t) {
		if b.lang != "js" && b.lang != "ts" {
			continue
		}
		if b.from != "" {
			text, err := os.ReadFile(filepath.Join(root, b.from))
			if err != nil {
				t.Errorf("%v: %v", b, err)
				continue
			}
			if !strings.Contains("\n"+string(text), "\n"+b.text) {
				t.Errorf("%v: this is not in %s:\n%s", b, b.from, b.text)
			}
			if ran[b.from] || strings.HasPrefix(b.from, "examples/") { // the examples have a test of their own
				continue
			}
			ran[b.from] = true
		}
		runScript(t, b)
	}
	snippets, err := filepath.Glob(filepath.Join(root, "docs", "snippets", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range snippets {
		if from := "docs/snippets/" + filepath.Base(name); !ran[from] {
			t.Errorf("%s is on no page", from)
		}
	}
}

func runScript(t *testing.T, b block) {
	t.Run(b.String(), func(t *testing.T) {
		t.Parallel()
		slots <- struct{}{}
		defer func() { <-slots }()
		dir, script := place(t), b.from
		if script == "" {
			script = "snippet." + b.lang
			if err := os.WriteFile(filepath.Join(dir, script), []byte(b.text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if out, exit := shell(t, dir, "exec runner run --demo "+script); exit != b.exit {
			t.Errorf("exit code %d, want %d\n%s", exit, b.exit, out)
		}
	})
}

func TestCommands(t *testing.T) {
	for _, b := range pages(t) {
		if b.lang != "sh" {
			continue
		}
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			var script strings.Builder
			for line := range strings.Lines(b.text) {
				if strings.TrimSpace(line) == "./test" {
					// This is run by it: that it can be run is all that is left to see.
					if info, err := os.Stat(filepath.Join(root, "test")); err != nil || info.Mode()&0o111 == 0 {
						t.Errorf("./test cannot be run: %v", err)
					}
					continue
				}
				// The same program, built once.
				script.WriteString(strings.ReplaceAll(line, "go run . ", "runner "))
			}
			out, exit := shell(t, place(t), script.String())
			if exit != b.exit {
				t.Errorf("exit code %d, want %d\n%s", exit, b.exit, out)
			}
			printed := map[string]bool{}
			for line := range strings.Lines(out) {
				printed[shape(line)] = true
			}
			for line := range strings.Lines(b.output) {
				if s := shape(line); s != "" && !printed[s] {
					t.Errorf("it does not print %q, but:\n%s", strings.TrimSpace(line), out)
				}
			}
		})
	}
}

var (
	numbers = regexp.MustCompile(`[0-9][0-9.,:T-]*`)
	spaces  = regexp.MustCompile(`\s+`)
	bars    = regexp.MustCompile(`[▁▂▃▄▅▆▇█]+`)
)

// shape is a line without what differs from run to run.
func shape(line string) string {
	line = bars.ReplaceAllString(numbers.ReplaceAllString(line, "#"), "▁")
	return strings.TrimSpace(spaces.ReplaceAllString(line, " "))
}

// links are the pages and files that pages point to, by [text](target).
var links = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			linked, err := os.ReadFile(path)
			if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if anchor != "" && !hasHeading(linked, anchor) {
				t.Errorf("%s: %s has no heading for #%s", name, path, anchor)
			}
		}
	}
}

var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// hasHeading says whether a heading of the page has the anchor that GitHub gives it.
func hasHeading(page []byte, anchor string) bool {
	for line := range bytes.Lines(page) {
		heading := strings.TrimLeft(string(line), "#")
		if len(heading) == len(line) || !strings.HasPrefix(heading, " ") {
			continue
		}
		heading = notInAnchors.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
		if strings.ReplaceAll(heading, " ", "-") == anchor {
			return true
		}
	}
	return false
}
