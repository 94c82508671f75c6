package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// overHTTP2 runs a test over HTTP/2 with TLS and in the clear.
func overHTTP2(t *testing.T, h nethttp.HandlerFunc, test func(t *testing.T, c *Client, url string, request func(method, path string, change func(*Request)) *Request, conns *atomic.Int32)) {
	for _, kind := range []string{"by ALPN", "in the clear"} {
		t.Run(kind, func(t *testing.T) {
			var conns atomic.Int32
			s := httptest.NewUnstartedServer(h)
			s.Config.ErrorLog = quiet
			s.Config.ConnState = func(_ net.Conn, state nethttp.ConnState) {
				if state == nethttp.StateNew {
					conns.Add(1)
				}
			}
			version := VersionAuto
			if kind == "by ALPN" {
				s.EnableHTTP2 = true
				s.StartTLS()
			} else {
				s.Config.Protocols = new(nethttp.Protocols)
				s.Config.Protocols.SetUnencryptedHTTP2(true)
				version = Version2
				s.Start()
			}
			t.Cleanup(s.Close)
			c := newClient(t, func(c *Config) { c.TLS = &tls.Config{InsecureSkipVerify: true} })
			test(t, c, s.URL, func(method, path string, change func(*Request)) *Request {
				return newRequest(t, method, s.URL+path, func(r *Request) {
					r.Version = version
					if change != nil {
						change(r)
					}
				})
			}, &conns)
		})
	}
}

func TestHTTP2(t *testing.T) {
	release := make(chan struct{})
	var served atomic.Int32
	handler := func(w nethttp.ResponseWriter, r *nethttp.Request) {
		served.Add(1)
		switch r.URL.Path {
		case "/hang":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/drip":
			for r.Context().Err() == nil {
				io.WriteString(w, "x")
				w.(nethttp.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		case "/reset":
			panic(nethttp.ErrAbortHandler)
		case "/half":
			io.WriteString(w, "half")
			w.(nethttp.Flusher).Flush()
			panic(nethttp.ErrAbortHandler)
		case "/redirect":
			w.Header().Set("Set-Cookie", "a=b")
			nethttp.Redirect(w, r, "/echo", 302)
		case "/trailer":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "1")
		case "/big":
			io.WriteString(w, strings.Repeat("x", 1<<20))
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %s %q %q %q %d %s", r.Proto, r.Method, r.RequestURI, r.Host, r.Header["User-Agent"], r.Header["X-A"], r.Header["Cookie"], len(body), r.Header.Get("Content-Type"))
		}
	}
	defer close(release)
	overHTTP2(t, handler, func(t *testing.T, c *Client, url string, request func(string, string, func(*Request)) *Request, conns *atomic.Int32) {
		host := url[strings.Index(url, "//")+2:]
		for _, test := range []struct {
			what, method, path string
			change             func(*Request)
			want               string
		}{
			{"a get", "GET", "/a//b/../c%2Fd/%41?q=%7e", nil, `HTTP/2.0 GET /a//b/../c%2Fd/%41?q=%7e HOST ["runner"] [] [] 0 `},
			{"two slashes", "GET", "//b", nil, `HTTP/2.0 GET //b HOST ["runner"] [] [] 0 `},
			{"a bad escape", "GET", "/%zz", nil, ``},
			{"headers", "GET", "/", func(r *Request) {
				r.Header = []Field{{"x-a", "1"}, {"X-A", "2"}, {"Host", "other"}}
				r.Drop = []string{"user-agent"}
			},
				`HTTP/2.0 GET / other [] ["1" "2"] [] 0 `},
			{"a post", "POST", "/", func(r *Request) { r.Body, r.HasBody, r.ContentType = make([]byte, 200_000), true, "a/b" }, `HTTP/2.0 POST / HOST ["runner"] [] [] 200000 a/b`},
			{"a redirect with a cookie", "GET", "/redirect", nil, `HTTP/2.0 GET /echo HOST ["runner"] [] ["a=b"] 0 `},
		} {
			t.Run(test.what, func(t *testing.T) {
				c.SetJar(NewJar())
				served.Store(0)
				resp := do(c, request(test.method, test.path, test.change))
				if test.want == "" { // the server refuses it: what counts is that it went out
					if resp.Err == nil && resp.Status != 400 {
						t.Errorf("%d", resp.Status)
					}
					return
				}
				if want := strings.Replace(test.want, "HOST", host, 1); resp.Err != nil || string(resp.Body()) != want {
					t.Errorf("%v\n got %s\nwant %s", resp.Err, resp.Body(), want)
				}
				if resp.Proto() != "HTTP/2.0" || resp.StatusText() != "OK" || int16(served.Load()) != resp.Attempts {
					t.Errorf("%s %s, %d attempts, %d served", resp.Proto(), resp.StatusText(), resp.Attempts, served.Load())
				}
				if resp.Header("content-type") == nil || resp.BytesIn == 0 || resp.BytesOut == 0 || resp.Wait < 0 || resp.Duration <= 0 {
					t.Errorf("%v, %d bytes in, %d out, waited %v", resp.Header("content-type"), resp.BytesIn, resp.BytesOut, resp.Wait)
				}
			})
		}
		t.Run("requests share one connection", func(t *testing.T) {
			before := conns.Load()
			c := newClient(t, func(c *Config) { c.TLS = &tls.Config{InsecureSkipVerify: true} })
			r := request("GET", "/echo", nil)
			var wg sync.WaitGroup
			var opened, reused atomic.Int32
			for range 50 {
				wg.Go(func() {
					resp := do(c, r)
					if resp.Err != nil {
						t.Error(resp.Err)
					}
					opened.Add(int32(resp.Setup().Opened))
					if resp.Reused() {
						reused.Add(1)
					}
				})
			}
			wg.Wait()
			if n := conns.Load() - before; n != 1 || opened.Load() != 1 || reused.Load() != 49 {
				t.Errorf("%d connections; we counted %d opened, %d reused", n, opened.Load(), reused.Load())
			}
		})
		t.Run("a connection of its own", func(t *testing.T) {
			before := conns.Load()
			for range 2 {
				if resp := do(c, request("GET", "/echo", func(r *Request) { r.Fresh = true })); resp.Err != nil || resp.Reused() {
					t.Errorf("%v, reused %v", resp.Err, resp.Reused())
				}
			}
			if n := conns.Load() - before; n != 2 {
				t.Errorf("%d connections", n)
			}
		})
		t.Run("a trailer", func(t *testing.T) {
			if m := do(c, request("GET", "/trailer", nil)).More(); len(m.Trailer) != 1 || m.Trailer[0] != (Field{"X-Sum", "1"}) {
				t.Errorf("%v", m.Trailer)
			}
		})
		for _, test := range []struct{ what, path, kind string }{
			{"a stream that is reset", "/reset", KindReset},
			{"a body that is cut", "/half", KindReset},
			{"an answer that does not come", "/hang", KindTimeout},
			{"an answer that drips", "/drip", KindTimeout},
			{"a body that is too large", "/big", KindTooLarge},
		} {
			t.Run(test.what, func(t *testing.T) {
				clock := startClock(t)
				resp := do(c, request("GET", test.path, func(r *Request) { r.Timeout, r.MaxBody = 150*time.Millisecond, 1000 }))
				if resp.Err == nil || resp.Err.Kind != test.kind || resp.Attempts != 1 {
					t.Errorf("%v, %d attempts", resp.Err, resp.Attempts)
				}
				if test.kind == KindTimeout {
					clock.within(test.what, resp.Duration, 150*time.Millisecond)
				} else {
					clock.within(test.what, resp.Duration, 0)
				}
				if resp := do(c, request("GET", "/echo", nil)); resp.Err != nil {
					t.Errorf("the next request: %v", resp.Err)
				}
			})
		}
		t.Run("cancellation", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(30*time.Millisecond, cancel)
			var resp Response
			clock := startClock(t)
			c.Do(ctx, request("GET", "/hang", nil), &resp)
			clock.within("the canceled call", resp.Duration, 30*time.Millisecond)
			if resp.Err == nil || resp.Err.Kind != KindCanceled {
				t.Errorf("%v", resp.Err)
			}
		})
		t.Run("close ends what runs", func(t *testing.T) {
			c := New(c.cfg)
			time.AfterFunc(30*time.Millisecond, c.Close)
			if resp := do(c, request("GET", "/hang", nil)); resp.Err == nil {
				t.Error("an answer came")
			}
		})
	})
}

func TestVersions(t *testing.T) {
	echo := nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, r.Proto) })
	two, one := httptest.NewUnstartedServer(echo), httptest.NewUnstartedServer(echo)
	two.Config.ErrorLog, one.Config.ErrorLog = quiet, quiet
	two.EnableHTTP2 = true
	two.StartTLS()
	one.StartTLS()
	defer two.Close()
	defer one.Close()
	for _, test := range []struct{ what, url, version, want string }{
		{"both can both", two.URL, VersionAuto, "HTTP/2.0"},
		{"only HTTP/1.1 is wanted", two.URL, Version1, "HTTP/1.1"},
		{"only HTTP/2 is wanted", two.URL, Version2, "HTTP/2.0"},
		{"the server has only HTTP/1.1", one.URL, VersionAuto, "HTTP/1.1"},
		{"the server has not what is wanted", one.URL, Version2, KindTLS},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := newClient(t, func(c *Config) { c.TLS = &tls.Config{InsecureSkipVerify: true} })
			for i := range 2 {
				resp := do(c, newRequest(t, "GET", test.url, func(r *Request) { r.Version = test.version }))
				if resp.Err != nil {
					if resp.Err.Kind != test.want {
						t.Error(resp.Err)
					}
					continue
				}
				if string(resp.Body()) != test.want || resp.Proto() != test.want || resp.Reused() != (i == 1) {
					t.Errorf("%q %s, reused %v", resp.Body(), resp.Proto(), resp.Reused())
				}
			}
			var wg sync.WaitGroup // several at once on a server that has only HTTP/1.1 do not wait for each other
			for range 4 {
				wg.Go(func() { do(c, newRequest(t, "GET", test.url, nil)) })
			}
			wg.Wait()
		})
	}
}
