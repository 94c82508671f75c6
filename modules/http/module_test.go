package http

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"runner/metrics"
	"runner/value"
)

func TestSendsWhatTheScriptWrote(t *testing.T) {
	s := newServer(t, echo)
	tests := []struct{ what, call, want string }{
		{"a plain get", `http.get(base + "/x")`, "GET /x "},
		{"a path as it is written", `http.get(base + "/a//b/../c%2Fd/%41?q=%7e")`, "GET /a//b/../c%2Fd/%41?q=%7e "},
		{"a space is escaped", `http.get(base + "/a b")`, "GET /a%20b "},
		{"an object with an href", `http.get({ href: base + "/y?z=1" })`, "GET /y?z=1 "},
		{"a query", `http.get(base + "/x?a=1", { query: { b: "ü &", c: [1, 2] } })`, "GET /x?a=1&b=%C3%BC%20%26&c=1&c=2 "},
		{"a query in text", `http.get(base + "/x", { query: "a=1" })`, "GET /x?a=1 "},
		{"json", `http.post(base + "/", { json: { a: [1, "ü", null], d: new Date(0) } })`, `POST / application/json` + "\n" + `{"a":[1,"ü",null],"d":"1970-01-01T00:00:00.000Z"}`},
		{"json that is a string", `http.post(base + "/", { json: "x" })`, "POST / application/json\n\"x\""},
		{"a form", `http.put(base + "/", { form: { a: "x y", b: [1, true] } })`, "PUT / application/x-www-form-urlencoded\na=x+y&b=1&b=true"},
		{"text", `http.patch(base + "/", { body: "hällo" })`, "PATCH / text/plain;charset=UTF-8\nhällo"},
		{"bytes", `http.post(base + "/", { body: new Uint8Array([97, 98, 99]).subarray(1) })`, "POST / application/octet-stream\nbc"},
		{"an array buffer", `http.post(base + "/", { body: new Uint8Array([97, 98]).buffer })`, "POST / application/octet-stream\nab"},
		{"no body", `http.post(base + "/")`, "POST / "},
		{"its own content type", `http.post(base + "/", { body: "x", headers: { "content-type": "a/b" } })`, "POST / a/b\nx"},
		{"delete", `http.del(base + "/x")`, "DELETE /x "},
		{"options", `http.options(base + "/x")`, "OPTIONS /x "},
		{"any method", `http.request("PROPFIND", base + "/x")`, "PROPFIND /x "},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			u := newUser(t, s.URL, "", "export function start() { return ("+test.call+").text().trimEnd(); }")
			u.want(strings.TrimRight(test.want, "\n "))
		})
	}
}

func TestHeadersGoOutAsWritten(t *testing.T) {
	var got string
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		got = fmt.Sprint(r.Host, " ", r.Header.Get("User-Agent"), " ", r.Header.Values("X-Many"), " ", r.Header.Get("Authorization"))
	})
	u := newUser(t, s.URL, `{ headers: { "x-default": "1", "X-Many": "0" } }`, `export function start() {
		return http.get(base, { headers: { HOST: "elsewhere", "user-agent": null, "x-MANY": ["a", "b"] }, auth: { username: "u", password: "p" } }).status;
	}`)
	u.want("200")
	if want := "elsewhere  [a b] Basic dTpw"; got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

func TestTheAnswer(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("X-Two", "1")
		w.Header().Add("X-Two", "2")
		w.Header().Add("Set-Cookie", "sid=abc; Path=/; HttpOnly")
		w.WriteHeader(201)
		fmt.Fprint(w, `{"a":{"b":[{"c":1.5},{"c":"\ud83d\ude00ü"}]},"n":-12,"__proto__":3,"big":12345678901234567890}`)
	})
	tests := []struct{ what, expression, want string }{
		{"status", "r.status", "201"},
		{"ok", "r.ok", "true"},
		{"status text", "r.statusText", "Created"},
		{"protocol", "r.proto", "HTTP/1.1"},
		{"header in any case", `r.headers.get("CONTENT-type")`, "application/json"},
		{"a header that is not there", `r.headers.get("nope")`, "null"},
		{"a header twice", `r.headers.get("x-two")`, "1, 2"},
		{"all of a header", `r.headers.getAll("x-two").length`, "2"},
		{"all headers", `r.headers.all.filter(([n]) => n === "X-Two").map(([, v]) => v).join("+")`, "1+2"},
		{"a cookie", "r.cookies.sid.value + r.cookies.sid.httpOnly", "abctrue"},
		{"body", "r.body === r.text() && r.body.length > 10", "true"},
		{"bytes", "r.bytes() instanceof Uint8Array && String.fromCharCode(r.bytes()[0])", "{"},
		{"json", "r.json().a.b[1].c", "😀ü"},
		{"json is the caller's own", "{ const j = r.json(); j.a = 1; j.a + r.json().n }", "-11"},
		{"json equals JSON.parse", "JSON.stringify(r.json()) === JSON.stringify(JSON.parse(r.body))", "true"},
		{"a part of the json", `r.json("a.b.0.c")`, "1.5"},
		{"a part that is an object", `JSON.stringify(r.json("a.b.1"))`, `{"c":"😀ü"}`},
		{"a part that is not there", `r.json("a.x.y")`, "undefined"},
		{"no error", "r.error", "null"},
		{"one attempt", "r.attempts", "1"},
		{"no redirects", "r.redirects.length + String(r.redirectsExhausted)", "0false"},
		{"timings are numbers", `Object.keys(r.timings).every((k) => typeof r.timings[k] === "number" && r.timings[k] >= 0)`, "true"},
		{"the phases make up the duration", "r.timings.duration + 1e-6 >= r.timings.connect + r.timings.response", "true"},
		{"remote address", `base.endsWith(r.remoteAddress)`, "true"},
		{"url", `r.url === base + "/p?q=1"`, "true"},
		{"it can be logged", `JSON.parse(JSON.stringify(r)).status`, "201"},
		{"it takes a note", `(r.note = "mine", r.note)`, "mine"},
		{"what the server said stays", `(() => { try { r.status = 1 } catch (e) { return e.name + r.status } })()`, "TypeError201"},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			src := "return (" + test.expression + ")"
			if strings.HasPrefix(test.expression, "{") {
				body := strings.Trim(test.expression, "{} ")
				i := strings.LastIndex(body, ";")
				src = body[:i+1] + " return (" + body[i+1:] + ")"
			}
			u := newUser(t, s.URL, "", `export function start() { const r = http.get(base + "/p?q=1"); `+src+`; }`)
			u.want(test.want)
			u.tallied(&counted{requests: 1})
		})
	}
}

func TestInvalidCallsThrow(t *testing.T) {
	tests := []struct{ what, call, want string }{
		{"no url", `http.get()`, `TypeError: http.get: the URL must be a string`},
		{"a relative url", `http.get("users")`, `"users" is not absolute`},
		{"a path without a base", `http.get("/users")`, `options.http.baseURL`},
		{"another scheme", `http.get("ftp://x/")`, `has the scheme "ftp"`},
		{"a bad port", `http.get("http://x:99999/")`, `"99999" is no port`},
		{"a bad address", `http.get("http://[::1/")`, `no closing bracket`},
		{"an unknown option", `http.get(base, { heders: {} })`, `there is no option "heders"; did you mean "headers"?`},
		{"two bodies", `http.post(base, { json: 1, form: {} })`, `both json and form are given`},
		{"a body as argument", `http.post(base, {}, {})`, `the body goes into the options`},
		{"options that are text", `http.post(base, "x")`, `the options must be an object`},
		{"a bare timeout", `http.get(base, { timeout: 5 })`, `unit`},
		{"a header with a line break", `http.get(base, { headers: { a: "b\nc" } })`, `'\n'`},
		{"a header name with a space", `http.get(base, { headers: { "a b": "c" } })`, `is no header name`},
		{"json that is a function", `http.post(base, { json: () => 1 })`, `json must be`},
		{"an object as body", `http.post(base, { body: {} })`, `objects go into json or form`},
		{"a bad method", `http.request("GE T", base)`, `is no method`},
		{"auth without a password", `http.get(base, { auth: { token: "x", username: "y" } })`, `a bearer has a token`},
		{"too many redirects", `http.get(base, { redirects: -1 })`, `redirects must be`},
		{"a response type", `http.get(base, { responseType: "json" })`, `one of text, binary, none`},
		{"a batch of nothing", `http.batch("x")`, `want an array`},
		{"a bad entry of a batch", `http.batch([base, { method: "GET" }])`, `http.batch: [1]: the URL must be a string`},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			u := newUser(t, "http://127.0.0.1:1", "", "export function start() { "+test.call+" }")
			u.wantError(test.want)
			if n := u.sum(metrics.HTTPRequests, nil).Count; n != 0 {
				t.Errorf("%d requests recorded of a call that sent none", n)
			}
		})
	}
}

func TestAFailedExchangeDoesNotThrow(t *testing.T) {
	u := newUser(t, "http://127.0.0.1:1", "", `export function start() {
		const r = http.get(base + "/x");
		return [r.status, r.ok, r.body, r.error.kind, typeof r.error.message, r.attempts].join(" ");
	}`)
	u.want("0 false  connect string 0")
	if f := u.sum(metrics.HTTPFailed, map[string]string{"error": "connect"}); f.Count != 1 || f.Sum != 1 {
		t.Errorf("recorded %v of %v failed", f.Sum, f.Count)
	}
}

func TestThrows(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { w.WriteHeader(404) })
	t.Run("an option of the call", func(t *testing.T) {
		newUser(t, "http://127.0.0.1:1", "", `export function start() { http.get(base, { throws: true }) }`).wantError("HTTPError", "cannot connect to 127.0.0.1:1")
	})
	t.Run("an option of the script", func(t *testing.T) {
		newUser(t, "http://127.0.0.1:1", "{ throws: true }", `export function start() {
			try { http.get(base) } catch (e) { return e.kind + e.response.status }
		}`).want("connect0")
	})
	t.Run("a status that is not expected", func(t *testing.T) {
		newUser(t, s.URL, "{ throws: true, expect: '2xx' }", `export function start() { http.get(base + "/a") }`).wantError("GET "+s.URL+"/a", "404 Not Found")
	})
	t.Run("a status without expectations", func(t *testing.T) {
		u := newUser(t, s.URL, "{ throws: true }", `export function start() { return http.get(base).status }`)
		u.want("404")
		if f := u.sum(metrics.HTTPFailed, nil); f.Sum != 1 {
			t.Errorf("404 did not count as failed")
		}
	})
	t.Run("an expected status does not fail", func(t *testing.T) {
		u := newUser(t, s.URL, "", `export function start() { return http.get(base, { expect: [404, "5xx"] }).ok }`)
		u.want("false")
		if f := u.sum(metrics.HTTPFailed, nil); f.Sum != 0 || f.Count != 1 {
			t.Errorf("an expected 404 counted as failed")
		}
	})
}

func TestCookies(t *testing.T) {
	handler := func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/set" {
			w.Header().Add("Set-Cookie", "a=1")
			nethttp.Redirect(w, r, "/show", 302)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}
	script := `export function start() { const before = http.get(base + "/show").text();
		const during = http.get(base + "/set").text();
		return before + "|" + during + "|" + http.get(base + "/show", { cookies: { a: "x", b: "y" } }).text() + "|" + http.get(base + "/show", { cookies: false }).text(); }`
	for _, test := range []struct{ mode, first, second string }{
		{"keep", "|a=1|a=x; b=y|", "a=1|a=1|a=x; b=y|"},
		{"iteration", "|a=1|a=x; b=y|", "|a=1|a=x; b=y|"},
		{"off", "||a=x; b=y|", "||a=x; b=y|"},
	} {
		t.Run(test.mode, func(t *testing.T) {
			s := newServer(t, handler)
			u := newUser(t, s.URL, "{ cookies: '"+test.mode+"' }", script)
			u.want(test.first)
			u.want(test.second)
			u.tallied(s)
		})
	}
}

func TestConnections(t *testing.T) {
	for _, test := range []struct {
		what, options string
		opened        float64
	}{
		{"one for all", "", 1},
		{"one an iteration", "{ newConnection: 'iteration' }", 2},
		{"one a request", "{ newConnection: 'request' }", 6},
	} {
		t.Run(test.what, func(t *testing.T) {
			s := newServer(t, echo)
			u := newUser(t, s.URL, test.options, `export function start() { for (let i = 0; i < 3; i++) http.get(base); return "done"; }`)
			u.want("done")
			u.want("done")
			u.tallied(s)
			if n := u.sum(metrics.HTTPConnsOpened, nil).Sum; n != test.opened {
				t.Errorf("%v connections opened, want %v", n, test.opened)
			}
			if n := u.sum(metrics.HTTPConnsReused, nil).Sum; n != 6-test.opened {
				t.Errorf("%v connections reused, want %v", n, 6-test.opened)
			}
		})
	}
}

func TestBatchAndAsync(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		time.Sleep(5 * time.Millisecond)
		echo(w, r)
	})
	t.Run("a batch answers in order", func(t *testing.T) {
		u := newUser(t, s.URL, "", `export function start() {
			const list = []; for (let i = 0; i < 20; i++) list.push(i % 2 ? base + "/" + i : { method: "POST", url: base + "/" + i, json: i });
			return http.batch(list, { parallel: 6 }).map((r) => r.text().split(" ")[1]).join("");
		}`)
		u.want("/0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19")
		if n := u.sum(metrics.HTTPConnsOpened, nil).Sum; n != 6 {
			t.Errorf("%v connections opened, want 6", n)
		}
		if n := u.sum(metrics.HTTPRequests, nil).Sum; n != 20 {
			t.Errorf("%v requests recorded, want 20", n)
		}
	})
	t.Run("promises", func(t *testing.T) {
		u := newUser(t, s.URL, "", `export async function start() {
			const [a, b] = await Promise.all([http.async.get(base + "/a"), http.async.post(base + "/b", { json: 1 })]);
			return a.text().trim() + b.status;
		}`)
		u.want("GET /a200")
	})
	t.Run("an invalid call rejects", func(t *testing.T) {
		u := newUser(t, s.URL, "", `export async function start() { const p = http.async.get("nope"); try { await p } catch (e) { return e.name } }`)
		u.want("TypeError")
	})
	t.Run("a failed one that throws rejects", func(t *testing.T) {
		u := newUser(t, "http://127.0.0.1:1", "", `export async function start() { try { await http.async.get(base, { throws: true }) } catch (e) { return e.kind } }`)
		u.want("connect")
	})
}

func TestBaseURLAndTags(t *testing.T) {
	s := newServer(t, echo)
	u := newUser(t, "", "{ baseURL: '"+s.URL+"/api/', tags: { team: 'a' } }", `export function start() {
		return http.get("/users/1?x=2", { tags: { name: "user", step: 2 } }).text() + http.get("x").text();
	}`)
	u.want("GET /api/users/1?x=2 \nGET /api/x \n")
	if n := u.sum(metrics.HTTPRequests, map[string]string{"name": "user", "step": "2", "team": "a", "method": "GET", "status": "200"}).Sum; n != 1 {
		t.Errorf("%v requests under the tags, want 1", n)
	}
	if n := u.sum(metrics.HTTPRequests, map[string]string{"name": s.URL + "/api/x"}).Sum; n != 1 {
		t.Errorf("%v requests under the URL, want 1", n)
	}
	if n := u.sum(metrics.HTTPResponseTime, nil); n.Count != 2 || n.Min <= 0 {
		t.Errorf("response times: %d, at least %v", n.Count, n.Min)
	}
}

func TestMultipart(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			w.WriteHeader(400)
			fmt.Fprint(w, err)
			return
		}
		f := r.MultipartForm.File["file"][0]
		fmt.Fprint(w, r.MultipartForm.Value["a"], f.Filename, f.Header.Get("Content-Type"), f.Size)
	})
	u := newUser(t, s.URL, "", `export function start() {
		return http.post(base, { multipart: { a: ["1", 2], file: { data: new Uint8Array(7), filename: "x\"y.png", contentType: "image/png" } } }).text();
	}`)
	u.want(`[1 2]x%22y.pngimage/png7`)
}

func TestBodiesThatAreNoJSON(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		switch r.URL.Path {
		case "/html":
			w.WriteHeader(502)
			fmt.Fprint(w, "<html>oops</html>")
		case "/deep":
			fmt.Fprint(w, strings.Repeat("[", 5_000_000))
		case "/cut":
			fmt.Fprint(w, `{"a": [1, 2`)
		case "/after":
			fmt.Fprint(w, `{} x`)
		}
	})
	for path, want := range map[string]string{
		"/html":  `(502 Bad Gateway) is not JSON: want a value at byte 0, near "<html>oops</html>"`,
		"/deep":  "nested deeper than 512 levels",
		"/cut":   "it ends where a comma or a closing bracket should be",
		"/after": "want the end of the text at byte 3",
		"/none":  "it ends where a value should be",
	} {
		u := newUser(t, s.URL, "", `export function start() { return http.get(base + "`+path+`").json() }`)
		u.wantError("SyntaxError", want)
	}
}

func TestJSONAgreesWithGo(t *testing.T) {
	texts := []string{"\n [ 1 , \"a\\\\\" , {} , \"\\\"]\" ] \r\n", " {\t\"a\" : [ ] , \"b\\\\\" : { \"c\" : \"}\" } , \"d\":-1.5e3 } ", `[[[]],[{}],"",[""]]`, `0`, `-0`, `1e3`, `1E-2`, `"a\u00e9\n\"\\\/"`, `[]`, `{}`, `[1,[2,[3]]]`, `{"a":{"b":null}}`, ` true `, `1234567890123456`, `{"2":1,"1":2}`}
	bad := []string{``, `01`, `1.`, `.5`, `+1`, `"a`, `"\x"`, "\"\t\"", `[1,]`, `{"a":1,}`, `{a:1}`, `nul`, `tru`, `1 2`, `"\u12"`, `--1`, `1e`, `{"a"}`, `'a'`}
	var path string
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, path) })
	u := newUser(t, s.URL, "", `export function start() { const r = http.get(base);
		let ours, theirs; try { ours = JSON.stringify(r.json()) } catch (e) { ours = "error" } try { theirs = JSON.stringify(JSON.parse(r.body)) } catch (e) { theirs = "error" }
		return ours === theirs ? "same " + (ours === "error") : ours + " " + theirs; }`)
	for _, path = range texts {
		u.want("same false")
	}
	path = `"\ud800x"` // which goja's own parser replaces
	newUser(t, s.URL, "", `export function start() { const s = http.get(base).json(); return s.length + " " + s.charCodeAt(0).toString(16) }`).want("2 d800")
	for _, path = range bad {
		if json.Valid([]byte(path)) {
			t.Errorf("%q is valid after all", path)
		}
		u.want("same true")
	}
}

// TestJSONIsLikeAnyOther: what r.json() gives behaves as what JSON.parse gives, though it is made when
// it is read.
func TestJSONIsLikeAnyOther(t *testing.T) {
	const text = `{"list":[3,1,2,{"a":[]}],"10":"x","2":"y","s":"\u00e9\"","o":{"deep":{"er":true}},"n":null,"dup":1,"dup":2,"k1":1,"k2":1,"k3":1,"k4":1,"k5":1,"k6":1,"k7":1}`
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, text) })
	for _, expression := range []string{
		`Object.keys(j).join()`, `JSON.stringify(j)`, `JSON.stringify(j, null, 2)`, `JSON.stringify({ ...j })`, `JSON.stringify([...j.list])`,
		`j.list.map((x) => typeof x).join()`, `j.list.slice(0, 3).sort().join()`, `j.list.sort((a, b) => (a > b) - (a < b)).length`, `j.list.includes(2)`,
		`Array.isArray(j.list) + String(Array.isArray(j.o))`, `j.o === j.o`, `j.list[3] === j.list[3]`, `j.o instanceof Object`, `j.list instanceof Array`,
		`Object.entries(j.o).join()`, `"o" in j && !("p" in j)`, `j.hasOwnProperty("o") + String(j.hasOwnProperty("q"))`, `delete j.o, JSON.stringify(j)`,
		`j.new = 1, j["1"] = 2, JSON.stringify(j)`, `j.list.push(9), j.list.length + JSON.stringify(j.list)`, `j.list.pop(), JSON.stringify(j.list)`,
		`j.list.shift(), JSON.stringify(j.list)`, `j.list.splice(1, 2, "x"), JSON.stringify(j.list)`, `j.list.length = 1, JSON.stringify(j)`, `j.list.unshift(0), j.list.join()`,
		`j.o.deep.er = false, JSON.stringify(j.o)`, `Object.assign({}, j.o).deep.er`, `(() => { const { list: [a, ...rest], ...others } = j; return a + rest.length + Object.keys(others).length })()`,
		`(() => { let out = ""; for (const k in j) out += k; return out })()`, `(() => { let n = 0; for (const x of j.list) n++; return n })()`, `String(j) + j.list`,
		`j.toString === Object.prototype.toString`, `JSON.stringify(j.list.concat([1], j.list))`, `JSON.stringify([j.list].flat())`, `j.list.at(-1).a.length`, `j.nothing`, `j.list[99]`, `j.list[-1]`,
		`JSON.stringify(structuredClone(j))`, `(j.o.deep.x = 1, JSON.stringify(structuredClone(j)))`, `JSON.stringify(Object.fromEntries(Object.entries(j)))`, `typeof j + typeof j.list`, `j.list.reverse().length`,
		`JSON.stringify(j.list.filter((x) => x > 1))`, `j.list.find((x) => x.a).a.length`, `j.list.indexOf(2)`, `Object.getOwnPropertyDescriptor(j, "s").value`, `(j.o = null, j.o)`,
		`(() => { for (const k of Object.keys(j)) delete j[k]; return JSON.stringify(j) })()`, `JSON.stringify(j.list.toSorted())`, `Reflect.ownKeys(j).length`,
	} {
		u := newUser(t, s.URL, "", `const run = (j) => { try { return String((`+expression+`)) } catch (e) { return "threw " + e } };
			export function start() { const r = http.get(base); const ours = run(r.json()), theirs = run(JSON.parse(r.body)); return ours === theirs ? "same" : ours + " instead of " + theirs }`)
		got, err := u.call("start")
		if err != nil || got != "same" {
			t.Errorf("%s: %s %v", expression, got, err)
		}
	}
}

func TestJSONCrossesOut(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, `{"a":[1,{"b":"c"}],"d":2}`) })
	for script, want := range map[string]string{
		`return http.get(base).json()`:                                                             `{"a":[1,{"b":"c"}],"d":2}`,
		`const j = http.get(base).json(); j.a[1].b; return j.a`:                                    `[1,{"b":"c"}]`,
		`const j = http.get(base).json(); j.a[1].b = "x"; j.e = [undefined]; return j`:             `{"a":[1,{"b":"x"}],"d":2,"e":[null]}`,
		`const j = http.get(base).json(); return { inside: j, again: http.get(base).json("a.1") }`: `{"inside":{"a":[1,{"b":"c"}],"d":2},"again":{"b":"c"}}`,
	} {
		u := newUser(t, s.URL, "", "export function start() { "+script+" }")
		fn, _ := goja.AssertFunction(u.vm.Exports().Get("start"))
		v, err := u.vm.Call(fn)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := u.vm.Take(v, "output")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := value.JSON(taken); err != nil || string(text) != want {
			t.Errorf("%s: %s %v, want %s", script, text, err, want)
		}
	}
}

func TestDecodeOptionsNamesWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ options, want string }{
		{`{ timeot: "1s" }`, `options.http: there is no option "timeot"; did you mean "timeout"?`},
		{`{ timeout: 5 }`, `options.http.timeout: want a duration with a unit`},
		{`{ tls: { minVersion: "1.4" } }`, `options.http.tls.minVersion: want one of 1.0, 1.1, 1.2, 1.3, not "1.4"`},
		{`{ tls: { insecur: true } }`, `did you mean "insecure"?`},
		{`{ tls: { ciphers: ["X"] } }`, `there is no cipher suite "X"`},
		{`{ tls: { cert: "x" } }`, `cert and key come together`},
		{`{ expect: "6xxx" }`, `want a status or a list of them`},
		{`{ cookies: "no" }`, `want one of keep, iteration, off`},
		{`{ baseURL: "/x" }`, `is not absolute`},
		{`{ headers: { "a b": "c" } }`, `is no header name`},
		{`{ headers: { a: {} } }`, `must be a string`},
		{`{ localAddresses: ["x"] }`, `want addresses or prefixes`},
		{`{ maxBodySize: "many" }`, `want a number of bytes`},
		{`5`, `want an object, not 5`},
	} {
		if _, err := DecodeOptions(evaluate(t, test.options)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.options, err, test.want)
		}
	}
}

func TestCompression(t *testing.T) {
	plain := strings.Repeat("hello ", 10_000)
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/broken" {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "not gzip")
			return
		}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, plain)
			z.Close()
			return
		}
		fmt.Fprint(w, plain)
	})
	for _, test := range []struct{ what, options, call, want string }{
		{"not asked for", "", `{}`, "60000 60000 60000"},
		{"asked for by the call", "", `{ compression: true }`, "60000 % 60000"},
		{"asked for by the options", `{ compression: "gzip" }`, `{}`, "60000 % 60000"},
		{"asked for by a header", "", `{ headers: { "accept-encoding": "gzip" } }`, "60000 % 60000"},
		{"taken back by the call", `{ compression: true }`, `{ compression: false }`, "60000 60000 60000"},
	} {
		t.Run(test.what, func(t *testing.T) {
			u := newUser(t, s.URL, test.options, `export function start() { const r = http.get(base, `+test.call+`);
				return r.text().length + " " + (r.encodedBodySize < 1000 ? "%" : r.encodedBodySize) + " " + r.decodedBodySize; }`)
			u.want(test.want)
			if decoded := u.sum(BytesDecoded, nil).Sum; (decoded == 60000) != strings.Contains(test.want, "%") {
				t.Errorf("%v decoded bytes recorded", decoded)
			}
		})
	}
	t.Run("a body that lies throws when it is read", func(t *testing.T) {
		newUser(t, s.URL, "", `export function start() { const r = http.get(base + "/broken"); try { r.text() } catch (e) { return r.status + e.kind } }`).want("200decode")
	})
	t.Run("a bomb throws when it is read", func(t *testing.T) {
		newUser(t, s.URL, "{ compression: true, maxBodySize: '10KB' }", `export function start() { const r = http.get(base); try { r.text() } catch (e) { return r.status + e.kind } }`).want("200too-large")
	})
}

func TestShared(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprint(w, r.RemoteAddr, r.Header.Get("Cookie"))
	})
	settings, err := DecodeOptions(evaluate(t, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	script := `const pool = http.shared(); export function start() { return (pool === http.shared() && pool.shared === undefined && pool.get(base).text()) + " " + http.get(base).text() }`
	first, second := newUserWith(t, s.URL, settings, script), newUserWith(t, s.URL, settings, script)
	seen := map[string]int{}
	for _, u := range []*user{first, second, first} {
		text, err := u.call("start")
		if err != nil {
			t.Fatal(err)
		}
		for word := range strings.FieldsSeq(text) {
			seen[word]++
		}
	}
	// The pool's connection was used three times, without cookies; each user's own is another.
	if len(seen) != 4 {
		t.Errorf("connections and cookies seen: %v", seen)
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a file.json")
	content := strings.Repeat("0123456789", 300_000)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/form" {
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				t.Error(err)
				return
			}
			f := r.MultipartForm.File["f"]
			b, _ := f[1].Open()
			sum := sha256.New()
			io.Copy(sum, b)
			b.Close()
			fmt.Fprintf(w, "%v %s %s %s %x", r.MultipartForm.Value["a"], f[0].Filename, f[0].Header.Get("Content-Type"), f[1].Filename, sum.Sum(nil)[:4])
			return
		}
		sum := sha256.New()
		io.Copy(sum, r.Body)
		fmt.Fprintf(w, "%s %d %x", r.Header.Get("Content-Type"), r.ContentLength, sum.Sum(nil)[:4])
	})
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))[:8]
	src := fmt.Sprintf("const f = http.file(%q);", path)
	t.Run("as the body", func(t *testing.T) {
		u := newUser(t, s.URL, "", src+`export function start() { let out = [f.size, f.name]; for (let i = 0; i < 2; i++) out.push(http.put(base, { body: f }).text()); return out.join("|"); }`)
		want := "application/json 3000000 " + sum
		u.want("3000000|a file.json|" + want + "|" + want)
		if n := u.sum(metrics.HTTPBytesOut, nil).Sum; n < 6_000_000 || n > 6_001_000 {
			t.Errorf("%v bytes out recorded", n)
		}
	})
	t.Run("in a form", func(t *testing.T) {
		u := newUser(t, s.URL, "", src+`export function start() { return http.post(base + "/form", { multipart: { a: "1", f: [{ data: "x", filename: "x.txt", contentType: "a/b" }, f] } }).text() }`)
		u.want("[1] x.txt a/b a file.json " + sum)
	})
	t.Run("one that is not there", func(t *testing.T) {
		newUser(t, s.URL, "", `export function start() { http.file("nope") }`).wantError("http.file: stat nope: no such file")
	})
	t.Run("one that became shorter", func(t *testing.T) {
		short := filepath.Join(t.TempDir(), "short")
		os.WriteFile(short, []byte(content), 0o644)
		u := newUser(t, s.URL, "", fmt.Sprintf("const f = http.file(%q);", short)+`export function start() { const r = http.put(base, { body: f }); return r.error.kind }`)
		os.WriteFile(short, []byte("x"), 0o644)
		u.want("body")
	})
}

func TestHTTP2ByOption(t *testing.T) {
	s := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		w.Header().Set("X-Proto", r.Proto)
		fmt.Fprint(w, `{"a":[1,2]}`)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	script := `export function start() {
		const r = http.get(base), b = http.batch([base, base, { url: base, version: "1.1" }]);
		return [r.proto, r.headers.get("x-proto"), r.json("a.1"), r.attempts, ...b.map((r) => r.proto)].join(" ");
	}`
	u := newUser(t, s.URL, "{ tls: { insecure: true } }", script)
	u.want("HTTP/2.0 HTTP/2.0 2 1 HTTP/2.0 HTTP/2.0 HTTP/1.1")
	if n := u.sum(metrics.HTTPConnsOpened, nil).Sum; n != 2 {
		t.Errorf("%v connections opened, want one of each version", n)
	}
	newUser(t, s.URL, "{ tls: { insecure: true }, version: '1.1' }", `export function start() { return http.get(base).proto }`).want("HTTP/1.1")
}

func TestProxyOption(t *testing.T) {
	s := newServer(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, r.RequestURI) })
	newUser(t, "http://far.test", "{ proxy: '"+s.URL+"' }", `export function start() { return http.get(base + "/x").text() }`).want("http://far.test/x")
	newUser(t, s.URL, "{ proxy: { url: 'http://127.0.0.1:1', except: ['127.0.0.0/8'] } }", `export function start() { return http.get(base + "/x").text() }`).want("/x")
	newUser(t, s.URL, "{ proxy: 'http://127.0.0.1:1' }", `export function start() { return http.get(base + "/x").error.kind }`).want("proxy")
}
