package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dop251/goja"
	"go.uber.org/goleak"

	"runner/js"
	"runner/metrics"
	"runner/value"
)

func TestMain(m *testing.M) {
	if os.Getenv("RUNNER_HTTP_BENCH_SERVER") != "" {
		benchServer()
		return
	}
	// fasthttp, which only benchmarks use, leaves these running.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*TCPDialer).tcpAddrsClean"))
}

// user is one VM with a script that uses runner/http, and what it recorded.
type user struct {
	t        testing.TB
	vm       *js.VM
	registry *metrics.Registry
	store    *metrics.Store
}

// newUser loads a script whose functions the test calls. The name base is the server's URL.
func newUser(t testing.TB, base, options, source string) *user {
	t.Helper()
	var settings any
	if options != "" {
		var err error
		if settings, err = DecodeOptions(evaluate(t, options)); err != nil {
			t.Fatal(err)
		}
	}
	return newUserWith(t, base, settings, source)
}

// newUserWith is newUser with options that were decoded before.
func newUserWith(t testing.TB, base string, settings any, source string) *user {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.js")
	text := fmt.Sprintf("import http from 'runner/http'; const base = %q;\n%s", base, source)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	modules := js.Registry{"http": Module()}
	program, err := js.Load(path, modules)
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, registry: metrics.NewRegistry(), store: metrics.NewStore()}
	env := &js.Env{Side: js.SideUser, Recorder: u.registry.Recorder(1), Log: func(level, message string) { t.Log(level, message) },
		Settings: map[string]any{}}
	if settings != nil {
		env.Settings[Section] = settings
	}
	u.vm = js.NewVM(program, modules, env)
	if err := u.vm.Run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.vm.Close)
	return u
}

// evaluate makes a Value of a JavaScript expression.
func evaluate(t testing.TB, expression string) value.Value {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value.js")
	if err := os.WriteFile(path, []byte("export const v = "+expression+";"), 0o644); err != nil {
		t.Fatal(err)
	}
	program, err := js.Load(path, js.Registry{})
	if err != nil {
		t.Fatal(err)
	}
	vm := js.NewVM(program, js.Registry{}, &js.Env{Log: func(string, string) {}})
	if err := vm.Run(); err != nil {
		t.Fatal(err)
	}
	v, err := vm.Take(vm.Exports().Get("v"), "options")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// call runs an exported function once and gives what it returned, as text.
func (u *user) call(name string) (string, error) {
	u.t.Helper()
	fn, ok := goja.AssertFunction(u.vm.Exports().Get(name))
	if !ok {
		u.t.Fatalf("the script exports no function %s", name)
	}
	u.vm.BeginIteration()
	v, err := u.vm.Call(fn)
	if err != nil {
		return "", err
	}
	if p, ok := v.Export().(*goja.Promise); ok {
		v = p.Result()
	}
	return v.String(), nil
}

// want fails unless the script's start returns the text.
func (u *user) want(text string) {
	u.t.Helper()
	got, err := u.call("start")
	if err != nil {
		u.t.Errorf("start threw %v", err)
	} else if got != text {
		u.t.Errorf("start returned %q, want %q", got, text)
	}
}

// wantError fails unless start throws an error whose text has all parts.
func (u *user) wantError(parts ...string) {
	u.t.Helper()
	got, err := u.call("start")
	if err == nil {
		u.t.Errorf("start returned %q, want an error", got)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			u.t.Errorf("start threw %q, want %q in it", err, p)
		}
	}
}

// sum is what was recorded of a metric so far.
func (u *user) sum(m *metrics.Metric, tags map[string]string) metrics.Stats {
	u.t.Helper()
	u.store.Apply(0, u.registry.Drain())
	stats, _ := u.store.Query(m.Name, tags, 0)
	return stats
}

// counted is a server that counts the requests that reach it.
type counted struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
	conns    int
	bytesIn  int64
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

func newServer(t testing.TB, h nethttp.HandlerFunc) *counted {
	c := new(counted)
	c.Server = httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		c.mu.Lock()
		c.requests++
		c.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(c.Server.Close)
	return c
}

// tallied fails unless the metrics say what the server saw.
func (u *user) tallied(c *counted) {
	u.t.Helper()
	if n := u.sum(metrics.HTTPAttempts, nil).Sum; int(n) != c.count() {
		u.t.Errorf("%v attempts recorded, the server counted %d", n, c.count())
	}
}

// echo answers with what it was sent, one line a thing.
func echo(w nethttp.ResponseWriter, r *nethttp.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.RequestURI, r.Header.Get("Content-Type"))
	w.Write(body)
}
