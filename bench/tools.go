package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runner/events"
	"runner/verdict"
)

// work is what a row has every tool do.
type work struct {
	name   string // of the script, without .js
	path   string
	conns  int
	script bool // only tools that are scripted can do it
}

// tool is a program that makes load. run has it do the work for a while, and gives how many requests
// it says to have made and what it used.
type tool struct {
	name    string
	version string
	scripts bool
	run     func(ctx context.Context, w work, d time.Duration) (requests int64, u used, err error)
}

// lab is where everything runs.
type lab struct {
	folder  string // for scripts, programs and results; removed at the end
	server  *server
	program string // runner, built
	k6      string // empty: there is none
	tools   []tool
	missing []string // tools that there are not, with why
	limited int      // runs that said that the generator was the limit
}

func newLab(ctx context.Context, o options) (*lab, error) {
	l := &lab{}
	var err error
	if l.folder, err = os.MkdirTemp("", "runner-bench"); err != nil {
		return nil, err
	}
	if err := l.prepare(ctx, o); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) prepare(ctx context.Context, o options) error {
	if err := os.CopyFS(l.folder, scripts); err != nil {
		return err
	}
	l.program = filepath.Join(l.folder, "runner")
	if err := command(ctx, o.root, "go", "build", "-o", l.program, "."); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l.tools = []tool{
		{name: "runner", version: "this commit", scripts: true, run: l.runRunner},
		{name: "fasthttp", version: moduleVersion("github.com/valyala/fasthttp"), run: l.ownLoop(self, "fasthttp")},
		{name: "net/http", version: goVersion(), run: l.ownLoop(self, "net/http")},
	}
	if o.install {
		if err := command(ctx, "", "apt-get", "install", "-y", "-qq", "wrk", "hey"); err != nil {
			l.missing = append(l.missing, fmt.Sprintf("installing wrk and hey: %v", err))
		}
	}
	for _, t := range []tool{{name: "wrk", run: l.runWrk}, {name: "hey", run: l.runHey}} {
		path, err := exec.LookPath(t.name)
		if err != nil {
			l.missing = append(l.missing, t.name+": it is not installed")
			continue
		}
		t.version = packageVersion(path, t.name)
		l.tools = append(l.tools, t)
	}
	if o.k6 {
		if l.k6, err = buildK6(ctx); err != nil {
			l.missing = append(l.missing, fmt.Sprintf("k6: it could not be built: %v", err))
		} else {
			l.tools = append(l.tools, tool{name: "k6", version: k6Version, scripts: true, run: l.runK6})
		}
	} else {
		l.missing = append(l.missing, "k6: not asked for")
	}
	l.server, err = startServer()
	return err
}

func (l *lab) close() {
	if l.server != nil {
		l.server.close()
	}
	os.RemoveAll(l.folder)
}

func (l *lab) script(name string) string { return filepath.Join(l.folder, "scripts", name+".js") }

// command runs a program that prepares something.
func command(ctx context.Context, folder, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = folder
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, tail(string(out)))
	}
	return nil
}

// once runs a program to its end.
func once(ctx context.Context, env []string, name string, args ...string) (*child, used, error) {
	c, err := start(ctx, env, name, args...)
	if err != nil {
		return nil, used{}, err
	}
	u, err := c.wait()
	return c, u, err
}

// runnerArgs are those of a run that keeps and shows nothing but its summary.
func (l *lab) runnerArgs(script, summary string, more ...string) []string {
	args := append([]string{"run", "--quiet", "--compact", "--no-results", "--out", "json=" + summary}, more...)
	if text, err := os.ReadFile(l.script(script)); err == nil && strings.Contains(string(text), "settings.server") {
		args = append(args, "--set", "server="+l.server.url)
	}
	return append(args, l.script(script))
}

// load runs runner and reads its summary.
func (l *lab) load(ctx context.Context, script string, flags ...string) (events.Run, used, error) {
	path := filepath.Join(l.folder, "run.json")
	os.Remove(path)
	c, u, err := once(ctx, nil, l.program, l.runnerArgs(script, path, flags...)...)
	if err != nil && c != nil && c.cmd.ProcessState.ExitCode() == verdict.Overload.Row().Code {
		// One processor is all that the client gets here: that it is the limit is no surprise.
		l.limited++
		err = nil
	}
	if err != nil {
		return events.Run{}, u, err
	}
	run, err := readRun(path)
	return run, u, err
}

func readRun(path string) (run events.Run, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &run)
	}
	if err == nil && len(run.Scenarios) != 1 {
		err = fmt.Errorf("%s: %d scenarios instead of 1", path, len(run.Scenarios))
	}
	return run, err
}

func (l *lab) runRunner(ctx context.Context, w work, d time.Duration) (int64, used, error) {
	before, err := l.server.requests()
	if err != nil {
		return 0, used{}, err
	}
	run, u, err := l.load(ctx, w.name, "--users", strconv.Itoa(w.conns), "--duration", d.String())
	if err != nil {
		return 0, u, err
	}
	after, err := l.server.requests()
	if err != nil {
		return 0, u, err
	}
	n := run.HTTP.Requests
	if after-before != n || run.HTTP.Attempts != n {
		return 0, u, fmt.Errorf("runner counts %d requests, %d attempts; the server answered %d", n, run.HTTP.Attempts, after-before)
	}
	return n, u, nil
}

func (l *lab) ownLoop(self, role string) func(context.Context, work, time.Duration) (int64, used, error) {
	return func(ctx context.Context, w work, d time.Duration) (int64, used, error) {
		p := part{Role: role, URL: l.server.url + w.path, Conns: w.conns, Duration: d, Result: filepath.Join(l.folder, "loop.json")}
		_, u, err := once(ctx, p.env(), self)
		if err != nil {
			return 0, u, err
		}
		made, err := readDone(p.Result)
		return made.Requests, u, err
	}
}

var (
	wrkCount = regexp.MustCompile(`(?m)^\s*(\d+) requests in`)
	heyCount = regexp.MustCompile(`(?m)^\s*\[200\]\s+(\d+) responses`)
)

func counted(c *child, pattern *regexp.Regexp) (int64, error) {
	m := pattern.FindSubmatch(c.out.Bytes())
	if m == nil {
		return 0, fmt.Errorf("%s does not say how many requests it made: %s", c.cmd.Args[0], tail(c.out.String()))
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}

func (l *lab) runWrk(ctx context.Context, w work, d time.Duration) (int64, used, error) {
	// wrk takes whole seconds.
	c, u, err := once(ctx, nil, "wrk", "-t", "1", "-c", strconv.Itoa(w.conns), "-d", seconds(d)+"s", l.server.url+w.path)
	if err != nil {
		return 0, u, err
	}
	n, err := counted(c, wrkCount)
	return n, u, err
}

func (l *lab) runHey(ctx context.Context, w work, d time.Duration) (int64, used, error) {
	c, u, err := once(ctx, nil, "hey", "-c", strconv.Itoa(w.conns), "-z", d.String(), l.server.url+w.path)
	if err != nil {
		return 0, u, err
	}
	n, err := counted(c, heyCount)
	return n, u, err
}

func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(d.Round(time.Second)/time.Second)))
}

const k6Version = "v1.8.1"

// k6Args are those of a run that shows nothing.
func (l *lab) k6Args(script, summary string, more ...string) []string {
	args := append([]string{"run", "--quiet", "--no-usage-report", "--summary-export", summary, "--env", "SERVER=" + l.server.url}, more...)
	return append(args, l.script("k6/"+script))
}

func (l *lab) runK6(ctx context.Context, w work, d time.Duration) (int64, used, error) {
	path := filepath.Join(l.folder, "k6.json")
	_, u, err := once(ctx, nil, l.k6, l.k6Args(w.name, path, "--vus", strconv.Itoa(w.conns), "--duration", d.String())...)
	if err != nil {
		return 0, u, err
	}
	var summary struct {
		Metrics struct {
			Requests struct{ Count int64 }  `json:"http_reqs"`
			Failed   struct{ Passes int64 } `json:"http_req_failed"`
		}
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &summary)
	}
	if err == nil && summary.Metrics.Requests.Count == 0 {
		err = errors.New("k6 made no request")
	}
	if err == nil && summary.Metrics.Failed.Passes > 0 {
		err = fmt.Errorf("%d requests of k6 failed", summary.Metrics.Failed.Passes)
	}
	return summary.Metrics.Requests.Count, u, err
}

// buildK6 builds k6 in a module of its own, so that it is none of our needs. It is kept in the user's
// cache, since that takes minutes.
func buildK6(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "runner-bench", "k6-"+k6Version)
	program := filepath.Join(folder, "k6")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod":  "module k6build\n\ngo 1.26.0\n\nrequire go.k6.io/k6 " + k6Version + "\n",
		"main.go": "package main\n\nimport \"go.k6.io/k6/cmd\"\n\nfunc main() { cmd.Execute() }\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	if err := command(ctx, folder, "go", "mod", "tidy"); err != nil {
		return "", err
	}
	return program, command(ctx, folder, "go", "build", "-o", program, ".")
}
