package client

import (
	"fmt"
	"io"
	nethttp "net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func TestGetOverOneConnection(t *testing.T) {
	var served atomic.Int32
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		served.Add(1)
		fmt.Fprintf(w, "hello %s", r.URL.RequestURI())
	})
	c := newClient(t, nil)
	r := newRequest(t, "GET", s.URL+"/a//b/../c%2Fd?x=%41", nil)
	for i := range 5 {
		resp := do(c, r)
		if resp.Err != nil || resp.Status != 200 || string(resp.Body()) != "hello /a//b/../c%2Fd?x=%41" {
			t.Fatalf("answer %d: %v %d %q", i, resp.Err, resp.Status, resp.Body())
		}
		if resp.Reused() != (i > 0) || resp.Attempts != 1 {
			t.Errorf("answer %d: reused %v, attempts %d", i, resp.Reused(), resp.Attempts)
		}
	}
	if n := served.Load(); n != 5 {
		t.Errorf("the server counted %d requests, want 5", n)
	}
	if idle, active := c.OpenConnections(); idle != 1 || active != 0 {
		t.Errorf("%d idle and %d active connections, want one and none", idle, active)
	}
}

func TestBodies(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", fmt.Sprint(len(big)))
			io.WriteString(w, big)
		case "/chunked":
			w.(nethttp.Flusher).Flush()
			io.WriteString(w, big)
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
			w.Write(b)
		}
	})
	c := newClient(t, nil)
	for _, path := range []string{"/length", "/chunked"} {
		if resp := get(t, c, s.URL+path); resp.Err != nil || string(resp.Body()) != big {
			t.Errorf("%s: %v, %d bytes", path, resp.Err, len(resp.Body()))
		}
	}
	for _, body := range []string{"", "x", big} {
		r := newRequest(t, "POST", s.URL+"/echo", func(r *Request) { r.Body, r.HasBody = []byte(body), true })
		for range 2 {
			resp := do(c, r)
			if resp.Err != nil || string(resp.Body()) != body || resp.Header("x-length")[0] != fmt.Sprint(len(body)) {
				t.Errorf("echo of %d bytes: %v, %d bytes", len(body), resp.Err, len(resp.Body()))
			}
		}
	}
	if idle, _ := c.OpenConnections(); idle != 1 {
		t.Errorf("%d idle connections, want one for all", idle)
	}
}
