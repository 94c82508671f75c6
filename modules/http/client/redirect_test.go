package client

import (
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func TestRedirects(t *testing.T) {
	var served atomic.Int32
	var s, other = serve(t, nil), serve(t, nil)
	handler := func(w nethttp.ResponseWriter, r *nethttp.Request) {
		served.Add(1)
		var status int
		if n, _ := fmt.Sscanf(r.URL.Path, "/to/%d", &status); n == 1 {
			w.Header().Set("Location", r.URL.Query().Get("l"))
			w.WriteHeader(status)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s type=%q length=%d auth=%q cookie=%q x=%q host=%s body=%q", r.Method, r.RequestURI, r.Header.Get("Content-Type"),
			r.ContentLength, r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("X"), map[bool]string{true: "first", false: "other"}["http://"+r.Host == s.URL], body)
	}
	s.Config.Handler, other.Config.Handler = nethttp.HandlerFunc(handler), nethttp.HandlerFunc(handler)
	for _, test := range []struct {
		method   string
		status   int
		location string
		want     string
	}{
		{"GET", 301, "/x", `GET /x type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
		{"POST", 301, "/x", `GET /x type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
		{"POST", 302, "/x", `GET /x type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
		{"PUT", 302, "/x", `PUT /x type="t/t" length=4 auth="Basic dTpw" cookie="a=b" x="y" host=first body="data"`},
		{"PUT", 303, "/x", `GET /x type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
		{"POST", 307, "/x", `POST /x type="t/t" length=4 auth="Basic dTpw" cookie="a=b" x="y" host=first body="data"`},
		{"POST", 308, "/x", `POST /x type="t/t" length=4 auth="Basic dTpw" cookie="a=b" x="y" host=first body="data"`},
		{"POST", 307, "OTHER/x", `POST /x type="t/t" length=4 auth="" cookie="" x="y" host=other body="data"`},
		{"GET", 302, "OTHER/x", `GET /x type="" length=0 auth="" cookie="" x="y" host=other body=""`},
		{"GET", 302, "x?y=%41#z", `GET /to/x?y=%41 type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
		{"GET", 302, "../a//b", `GET /a//b type="" length=0 auth="Basic dTpw" cookie="a=b" x="y" host=first body=""`},
	} {
		name := fmt.Sprintf("%s %d to %s", test.method, test.status, test.location)
		t.Run(name, func(t *testing.T) {
			served.Store(0)
			location := strings.Replace(test.location, "OTHER", other.URL, 1)
			query := strings.NewReplacer("%", "%25", "#", "%23", "&", "%26").Replace(location)
			r := newRequest(t, test.method, fmt.Sprintf("%s/to/%d?l=%s", s.URL, test.status, query), func(r *Request) {
				r.Auth = &Auth{Scheme: "basic", User: "u", Password: "p"}
				r.Header = []Field{{"X", "y"}, {"Cookie", "a=b"}}
				if test.method != "GET" {
					r.Body, r.HasBody, r.ContentType = []byte("data"), true, "t/t"
				}
			})
			resp := do(newClient(t, nil), r)
			if resp.Err != nil || string(resp.Body()) != test.want {
				t.Errorf("%v\n got %s\nwant %s", resp.Err, resp.Body(), test.want)
			}
			if len(resp.More().Hops) != 1 || resp.More().Hops[0].Status != test.status || resp.Attempts != 2 || served.Load() != 2 {
				t.Errorf("hops %v, %d attempts, %d served", resp.More().Hops, resp.Attempts, served.Load())
			}
		})
	}
}

func TestRedirectLimits(t *testing.T) {
	var served atomic.Int32
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		served.Add(1)
		w.Header().Set("Location", r.URL.Query().Get("l"))
		if r.URL.Path == "/loop" {
			w.Header().Set("Location", "/loop")
		}
		w.WriteHeader(302)
	})
	for _, test := range []struct {
		what, path string
		limit      int
		status     int
		kind       string
		attempts   int16
		exhausted  bool
	}{
		{"the limit gives the last answer, marked", "/loop", 10, 302, "", 11, true},
		{"a limit of its own", "/loop", 3, 302, "", 4, true},
		{"none are followed", "/loop", 0, 302, "", 1, false},
		{"an empty Location is none", "/", 10, 302, "", 1, false},
		{"another scheme", "/?l=ftp://x/", 10, 302, KindRedirect, 1, false},
		{"a broken address", "/?l=http://[::1", 10, 302, KindRedirect, 1, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			served.Store(0)
			resp := do(newClient(t, nil), newRequest(t, "GET", s.URL+test.path, func(r *Request) { r.MaxRedirects = test.limit }))
			kind := ""
			if resp.Err != nil {
				kind = resp.Err.Kind
			}
			if kind != test.kind || int(resp.Status) != test.status || resp.Attempts != test.attempts || resp.More().Exhausted != test.exhausted {
				t.Errorf("%v, status %d, %d attempts, exhausted %v", resp.Err, resp.Status, resp.Attempts, resp.More().Exhausted)
			}
			if int16(served.Load()) != resp.Attempts {
				t.Errorf("the server saw %d", served.Load())
			}
		})
	}
}

// TestRequestBytes shows what is on the wire, to the byte.
func TestRequestBytes(t *testing.T) {
	for _, test := range []struct {
		what, method, path string
		change             func(*Request)
		want               string
	}{
		{"a get", "GET", "/a//b/../c%2Fd?q=%41", nil, "GET /a//b/../c%2Fd?q=%41 HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\n\r\n"},
		{"headers keep order and case", "GET", "/", func(r *Request) { r.Header = []Field{{"x-B", "1"}, {"X-a", "2"}, {"user-AGENT", "me"}} },
			"GET / HTTP/1.1\r\nHost: HOST\r\nx-B: 1\r\nX-a: 2\r\nuser-AGENT: me\r\n\r\n"},
		{"defaults that are not wanted", "GET", "/", func(r *Request) { r.Drop = []string{"host", "user-agent"} }, "GET / HTTP/1.1\r\n\r\n"},
		{"a post without a body", "POST", "/", nil, "POST / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nContent-Length: 0\r\n\r\n"},
		{"a get with a body", "GET", "/", func(r *Request) { r.Body, r.HasBody, r.ContentType = []byte("hi"), true, "a/b" },
			"GET / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi"},
		{"a framing of one's own", "POST", "/", func(r *Request) {
			r.Body, r.HasBody, r.Header = []byte("2\r\nhi\r\n0\r\n\r\n"), true, []Field{{"Transfer-Encoding", "chunked"}}
		}, "POST / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
		{"a connection of its own", "GET", "/", func(r *Request) { r.Fresh = true }, "GET / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nConnection: close\r\n\r\n"},
		{"a user in the URL", "GET", "USER/", nil, "GET / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nAuthorization: Basic dTpw\r\n\r\n"},
		{"a bearer", "GET", "/", func(r *Request) { r.Auth = &Auth{Scheme: "bearer", Token: "t"} }, "GET / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: runner\r\nAuthorization: Bearer t\r\n\r\n"},
	} {
		t.Run(test.what, func(t *testing.T) {
			got := make(chan string, 1)
			p := newPlay(t, func(_ int, c net.Conn) {
				buf := make([]byte, 4096)
				n, _ := c.Read(buf)
				got <- string(buf[:n])
				io.WriteString(c, okAnswer)
			})
			url := p.url(test.path)
			if rest, ok := strings.CutPrefix(test.path, "USER"); ok {
				url = "http://u:p@" + p.l.Addr().String() + rest
			}
			resp := do(newClient(t, nil), newRequest(t, test.method, url, test.change))
			if resp.Err != nil {
				t.Fatal(resp.Err)
			}
			text := <-got
			if want := strings.Replace(test.want, "HOST", p.l.Addr().String(), 1); text != want {
				t.Errorf("got %q\nwant %q", text, want)
			}
			if resp.BytesOut != int64(len(text)) || resp.BytesIn != int64(len(okAnswer)) {
				t.Errorf("counted %d bytes out and %d in, want %d and %d", resp.BytesOut, resp.BytesIn, len(text), len(okAnswer))
			}
		})
	}
}
