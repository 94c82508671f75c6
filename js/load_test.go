package js

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadErrors(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		path  string // script.js if empty
		want  string
		hint  string
	}{
		{name: "no such file", path: "missing.js", want: "missing.js: no such file"},
		{name: "a directory", path: "dir", files: map[string]string{"dir/x.js": ""}, want: "dir: is a directory; a script is a file"},
		{name: "no path", path: "-", want: "-: no such file"},
		{name: "an unknown extension", path: "a.py", files: map[string]string{"a.py": "x"},
			want: `a.py: cannot run a ".py" file; a script's name ends in one of .js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx`},
		{name: "no extension", path: "script", files: map[string]string{"script": "x"},
			want: `script: has no extension; a script's name ends in one of .js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx`},
		{name: "an empty file", files: map[string]string{"script.js": " \n"}, want: "script.js: the file is empty"},
		{name: "a syntax error", files: map[string]string{"script.js": "const a = 1;\nconst b = ;\n"},
			want: "script.js:2:11: unexpected \";\"\n    const b = ;\n              ^"},
		{name: "a syntax error in TypeScript, deep in an import", path: "src/script.ts",
			files: map[string]string{"src/script.ts": "import './lib/a';", "src/lib/a.ts": "export const é: number = 5 5;"},
			want:  "src/lib/a.ts:1:28: expected \";\" but found \"5\"\n    export const é: number = 5 5;\n                               ^"},
		{name: "a syntax error in JSON", files: map[string]string{"script.js": "import d from './d.json'; export default d", "d.json": "{\n\t\"a\": 1,\n}"},
			want: "d.json:2:8: JSON does not support trailing commas\n     \"a\": 1,\n           ^"},
		{name: "several errors are all told", files: map[string]string{"script.js": "const a = 1; const a = 2;\nconst q;"},
			want: "script.js:1:20: the symbol \"a\" has already been declared (the symbol \"a\" was originally declared here script.js:1)\n    const a = 1; const a = 2;\n                       ^\nscript.js:2:7: the constant \"q\" must be initialized\n    const q;\n          ^"},
		{name: "export function continue", files: map[string]string{"script.js": "export async function continue() {}"},
			want: "script.js:1:23: `continue` is a reserved word: name the function otherwise and export it as `export { keepGoing as continue }`\n    export async function continue() {}\n                          ^"},
		{name: "export const continue", files: map[string]string{"script.ts": "export const continue = () => true"}, path: "script.ts",
			want: "script.ts:1:14: `continue` is a reserved word: name the function otherwise and export it as `export { keepGoing as continue }`\n    export const continue = () => true\n                 ^"},
		{name: "both kinds of exports", files: map[string]string{"script.js": "export const a = 1;\nexports.b = 2; module.exports.c = 3;"},
			want: "script.js:2:1: this file exports both as an ES module (export …) and as CommonJS (exports): its CommonJS exports would be lost\n    exports.b = 2; module.exports.c = 3;\n    ^", hint: "use one of the two in a file"},
		{name: "an unknown built-in module", files: map[string]string{"script.js": "import x from 'runner/htpp';"},
			want: "script.js:1:15: there is no module \"runner/htpp\"; did you mean \"runner/http\"? (there are runner/http, runner/timing)\n    import x from 'runner/htpp';\n                  ^"},
		{name: "a package that is not installed", files: map[string]string{"script.js": "import x from 'lodash/get'; import y from '@a/b/c'"},
			want: "script.js:1:15: cannot find \"lodash/get\"\n    import x from 'lodash/get'; import y from '@a/b/c'\n                  ^\nscript.js:1:43: cannot find \"@a/b/c\"\n    import x from 'lodash/get'; import y from '@a/b/c'\n                                              ^", hint: "npm install lodash"},
		{name: "a file that is not there", files: map[string]string{"script.js": "import x from './nope'"},
			want: "script.js:1:15: cannot find \"./nope\"\n    import x from './nope'\n                  ^"},
		{name: "a part of Node", files: map[string]string{"script.js": "import fs from 'fs'"},
			want: "script.js:1:16: cannot find \"fs\"\n    import fs from 'fs'\n                   ^", hint: `"fs" is a part of Node, which runner is not`},
		{name: "an import of something else", files: map[string]string{"script.js": "import './a.png'; import './b.css'", "a.png": "", "b.css": "a{}"},
			want: "script.js:1:8: cannot import a \".png\" file (a.png); JavaScript, TypeScript, JSON and text (.txt) can be imported\n    import './a.png'; import './b.css'\n           ^\nscript.js:1:26: cannot import a \".css\" file (b.css); JavaScript, TypeScript, JSON and text (.txt) can be imported\n    import './a.png'; import './b.css'\n                             ^"},
		{name: "a name that a file does not export", files: map[string]string{"script.js": "import { a } from './b'; a()", "b.js": "export const b = 1"},
			want: "script.js:1:10: no matching export in \"b.js\" for import \"a\"\n    import { a } from './b'; a()\n             ^"},
		{name: "export * of a built-in module", files: map[string]string{"script.js": "export * from 'runner/http'"},
			want: "script.js: `export * from \"runner/http\"` cannot be used: name what is to be exported"},
		{name: "brackets a million deep", files: map[string]string{"script.js": "export const a = " + strings.Repeat("(", 1e6)},
			want: "script.js: brackets are nested 1000000 deep: at most 5000 can be parsed"},
		{name: "brackets a million deep in JSON", files: map[string]string{"script.js": "import './d.json'", "d.json": strings.Repeat("[", 1e6)},
			want: "d.json: brackets are nested 1000000 deep: at most 5000 can be parsed"},
		{name: "a regular expression that is none", files: map[string]string{"script.js": "\nexport const a = /(/"},
			want: "script.js:2:18: cannot be compiled: Unterminated group\n    export const a = /(/\n                     ^"},
		{name: "the only fault is in a line of a megabyte", files: map[string]string{"script.js": "const s = '" + strings.Repeat("x", 1e6) + "'; const a = ;"},
			want: "script.js:1:1000025: unexpected \";\"\n    " + strings.Repeat("x", 106) + "'; const a = ;\n" + strings.Repeat(" ", 4+119) + "^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files(t, tt.files)
			path := tt.path
			if path == "" {
				path = "script.js"
			}
			_, err := Load(path, testModules())
			var le *LoadError
			if !errors.As(err, &le) {
				t.Fatalf("error is %#v, want a LoadError", err)
			}
			if diff := cmp.Diff(tt.want, le.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if le.Hint != tt.hint {
				t.Errorf("hint is %q, want %q", le.Hint, tt.hint)
			}
		})
	}
}

// TestLoaded runs scripts of several files and looks at what they export.
func TestLoaded(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		path  string
		want  string
	}{
		{name: "named exports", files: map[string]string{"script.js": "export const a = 1; export function b() {}; const c = 2; export { c as d, c as continue }"},
			want: "{ a: 1, b: [Function: b], continue: 2, d: 2 }"},
		{name: "a default export is merged, named ones win", files: map[string]string{"script.js": "export default { a: 1, b: 2 }; export const b = 3"},
			want: "{ a: 1, b: 3, default: { a: 1, b: 2 } }"},
		{name: "an instance of a class by default", files: map[string]string{"script.js": "class S { start() { return 1 } get x() { return 2 } } export default new S()"},
			want: "{ start: [Function: start], x: 2, default: S {} }"},
		{name: "static members of a class by default", files: map[string]string{"script.js": "export default class { static continue() {} static a = 1 }"},
			want: "{\n  a: 1,\n  continue: [Function: continue],\n  default: [class script_default]\n}"},
		{name: "a function by default", files: map[string]string{"script.js": "export default function run() {}; export const options = 1"}, want: "{ default: [Function: run], options: 1 }"},
		{name: "CommonJS", files: map[string]string{"script.js": "exports.a = 1; exports.continue = 2"}, want: "{ a: 1, continue: 2 }"},
		{name: "CommonJS that replaces its exports", files: map[string]string{"script.cjs": "module.exports = { a: 1, get b() { return 2 } }"}, path: "script.cjs", want: "{ a: 1, b: [Getter] }"},
		{name: "CommonJS that imports", files: map[string]string{"script.js": "const http = require('runner/http'), { get } = require('http'); const l = require('./l'); exports.r = [http.get('a'), get('b'), http.default === http, l]", "l.js": "module.exports = 7"},
			want: "{ r: [ 'GET a', 'GET b', true, 7 ] }"},
		{name: "TypeScript with enums, decorators, namespaces, satisfies and using", path: "script.ts", files: map[string]string{"script.ts": `
			enum Color { Red, Green = 5 } namespace N { export const x = 1 } type T = { a: number };
			function d(v: any, c: any) { return class extends v { extra = 1; } as any }
			@d class C { private a: number = 1; constructor(readonly p: string) {} }
			const log: string[] = []; { using r = { [Symbol.dispose]() { log.push("disposed") } }; log.push("used") }
			import type { Missing } from "./missing";
			export const a = [Color[5], N.x, new C("p"), { a: 1 } satisfies T, log, 5 as unknown as string, <number>6, (null)!];
			abstract class A { abstract f(): void } export function f(this: void, x?: number): asserts x is number {}`},
			want: "{\n  a: [\n    'Green',\n    1,\n    { p: 'p', a: 1, extra: 1 },\n    { a: 1 },\n    [ 'used', 'disposed' ],\n    5,\n    6,\n    null\n  ],\n  f: [Function: f]\n}"},
		{name: "JSON, text and directories", files: map[string]string{"script.js": "import d, { a } from './d.json'; import t from './t.txt'; import i from './dir'; export const r = [d.b, a, t, i]", "d.json": `{"a":1,"b":[2]}`, "t.txt": "hi", "dir/index.js": "export default 5"},
			want: "{ r: [ [ 2 ], 1, 'hi', 5 ] }"},
		{name: "packages, with their exports maps and their own idea of http", files: map[string]string{
			"script.js":                        "import a from 'a'; import { b } from 'b/sub'; export const r = [a, b]",
			"node_modules/a/package.json":      `{"main":"m.js","browser":{"http":false}}`,
			"node_modules/a/m.js":              "const h = require('http'); module.exports = Object.keys(h).length",
			"node_modules/b/package.json":      `{"exports":{"./sub":{"import":"./s.mjs","require":"./s.cjs"}}}`,
			"node_modules/b/s.mjs":             "export const b = 'esm'",
			"node_modules/b/s.cjs":             "exports.b = 'cjs'",
			"node_modules/unrelated/whatever":  "",
			"node_modules/unrelated2/whatever": "",
		}, want: "{ r: [ 0, 'esm' ] }"},
		{name: "a package of node_modules may import built-in modules by their full name", files: map[string]string{
			"script.js":               "import a from 'a'; export const r = a",
			"node_modules/a/index.js": "import { get } from 'runner/http'; export default get('x')"}, want: "{ r: 'GET x' }"},
		{name: "every way to import a built-in module", files: map[string]string{"script.js": `
			import d from "runner/http"; import * as ns from "runner/http"; import e, { get, get as g2, default as d2 } from "runner/http";
			import {
				get as g3,
				name,
			} from "runner/http"; import "runner/timing";
			export { get as reexported } from "runner/http";
			export const r = [d === ns, d === e, d2 === d, get === g2, g3 === ns.get, name, Object.keys(Object.getPrototypeOf(d))];
			export const lazy = async () => { const m = await import("runner/http"); return [m.get === get, m.default === d, (await import("./other")).x] };
			`, "other.js": "export const x = 1"},
			want: "{\n  lazy: [Function: lazy],\n  r: [\n    true,\n    true,\n    true,\n    true,\n    true,\n    'the http module',\n    [ 'get', 'fail', 'name' ]\n  ],\n  reexported: [Function: get]\n}"},
		{name: "top-level await", files: map[string]string{"script.js": "import { later } from 'runner/timing'; import { b } from './b'; const a = await later('1ms', 5); export { a, b }; export default { c: await 3 }", "b.js": "export const b = await Promise.resolve(2)"},
			want: "{ c: 3, a: 5, b: 2, default: { c: 3 } }"},
		{name: "a hashbang", files: map[string]string{"script.js": "#!/usr/bin/env -S runner run\nexport const a = new Error().stack.split('\\n')[1].trim().split('(')[0]"},
			want: "{ a: 'at script.js:2:18' }"},
		{name: "text that looks like the end or the beginning of a bundle", files: map[string]string{"script.js": "export const a = `\nimport x from \"runner/http\";\nexport {\n  x\n};\n`.length; import h from 'runner/http'; export const b = h.get(`\nexport default 1;`)"},
			want: "{ a: 46, b: 'GET \\nexport default 1;' }"},
		{name: "nothing is exported", files: map[string]string{"script.js": "const t = `\nexport {\n  x\n};\n`;"}, want: "{}"},
		{name: "a byte order mark", files: map[string]string{"script.js": "\ufeffexport const a = 1"}, want: "{ a: 1 }"},
		{name: "names that the wrapper might have", files: map[string]string{"script.js": "const require = 1, module = 2, exports = 3; export { require as a, module as b, exports as c }; import x from 'runner/http'; export const d = x.name"},
			want: "{ a: 1, b: 2, c: 3, d: 'the http module' }"},
		{name: "an ES module is strict", files: map[string]string{"script.js": "export const a = (function () { return this })(); export let b; try { undeclared = 1 } catch (e) { b = e.name }"},
			want: "{ a: undefined, b: 'ReferenceError' }"},
		{name: "a CommonJS script is sloppy", files: map[string]string{"script.js": "undeclared = 1; exports.a = (function () { return this === globalThis })(); exports.b = 010"},
			want: "{ a: true, b: 8 }"},
		{name: "a CommonJS script that asks for it is strict", files: map[string]string{"script.js": "'use strict'; exports.a = (function () { return this })()"},
			want: "{ a: undefined }"},
		{name: "a strict module and a sloppy package in one bundle", files: map[string]string{
			"script.js":               "import p from 'p'; export const a = [p.sloppy, p.leak]; export let b; try { undeclared2 = 1 } catch (e) { b = e.name }",
			"node_modules/p/index.js": "leaked = 5; exports.sloppy = (function () { return this !== undefined })(); exports.leak = leaked; const q = require('./q'); exports.q = q",
			"node_modules/p/q.js":     "exports.x = 1"},
			want: "{ a: [ true, 5 ], b: 'ReferenceError' }"},
		{name: "a package that requires an ES module", files: map[string]string{
			"script.js":               "import p from 'p'; export const a = p",
			"node_modules/p/index.js": "module.exports = require('./q').x + 1",
			"node_modules/p/q.mjs":    "export const x = 1", "node_modules/p/package.json": `{"main":"index.js"}`,
			"node_modules/p/q.js": "export const x = 41"},
			want: "{ a: 42 }"},
		{name: "async generators, for await, import.meta", files: map[string]string{"script.js": `
			async function* g() { yield 1; yield* [2, 3] }
			export const f = (async () => { const r = []; for await (const x of g()) r.push(x); return r })();
			export const m = typeof import.meta`},
			want: "{ f: Promise { [ 1, 2, 3 ] }, m: 'object' }"},
		{name: "licences of packages", files: map[string]string{"script.js": "/*! @license mine */ import a from 'a'; //! kept\nexport const r = a", "node_modules/a/index.js": "/** @preserve theirs */ module.exports = 5"}, want: "{ r: 5 }"},
		{name: "imports that go round", files: map[string]string{"script.js": "import { b } from './b'; export const a = () => 1; export const r = b()", "b.js": "import { a } from './script'; export const b = () => a() + 1"},
			want: "{ a: [Function: a], r: 2 }"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files(t, tt.files)
			path := tt.path
			if path == "" {
				path = "script.js"
			}
			vm, _ := start(t, loadFile(t, path))
			if diff := cmp.Diff(tt.want, vm.inspect(vm.Exports())); diff != "" {
				t.Errorf("exports (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRunErrors is about scripts whose top level fails.
func TestRunErrors(t *testing.T) {
	tests := []struct{ name, source, want, place string }{
		{"a throw", "\n\nthrow new TypeError('top')", "TypeError: top", "script.js:3:7"},
		{"a throw after await", "await 1;\nthrow new TypeError('top')", "TypeError: top", "script.js:2:7"},
		{"an await that never ends", "await new Promise(() => {})", "Error: the script's top level awaits a promise that can never settle: no timer, request or other work is left that could settle it", ""},
		{"a name that a built-in module has not", "import { gett } from 'runner/http'; gett()", `SyntaxError: runner/http has no export "gett"; did you mean "get"?`, "script.js:1:22"},
		{"CommonJS that exports no object", "module.exports = 5", "the script exports 5 instead of an object of functions", ""},
		{"an import by a name that is made up", "const n = './x'; export const a = await import(n)", `Error: cannot load "./x" while the script runs: import() and require() take a literal name, so that the file can be bundled`, "script.js:1:41"},
		{"a class by default", "export default class Mine { start() {} }", "the script's default export is a class, whose methods belong to its instances: export an instance (export default new Mine()) or make them static", ""},
		{"a getter that throws", "export default { get a() { throw new Error('got') } }", "Error: got", "script.js:1:34"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vm := NewVM(load(t, tt.source), testModules(), &Env{})
			err := vm.Run()
			if err == nil || err.Error() != tt.want {
				t.Fatalf("error is %v, want %s", err, tt.want)
			}
			var ex *Exception
			if errors.As(err, &ex) && ex.Place() != tt.place {
				t.Errorf("it comes from %q, want %q\n%s", ex.Place(), tt.place, ex.Stack)
			}
		})
	}
}

func TestPathsAreShownAsTheUserWouldWriteThem(t *testing.T) {
	files(t, map[string]string{"a dir/süß (1)/scr%ipt.ts": "import { f } from '../../l#b';\nexport const start = () => f()", "l#b.js": "\nexport function f() { throw new Error('x') }", "sub/keep": ""})
	check := func(path, want string) {
		t.Helper()
		vm, _ := start(t, loadFile(t, path))
		_, err := vm.Call(export(t, vm, "start"))
		var ex *Exception
		if !errors.As(err, &ex) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ex.Stack); diff != "" {
			t.Errorf("stack (-want +got):\n%s", diff)
		}
	}
	check("a dir/süß (1)/scr%ipt.ts", "Error: x\n    at f (l#b.js:2:29)\n    at start (a dir/süß (1)/scr%ipt.ts:2:28)")
	above, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	check(above+"/a dir/süß (1)/scr%ipt.ts", "Error: x\n    at f (l#b.js:2:29)\n    at start (a dir/süß (1)/scr%ipt.ts:2:28)")
	t.Chdir("sub")
	check("../a dir/süß (1)/scr%ipt.ts", "Error: x\n    at f ("+above+"/l#b.js:2:29)\n    at start ("+above+"/a dir/süß (1)/scr%ipt.ts:2:28)")
}

// TestPlacesInAMixedBundle is about bundles whose lines are put into another order.
func TestPlacesInAMixedBundle(t *testing.T) {
	sources := map[string]string{
		"script.js":                "#!/usr/bin/env runner\nimport { a } from './a.ts';\nimport p, { q } from 'p';\nimport {\n  get,\n  fail,\n} from 'runner/http';\nconst w = WAIT 5;\n\nexport function one() { return p(() => a(() => { null.x })) }\nexport const two = () => q(),\n  three = () => fail('x'); get;",
		"a.ts":                     "type T = () => void;\n\n\nexport const a = (f: T) => {\n  f(); };\n",
		"node_modules/p/index.js":  "// a comment\nvar helper = require('./helper');\nmodule.exports = function outer(f) {\n  return helper(f); };\nmodule.exports.q = require('./strict');",
		"node_modules/p/helper.js": "exports = module.exports = function helper(f) { leak = 1; return f() }",
		"node_modules/p/strict.js": "/* licence */ 'use strict';\nmodule.exports = function q() {\n  undeclared = 1 }",
	}
	want := map[string]string{
		"one":   "TypeError: Cannot read property 'x' of undefined\n    at script.js:10:55\n    at a (a.ts:5:3)\n    at script.js:10:40\n    at helper (node_modules/p/helper.js:1:66)\n    at outer (node_modules/p/index.js:4:10)\n    at one (script.js:10:32)",
		"two":   "ReferenceError: undeclared is not defined\n    at q (node_modules/p/strict.js:3:3)\n    at two (script.js:11:26)",
		"three": "RangeError: no x today\n    at three (script.js:12:17)",
	}
	for _, wait := range []string{"", "await"} {
		t.Run("with "+wait, func(t *testing.T) {
			named := map[string]string{}
			for name, text := range sources {
				named[name] = strings.ReplaceAll(text, "WAIT", wait)
			}
			files(t, named)
			vm, _ := start(t, loadFile(t, "script.js"))
			for name, stack := range want {
				_, err := vm.Call(export(t, vm, name))
				var ex *Exception
				if !errors.As(err, &ex) {
					t.Fatalf("%s: error is %v", name, err)
				}
				if diff := cmp.Diff(stack, ex.Stack); diff != "" {
					t.Errorf("%s: stack (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestProgramKnowsItsParts(t *testing.T) {
	files(t, map[string]string{"script.js": "import { later } from 'runner/timing'; import http from 'http'; import './lib/a'; import d from './d.json'; export { d, later, http }", "lib/a.js": "import 'runner/http'; console.log(1)", "d.json": "{}"})
	p := loadFile(t, "./script.js")
	if diff := cmp.Diff([]string{"d.json", "lib/a.js", "script.js"}, p.Inputs()); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"runner/http", "runner/timing"}, p.Modules()); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if p.Path() != "./script.js" || p.Bytes() < 100 || p.Bytes() > 1000 {
		t.Errorf("path is %q, %d bytes", p.Path(), p.Bytes())
	}
}
