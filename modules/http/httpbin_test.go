package http

import (
	"crypto/tls"
	nethttp "net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// TestHTTPBin asks every endpoint of a server that nobody here wrote, over each version of HTTP.
func TestHTTPBin(t *testing.T) {
	rows := []struct{ what, expression, want string }{
		{"get", `http.get(base + "/get?a=1&a=2").json("args.a.1")`, "2"},
		{"head", `http.head(base + "/head").status + String(http.head(base + "/head").body === "")`, "200true"},
		{"post json", `http.post(base + "/post", { json: { a: [1] } }).json("json.a.0")`, "1"},
		{"post form", `http.post(base + "/post", { form: { a: "x y" } }).json("form.a.0")`, "x y"},
		{"put", `http.put(base + "/put", { body: "hi" }).json("data")`, "hi"},
		{"patch", `http.patch(base + "/patch", { body: new Uint8Array([0xff]) }).json("data")`, "data:application/octet-stream;base64,_w=="},
		{"delete", `http.del(base + "/delete").json("method")`, "DELETE"},
		{"multipart", `http.post(base + "/post", { multipart: { f: { data: "body", filename: "f.txt" }, a: "1" } }).json("files.f.0") + http.post(base + "/post", { multipart: { a: "1" } }).json("form.a.0")`, "body1"},
		{"upload", `http.post(base + "/upload", { body: "x".repeat(500000) }).json("bytes_received")`, "500000"},
		{"anything", `http.request("REPORT", base + "/anything/a//b%2Fc").json("method")`, "REPORT"},
		{"options", `http.options(base + "/get").headers.get("allow") !== null || http.options(base + "/get").ok`, "true"},
		{"headers", `http.get(base + "/headers", { headers: { "X-A": ["1", "2"] } }).json("headers.X-A").join()`, "1,2"},
		{"user agent", `http.get(base + "/user-agent").json("user-agent")`, "runner"},
		{"redirects", `(() => { const r = http.get(base + "/redirect/5"); return r.status + " " + r.redirects.length + " " + r.attempts + r.url.endsWith("/get") })()`, "200 5 6true"},
		{"relative redirects", `http.get(base + "/relative-redirect/3").redirects.length`, "3"},
		{"absolute redirects", `http.get(base + "/absolute-redirect/3").redirects.length`, "3"},
		{"too many redirects", `(() => { const r = http.get(base + "/redirect/15"); return r.status + " " + r.redirectsExhausted + r.attempts })()`, "302 true11"},
		{"redirect with a status", `http.post(base + "/redirect-to", { query: { url: "/anything", status_code: 307 }, body: "keep" }).json("data") + http.post(base + "/redirect-to", { query: { url: "/anything", status_code: 303 }, body: "drop" }).json("method")`, "keepGET"},
		{"cookies", `(http.get(base + "/cookies/set?k=v&l=w"), http.get(base + "/cookies/delete?l"), JSON.stringify(http.get(base + "/cookies").json().cookies ?? http.get(base + "/cookies").json()))`, `{"k":"v"}`},
		{"basic", `http.get(base + "/basic-auth/u/p", { auth: { username: "u", password: "p" } }).status + " " + http.get(base + "/basic-auth/u/p").status`, "200 401"},
		{"hidden basic", `http.get(base + "/hidden-basic-auth/u/p", { auth: { username: "u", password: "p" } }).status`, "200"},
		{"bearer", `http.get(base + "/bearer", { auth: { token: "t" } }).json("token")`, "t"},
		{"digest", `["auth/u/p", "auth/u/p/MD5", "auth/u/p/SHA-256"].map((x) => { const r = http.get(base + "/digest-auth/" + x, { auth: { type: "digest", username: "u", password: "p" } }); return r.status }).join()`, "200,200,200"},
		{"a wrong digest", `http.get(base + "/digest-auth/auth/u/p", { auth: { type: "digest", username: "u", password: "x" } }).status`, "401"},
		{"gzip", `http.get(base + "/gzip", { compression: true }).json("gzipped")`, "true"},
		{"deflate", `http.get(base + "/deflate", { compression: true }).json("deflated")`, "true"},
		{"bytes", `http.get(base + "/bytes/1024?seed=1").bytes().length`, "1024"},
		{"binary", `http.get(base + "/bytes/1024?seed=1", { responseType: "binary" }).body.byteLength`, "1024"},
		{"nothing", `(() => { const r = http.get(base + "/bytes/10000", { responseType: "none" }); return r.body + " " + (r.bytesReceived > 10000) })()`, "null true"},
		{"chunks", `http.get(base + "/stream-bytes/5000?chunk_size=100").bytes().length`, "5000"},
		{"lines", `http.get(base + "/stream/7").text().trim().split("\n").length`, "7"},
		{"json lines", `http.get(base + "/jsonl").text().trim().split("\n").length > 1`, "true"},
		{"a range", `(() => { const r = http.get(base + "/range/100", { headers: { Range: "bytes=10-19" } }); return r.status + " " + r.text().length })()`, "206 10"},
		{"drip", `(() => { const r = http.get(base + "/drip?duration=200ms&delay=50ms&numbytes=5"); return r.text().length + " " + (r.timings.wait >= 45) + (r.timings.receive >= 100) })()`, "5 truetrue"},
		{"delay", `(() => { const r = http.get(base + "/delay/0.1"); return r.status + " " + (r.timings.wait >= 95) })()`, "200 true"},
		{"a delay too long", `http.get(base + "/delay/1", { timeout: "100ms" }).error.kind`, "timeout"},
		{"statuses", `[200, 204, 304, 400, 404, 418, 500, 503].map((s) => http.get(base + "/status/" + s).status).join()`, "200,204,304,400,404,418,500,503"},
		{"etag", `http.get(base + "/etag/abc", { headers: { "If-None-Match": '"abc"' } }).status`, "304"},
		{"cache", `http.get(base + "/cache").status + " " + http.get(base + "/cache", { headers: { "If-Modified-Since": "x" } }).status`, "200 304"},
		{"cache control", `http.get(base + "/cache/60").headers.get("cache-control")`, "public, max-age=60"},
		{"response headers", `http.get(base + "/response-headers?X-Q=1&X-Q=2").headers.getAll("x-q").join("|")`, "1|2"},
		{"utf-8", `http.get(base + "/encoding/utf8").text().includes("∮ E⋅da = Q")`, "true"},
		{"html", `http.get(base + "/html").text().includes("Herman Melville")`, "true"},
		{"xml", `http.get(base + "/xml").headers.get("content-type").includes("xml")`, "true"},
		{"json", `http.get(base + "/json").json("slideshow.slides.0.title")`, "Wake up to WonderWidgets!"},
		{"images", `["png", "jpeg", "webp", "svg"].map((k) => http.get(base + "/image/" + k).bytes().length > 100).join()`, "true,true,true,true"},
		{"an image by Accept", `http.get(base + "/image", { headers: { Accept: "image/webp" } }).headers.get("content-type")`, "image/webp"},
		{"base64", `http.get(base + "/base64/aGVsbG8=").text() + http.get(base + "/base64/encode/hello").text().trim()`, "helloaGVsbG8="},
		{"links", `http.get(base + "/links/3/0").text().match(/<a href/g).length`, "2"},
		{"trailers", `http.get(base + "/trailers?test=1").trailers.test`, "1"},
		{"events", `http.sse(base + "/sse?count=3&duration=20ms", { onEvent() {} }).events`, "3"},
		{"events in a loop", `[...http.sse(base + "/sse?count=3&duration=20ms")].map((e) => e.event).join()`, "ping,ping,ping"},
		{"uuid", `http.get(base + "/uuid").json("uuid").length`, "36"},
		{"unstable", `[200, 500].includes(http.get(base + "/unstable?failure_rate=0.5").status)`, "true"},
		{"plain ones", `["/", "/ip", "/env", "/hostname", "/deny", "/robots.txt", "/forms/post", "/version"].map((p) => http.get(base + p).status).join()`, "200,200,200,200,200,200,200,200"},
		{"a dump", `http.get(base + "/dump/request", { headers: { "x-ab": "1" } }).text().toLowerCase().includes("x-ab: 1")`, "true"},
		{"not implemented", `http.get(base + "/brotli").status`, "501"},
		{"websocket without upgrade", `http.get(base + "/websocket/echo").status`, "400"},
		{"a batch", `http.batch(Array.from({ length: 20 }, (_, i) => base + "/bytes/" + (i + 1))).map((r) => r.bytes().length).join()`, "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20"},
	}
	for _, version := range []string{"1.1", "2 over TLS", "2 in the clear"} {
		t.Run(version, func(t *testing.T) {
			bin := httpbin.New(httpbin.WithMaxBodySize(1<<20), httpbin.WithMaxDuration(2*time.Second))
			c := new(counted)
			c.Server = httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				c.mu.Lock()
				c.requests++
				c.mu.Unlock()
				bin.ServeHTTP(w, r)
			}))
			options := "{ version: '1.1' }"
			switch version {
			case "2 over TLS":
				c.Server.EnableHTTP2 = true
				c.Server.TLS = &tls.Config{}
				c.Server.StartTLS()
				options = "{ tls: { insecure: true } }"
			case "2 in the clear":
				c.Server.Config.Protocols = new(nethttp.Protocols)
				c.Server.Config.Protocols.SetUnencryptedHTTP2(true)
				c.Server.Start()
				options = "{ version: '2' }"
			default:
				c.Server.Start()
			}
			t.Cleanup(c.Server.Close)
			settings, err := DecodeOptions(evaluate(t, options))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				t.Run(row.what, func(t *testing.T) {
					c.mu.Lock()
					c.requests = 0
					c.mu.Unlock()
					u := newUserWith(t, c.Server.URL, settings, "export function start() { return "+row.expression+" }")
					u.want(row.want)
					u.tallied(c)
				})
			}
		})
	}
}
