package http

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"runner/js"
	"runner/metrics"
)

const serverEnv = "RUNNER_HTTP_BENCH_SERVER"

// benchServer is what the benchmarks ask: a process of its own, so that what is measured here is the
// client's cost alone.
func benchServer() {
	pin(0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	body := []byte(`{"users":[` + fmt.Sprintf(`{"id":%d,"name":"Jeremy","email":"jeremy@example.com","tags":["a","b"]}`, 1))
	for i := 2; len(body) < 950; i++ {
		body = fmt.Appendf(body, `,{"id":%d,"name":"Jeremy","email":"jeremy@example.com","tags":["a","b"]}`, i)
	}
	body = append(body, `],"total":12}`...)
	fasthttp.Serve(l, func(c *fasthttp.RequestCtx) {
		switch string(c.Path()) {
		case "/json":
			c.SetContentType("application/json")
			c.Write(body)
		case "/slow":
			time.Sleep(10 * time.Millisecond)
			c.WriteString("Hello, World!")
		default:
			c.WriteString("Hello, World!")
		}
	})
}

func startBenchServer(b *testing.B) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"=1", "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + line[:len(line)-1]
}

// pin keeps the process on one processor, if there are several.
func pin(processor int) {
	if runtime.NumCPU() > 1 {
		var set unix.CPUSet
		set.Set(processor)
		unix.SchedSetaffinity(0, &set)
	}
}

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// measure runs loop in n users until b.N requests are done, and reports CPU, allocations and bytes of
// each.
func measure(b *testing.B, n int, loop func(user int, more func() bool)) {
	var left atomic.Int64
	left.Store(int64(b.N))
	more := func() bool { return left.Add(-1) >= 0 }
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpu()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { loop(i, more) })
	}
	wg.Wait()
	b.StopTimer()
	used := cpu() - start
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/1e3, "cpu-µs/op")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs/op")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "B/op")
}

func BenchmarkScript(b *testing.B) {
	// Unless told otherwise (taskset), the client shares the machine with the server.
	base := startBenchServer(b)
	for _, bench := range []struct {
		name, source string
		users        int
	}{
		{"get", `const url = base + "/"; export function start() { const r = http.get(url); if (r.status !== 200) throw new Error("status " + r.status); }`, 50},
		{"get+options", `const url = base + "/"; export function start() { const r = http.get(url, { headers: { "X-A": "b" }, tags: { name: "home" } }); if (r.status !== 200) throw new Error("status " + r.status); }`, 50},
		{"post+json", `const url = base + "/"; export function start() { const r = http.post(url, { json: { name: "jeremy", age: 23 } }); if (r.status !== 200) throw new Error("status " + r.status); }`, 50},
		{"json", `const url = base + "/json"; export function start() { const j = http.get(url).json(); if (j.users[0].id + j.users[3].name !== "1Jeremy" || j.total !== 12) throw new Error("json"); }`, 50},
		{"json-path", `const url = base + "/json"; export function start() { if (http.get(url).json("users.3.id") !== 4) throw new Error("json"); }`, 50},
		{"slow", `const url = base + "/slow"; export function start() { const r = http.get(url); if (r.status !== 200) throw new Error("status " + r.status); }`, 200},
	} {
		b.Run(bench.name, func(b *testing.B) {
			users := benchUsers(b, base, bench.source, bench.users)
			measure(b, len(users), func(i int, more func() bool) {
				for more() {
					if _, err := users[i].vm.Call(users[i].start); err != nil {
						b.Error(err)
						return
					}
				}
			})
			for _, u := range users {
				u.vm.Close()
			}
		})
	}
	for _, bench := range []struct {
		name, path string
		users      int
	}{{"fasthttp-loop", "/", 50}, {"fasthttp-loop-slow", "/slow", 200}} {
		b.Run(bench.name, func(b *testing.B) {
			c := &fasthttp.HostClient{Addr: base[len("http://"):], MaxConns: 1 << 20, DisablePathNormalizing: true, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second}
			request := func() error {
				rq, rs := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
				rq.SetRequestURI(base + bench.path)
				err := c.Do(rq, rs)
				if err == nil && rs.StatusCode() != 200 {
					err = fmt.Errorf("status %d", rs.StatusCode())
				}
				fasthttp.ReleaseRequest(rq)
				fasthttp.ReleaseResponse(rs)
				return err
			}
			for range 100 {
				request()
			}
			measure(b, bench.users, func(_ int, more func() bool) {
				for more() {
					if err := request(); err != nil {
						b.Error(err)
						return
					}
				}
			})
			c.CloseIdleConnections()
		})
	}
}

type benchUser struct {
	vm    *js.VM
	start goja.Callable
}

// benchUsers makes users that have each sent a request already.
func benchUsers(b *testing.B, base, source string, n int) []benchUser {
	path := filepath.Join(b.TempDir(), "script.js")
	text := fmt.Sprintf("import http from 'runner/http'; const base = %q;\n%s", base, source)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	modules := js.Registry{"http": Module()}
	program, err := js.Load(path, modules)
	if err != nil {
		b.Fatal(err)
	}
	registry := metrics.NewRegistry()
	users := make([]benchUser, n)
	for i := range users {
		vm := js.NewVM(program, modules, &js.Env{Side: js.SideUser, Recorder: registry.Recorder(int64(i)), Log: func(string, string) {}})
		if err := vm.Run(); err != nil {
			b.Fatal(err)
		}
		start, _ := goja.AssertFunction(vm.Exports().Get("start"))
		if _, err := vm.Call(start); err != nil {
			b.Fatal(err)
		}
		users[i] = benchUser{vm, start}
	}
	return users
}
