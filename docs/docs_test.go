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
	code, err := build(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func build(m *testing.M) (int, error) {
	var err error
	if root, err = filepath.Abs(".."); err != nil {
		return 0, err
	}
	if bin, err = os.MkdirTemp("", "runner-docs"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, "runner"), ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
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
	output string // what a block of sh prints
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

var note = regexp.MustCompile(`^<!-- (from|exit|output) ?(\S*) -->$`)

// parse finds the fenced blocks of a page.
func parse(page, text string) (blocks []block, err error) {
	var open *block
	var from string
	exit, output := 0, false
	sh, near := -1, false // the latest block of sh, and whether only empty lines have followed it
	for i, line := range strings.Split(text, "\n") {
		lang, fence := strings.CutPrefix(line, "```")
		m := note.FindStringSubmatch(line)
		switch {
		case open != nil && fence:
			switch {
			case open.lang == "text" && sh >= 0 && (near || output):
				blocks[sh].output += open.text
			case output:
				return nil, fmt.Errorf("%s:%d: no command has this output", page, open.line)
			case open.lang == "sh":
				sh = len(blocks)
			}
			near, output = open.lang == "sh", false
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case fence:
			open = &block{page: page, line: i + 1, lang: lang, from: from, exit: exit}
			from, exit = "", 0
		case m != nil && m[1] == "output":
			output = true
		case m != nil && m[1] == "from":
			from = m[2]
		case m != nil:
			if exit, err = strconv.Atoi(m[2]); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", page, i+1, err)
			}
		case strings.TrimSpace(line) != "":
			near = false
			if from != "" || exit != 0 || output {
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

// outcome is what a shell script printed and how it ended.
type outcome struct {
	out  string
	exit int
	err  error // it did not end by itself
}

const (
	limit    = time.Minute // what one script may take
	together = 6           // how many run at once: they sleep most of the time
)

var slots = make(chan struct{}, together)

// shell runs a script beside others, ends what it left running in the background, and delivers how it
// went.
func shell(t *testing.T, dir, script string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		slots <- struct{}{}
		defer func() { <-slots }()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-e", "-c", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1",
			"RUNNER_NO_GENERATOR_LIMIT=all") // tests share the machine with others
		cmd.WaitDelay = 5 * time.Second
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = nil
		}
		done <- outcome{string(out), cmd.ProcessState.ExitCode(), errors.Join(err, ctx.Err())}
	}()
	return done
}

// ended waits for a script and wants an exit code.
func ended(t *testing.T, done <-chan outcome, want int) string {
	t.Helper()
	got := <-done
	if got.err != nil || got.exit != want {
		t.Errorf("exit code %d, want %d, %v\n%s", got.exit, want, got.err, got.out)
	}
	return got.out
}

// run is a block whose script is under way.
type run struct {
	block
	done <-chan outcome
}

func TestPages(t *testing.T) {
	var runs []run
	began := map[string]bool{}
	for _, b := range pages(t) {
		switch b.lang {
		case "js", "ts":
			if b.from != "" {
				checkPart(t, b)
				// The examples have a test of their own.
				if began[b.from] || strings.HasPrefix(b.from, "examples/") {
					continue
				}
				began[b.from] = true
			}
			runs = append(runs, run{b, startScript(t, b)})
		case "sh":
			runs = append(runs, run{b, shell(t, place(t), commands(t, b))})
		}
	}
	for _, r := range runs {
		t.Run(r.String(), func(t *testing.T) {
			out := ended(t, r.done, r.exit)
			printed := map[string]bool{}
			for line := range strings.Lines(out) {
				printed[shape(line)] = true
			}
			for line := range strings.Lines(r.output) {
				if s := shape(line); s != "" && !printed[s] {
					t.Errorf("it does not print %q, but:\n%s", strings.TrimSpace(line), out)
				}
			}
		})
	}
	snippets, err := filepath.Glob(filepath.Join(root, "docs", "snippets", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range snippets {
		if from := "docs/snippets/" + filepath.Base(name); !began[from] {
			t.Errorf("%s is on no page", from)
		}
	}
}

// checkPart wants a block to stand in the file that it is from.
func checkPart(t *testing.T, b block) {
	text, err := os.ReadFile(filepath.Join(root, b.from))
	if err != nil {
		t.Errorf("%v: %v", b, err)
	} else if !strings.Contains("\n"+string(text), "\n"+b.text) {
		t.Errorf("%v: this is not in %s:\n%s", b, b.from, b.text)
	}
}

// startScript runs a block of js or ts, or the file that it is from.
func startScript(t *testing.T, b block) <-chan outcome {
	dir, script := place(t), b.from
	if script == "" {
		script = "snippet." + b.lang
		if err := os.WriteFile(filepath.Join(dir, script), []byte(b.text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return shell(t, dir, "exec runner run --demo "+script)
}

// commands are a block's lines as the test runs them.
func commands(t *testing.T, b block) string {
	var script strings.Builder
	for line := range strings.Lines(b.text) {
		if command, _, _ := strings.Cut(line, "#"); strings.TrimSpace(command) == "./test" {
			// This is run by it: that it can be run is all that is left to see.
			if info, err := os.Stat(filepath.Join(root, "test")); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("%v: ./test cannot be run: %v", b, err)
			}
			continue
		}
		// The same program, built once.
		script.WriteString(strings.ReplaceAll(line, "go run . ", "runner "))
	}
	return script.String()
}

var (
	// A number with the unit that its size brings: a busy machine may get another.
	numbers = regexp.MustCompile(`[0-9][0-9.,:T-]*( (ns|µs|ms|s|B|kB|MB|GB)\b)?`)
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
