package js

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dop251/goja"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"runner/value"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOneProgramForManyUsers runs one program in many VMs at once, with what goja shares between them:
// the code, regular expressions, source maps, polyfills.
func TestOneProgramForManyUsers(t *testing.T) {
	p := load(t, `
		import http from "runner/http";
		import { later } from "runner/timing";
		const pattern = /(\d+)-(?=x)/g, letters = /\p{L}+/u;
		class Counter { #n = 0; add() { return ++this.#n } }
		const counter = new Counter();
		export async function start(id) {
			let s = "";
			for (let i = 0; i < 20; i++) {
				s += "1-x2-x".replace(pattern, "$1") + letters.exec("ß9")[0] + http.get(id) + counter.add();
				try { null.x } catch (e) { s += e.stack.length }
				await later("1ms", id);
				s += JSON.stringify(JSON.parse('{"a":[1]}')) + Object.keys(Object.groupBy([1, 2], (x) => x)) + [1, 2].values().map((x) => x * 2).toArray();
				s += new URL("http://a?b=1").searchParams.get("b") + structuredClone({ id }).id + new TextDecoder().decode(new TextEncoder().encode("é"));
			}
			throw new Error(id + s.length);
		}`)
	var wg sync.WaitGroup
	stacks := make([]string, 8)
	for i := range stacks {
		wg.Go(func() {
			vm := NewVM(p, testModules(), &Env{})
			defer vm.Close()
			if err := vm.Run(); err != nil {
				t.Error(err)
				return
			}
			fn, _ := goja.AssertFunction(vm.Exports().Get("start"))
			_, err := vm.Call(fn, vm.rt.ToValue("u"))
			var ex *Exception
			if !errors.As(err, &ex) {
				t.Errorf("error is %v", err)
				return
			}
			stacks[i] = ex.Stack
		})
	}
	wg.Wait()
	for _, s := range stacks {
		if s != stacks[0] || !strings.Contains(s, "\n    at start (script.js:16:10)") {
			t.Errorf("stack is %q", s)
		}
	}
}

// TestAUserIsSmall: what is built before it is touched, every user pays for.
func TestAUserIsSmall(t *testing.T) {
	p := load(t, "export function start(id) { return id }")
	vms := make([]*VM, 1000)
	modules, env := testModules(), &Env{}
	before := heapNow()
	for i := range vms {
		vms[i] = NewVM(p, modules, env)
		if err := vms[i].Run(); err != nil {
			t.Fatal(err)
		}
	}
	if per := (heapNow() - before) / int64(len(vms)); per > 4096 {
		t.Errorf("a VM with a script of one function holds %d bytes", per)
	}
	runtime.KeepAlive(vms)
}

func TestUsersDoNotSeeOneAnother(t *testing.T) {
	p := load(t, "let n = 0; globalThis.shared ??= 0; Array.prototype.extra = 1; export const f = () => [++n, ++shared, [].extra]; export const g = () => { globalThis.setTimeout = 5; return typeof setTimeout }")
	a, _ := start(t, p)
	b, _ := start(t, p)
	for i, vm := range []*VM{a, a, b} {
		v, err := vm.Call(export(t, vm, "f"))
		if want := []string{"[ 1, 1, 1 ]", "[ 2, 2, 1 ]", "[ 1, 1, 1 ]"}[i]; err != nil || vm.inspect(v) != want {
			t.Errorf("call %d gives %v, %v, want %s", i, vm.inspect(v), err, want)
		}
	}
	if v, err := a.Call(export(t, a, "g")); err != nil || v.String() != "number" {
		t.Errorf("a global that was replaced is %v, %v", v, err)
	}
	if v, err := b.rt.RunString("typeof setTimeout"); err != nil || v.String() != "function" {
		t.Errorf("in the other VM it is %v, %v", v, err)
	}
}

func TestRandomNumbersCanBeRepeated(t *testing.T) {
	p := load(t, "export const f = () => [Math.random(), Math.random()].join()")
	run := func() string {
		n := 0.0
		vm := NewVM(p, testModules(), &Env{Rand: func() float64 { n += 0.125; return n }})
		if err := vm.Run(); err != nil {
			t.Fatal(err)
		}
		v, err := vm.Call(export(t, vm, "f"))
		if err != nil {
			t.Fatal(err)
		}
		return v.String()
	}
	if a, b := run(), run(); a != "0.125,0.25" || a != b {
		t.Errorf("two runs with one seed gave %s and %s", a, b)
	}
}

func TestPost(t *testing.T) {
	vm, _ := script(t, `import { later } from "runner/timing"; let n = 0; export const add = () => ++n, slow = async () => { const before = n; await later("20ms"); return n - before }, quick = () => n`)
	add := export(t, vm, "add")
	job := func() error {
		_, err := add(goja.Undefined())
		return err
	}
	// While a call runs, and from elsewhere.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 10 {
			vm.Post(job)
			time.Sleep(time.Millisecond)
		}
	}()
	v, err := vm.Call(export(t, vm, "slow"))
	<-done
	if err != nil || v.ToInteger() == 0 {
		t.Errorf("while it waited, %v jobs ran: %v", v, err)
	}
	// What comes while nothing runs is for the next call, and what fails is its error.
	vm.Post(job)
	vm.Post(func() error { return errors.New("the job failed") })
	if _, err := vm.Call(export(t, vm, "quick")); err == nil || err.Error() != "the job failed" {
		t.Errorf("error is %v", err)
	}
	if v, err := vm.Call(export(t, vm, "quick")); err != nil || v.ToInteger() != 11 {
		t.Errorf("in the end there were %v jobs: %v", v, err)
	}
}

func TestGettersCanBeInterrupted(t *testing.T) {
	vm, _ := script(t, "export const loop = { a: { get b() { for (;;) ; } } }, deep = { get a() { return this.a } }")
	time.AfterFunc(20*time.Millisecond, func() { vm.Interrupt(errTimeout) })
	if _, err := vm.Take(vm.Exports().Get("loop"), "output"); err != errTimeout {
		t.Errorf("error is %v, want the cause of the interrupt", err)
	}
	if _, err := vm.Take(vm.Exports().Get("deep"), "output"); err == nil || !strings.Contains(err.Error(), "output.a cannot be read: RangeError: maximum call stack size exceeded") {
		t.Errorf("error is %v", err)
	}
}

func TestErrorsOfNativesAreFoundAgain(t *testing.T) {
	ended := errors.New("the scenario has ended")
	modules := Registry{"m": {Name: "m", New: func(vm *VM) *goja.Object {
		return vm.LazyObject([]string{"sleep", "later"}, func(name string) goja.Value {
			return vm.Func(name, func(goja.FunctionCall) goja.Value {
				if name == "later" {
					return vm.Promise(func(context.Context) func() (goja.Value, error) {
						return func() (goja.Value, error) { return nil, fmt.Errorf("later: %w", ended) }
					})
				}
				vm.Throw(fmt.Errorf("sleep: %w", ended))
				return nil
			})
		})
	}}}
	files(t, map[string]string{"script.js": `import { sleep, later } from "runner/m"; export const f = () => sleep(), g = () => later(), h = () => { try { sleep() } catch (e) { throw e } }, other = () => { try { sleep() } catch (e) { throw new Error("mine", { cause: e }) } }`})
	p, err := Load("script.js", modules)
	if err != nil {
		t.Fatal(err)
	}
	vm := NewVM(p, modules, &Env{})
	if err := vm.Run(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"f": true, "g": true, "h": true, "other": false} {
		_, err := vm.Call(export(t, vm, name))
		if errors.Is(err, ended) != want {
			t.Errorf("%s: the native's error is found: %v; error is %v", name, !want, err)
		}
		if ex, ok := err.(*Exception); !ok || ex.Place() == "" {
			t.Errorf("%s: no place in %#v", name, err)
		}
	}
}

func TestModulesAreMadeOncePerVM(t *testing.T) {
	made := 0
	modules := Registry{"m": {Name: "m", New: func(vm *VM) *goja.Object {
		made++
		built := 0
		return vm.LazyObject([]string{"a", "b"}, func(name string) goja.Value { built++; return vm.rt.ToValue(built) })
	}}}
	files(t, map[string]string{
		"script.js": `import m, { a } from "runner/m"; import { again } from "./other"; export const same = again === m, first = a, keys = Object.keys(m).length; export const f = () => [m.b, m.b, "b" in m, m.nope]; m.c = 5; export const set = m.c`,
		"other.js":  `import * as again from "runner/m"; export { again }`,
	})
	p, err := Load("script.js", modules)
	if err != nil {
		t.Fatal(err)
	}
	if made != 0 {
		t.Error("a module was made while the script was loaded")
	}
	vm := NewVM(p, modules, &Env{})
	if err := vm.Run(); err != nil {
		t.Fatal(err)
	}
	v, err := vm.Call(export(t, vm, "f"))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(made, vm.Exports().Get("same"), vm.Exports().Get("first"), vm.Exports().Get("set"), vm.Exports().Get("keys"), " "+vm.inspect(v))
	if want := "1 true 1 5 0 [ 2, 2, true, undefined ]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDynamicImports(t *testing.T) {
	files(t, map[string]string{
		"script.js": `export const f = async () => {
			const http = await import("runner/http"), bare = await import("http"), other = await import("./other");
			return [http.get("a"), http.default.get("b"), bare.name, other.x, other.default, (await import("./data.json")).default.y, await import(other.path).catch((e) => e.message)];
		}`,
		"other.js":  `export const x = 1, path = "./elsewhere"; export default await Promise.resolve(2)`,
		"data.json": `{"y": 3}`,
	})
	vm, _ := start(t, loadFile(t, "script.js"))
	v, err := vm.Call(export(t, vm, "f"))
	if err != nil {
		t.Fatal(err)
	}
	want := "[\n  'GET a',\n  'GET b',\n  'the http module',\n  1,\n  2,\n  3,\n  'cannot load \"./elsewhere\" while the script runs: import() and require() take a literal name, so that the file can be bundled'\n]"
	if got := vm.inspect(v); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAScriptThatBreaksItsOwnGlobalsBreaksNothingElse(t *testing.T) {
	shared := state(t)
	vm, _ := script(t, `for (const name of Object.getOwnPropertyNames(globalThis)) if (name !== "globalThis") try { delete globalThis[name] } catch {}
		export const f = (s) => s.map, g = (x) => 1, h = () => { null.x }, i = () => setTimeout("x")`)
	if v, err := vm.Call(export(t, vm, "f"), vm.Give(shared)); err == nil {
		t.Errorf("a map without Map is %v", v)
	}
	m, _ := shared.(*value.Object).Get("map")
	when, _ := shared.(*value.Object).Get("when")
	for _, v := range []value.Value{m, when} {
		if _, err := vm.Call(export(t, vm, "g"), vm.Give(v)); err == nil {
			t.Errorf("%#v was given without its constructor", v)
		}
		if _, err := vm.Call(export(t, vm, "g"), vm.Clone(v)); err == nil {
			t.Errorf("%#v was cloned without its constructor", v)
		}
	}
	for _, name := range []string{"h", "i"} {
		if _, err := vm.Call(export(t, vm, name)); err == nil || !strings.HasPrefix(err.Error(), "TypeError") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := vm.Take(vm.Exports(), "exports"); err == nil {
		t.Error("functions were taken")
	}
}

func TestRunIsForOnce(t *testing.T) {
	vm, _ := script(t, "export const x = 1")
	if err := vm.Run(); err == nil {
		t.Error("the top level ran twice")
	}
}

func TestMappingsSurviveTheirRewriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines [][]segment
		w := wrapped{}
		for i := range rapid.IntRange(0, 8).Draw(t, "lines") {
			var segments []segment
			column := 0
			for range rapid.IntRange(0, 5).Draw(t, "segments") {
				column += rapid.IntRange(0, 100_000).Draw(t, "column")
				s := segment{column: column, source: -1, name: -1}
				if rapid.Bool().Draw(t, "mapped") {
					s = segment{column, rapid.IntRange(0, 5).Draw(t, "source"), rapid.IntRange(0, 1<<20).Draw(t, "line"), rapid.IntRange(0, 1<<20).Draw(t, "source column"), -1}
				}
				segments = append(segments, s)
			}
			lines = append(lines, segments)
			w = append(w, wrappedLine{from: i, shift: rapid.IntRange(0, 50).Draw(t, "shift")})
		}
		back, err := readMappings(writeMappings(lines, w))
		if err != nil {
			t.Fatal(err)
		}
		for i, segments := range lines {
			for j, s := range segments {
				s.column += w[i].shift + 1
				if s.source >= 0 {
					s.sourceColumn++
				} else {
					s = segment{column: s.column, source: -1, name: -1}
				}
				if back[i][j] != s {
					t.Fatalf("segment %d of line %d became %v, want %v", j, i, back[i][j], s)
				}
			}
		}
	})
}
