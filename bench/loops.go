package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"runner/cmd"
)

// done is what a loop of ours tells.
type done struct {
	Requests int64
	// Of the runner part alone: what the whole process has allocated.
	Mallocs, Bytes uint64 `json:",omitempty"`
}

func (p part) tell(d done) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return os.WriteFile(p.Result, text, 0o644)
}

func readDone(path string) (d done, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	return d, err
}

// loop runs request in as many goroutines as there are connections.
func (p part) loop(request func() (status int, err error)) error {
	var count atomic.Int64
	var failed atomic.Value
	end := time.Now().Add(p.Duration)
	var wg sync.WaitGroup
	for range p.Conns {
		wg.Go(func() {
			n := int64(0)
			defer func() { count.Add(n) }()
			for time.Now().Before(end) {
				status, err := request()
				if err == nil && status != 200 {
					err = fmt.Errorf("status %d", status)
				}
				if err != nil {
					failed.Store(err)
					return
				}
				n++
			}
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	return p.tell(done{Requests: count.Load()})
}

// fasthttpLoop is what a Go program with fasthttp's client and nothing else costs.
func (p part) fasthttpLoop() error {
	addr, _, _ := strings.Cut(strings.TrimPrefix(p.URL, "http://"), "/")
	client := &fasthttp.HostClient{
		Addr: addr, MaxConns: 1 << 20, DisablePathNormalizing: true,
		ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second,
		Dial: func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) },
	}
	return p.loop(func() (int, error) {
		req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		req.SetRequestURI(p.URL)
		err := client.Do(req, res)
		status := res.StatusCode()
		fasthttp.ReleaseRequest(req)
		fasthttp.ReleaseResponse(res)
		return status, err
	})
}

// netHTTPLoop is the same with the standard library's.
func (p part) netHTTPLoop() error {
	client := &nethttp.Client{
		Timeout:   2 * time.Second,
		Transport: &nethttp.Transport{MaxIdleConns: p.Conns, MaxIdleConnsPerHost: p.Conns, DisableCompression: true},
	}
	return p.loop(func() (int, error) {
		res, err := client.Get(p.URL)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return res.StatusCode, err
	})
}

// runner is the program itself with an account of what it allocated.
func (p part) runner() error {
	code := cmd.Main(p.Args, os.Stdin, os.Stdout, os.Stderr)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return p.tell(done{Mallocs: m.Mallocs, Bytes: m.TotalAlloc})
}
