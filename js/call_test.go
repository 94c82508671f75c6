package js

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dop251/goja"
)

// TestCalls runs one exported function f and says what comes of it, and how long it took.
func TestCalls(t *testing.T) {
	tests := []struct {
		name, source string
		want         string // inspected
		wantErr      string
		took         time.Duration
		place        string
	}{
		{name: "a plain function gives its value",
			source: `export const f = () => 1 + 1`, want: "2"},
		{name: "an async function gives what its promise was settled with",
			source: `export async function f() { return await Promise.resolve({ a: 1 }) }`, want: "{ a: 1 }"},
		{name: "a timeout is waited for",
			source: `export const f = () => new Promise(r => setTimeout(r, 250, "done"))`, want: "'done'", took: 250 * time.Millisecond},
		{name: "timeouts run in the order in which they are due, then in which they were made",
			source: `export const f = () => new Promise(r => { const s = []; setTimeout(() => s.push(3), 2); setTimeout(() => s.push(1), 1); setTimeout(() => s.push(2), 1); setImmediate(() => s.push(0)); setTimeout(() => r(s), 3) })`,
			want:   "[ 0, 1, 2, 3 ]", took: 3 * time.Millisecond},
		{name: "microtasks run before immediates and timeouts",
			source: `export const f = () => new Promise(r => { const s = []; setTimeout(() => { s.push("t"); r(s.join("")) }, 0); setImmediate(() => s.push("i")); queueMicrotask(() => s.push("m")); Promise.resolve().then(() => s.push("p")); s.push("s") })`,
			want:   "'smpit'"},
		{name: "the returned value stands although a timeout is waited for after it",
			source: `export const f = () => { setTimeout(() => {}, 1000); return 5 }`, want: "5", took: time.Second},
		{name: "an interval runs until it is cleared",
			source: `export const f = () => new Promise(r => { let n = 0; const i = setInterval(() => { if (++n === 4) { clearInterval(i); r(n) } }, 10) })`,
			want:   "4", took: 40 * time.Millisecond},
		{name: "an interval that is never cleared ends with the function",
			source: `let n = 0; export const f = async () => { setInterval(() => n++, 10); await new Promise(r => setTimeout(r, 35)); return n }`,
			want:   "3", took: 35 * time.Millisecond},
		{name: "a cleared timeout is not waited for",
			source: `export const f = () => { clearTimeout(setTimeout(() => {}, 9999)); clearImmediate(setImmediate(() => {})); clearTimeout(77); clearTimeout(); return 1 }`, want: "1"},
		{name: "a throw in a timeout fails the call",
			source:  "export const f = () => { setTimeout(() => {\n  throw new RangeError('late') }, 5); return 1 }",
			wantErr: "RangeError: late", took: 5 * time.Millisecond, place: "script.js:2:9"},
		{name: "a rejected promise that nobody handles fails the call",
			source:  "export const f = () => {\n  Promise.reject(new TypeError('lost')); return 1 }",
			wantErr: "TypeError: lost", place: "script.js:2:18"},
		{name: "a rejected promise that is handled in time does not",
			source: `export const f = async () => { const p = Promise.reject(new Error("x")); try { await p } catch (e) { return e.message } }`, want: "'x'"},
		{name: "a throw in a microtask fails the call",
			source: `export const f = () => { queueMicrotask(() => { throw new Error("micro") }) }`, wantErr: "Error: micro"},
		{name: "an async function that throws fails the call",
			source: "export async function f() {\n  await null;\n  throw new Error('no') }", wantErr: "Error: no", place: "script.js:3:9"},
		{name: "a promise that can never settle is found out",
			source: `export const f = () => new Promise(() => {})`, wantErr: "Error: the function returned a promise that can never settle: no timer, request or other work is left that could settle it"},
		{name: "also after the last timer has run",
			source: `export const f = () => new Promise(() => { setTimeout(() => {}, 3) })`, wantErr: "Error: the function returned a promise that can never settle: no timer, request or other work is left that could settle it", took: 3 * time.Millisecond},
		{name: "a native's promise is waited for",
			source: `import { later } from "runner/timing"; export const f = async () => (await later("2s", "a")) + (await later("1s", "b"))`, want: "'ab'", took: 3 * time.Second},
		{name: "natives' promises run side by side",
			source: `import { later } from "runner/timing"; export const f = () => Promise.all([later("2s", 1), later("2s", 2), later("1s", 3)])`, want: "[ 1, 2, 3 ]", took: 2 * time.Second},
		{name: "a native's promise that nobody awaits is waited for, and fails the call",
			source: "import { lose } from 'runner/timing'; export const f = () => {\n  lose('2s', 'x'); return 1 }", wantErr: "TypeError: lost x", took: 2 * time.Second, place: "script.js:2:3"},
		{name: "blocking and promising natives live side by side",
			source: `import { later, sleep } from "runner/timing"; export const f = async () => { const p = later("1s", 1); sleep("3s"); return await p }`, want: "1", took: 3 * time.Second},
		{name: "a native that calls an async function gets its result",
			source: `import { call, later } from "runner/timing"; export const f = () => [call(async () => { await later("1s"); await null; return 1 }), call(() => 2)]`, want: "[ 1, 2 ]", took: time.Second},
		{name: "a generator is resumed in a nested call",
			source: `import { call, later } from "runner/timing"; function* g() { yield call(async () => { await later("1s"); return 1 }); yield 2 } export const f = () => [...g()]`, want: "[ 1, 2 ]", took: time.Second},
		{name: "an async function that waits goes on inside a nested call of another",
			source: `import { call, later } from "runner/timing"; export const f = async () => { const s = []; const a = (async () => { s.push(1); await later("1s"); s.push(2) })(); call(async () => { await later("2s"); s.push(3) }); await a; return s }`, want: "[ 1, 2, 3 ]", took: 2 * time.Second},
		{name: "an error crosses a native as it is",
			source: "import { call } from 'runner/timing'; class Mine extends Error {} let e; export const f = () => { try { call(() => { throw e = new Mine('m') }) } catch (x) { return x === e && x instanceof Mine } }", want: "true"},
		{name: "a nested promise that can never settle",
			source: `import { call } from "runner/timing"; export const f = () => { call(() => new Promise(() => {})) }`, wantErr: "Error: the function returned a promise that can never settle: no timer, request or other work is left that could settle it", place: "script.js:1:64"},
		{name: "a rejection that the outer function handles later is not the inner one's",
			source: `import { call, later } from "runner/timing"; export const f = async () => { const p = Promise.reject(new Error("x")); const r = call(async () => { await later("1s"); return 1 }); try { await p } catch { return r } }`, want: "1", took: time.Second},
		{name: "a rejection in a nested call is its own",
			source: `import { call, later } from "runner/timing"; export const f = () => { try { call(async () => { Promise.reject(new Error("x")); await later("1s") }) } catch (e) { return e.message } }`, want: "'x'", took: time.Second},
		{name: "endless recursion",
			source: "export function f() { return f() }", wantErr: "RangeError: maximum call stack size exceeded: calls are nested more than 1024 deep", place: "script.js:1:30"},
		{name: "endless recursion through natives",
			source: "export function f() { [1].forEach(f) }", wantErr: "RangeError: maximum call stack size exceeded: calls are nested more than 1024 deep"},
		{name: "a panic in a native is an internal error",
			source: `import { panic } from "runner/timing"; export const f = () => { panic("1s") }`, wantErr: "InternalError: assignment to entry in nil map"},
		{name: "a timer is given no function",
			source: `export const f = () => setTimeout("x", 1)`, wantErr: `TypeError: setTimeout takes a function, not "x"`, place: "script.js:1:24"},
		{name: "a timer is given a month",
			source: `export const f = () => setTimeout(f, 2**31)`, wantErr: `RangeError: setTimeout takes a delay of at most 2147483647 ms, not 2147483648`, place: "script.js:1:24"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, tt.source)
			synctest.Test(t, func(t *testing.T) {
				vm, _ := start(t, p)
				began := time.Now()
				v, err := vm.Call(export(t, vm, "f"))
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if tt.wantErr == "" {
					if err != nil {
						t.Fatal(err)
					}
					if got := vm.inspect(v); got != tt.want {
						t.Errorf("got %s, want %s", got, tt.want)
					}
					return
				}
				var ex *Exception
				if !errors.As(err, &ex) {
					t.Fatalf("error is %#v, want an Exception", err)
				}
				if ex.Error() != tt.wantErr {
					t.Errorf("error is %q, want %q", ex, tt.wantErr)
				}
				if tt.place != "" && ex.Place() != tt.place {
					t.Errorf("it comes from %q, want %q\n%s", ex.Place(), tt.place, ex.Stack)
				}
				// The VM is of use after every error but a panic.
				if !strings.HasPrefix(tt.wantErr, "InternalError") {
					if v, err := vm.Call(func(goja.Value, ...goja.Value) (goja.Value, error) { return vm.rt.RunString("(async () => 1)()") }); err != nil || v.ToInteger() != 1 {
						t.Errorf("afterwards the VM gives %v, %v", v, err)
					}
				}
				if vm.Broken() != strings.HasPrefix(tt.wantErr, "InternalError") {
					t.Errorf("broken is %v", vm.Broken())
				}
			})
		})
	}
}

var errTimeout = errors.New("the iteration took too long")

func TestInterrupt(t *testing.T) {
	tests := []struct {
		name, source string
		at           string
	}{
		{"a loop", "export function f() {\n  for (let i = 0; ;)\n    i = i + 1; }", "script.js:3"},
		{"a loop that catches everything", "export function f() { for (;;) try { for (;;); } catch {} finally {} }", ""},
		{"a chain of microtasks without end", "export function f() { const g = () => Promise.resolve().then(g); return g() }", ""},
		{"an async loop", "export async function f() { for (;;) await null }", ""},
		{"a wait for a timer", "export async function f() { await new Promise(r => setTimeout(r, 1e9)) }", ""},
		{"a native that waits", "import { sleep } from 'runner/timing'; export function f() {\n  sleep('1000h') }", "script.js:2:3"},
		{"a native that waits, in a loop that catches everything", "import { sleep } from 'runner/timing'; export function f() { for (;;) try { sleep('1000h') } catch {} }", ""},
		{"a native's promise", "import { later } from 'runner/timing'; export async function f() { await later('1000h') }", ""},
		{"a nested call", "import { call } from 'runner/timing'; export function f() { for (;;) try { call(() => { for (;;); }) } catch {} }", ""},
		{"a nested call that waits", "import { call, later } from 'runner/timing'; export function f() { for (;;) try { call(() => later('1000h')) } catch {} }", ""},
		{"a nested call that blocks", "import { call, sleep } from 'runner/timing'; export function f() { for (;;) try { call(() => sleep('1000h')) } catch {} }", ""},
		{"the top level", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p *Program
			if tt.source == "" {
				p = load(t, "for (;;) ;")
			} else {
				p = load(t, tt.source)
			}
			run := func(t *testing.T, soon func(func())) {
				vm := NewVM(p, testModules(), &Env{})
				call := vm.Run
				if tt.source != "" {
					if err := vm.Run(); err != nil {
						t.Fatal(err)
					}
					vm.Interrupt(errors.New("while idle: must not count"))
					call = func() error {
						_, err := vm.Call(export(t, vm, "f"))
						return err
					}
				}
				soon(func() { vm.Interrupt(errTimeout) })
				if err := call(); err != errTimeout {
					t.Fatalf("error is %v, want the cause", err)
				}
				if !vm.Broken() {
					t.Error("the VM does not say that it is broken")
				}
				if tt.at != "" && !strings.HasPrefix(vm.InterruptedAt(), tt.at) {
					t.Errorf("interrupted at %q, want %q", vm.InterruptedAt(), tt.at)
				}
				if _, err := vm.Call(func(goja.Value, ...goja.Value) (goja.Value, error) { return vm.rt.RunString("1") }); err != nil {
					t.Errorf("the interrupt ends the next call too: %v", err)
				}
				if vm.Context().Err() != nil {
					t.Error("the context is still done")
				}
			}
			// Where the script spins, time does not pass in a bubble.
			t.Run("in real time", func(t *testing.T) {
				run(t, func(f func()) { time.AfterFunc(20*time.Millisecond, f) })
			})
		})
	}
}

func TestManyInterruptsFromElsewhere(t *testing.T) {
	vm, _ := script(t, `import { later } from "runner/timing"; export function f() { let n = 0; for (let i = 0; i < 300; i++) n += i; return n } export const g = () => later("1ms", 1)`)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				vm.Interrupt(errTimeout)
				vm.Post(func() error { return nil })
				time.Sleep(10 * time.Microsecond)
			}
		}
	}()
	f, g := export(t, vm, "f"), export(t, vm, "g")
	for i := range 2000 {
		fn := f
		if i%100 == 0 {
			fn = g
		}
		if v, err := vm.Call(fn); err != nil && err != errTimeout {
			t.Fatalf("call %d: %v, %v", i, v, err)
		}
	}
	close(stop)
	<-done
	if _, err := vm.Call(f); err != nil {
		t.Errorf("when the interrupts are over: %v", err)
	}
}
