package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"runner/events"
)

//go:embed scripts
var scripts embed.FS

// lab has the program under test, in a process of its own as in use.
type lab struct {
	dir    string
	runner string
}

// newLab builds runner; root is the module's folder.
func newLab(root string) (*lab, error) {
	dir, err := os.MkdirTemp("", "runner-truth")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, runner: filepath.Join(dir, "runner")}
	build := exec.Command("go", "build", "-o", l.runner, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		l.close()
		return nil, fmt.Errorf("building runner: %w\n%s", err, out)
	}
	return l, os.CopyFS(dir, must(fs.Sub(scripts, "scripts")))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (l *lab) close() { os.RemoveAll(l.dir) }

// moduleRoot is the folder of go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// run runs a script against a server and gives what runner says of it, with its exit code. during, if
// given, is called with the process.
func (l *lab) run(ctx context.Context, script string, set map[string]any, during func(*os.Process)) (events.Run, int, error) {
	var r events.Run
	args := []string{"run", "--no-results", "--quiet", "--out", "json=-", filepath.Join(l.dir, script)}
	for name, v := range set {
		args = append(args, "--set", fmt.Sprintf("%s=%v", name, v))
	}
	cmd := exec.CommandContext(ctx, l.runner, args...)
	cmd.Dir = l.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RUNNER_") })
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		return r, 0, err
	}
	done := make(chan struct{})
	if during != nil {
		go func() {
			defer close(done)
			during(cmd.Process)
		}()
	} else {
		close(done)
	}
	err := cmd.Wait()
	<-done
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, 0, err
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, 0, fmt.Errorf("%s: %w\n%s%s", script, err, out.Bytes(), errOut.Bytes())
	}
	return r, cmd.ProcessState.ExitCode(), nil
}

// countedBy is what a run says that it counted.
func countedBy(r events.Run) counted {
	c := counted{Outcomes: map[string]int{}}
	if r.HTTP == nil {
		return c
	}
	c.Requests, c.Connections, c.Sent, c.Received = r.HTTP.Attempts, r.HTTP.Connections.Opened, r.HTTP.BytesOut, r.HTTP.BytesIn
	for _, s := range series(r, "http.requests") {
		what := s.Tags["status"]
		if kind := s.Tags["error"]; kind != "" {
			what = kind
		}
		c.Outcomes[what] += int(*s.Sum)
	}
	return c
}

func series(r events.Run, metric string) []events.RunSeries {
	for _, m := range r.Metrics {
		if m.Name == metric {
			return m.Series
		}
	}
	return nil
}

// sum is that of all series of a metric.
func sum(r events.Run, metric string) (total float64) {
	for _, s := range series(r, metric) {
		if s.Sum != nil {
			total += *s.Sum
		}
	}
	return total
}
