package client

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// fasthttp's brotli encoder, which only the tests use, keeps its workers.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp/stackless.funcWorker"))
}

// play is a TCP server that hands each connection to f and counts them.
type play struct {
	l     net.Listener
	conns atomic.Int32
	wg    sync.WaitGroup
	mu    sync.Mutex
	open  []net.Conn
}

func newPlay(t testing.TB, f func(n int, c net.Conn)) *play {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &play{l: l}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int(p.conns.Add(1))
			p.mu.Lock()
			p.open = append(p.open, c)
			p.mu.Unlock()
			p.wg.Add(1)
			go func() {
				defer p.wg.Done()
				defer c.Close()
				f(n, c)
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *play) url(path string) string { return "http://" + p.l.Addr().String() + path }

// request reads one request head as text, and its body if it has a length.
func request(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return b.String(), err
		}
		if line == "\r\n" {
			return b.String(), nil
		}
	}
}

// answers serves the same bytes to each request, and closes the connection after each if shut is set.
func answers(t testing.TB, text string, shut bool) *play {
	return newPlay(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := request(r); err != nil {
				return
			}
			c.Write([]byte(text))
			if shut {
				return
			}
		}
	})
}

func newClient(t testing.TB, change func(*Config)) *Client {
	t.Helper()
	cfg := Defaults()
	if change != nil {
		change(cfg)
	}
	c := New(cfg)
	c.SetJar(NewJar())
	t.Cleanup(c.Close)
	return c
}

func newRequest(t testing.TB, method, url string, change func(*Request)) *Request {
	t.Helper()
	target, err := ParseTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	r := &Request{Method: method, Target: target, MaxRedirects: DefaultMaxRedirects}
	if change != nil {
		change(r)
	}
	if err := r.Prepare(); err != nil {
		t.Fatal(err)
	}
	return r
}

func get(t testing.TB, c *Client, url string) *Response {
	t.Helper()
	return do(c, newRequest(t, "GET", url, nil))
}

func do(c *Client, r *Request) *Response {
	resp := new(Response)
	c.Do(context.Background(), r, resp)
	return resp
}

func serve(t testing.TB, h nethttp.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

var quiet = log.New(io.Discard, "", 0)
