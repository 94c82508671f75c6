// Package modulestest runs tests of script modules that are written in JavaScript, in real VMs.
//
// A test file imports equal, ok and throws from "runner/test" and exports functions whose names begin with
// test; each runs in a VM of its own.
package modulestest

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"runner/js"
	"runner/value"
)

// Registry has the modules, and "runner/test".
func Registry(modules ...*js.Module) js.Registry {
	r := js.Registry{"test": {Name: "test", New: assertions}}
	for _, m := range modules {
		r[m.Name] = m
	}
	return r
}

// Run runs the tests of a file. env makes the surroundings of one test from its name.
func Run(t *testing.T, file string, env func(t *testing.T, name string) *js.Env, modules ...*js.Module) {
	t.Helper()
	r := Registry(modules...)
	p, err := js.Load(file, r)
	if err != nil {
		t.Fatal(err)
	}
	// One that only looks for the tests.
	inspect := js.NewVM(p, r, withLog(t, &js.Env{}))
	if err := inspect.Run(); err != nil {
		t.Fatal(stack(err))
	}
	found := false
	for _, name := range inspect.Exports().Keys() {
		if !strings.HasPrefix(name, "test") {
			continue
		}
		found = true
		t.Run(strings.TrimPrefix(name, "test"), func(t *testing.T) {
			vm := js.NewVM(p, r, withLog(t, env(t, name)))
			if err := vm.Run(); err != nil {
				t.Fatal(stack(err))
			}
			if _, err := Call(vm, name); err != nil {
				t.Fatal(stack(err))
			}
		})
	}
	if !found {
		t.Fatalf("%s exports no test", file)
	}
}

// Script loads a script's text and runs its top level in a VM.
func Script(t testing.TB, source string, env *js.Env, modules ...*js.Module) (*js.VM, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	file := "script.js"
	if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	r := Registry(modules...)
	p, err := js.Load(file, r)
	if err != nil {
		return nil, err
	}
	vm := js.NewVM(p, r, withLog(t, env))
	return vm, vm.Run()
}

// Call calls an exported function.
func Call(vm *js.VM, name string, args ...goja.Value) (goja.Value, error) {
	fn, ok := goja.AssertFunction(vm.Exports().Get(name))
	if !ok {
		return nil, fmt.Errorf("%s is not a function", name)
	}
	return vm.Call(fn, args...)
}

func withLog(t testing.TB, e *js.Env) *js.Env {
	if e.Log == nil {
		e.Log = func(level, message string) { t.Logf("%s: %s", level, message) }
	}
	return e
}

func stack(err error) string {
	if ex, ok := err.(*js.Exception); ok {
		return ex.Stack
	}
	return err.Error()
}

func assertions(vm *js.VM) *goja.Object {
	return vm.LazyObject([]string{"equal", "ok", "throws"}, func(name string) goja.Value {
		return vm.Func(name, func(call goja.FunctionCall) goja.Value {
			var err error
			switch name {
			case "equal":
				err = equal(vm, call.Argument(0), call.Argument(1))
			case "ok":
				if !call.Argument(0).ToBoolean() {
					err = fmt.Errorf("%s is not true", call.Argument(0))
				}
			case "throws":
				err = throws(call.Argument(0), call.Argument(1).String(), call.Argument(2).String())
			}
			if err != nil {
				vm.Throw(err)
			}
			return goja.Undefined()
		})
	})
}

func equal(vm *js.VM, got, want goja.Value) error {
	g, err := vm.Take(got, "got")
	if err != nil {
		return err
	}
	w, err := vm.Take(want, "want")
	if err != nil {
		return err
	}
	if g, w := Show(g), Show(w); g != w {
		return fmt.Errorf("got %s, want %s", g, w)
	}
	return nil
}

// throws checks that a function throws an error of a name whose message has a part.
func throws(fn goja.Value, name, part string) error {
	f, ok := goja.AssertFunction(fn)
	if !ok {
		return fmt.Errorf("throws takes a function, the error's name and a part of its message")
	}
	v, err := f(goja.Undefined())
	if err == nil {
		return fmt.Errorf("nothing was thrown but %s returned, want %s: …%s…", v, name, part)
	}
	ex, ok := err.(*goja.Exception)
	if !ok {
		return err
	}
	if text := ex.Value().String(); !strings.HasPrefix(text, name+": ") || !strings.Contains(text, part) {
		return fmt.Errorf("%q was thrown, want %s: …%s…", text, name, part)
	}
	return nil
}

// Show writes a Value much as a script would.
func Show(v value.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v)
	case float64:
		if math.IsNaN(v) {
			return "NaN"
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *value.Array:
		var items []string
		for _, item := range v.Items {
			items = append(items, Show(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *value.Object:
		var items []string
		for i := range v.Len() {
			k, item := v.At(i)
			items = append(items, k+": "+Show(item))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case *value.Error:
		return v.Name + "(" + strconv.Quote(v.Message) + ")"
	}
	if v == value.Undefined {
		return "undefined"
	}
	return fmt.Sprintf("%v", v)
}
