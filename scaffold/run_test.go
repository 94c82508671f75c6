package scaffold

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bin is the folder of the program under test.
var bin string

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
	if bin, err = os.MkdirTemp("", "runner-new"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "runner"), "..").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build runner: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func shell(t *testing.T, dir, command string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// step is a command of a workflow that can be run here.
var step = regexp.MustCompile(`(?m)^ +run: (runner .*--demo.*|runner inspect .*|runner check .*)$`)

// Every template's project passes what it says to try, and the steps of its workflow.
func TestProjectsPass(t *testing.T) {
	for _, name := range Shipped() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if out, err := shell(t, dir, "runner new "+name+" project </dev/null"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			tmpl, err := Find(name)
			if err != nil {
				t.Fatal(err)
			}
			if tmpl.Description == "" || len(tmpl.Try) == 0 {
				t.Errorf("it says neither what it is nor how to try it: %+v", tmpl)
			}
			commands := tmpl.Try
			workflows, err := filepath.Glob(filepath.Join(dir, "project", ".github", "workflows", "*.yml"))
			if err != nil {
				t.Fatal(err)
			}
			if name == "repository" && len(workflows) == 0 {
				t.Error("there is no workflow")
			}
			for _, path := range workflows {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				steps := step.FindAllStringSubmatch(string(text), -1)
				if len(steps) < 2 {
					t.Errorf("%s has only %v", path, steps)
				}
				for _, s := range steps {
					commands = append(commands, s[1])
				}
			}
			for _, command := range commands {
				out, err := shell(t, filepath.Join(dir, "project"), command)
				if err != nil {
					t.Errorf("%s: %v\n%s", command, err, out)
				}
				if strings.Contains(command, " run ") && !strings.Contains(out, "✓ passed") {
					t.Errorf("%s says nothing of having passed:\n%s", command, out)
				}
			}
		})
	}
}
