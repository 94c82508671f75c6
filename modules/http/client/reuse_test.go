package client

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

func TestUnaskedAnswersAreNobodys(t *testing.T) {
	const unasked = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
	for _, test := range []struct {
		what  string
		pause time.Duration
	}{{"in the same segment", 0}, {"later, while the connection is idle", 20 * time.Millisecond}} {
		t.Run(test.what, func(t *testing.T) {
			var served atomic.Int32
			// A busy machine may take long to write the unasked answer: the next request waits for it.
			written := make(chan struct{}, 4)
			p := newPlay(t, func(_ int, c net.Conn) {
				r := bufio.NewReader(c)
				for {
					if _, err := request(r); err != nil {
						return
					}
					served.Add(1)
					if test.pause == 0 {
						io.WriteString(c, okAnswer+unasked)
					} else {
						io.WriteString(c, okAnswer)
						time.Sleep(test.pause)
						io.WriteString(c, unasked)
					}
					written <- struct{}{}
				}
			})
			c := newClient(t, nil)
			for range 4 {
				resp := get(t, c, p.url("/"))
				if resp.Err != nil || resp.Status != 200 || resp.Attempts != 1 {
					t.Fatalf("%v %d, %d attempts", resp.Err, resp.Status, resp.Attempts)
				}
				<-written
			}
			if served.Load() != 4 || p.conns.Load() != 4 {
				t.Errorf("%d requests on %d connections, want 4 on 4", served.Load(), p.conns.Load())
			}
		})
	}
}

func TestUnaskedBytesOverTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	cert := s.TLS.Certificates
	pool := s.Client().Transport.(*nethttp.Transport).TLSClientConfig.RootCAs
	s.Close()
	written := make(chan struct{}, 3)
	p := newPlay(t, func(_ int, raw net.Conn) {
		c := tls.Server(raw, &tls.Config{Certificates: cert})
		r := bufio.NewReader(c)
		for {
			if _, err := request(r); err != nil {
				return
			}
			io.WriteString(c, okAnswer)
			time.Sleep(10 * time.Millisecond)
			io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			written <- struct{}{}
		}
	})
	c := newClient(t, func(c *Config) { c.TLS = &tls.Config{RootCAs: pool, ServerName: "example.com"} })
	for range 3 {
		resp := get(t, c, "https://"+p.l.Addr().String())
		if resp.Err != nil || resp.Status != 200 {
			t.Fatalf("%v %d", resp.Err, resp.Status)
		}
		<-written
	}
	if p.conns.Load() != 3 {
		t.Errorf("%d connections, want 3", p.conns.Load())
	}
}

// TestRetryOnce has servers that close in all the ways in which they do.
func TestRetryOnce(t *testing.T) {
	for _, test := range []struct {
		what     string
		serve    func(n, request int) string // "" closes without an answer
		kind     string
		attempts int16
		wire     int32 // requests that the server sees, of two calls
	}{
		{"a fresh connection that closes is not tried again", func(int, int) string { return "" }, KindClosed, 1, 2},
		{"a reused one that closes before an answer is tried once more", func(n, r int) string {
			if n == 1 && r == 2 {
				return ""
			}
			return okAnswer
		}, "", 2, 3},
		{"the second try counts for good", func(n, r int) string {
			if n == 1 && r == 1 {
				return okAnswer
			}
			return ""
		}, KindClosed, 2, 3},
		{"an answer that has begun is not asked for again", func(n, r int) string {
			if r == 2 {
				return "HTTP/1.1 200 OK\r\n!"
			}
			return okAnswer
		}, KindTruncated, 1, 2},
		{"a malformed answer is not asked for again", func(n, r int) string {
			if r == 2 {
				return "nonsense\r\n\r\n"
			}
			return okAnswer
		}, KindMalformed, 1, 2},
	} {
		t.Run(test.what, func(t *testing.T) {
			var seen atomic.Int32
			p := newPlay(t, func(n int, c net.Conn) {
				r := bufio.NewReader(c)
				for i := 1; ; i++ {
					if _, err := request(r); err != nil {
						return
					}
					seen.Add(1)
					text := test.serve(n, i)
					io.WriteString(c, text)
					if text != okAnswer {
						return
					}
				}
			})
			c := newClient(t, nil)
			first := get(t, c, p.url("/"))
			resp := get(t, c, p.url("/"))
			kind := ""
			if resp.Err != nil {
				kind = resp.Err.Kind
			}
			if kind != test.kind || resp.Attempts != test.attempts {
				t.Errorf("%q after %d attempts, want %q after %d (%v)", kind, resp.Attempts, test.kind, test.attempts, resp.Err)
			}
			if n := seen.Load(); n != test.wire || int16(n) != first.Attempts+resp.Attempts {
				t.Errorf("the server saw %d requests, want %d; we counted %d", n, test.wire, first.Attempts+resp.Attempts)
			}
		})
	}
	t.Run("never if the options say so", func(t *testing.T) {
		p := newPlay(t, func(n int, c net.Conn) {
			r := bufio.NewReader(c)
			request(r)
			io.WriteString(c, okAnswer)
			request(r)
		})
		c := newClient(t, func(c *Config) { c.NoRetry = true })
		get(t, c, p.url("/"))
		if resp := get(t, c, p.url("/")); resp.Err == nil || resp.Err.Kind != KindClosed || resp.Attempts != 1 {
			t.Errorf("%v, %d attempts", resp.Err, resp.Attempts)
		}
	})
}

// TestPeerCloses: a connection that the peer closed while it was idle costs no attempt.
func TestPeerCloses(t *testing.T) {
	p := answers(t, okAnswer, true)
	c := newClient(t, nil)
	for range 3 {
		resp := get(t, c, p.url("/"))
		if resp.Err != nil || resp.Attempts != 1 {
			t.Fatalf("%v, %d attempts", resp.Err, resp.Attempts)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestConnectionHeader(t *testing.T) {
	for _, test := range []struct {
		what, answer string
		reused       bool
	}{
		{"HTTP/1.1 keeps", okAnswer, true},
		{"HTTP/1.1 close", "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 2\r\n\r\nhi", false},
		{"HTTP/1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false},
		{"HTTP/1.0 keep-alive", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi", true},
	} {
		p := answers(t, test.answer, false)
		c := newClient(t, nil)
		get(t, c, p.url("/"))
		if resp := get(t, c, p.url("/")); resp.Err != nil || resp.Reused() != test.reused {
			t.Errorf("%s: %v, reused %v", test.what, resp.Err, resp.Reused())
		}
	}
}

func TestManyUsersHaveManyConnections(t *testing.T) {
	p := answers(t, okAnswer, false)
	const users = 1000
	errs := make(chan *Error, users)
	cfg := Defaults()
	for range users {
		go func() {
			c := New(cfg)
			defer c.Close()
			var failed *Error
			for range 3 {
				if resp := get(t, c, p.url("/")); resp.Err != nil {
					failed = resp.Err
				}
			}
			errs <- failed
		}()
	}
	for range users {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := p.conns.Load(); n != users {
		t.Errorf("%d connections, want one a user: %d", n, users)
	}
}

func TestEarlyAnswerToAnUpload(t *testing.T) {
	p := newPlay(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		request(r)
		io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
		time.Sleep(200 * time.Millisecond) // and never reads the body
	})
	c := newClient(t, nil)
	resp := do(c, newRequest(t, "POST", p.url("/"), func(r *Request) { r.Body, r.HasBody = make([]byte, 64<<20), true }))
	if resp.Err != nil || resp.Status != 413 || string(resp.Body()) != "no" {
		t.Errorf("%v %d %q", resp.Err, resp.Status, resp.Body())
	}
	if idle, active := c.OpenConnections(); idle+active != 0 {
		t.Error("a connection with half a request on it is kept")
	}
}

// TestContinueWhileUploading: an interim answer does not end the upload.
func TestContinueWhileUploading(t *testing.T) {
	const size = 8 << 20
	p := newPlay(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		request(r)
		io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
		time.Sleep(20 * time.Millisecond)
		if n, _ := io.CopyN(io.Discard, r, size); n == size {
			io.WriteString(c, okAnswer)
		}
		r.ReadByte()
	})
	c := newClient(t, nil)
	resp := do(c, newRequest(t, "POST", p.url("/"), func(r *Request) { r.Body, r.HasBody = make([]byte, size), true }))
	if resp.Err != nil || resp.Status != 200 || resp.BytesOut < size {
		t.Errorf("%v %d, %d bytes sent", resp.Err, resp.Status, resp.BytesOut)
	}
}
