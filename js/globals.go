package js

import (
	"sort"

	"github.com/dop251/goja"
)

// globalNames answers, as the prototype of the global object, for every global that goja does not
// have itself. What a script assigns to such a name becomes a property of the global object and hides
// ours.
type globalNames VM

// globalBuilders make the globals when they are first read. They are filled in by the files that have
// them, in globalTable, since some refer to one another.
var globalBuilders map[string]func(vm *VM) goja.Value

// globalList is the sorted names, for scripts that look.
var globalList []string

func init() {
	globalBuilders = globalTable()
	for name := range globalBuilders {
		if name != importName {
			globalList = append(globalList, name)
		}
	}
	sort.Strings(globalList)
}

func globalTable() map[string]func(vm *VM) goja.Value {
	native := func(name string, fn func(vm *VM, call goja.FunctionCall) goja.Value) func(*VM) goja.Value {
		return func(vm *VM) goja.Value {
			return vm.Func(name, func(call goja.FunctionCall) goja.Value { return fn(vm, call) })
		}
	}
	return map[string]func(vm *VM) goja.Value{
		importName:       native("import", (*VM).importModule),
		"require":        native("require", (*VM).requireGlobal),
		"console":        (*VM).console,
		"setTimeout":     native("setTimeout", (*VM).setTimeout),
		"setInterval":    native("setInterval", (*VM).setInterval),
		"setImmediate":   native("setImmediate", (*VM).setImmediate),
		"clearTimeout":   native("clearTimeout", (*VM).clearTimer),
		"clearInterval":  native("clearInterval", (*VM).clearTimer),
		"clearImmediate": native("clearImmediate", (*VM).clearTimer),
		"queueMicrotask": native("queueMicrotask", (*VM).queueMicrotask),
	}
}

func (g *globalNames) Get(key string) goja.Value {
	if v, ok := g.globals[key]; ok {
		return v
	}
	build := globalBuilders[key]
	if build == nil {
		return nil
	}
	vm := (*VM)(g)
	v := build(vm)
	if vm.globals == nil {
		vm.globals = map[string]goja.Value{}
	}
	vm.globals[key] = v
	return v
}

func (g *globalNames) Has(key string) bool { return globalBuilders[key] != nil }

// Set is for a script that writes to the global object's prototype itself.
func (g *globalNames) Set(key string, v goja.Value) bool {
	if g.globals == nil {
		g.globals = map[string]goja.Value{}
	}
	g.globals[key] = v
	return true
}

func (g *globalNames) Delete(string) bool { return true }
func (g *globalNames) Keys() []string     { return nil }
