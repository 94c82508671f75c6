package js

import (
	"strings"
	"testing"
)

// TestGlobals evaluates expressions, each in a VM of its own, as inspect shows what comes of them.
func TestGlobals(t *testing.T) {
	tests := []struct{ expression, want string }{
		// the global object
		{`typeof setTimeout + typeof nothing + typeof console.log`, "'functionundefinedfunction'"},
		{`globalThis.setTimeout === setTimeout && setTimeout === setTimeout`, "true"},
		{`(() => { const old = atob; globalThis.atob = 5; return [typeof old, atob, globalThis.hasOwnProperty("atob")] })()`, "[ 'function', 5, true ]"},
		{`"btoa" in globalThis && !("nothing" in globalThis)`, "true"},
		{`nothing`, "ReferenceError: nothing is not defined"},
		{`typeof process + typeof Buffer`, "'undefinedundefined'"},
		{`setTimeout.name`, "'setTimeout'"},

		// structuredClone
		{`structuredClone({ a: [1, { b: 2n }], d: new Date(5), r: /x/g, m: new Map([[1, new Set([2])]]), u: undefined, n: null })`,
			"{\n  a: [ 1, { b: 2n } ],\n  d: 1970-01-01T00:00:00.005Z,\n  r: /x/g,\n  m: Map(1) { 1 => Set(1) { 2 } },\n  u: undefined,\n  n: null\n}"},
		{`(() => { const a = { }; a.self = a; a.list = [a]; const b = structuredClone(a); return b !== a && b.self === b && b.list[0] === b })()`, "true"},
		{`(() => { const shared = {}; const c = structuredClone([shared, shared]); return c[0] === c[1] && c[0] !== shared })()`, "true"},
		{`structuredClone(new Uint16Array([1, 2, 65535]))`, "Uint16Array(3) [ 1, 2, 65535 ]"},
		{`structuredClone([1, , 3])`, "[ 1, undefined, 3 ]"},
		{`structuredClone(() => 1)`, "DataCloneError: structuredClone cannot copy a function"},
		{`structuredClone({ a: { b: Symbol("s") } })`, "DataCloneError: structuredClone cannot copy Symbol(s)"},
		{`structuredClone(Promise.resolve())`, "DataCloneError: structuredClone: the value is a Promise: await it first"},
		{`structuredClone(new RangeError("x", { cause: 5 })).cause`, "5"},
		{`structuredClone(JSON.parse('{"__proto__": 1}')).hasOwnProperty("__proto__")`, "true"},
		{`(() => { let o = {}; for (let i = 0; i < 1e4; i++) o = { o }; return structuredClone(o) })()`, "RangeError: structuredClone: the value is nested more than 500 deep"},

		// text
		{`btoa("hé\xff") + atob(" aGk= ") + atob("aGk")`, "'aOn/hihi'"},
		{`btoa("日")`, "InvalidCharacterError: btoa takes characters up to U+00FF, but character 0 is U+65E5"},
		{`atob("%")`, `InvalidCharacterError: atob takes base64, not "%"`},
		{`new TextEncoder().encode("aé€😀")`, "Uint8Array(10) [ 97, 195, 169, 226, 130, 172, 240, 159, 152, 128 ]"},
		{`(() => { const u = new Uint8Array(4); const r = new TextEncoder().encodeInto("a€b", u); return [r, ...u] })()`, "[ { read: 2, written: 4 }, 97, 226, 130, 172 ]"},
		{`new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 0xff, 0xe2, 0x82, 98]))`, "'a��b'"},
		{`new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 97])).length`, "2"},
		{`new TextDecoder("utf8", { fatal: true }).decode(new Uint8Array([0xff]))`, "TypeError: TextDecoder.decode: the data is not utf-8"},
		{`(() => { const d = new TextDecoder(); let s = ""; for (const b of new TextEncoder().encode("a€😀é")) s += d.decode(new Uint8Array([b]), { stream: true }); return s + d.decode() })()`, "'a€😀é'"},
		{`new TextDecoder("utf-16le").decode(new Uint8Array([0x3d, 0xd8, 0x00, 0xde, 97, 0]))`, "'😀a'"},
		{`new TextDecoder("latin1").decode(new Uint8Array([0x80, 0xe9])) + new TextDecoder("latin1").encoding`, "'€éwindows-1252'"},
		{`new TextDecoder("klingon")`, `RangeError: TextDecoder: there is no encoding "klingon"; there are utf-8, utf-16le and latin1`},
		{`new TextDecoder().decode(new DataView(new Uint8Array([97, 98, 99]).buffer, 1, 2))`, "'bc'"},
		{`new TextEncoder() instanceof TextEncoder && new TextDecoder() instanceof TextDecoder`, "true"},

		// URL
		{`(() => { const u = new URL("/p/../q?x=1#h", "http://user:pw@example.com:8080/a/b"); return [u.href, u.origin, u.host, u.port, u.pathname, u.search, u.hash, u.username, u.password, u.protocol, u.hostname] })()`,
			"[\n  'http://user:pw@example.com:8080/q?x=1#h',\n  'http://example.com:8080',\n  'example.com:8080',\n  '8080',\n  '/q',\n  '?x=1',\n  '#h',\n  'user',\n  'pw',\n  'http:',\n  'example.com'\n]"},
		{`(() => { const u = new URL("http://a"); u.pathname = "/x y"; u.searchParams.append("q", "1 &é"); u.hash = "z"; u.port = "81"; u.protocol = "https"; return String(u) + JSON.stringify({ u }) + u.searchParams.size })()`,
			`'https://a:81/x%20y?q=1+%26%C3%A9#z{"u":"https://a:81/x%20y?q=1+%26%C3%A9#z"}1'`},
		{`(() => { const u = new URL("http://a?x=1"); const p = u.searchParams; u.search = "?y=2"; u.href = "http://b?z=3"; return [...p][0].join() + (p === u.searchParams) })()`, "'z,3true'"},
		{`new URL("http://a") instanceof URL && Object.prototype.toString.call(new URL("http://a"))`, "'[object URL]'"},
		{`(() => { class Mine extends URL { get twice() { return this.href + this.href } } const m = new Mine("http://a"); return m.twice + (m instanceof Mine) })()`, "'http://a/http://a/true'"},
		{`[URL.canParse("nope"), URL.canParse("/x", "http://a"), URL.parse("nope"), URL.parse("http://a").href]`, "[ false, true, null, 'http://a/' ]"},
		{`new URL("nope")`, `TypeError: invalid URL: "nope"`},
		{`(() => { const u = new URL("http://a"); u.origin = "x" })()`, "TypeError: cannot set origin of a URL"},
		{`[...new URLSearchParams("?a=1&b=2&a=%203+4&c").entries()]`, "[ [ 'a', '1' ], [ 'b', '2' ], [ 'a', ' 3 4' ], [ 'c', '' ] ]"},
		{`new URLSearchParams({ a: 1, b: "x y" }).toString() + new URLSearchParams([["c", "+"], ["d", "ü"]])`, "'a=1&b=x+yc=%2B&d=%C3%BC'"},
		{`(() => { const p = new URLSearchParams("b=1&a=2&b=3"); p.set("b", "9"); p.append("z", "%"); p.sort(); p.delete("q"); return [p.toString(), p.get("b"), p.get("q"), p.getAll("b"), p.has("a", "2"), p.has("a", "3"), [...p.keys()].join()] })()`, "[ 'a=2&b=9&z=%25', '9', null, [ '9' ], true, false, 'a,b,z' ]"},
		{`(() => { let s = ""; new URLSearchParams("a=1&b=2").forEach((v, k) => s += k + v); return s })()`, "'a1b2'"},
		{`new URLSearchParams([["a"]])`, "TypeError: URLSearchParams takes pairs of a name and a value, not [ 'a' ]"},
		{`URL.prototype.toString.call({})`, "TypeError: URL.toString: this is not a URL"},

		// crypto, performance
		{`(() => { const a = crypto.getRandomValues(new Uint8Array(64)); return a.length === 64 && a.some((x) => x) })()`, "true"},
		{`crypto.getRandomValues(new Uint8Array(70000))`, "QuotaExceededError: crypto.getRandomValues fills at most 65536 bytes, not 70000"},
		{`/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()) && crypto.randomUUID() !== crypto.randomUUID()`, "true"},
		{`performance.now() >= 0 && performance.now() < 60000 && Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000`, "true"},

		// events
		{`(() => { const c = new AbortController(); const s = []; c.signal.addEventListener("abort", (e) => s.push(e.type, c.signal.aborted)); c.signal.onabort = () => s.push("on"); c.abort(); c.abort(); return [...s, c.signal.reason.name] })()`, "[ 'on', 'abort', true, 'AbortError' ]"},
		{`AbortSignal.abort("why").throwIfAborted()`, "why"},
		{`(() => { const c = new AbortController(); const s = AbortSignal.any([c.signal]); c.abort(7); return s.reason })()`, "7"},
		{`new Promise((r) => { AbortSignal.timeout(1).addEventListener("abort", (e) => r(e.target.reason.name)) })`, "'TimeoutError'"},
		{`(() => { AbortSignal.timeout(1e6); return "no waiting" })()`, "'no waiting'"},
		{`new AbortSignal()`, "TypeError: an AbortSignal comes from an AbortController, AbortSignal.timeout, .any or .abort"},
		{`new DOMException("m", "DataCloneError").code + String(new DOMException("m", "N"))`, "'25N: m'"},

		// what goja lacks of the language
		{`Object.groupBy([1, 2, 3], (x) => x % 2 ? "odd" : "even")`, "[Object: null prototype] { odd: [ 1, 3 ], even: [ 2 ] }"},
		{`Map.groupBy([1, 2, 3], (x) => x % 2).get(1)`, "[ 1, 3 ]"},
		{`(async () => { const { promise, resolve } = Promise.withResolvers(); resolve(4); return await promise })()`, "4"},
		{`Promise.try((a) => { throw new Error(a) }, "tried").catch((e) => e.message)`, "'tried'"},
		{`Array.fromAsync([Promise.resolve(1), 2], (x) => x * 2)`, "[ 2, 4 ]"},
		{`Array.fromAsync((async function* () { yield 1; yield 2 })())`, "[ 1, 2 ]"},
		{`(function* () { yield 1; yield 2; yield 3; yield 4 })().filter((x) => x % 2 === 0).map((x) => x * 10).toArray()`, "[ 20, 40 ]"},
		{`new Map([["a", 1], ["b", 2], ["c", 3]]).values().drop(1).take(1).toArray()`, "[ 2 ]"},
		{`[1, 2].values().flatMap((x) => [x, x]).reduce((a, b) => a + b)`, "6"},
		{`Iterator.from({ next() { return { done: this.n > 2, value: this.n++ } }, n: 0 }).toArray()`, "[ 0, 1, 2 ]"},
		{`[[1].values() instanceof Iterator, [1, 2].values().some((x) => x > 1), [1, 2].values().every((x) => x > 1), [1, 2].values().find((x) => x > 1)]`, "[ true, true, false, 2 ]"},
		{`[1].values().take(-1)`, "RangeError: Iterator.take takes a number of at least 0, not -1"},
		{`["a\uD800".isWellFormed(), "a😀".isWellFormed(), "a\uDC00b".toWellFormed()]`, "[ false, true, 'a�b' ]"},
		{`RegExp.escape("a.b-c é") + new RegExp("^" + RegExp.escape("1+1=2") + "$").test("1+1=2")`, `'\\x61\\.b\\x2dc\\x20étrue'`},
		{`new WeakRef({ a: 1 }).deref().a + typeof new FinalizationRegistry(() => {}).register({})`, "'1undefined'"},
		{`(() => { const o = { name: "N", message: "m" }; Error.captureStackTrace(o); return o.stack.split("\n")[0] })()`, "'N: m'"},
		{`typeof Symbol.asyncIterator`, "'symbol'"},
		{`Object.keys(Object).concat(Object.keys(Promise), Object.keys(String.prototype))`, "[]"},
	}
	for _, tt := range tests {
		if got := eval(t, tt.expression); got != tt.want {
			t.Errorf("%s\n gives %s\n  want %s", tt.expression, got, tt.want)
		}
	}
}

func TestUnicodeProperties(t *testing.T) {
	tests := []struct{ expression, want string }{
		{`"5αxß_p{L}".match(/\p{L}+/u)[0]`, "'αxß'"},
		{`"5αx".replace(/\p{Script=Greek}/gu, "-") + "aB".match(/\p{Lu}/u).index + "a1".replace(/[\p{L}\d]/gu, "x")`, "'5-x1xx'"},
		{`"x😀".match(/\p{Extended_Pictographic}/u).index`, "1"},
		{`new RegExp("^\\p{L}+$", "u").test("Käse") && RegExp("\\P{L}", "u").test("1") && !new RegExp("\\p{L}", "u").test("p{L}".slice(1))`, "false"},
		{`[/\p{L}/u.source, String(/\p{L}/gu), /\p{L}/u.flags, new RegExp(/\p{L}/u, "gu").source]`, "[ '\\\\p{L}', '/\\\\p{L}/gu', 'u', '\\\\p{L}' ]"},
		{`(() => { const r = []; for (let i = 0; i < 3; i++) { const re = /\p{L}/gu; re.lastIndex += i; r.push(re.lastIndex) } return r })()`, "[ 0, 1, 2 ]"},
		{`[/\p{L}/u instanceof RegExp, /x/ instanceof RegExp, /x/.constructor === RegExp, new RegExp("x", "g").flags, RegExp("a+").exec("baa")[0], "a1b2".split(new RegExp("\\d")), "x".match(RegExp(/X/i))[0]]`, "[ true, true, true, 'g', 'aa', [ 'a', 'b', '' ], 'x' ]"},
		{`(() => { class R extends RegExp { twice() { return this.source + this.source } } const r = new R("\\p{L}", "u"); return [r.twice(), r instanceof R, r.test("é")] })()`, "[ '\\\\p{L}\\\\p{L}', true, true ]"},
		{`new RegExp("\\p{Nope}", "u")`, "SyntaxError"},
	}
	for _, tt := range tests {
		if got := eval(t, tt.expression); got != tt.want && !(tt.want == "SyntaxError" && strings.Contains(got, `SyntaxError: Invalid regular expression`)) {
			t.Errorf("%s\n gives %s\n  want %s", tt.expression, got, tt.want)
		}
	}
}

func TestGuards(t *testing.T) {
	tests := []struct{ expression, want string }{
		{`"x".repeat(2 ** 40)`, "RangeError: String.repeat: the string would have 1099511627776 characters; at most 268435456 can be"},
		{`"ab".repeat(3) + "x".repeat(0)`, "'ababab'"},
		{`"x".repeat(-1)`, "RangeError: Invalid count value"},
		{`"x".padStart(2 ** 31)`, "RangeError: String.padStart: the string would have 2147483648 characters; at most 268435456 can be"},
		{`"x".padEnd(3, "-")`, "'x--'"},
		{`new Array(1e9).fill(0)`, "RangeError: Array.fill: the array has 1000000000 items; at most 33554432 can be gone over"},
		{`new Array(3).fill(0).join("-")`, "'0-0-0'"},
		{`new Array(4e9).join("x")`, "RangeError: Array.join: the array has 4000000000 items; at most 33554432 can be gone over"},
		{`new ArrayBuffer(2 ** 45)`, "RangeError: ArrayBuffer: 35184372088832 bytes are too many; a buffer may have 268435456"},
		{`new Float64Array(1e9)`, "RangeError: Float64Array: 8000000000 bytes are too many; a buffer may have 268435456"},
		{`(() => { const u = new Uint8Array([1, 2]); class U extends Uint8Array {} return [u instanceof Uint8Array, u.constructor === Uint8Array, Uint8Array.from([3])[0], Uint8Array.BYTES_PER_ELEMENT, u.slice(1)[0], new U(2).length, new U(2) instanceof U, new Uint8Array(u.buffer, 1)[0]] })()`, "[ true, true, 3, 1, 2, 2, true, 2 ]"},
		{`eval("(".repeat(2e6))`, "SyntaxError: brackets are nested 2000000 deep: at most 1000 can be parsed"},
		{`(0, eval)("[".repeat(2e6))`, "SyntaxError: brackets are nested 2000000 deep: at most 1000 can be parsed"},
		{`Function("(".repeat(2e6))`, "SyntaxError: brackets are nested 2000000 deep: at most 1000 can be parsed"},
		{`new Function("return " + "!".repeat(2e6) + "1")`, "SyntaxError: more than 5000 operators in a row: that cannot be parsed"},
		{`(() => { const local = 5; return eval("local + 1") })()`, "6"},
		{`(0, eval)("typeof local") + eval("1+1") + eval(5)`, "'undefined25'"},
		{`new Function("a", "b", "return a + b")(1, 2) + Function("return 1")()`, "4"},
		{`(() => {}) instanceof Function && (function () {}).constructor === Function`, "true"},
		{`[].constructor.constructor("return typeof this")()`, "'object'"},
	}
	for _, tt := range tests {
		if got := eval(t, tt.expression); got != tt.want {
			t.Errorf("%s\n gives %s\n  want %s", tt.expression, got, tt.want)
		}
	}
}

func TestConsole(t *testing.T) {
	_, log := script(t, `
console.log("plain", 1, { a: { b: { c: { d: { e: 1 } } } } }, [1, [2]], null, undefined, -0, 1n, Symbol("s"));
console.log("%s is %d, %i, %f, %j %o %%, %x", "it", "42.5", 42.9, 1.5, { a: 1 }, [1], "rest");
console.info(new Map([["k", { v: 1 }]]), new Set([1]), new Date(0), /x/g, () => {}, function named() {}, class C {});
console.warn("careful"); console.error("broken"); console.debug("small");
console.assert(true, "no"); console.assert(false, "yes %d", 1);
console.group("G"); console.log("in\nside"); console.group(); console.log("deeper"); console.groupEnd(); console.groupEnd(); console.log("out");
console.count(); console.count("c"); console.count(); console.countReset(); console.count();
console.table([{ a: 1, b: "x" }, { a: 22 }, 5]);
const o = { get g() { throw new Error("not called") }, "odd key": 1, __proto__: null }; o.self = o; console.log(o);
class Point { constructor() { this.x = 1 } } console.log(new Point(), [new Point()], Object.create(null), new (class extends Error { name = "Mine" })("m").message);
console.log(Promise.resolve(1), new Promise(() => {}), new Uint8Array(3), new ArrayBuffer(2), "it's", ["it's", 'say "hi"', "both ' and \""]);
console.dir({ a: 1 }); console.log(); console.timeEnd("nope");
console.log(new Proxy({}, { ownKeys() { throw new Error("trap") } }));
`)
	want := `info: plain 1 { a: { b: { c: { d: [Object] } } } } [ 1, [ 2 ] ] null undefined -0 1n Symbol(s)
info: it is 42.5, 42, 1.5, {"a":1} [ 1 ] %, %x rest
info: Map(1) { 'k' => { v: 1 } } Set(1) { 1 } 1970-01-01T00:00:00.000Z /x/g [Function: (anonymous)] [Function: named] [class C]
warn: careful
error: broken
debug: small
error: assertion failed: yes 1
info: G
info:   in
  side
info:     deeper
info: out
info: default: 1
info: c: 1
info: default: 2
info: default: 1
info: (index)  a   b    Values
0        1   'x'
1        22
2                 5
info: [Object: null prototype] { g: [Getter], 'odd key': 1, self: [Circular] }
info: Point { x: 1 } [ Point { x: 1 } ] [Object: null prototype] {} m
info: Promise { 1 } Promise { <pending> } Uint8Array(3) [ 0, 0, 0 ] ArrayBuffer { 2 bytes } it's [ "it's", 'say "hi"', 'both \' and "' ]
info: { a: 1 }
info: ` + `
warn: console.timeEnd: there is no timer "nope"
info: [Proxy]`
	if got := log.String(); got != want {
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Errorf("line %d is\n%s\nwant\n%s", i, g[i], w[i])
			}
		}
		if len(g) != len(w) {
			t.Errorf("%d lines, want %d:\n%s", len(g), len(w), got)
		}
	}
}
