package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// clock measures how late this machine itself is, so that a busy one is not taken for a slow client.
type clock struct {
	t     *testing.T
	stop  chan struct{}
	worst chan time.Duration
}

func startClock(t *testing.T) *clock {
	c := &clock{t, make(chan struct{}), make(chan time.Duration, 1)}
	go func() {
		var worst time.Duration
		for {
			start := time.Now()
			select {
			case <-c.stop:
				c.worst <- max(worst, time.Since(start))
				return
			case <-time.After(5 * time.Millisecond):
				worst = max(worst, time.Since(start)-5*time.Millisecond)
			}
		}
	}()
	return c
}

// within fails unless d is from want to 100 ms more, and to what the machine was late.
func (c *clock) within(what string, d, want time.Duration) {
	c.t.Helper()
	close(c.stop)
	late := <-c.worst
	if d < want-time.Millisecond || d > want+100*time.Millisecond+2*late {
		c.t.Errorf("%s took %v, want %v and at most 100 ms more (the machine was late by %v)", what, d, want, late)
	}
}

func TestTimeouts(t *testing.T) {
	const limit = 150 * time.Millisecond
	drip := func(pieces ...string) func(int, net.Conn) {
		return func(_ int, c net.Conn) {
			request(bufio.NewReader(c))
			io.WriteString(c, pieces[0])
			for {
				for _, p := range pieces[1:] {
					if _, err := io.WriteString(c, p); err != nil {
						return
					}
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	for _, test := range []struct {
		what string
		f    func(int, net.Conn)
	}{
		{"a server that says nothing", func(_ int, c net.Conn) { io.Copy(io.Discard, c) }},
		{"a head that drips", drip("HTTP/1.1 200 OK\r\n", "X: y\r\n")},
		{"a body that drips", drip("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "x")},
		{"chunks that drip", drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")},
		{"a body without an end", drip("HTTP/1.1 200 OK\r\n\r\n", "x")},
		{"interim answers without an end", drip("", "HTTP/1.1 102 P\r\n\r\n")},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, test.f)
			c := newClient(t, func(c *Config) { c.Timeout = limit })
			clock := startClock(t)
			resp := get(t, c, p.url("/"))
			if resp.Err == nil || resp.Err.Kind != KindTimeout {
				t.Fatalf("got %v", resp.Err)
			}
			clock.within(test.what, resp.Duration, limit)
			if resp.Attempts != 1 {
				t.Errorf("%d attempts", resp.Attempts)
			}
		})
	}
	t.Run("a server that does not read", func(t *testing.T) {
		t.Parallel()
		p := newPlay(t, func(_ int, c net.Conn) { time.Sleep(2 * limit) })
		c := newClient(t, nil)
		clock := startClock(t)
		resp := do(c, newRequest(t, "POST", p.url("/"), func(r *Request) {
			r.Body, r.HasBody, r.Timeout = make([]byte, 64<<20), true, limit
		}))
		if resp.Err == nil || resp.Err.Kind != KindTimeout {
			t.Fatalf("got %v", resp.Err)
		}
		clock.within("the upload", resp.Duration, limit)
	})
	t.Run("redirects share one timeout", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
			time.Sleep(limit / 5)
			nethttp.Redirect(w, r, "/", 302)
		})
		clock := startClock(t)
		resp := do(newClient(t, nil), newRequest(t, "GET", s.URL, func(r *Request) { r.Timeout = limit }))
		if resp.Err == nil || resp.Err.Kind != KindTimeout {
			t.Fatalf("got %v", resp.Err)
		}
		clock.within("the redirects", resp.Duration, limit)
	})
}

func TestCancellation(t *testing.T) {
	p := newPlay(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
	for _, watched := range []bool{true, false} {
		t.Run(fmt.Sprintf("watched %v", watched), func(t *testing.T) {
			c := newClient(t, nil)
			ctx, cancel := context.WithCancel(context.Background())
			if watched {
				c.Watch(ctx)
			}
			time.AfterFunc(50*time.Millisecond, cancel)
			var resp Response
			clock := startClock(t)
			start := time.Now()
			c.Do(ctx, newRequest(t, "GET", p.url("/"), nil), &resp)
			if resp.Err == nil || resp.Err.Kind != KindCanceled {
				t.Fatalf("got %v", resp.Err)
			}
			clock.within("the canceled call", time.Since(start), 50*time.Millisecond)
			resp = Response{}
			c.Do(ctx, newRequest(t, "GET", p.url("/"), nil), &resp)
			if resp.Err == nil || resp.Err.Kind != KindCanceled || resp.Attempts != 0 {
				t.Errorf("a call after the end: %v, %d attempts", resp.Err, resp.Attempts)
			}
		})
	}
	t.Run("close ends what runs", func(t *testing.T) {
		c := newClient(t, nil)
		time.AfterFunc(30*time.Millisecond, c.Close)
		if resp := get(t, c, p.url("/")); resp.Err == nil || resp.Err.Kind != KindCanceled {
			t.Errorf("got %v", resp.Err)
		}
	})
}

func TestIdleConnectionsEnd(t *testing.T) {
	p := answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false)
	c := newClient(t, func(c *Config) { c.IdleTimeout = 50 * time.Millisecond })
	get(t, c, p.url("/"))
	time.Sleep(120 * time.Millisecond)
	if resp := get(t, c, p.url("/")); resp.Err != nil || resp.Reused() || resp.Attempts != 1 {
		t.Errorf("%v, reused %v, %d attempts", resp.Err, resp.Reused(), resp.Attempts)
	}
	if n := p.conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// descriptors counts what the process has open.
func descriptors(t *testing.T) int {
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc")
	}
	return len(d)
}

func TestTenThousandTimeoutsLeaveNothing(t *testing.T) {
	p := newPlay(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
	run := func(n int) {
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				c := New(&Config{Timeout: 30 * time.Millisecond, MaxBody: 1, IdleTimeout: time.Second})
				defer c.Close()
				r := newRequest(t, "GET", p.url("/"), nil)
				for range n {
					if resp := do(c, r); resp.Err == nil || resp.Err.Kind != KindTimeout {
						t.Errorf("got %v", resp.Err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	settled := func() (int, int) {
		time.Sleep(100 * time.Millisecond)
		return runtime.NumGoroutine(), descriptors(t)
	}
	run(1)
	g1, f1 := settled()
	run(50)
	g2, f2 := settled()
	if g2 > g1+5 || f2 > f1+5 {
		t.Errorf("%d goroutines and %d descriptors after 200 timeouts, %d and %d after 10,200", g1, f1, g2, f2)
	}
}
