package client

import (
	"net"
	"os"
	"testing"

	"github.com/valyala/fasthttp"
)

// BenchmarkGet is one request and its answer on one connection, beside fasthttp's client doing the
// same. Both share a process and a machine with the server.
func BenchmarkGet(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.WriteString("Hello, World!") }}
	go srv.Serve(l)
	defer srv.Shutdown()
	url := "http://" + l.Addr().String() + "/"
	if s := os.Getenv("RUNNER_BENCH_URL"); s != "" {
		url = s
	}
	b.Run("runner", func(b *testing.B) {
		c := newClient(b, nil)
		r := newRequest(b, "GET", url, nil)
		b.ReportAllocs()
		for b.Loop() {
			if resp := do(c, r); resp.Status != 200 {
				b.Fatal(resp.Err)
			}
		}
	})
	b.Run("fasthttp", func(b *testing.B) {
		c := &fasthttp.HostClient{Addr: l.Addr().String(), DisablePathNormalizing: true}
		b.ReportAllocs()
		for b.Loop() {
			rq, rs := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			rq.SetRequestURI(url)
			if err := c.Do(rq, rs); err != nil || rs.StatusCode() != 200 {
				b.Fatal(err)
			}
			fasthttp.ReleaseRequest(rq)
			fasthttp.ReleaseResponse(rs)
		}
		c.CloseIdleConnections()
	})
}
