package js

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dop251/goja"
)

// files makes files in a fresh working directory. Their text is given without the indentation that
// it has in the test.
func files(t testing.TB, named map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range named {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// recordedLog keeps what a script logs.
type recordedLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *recordedLog) log(level, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level+": "+message)
}

func (l *recordedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// testModules are built-in modules for tests: runner/timing sleeps, runner/http (also "http") fails or
// answers as it is told.
func testModules() Registry {
	return Registry{
		"http": {Name: "http", Bare: true, New: func(vm *VM) *goja.Object {
			return vm.LazyObject([]string{"get", "fail", "name"}, func(name string) goja.Value {
				switch name {
				case "name":
					return vm.rt.ToValue("the http module")
				case "fail":
					return vm.Func("fail", func(call goja.FunctionCall) goja.Value {
						vm.Throw(RangeErrorf("no %s today", call.Argument(0)))
						return nil
					})
				}
				return vm.Func(name, func(call goja.FunctionCall) goja.Value {
					return vm.rt.ToValue("GET " + call.Argument(0).String())
				})
			})
		}},
		"timing": {Name: "timing", New: newTestTiming},
	}
}

// load loads a script of one file.
func load(t testing.TB, source string) *Program {
	t.Helper()
	files(t, map[string]string{"script.js": source})
	return loadFile(t, "script.js")
}

func loadFile(t testing.TB, name string) *Program {
	t.Helper()
	p, err := Load(name, testModules())
	if err != nil {
		t.Fatalf("load %s: %v", name, err)
	}
	return p
}

// start runs a program's top level in a new VM.
func start(t testing.TB, p *Program) (*VM, *recordedLog) {
	t.Helper()
	log := &recordedLog{}
	vm := NewVM(p, testModules(), &Env{Side: SideUser, Log: log.log})
	if err := vm.Run(); err != nil {
		t.Fatalf("run: %v", err)
	}
	return vm, log
}

// script loads and starts a script of one file.
func script(t testing.TB, source string) (*VM, *recordedLog) {
	t.Helper()
	return start(t, load(t, source))
}

// export finds an exported function.
func export(t testing.TB, vm *VM, name string) goja.Callable {
	t.Helper()
	fn, ok := goja.AssertFunction(vm.Exports().Get(name))
	if !ok {
		t.Fatalf("%s is not an exported function", name)
	}
	return fn
}

// eval gives the text of what an expression evaluates to in a fresh VM, or of the error.
func eval(t testing.TB, expression string) string {
	t.Helper()
	vm, _ := script(t, "export function f() { return ("+expression+"); }")
	v, err := vm.Call(export(t, vm, "f"))
	if err != nil {
		return err.Error()
	}
	return vm.inspect(v)
}
