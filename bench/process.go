package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The processors of the server and of the client under test.
const (
	serverCPU = 0
	clientCPU = 1
)

// used is what a process used, by the operating system's own accounting.
type used struct{ CPU time.Duration }

// child is a process under test.
type child struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	errOut bytes.Buffer
	done   chan error
}

// start starts a process on the client's processor. It is killed when ctx is done.
func start(ctx context.Context, env []string, name string, args ...string) (*child, error) {
	c := &child{cmd: exec.CommandContext(ctx, name, args...), done: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.errOut
	c.cmd.WaitDelay = time.Second
	if err := startOn(c.cmd, clientCPU); err != nil {
		return nil, err
	}
	go func() { c.done <- c.cmd.Wait() }()
	return c, nil
}

// wait waits for the end and gives what the process used.
func (c *child) wait() (used, error) {
	err := <-c.done
	state := c.cmd.ProcessState
	if state == nil {
		return used{}, err
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(c.cmd.Args, " "), err, tail(c.errOut.String()+c.out.String()))
	}
	return used{CPU: state.UserTime() + state.SystemTime()}, err
}

// interrupt asks the process to end, as Ctrl-C does.
func (c *child) interrupt() { c.cmd.Process.Signal(syscall.SIGINT) }

// kill ends the process, whatever it does, and waits.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.done
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 600 {
		s = "…" + s[len(s)-600:]
	}
	return s
}

// errNoProc means that the system does not show what a running process uses.
var errNoProc = errors.New("this needs /proc, as Linux has it")

// now is what the process has used so far.
func (c *child) now() (cpu time.Duration, resident int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, 0, errNoProc
	}
	// What follows the name, which is in brackets, begins with the third field of proc(5).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return 0, 0, errNoProc
	}
	number := func(field int) int64 { n, _ := strconv.ParseInt(fields[field-3], 10, 64); return n }
	const tick = 10 * time.Millisecond // of USER_HZ, which is 100 on every architecture of Linux
	return time.Duration(number(14)+number(15)) * tick, number(24) * int64(os.Getpagesize()), nil
}

// settled waits until the process has had nothing to do for a while, and gives what it used until then.
func (c *child) settled(ctx context.Context, quiet, atMost time.Duration) (cpu time.Duration, resident int64, err error) {
	began := time.Now()
	last, since := time.Duration(-1), began
	for {
		select {
		case err := <-c.done:
			c.done <- err
			return 0, 0, fmt.Errorf("%s ended: %s", c.cmd.Args[0], tail(c.errOut.String()+c.out.String()))
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		cpu, resident, err = c.now()
		if err != nil {
			return 0, 0, err
		}
		// A program that only shows its progress uses up to 5 % of a processor.
		if last < 0 || cpu-last > time.Since(since)/20+20*time.Millisecond {
			last, since = cpu, time.Now()
		}
		if time.Since(since) >= quiet {
			return cpu, resident, nil
		}
		if time.Since(began) > atMost {
			return 0, 0, fmt.Errorf("%s has not come to rest in %v", filepath.Base(c.cmd.Args[0]), atMost)
		}
	}
}

// roleEnv tells this program to play a part in a process of its own.
const roleEnv = "RUNNER_BENCH_ROLE"

// part is what such a process is told.
type part struct {
	Role     string
	URL      string        `json:",omitempty"`
	Conns    int           `json:",omitempty"`
	Duration time.Duration `json:",omitempty"`
	Args     []string      `json:",omitempty"`
	Result   string        `json:",omitempty"` // the file that takes its result
}

func (p part) env() []string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return []string{roleEnv + "=" + string(text)}
}

// play plays a part, if that is what this process is for. It does not return then.
func play() {
	text := os.Getenv(roleEnv)
	if text == "" {
		return
	}
	var p part
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		os.Unsetenv(roleEnv)
		switch p.Role {
		case "server":
			err = serve()
		case "fasthttp":
			err = p.fasthttpLoop()
		case "net/http":
			err = p.netHTTPLoop()
		case "runner":
			err = p.runner()
		default:
			err = fmt.Errorf("there is no part %q", p.Role)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// server is the process that is asked.
type server struct {
	url string
	cmd *exec.Cmd
}

func startServer() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), part{Role: "server"}.env()...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// It ends when this end of the pipe is closed, however this process ends.
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := startOn(cmd, serverCPU); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	return &server{url: "http://" + strings.TrimSpace(line), cmd: cmd}, nil
}

func (s *server) close() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}
