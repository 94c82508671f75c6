package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"runner/cmd"
	"runner/events"
	"runner/verdict"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"runner": func() { os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

var update = flag.Bool("update", false, "write what the commands print into the scripts' golden files")

// TestCommandLine runs the scripts of testdata with the real program.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("RUNNER_NO_GENERATOR_LIMIT", "all") // tests share the machine with others
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "waitfor": waitFor, "breakoff": breakOff, "recovers": recovers},
	})
}

// exits runs the program and wants an exit code: exits 99 runner run script.js
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = exitStatus(err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

func exitStatus(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}

// waitFor waits until a file has a text: waitfor FILE TEXT
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	for range 1000 {
		data, _ := os.ReadFile(ts.MkAbs(args[0]))
		if strings.Contains(string(data), args[1]) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s has no %q after 10 s", args[0], args[1])
}

// recovers reads the recording of a run that was killed, and wants its numbers up to then: recovers FILE
func recovers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recovers FILE")
	}
	state, err := events.Load(ts.MkAbs(args[0]))
	var incomplete *events.Incomplete
	if !errors.As(err, &incomplete) {
		ts.Fatalf("reading the recording gave %v, want an *events.Incomplete", err)
	}
	run := events.Summary(state)
	if run.Verdict != verdict.Incomplete || run.ExitCode != 111 {
		ts.Fatalf("verdict %s (%d), want incomplete (111)", run.Verdict, run.ExitCode)
	}
	if state.Counts("forever").Started == 0 {
		ts.Fatalf("no iteration was recorded")
	}
}

// breakOff copies a file without its last third: breakoff FILE COPY
func breakOff(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: breakoff FILE COPY")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)*2/3], 0o666))
}
