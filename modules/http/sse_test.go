package http

import (
	"fmt"
	nethttp "net/http"
	"sync/atomic"
	"testing"
	"time"

	"runner/metrics"
)

// events serves four events ten milliseconds apart, or as many as are asked for.
func events(ended *atomic.Int32) nethttp.HandlerFunc {
	return func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(429)
			fmt.Fprint(w, "slow down")
			return
		}
		if r.Header.Get("Accept") != "text/event-stream" {
			w.WriteHeader(406)
			return
		}
		defer ended.Add(1)
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for i := 0; i < 4 || r.URL.Path == "/forever"; i++ {
			if i > 0 {
				time.Sleep(10 * time.Millisecond)
			}
			if _, err := fmt.Fprintf(w, "event: tick\nid: %d\ndata: {\"i\":%d}\n\n", i, i); err != nil || r.Context().Err() != nil {
				return
			}
			w.(nethttp.Flusher).Flush()
			if r.URL.Path == "/cut" && i == 1 {
				panic(nethttp.ErrAbortHandler)
			}
		}
	}
}

func TestServerSentEvents(t *testing.T) {
	for _, test := range []struct{ what, script, want string }{
		{"onEvent", `export function start() { const seen = []; const r = http.sse(base, { onEvent: (e) => { seen.push(e.event + e.id + JSON.parse(e.data).i) } });
			return [r.status, r.events, r.error, ...seen].join(" ") }`, "200 4  tick00 tick11 tick22 tick33"},
		{"onEvent ends it", `export function start() { const r = http.sse(base + "/forever", { onEvent: (e) => e.id !== "2" }); return [r.status, r.events, r.error].join(" ") }`, "200 3 "},
		{"a loop", `export function start() { let n = 0; const s = http.sse(base); for (const e of s) n += JSON.parse(e.data).i; return n + " " + s.response.status + " " + s.response.events }`, "6 200 4"},
		{"a loop that is left", `export function start() { const s = http.sse(base + "/forever"); for (const e of s) if (e.id === "1") break; return s.response.events + " " + s.response.error }`, "2 null"},
		{"a promise", `export async function start() { let n = 0; const r = await http.async.sse(base, { onEvent: () => { n++ } }); return n + " " + r.events }`, "4 4"},
		{"a promise that is ended", `export async function start() { const r = await http.async.sse(base + "/forever", { onEvent: (e) => e.id !== "1" }); return r.events + " " + r.error }`, "2 null"},
		{"a post", `export function start() { return http.sse(base, { method: "POST", json: { stream: true }, onEvent() {} }).events }`, "4"},
		{"an answer that is no stream", `export function start() { const r = http.sse(base + "/no", { onEvent() {} }); return [r.status, r.text(), r.events].join(" ") }`, "429 slow down 0"},
		{"a stream that is cut", `export function start() { const r = http.sse(base + "/cut", { onEvent() {} }); return [r.status, r.events, r.error.kind].join(" ") }`, "0 2 truncated"},
		{"a timeout", `export function start() { const r = http.sse(base + "/forever", { timeout: "55ms", onEvent() {} }); return [r.status, r.events > 2, r.error.kind].join(" ") }`, "0 true timeout"},
		{"onEvent throws", `export function start() { try { http.sse(base + "/forever", { onEvent() { throw new Error("no") } }) } catch (e) { return e.message } }`, "no"},
		{"onEvent throws later", `export async function start() { try { await http.async.sse(base + "/forever", { onEvent() { throw new Error("no") } }) } catch (e) { return e.message } }`, "no"},
		{"a bad option", `export function start() { try { http.sse(base, { onEvents() {} }) } catch (e) { return e.name } }`, "TypeError"},
		{"requests within", `export function start() { let s = ""; http.sse(base, { onEvent: (e) => { s += http.get(base + "/no").status } }); return s }`, "429429429429"},
	} {
		t.Run(test.what, func(t *testing.T) {
			var ended atomic.Int32
			s := newServer(t, events(&ended))
			u := newUser(t, s.URL, "", test.script)
			u.want(test.want)
			u.tallied(s)
			u.vm.Close()
			for range 100 { // the server notices that nobody listens
				if ended.Load() > 0 || s.count() == 0 || test.what == "an answer that is no stream" {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Error("the stream goes on")
		})
	}
}

func TestServerSentEventMetrics(t *testing.T) {
	var ended atomic.Int32
	s := newServer(t, events(&ended))
	u := newUser(t, s.URL, "", `export function start() { return http.sse(base, { tags: { name: "llm" }, tokens: (e) => 5, onEvent() {} }).events }`)
	u.want("4")
	tags := map[string]string{"name": "llm", "status": "200"}
	if n := u.sum(SSEEvents, tags).Sum; n != 4 {
		t.Errorf("%v events", n)
	}
	if n := u.sum(SSEFirstEvent, tags).Count; n != 1 {
		t.Errorf("%v first events", n)
	}
	if g := u.sum(SSEGap, tags); g.Count != 3 || g.Mean() < 5 {
		t.Errorf("%v gaps of %v", g.Count, g.Mean())
	}
	if n := u.sum(SSETokens, tags).Sum; n != 20 {
		t.Errorf("%v tokens", n)
	}
	if r := u.sum(SSETokensPerSecond, tags); r.Count != 1 || r.Max > 20/0.025 {
		t.Errorf("%v tokens per second", r.Max)
	}
	if n := u.sum(metrics.HTTPRequests, tags).Sum; n != 1 {
		t.Errorf("%v requests", n)
	}
}
