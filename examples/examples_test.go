// Package examples runs every example as a newcomer would: with the real program, against the demo API.
package examples

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runner is the program under test.
var runner string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "runner-examples")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	runner = filepath.Join(dir, "runner")
	if out, err := exec.Command("go", "build", "-o", runner, "..").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build runner: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// says is what an example's summary must contain: the truth of the demo API, as far as it holds on a
// machine that is busy with other tests too. An example that is not here must still pass.
var says = map[string]string{
	"stress.js":            `at (2[05]|3[05]|4[05]) users the mean response time is 1[0-9]{2}\.[0-9] ms`,
	"first-test.js":        `1 succeeded`,
	"load.js":              `1[0-9]{3} requests, 0 failed, mean response time [1-9][0-9]\.[0-9] ms`,
	"custom-metric.js":     `above_30_ms +9[0-9]\.[0-9] %(.|\n)*in_line`,
	"custom-load-model.js": `[248] users are enough for [1-4][0-9]{2} iterations/s`,
	"amoc-lifecycle.js":    `users are enough`,
	"arrival-rate.js":      `1,55[0-9] started`,
	"checks.js":            `status is 200 +100 +100`,
	"events.js":            `4 words to 3 users: 12 heard`,
	"integration.js":       `4 scenarios(.|\n)*unknownUser  ✓ passed`,
	"typescript.ts":        `30 succeeded`,
	"variables.js":         `"name": "jeremy", "age": 23`,
}

// together is how many examples run at once: they sleep most of the time, but one core belongs to each
// while it does not.
const together = 4

// limit is what an example may take, with a slow machine in mind; a newcomer waits 20 s at most.
const limit = 40 * time.Second

func TestEveryExampleRuns(t *testing.T) {
	scripts, err := filepath.Glob("*.[jt]s")
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) < 10 {
		t.Fatalf("only %d examples: %v", len(scripts), scripts)
	}
	slots := make(chan struct{}, together)
	type outcome struct {
		text string
		err  error
	}
	outcomes := make([]chan outcome, len(scripts))
	for i, script := range scripts {
		outcomes[i] = make(chan outcome, 1)
		results := t.TempDir()
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			cmd := exec.CommandContext(ctx, runner, "run", "--demo", "--no-color", "--results", results, script)
			cmd.Env = append(os.Environ(), "RUNNER_NO_GENERATOR_LIMIT=all") // tests share the machine with others
			out, err := cmd.CombinedOutput()
			if ctx.Err() != nil {
				err = errors.Join(ctx.Err(), err)
			}
			outcomes[i] <- outcome{string(out), err}
		}()
	}
	for i, script := range scripts {
		got := <-outcomes[i]
		t.Run(script, func(t *testing.T) {
			if got.err != nil {
				t.Errorf("%v\n%s", got.err, got.text)
			}
			if want := says[script]; !regexp.MustCompile(want).MatchString(got.text) {
				t.Errorf("the output has no %s:\n%s", want, got.text)
			}
		})
	}
}

func TestEveryExampleSaysWhatItShows(t *testing.T) {
	scripts, err := filepath.Glob("*.[jt]s")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(string(text), "\n"); !strings.HasPrefix(first, "// "+script+": ") {
			t.Errorf("%s begins with %q, want // %s: and its idea", script, first, script)
		}
	}
}

func TestExpectationsBelongToExamples(t *testing.T) {
	for script := range says {
		if _, err := os.Stat(script); err != nil {
			t.Error(err)
		}
	}
}
