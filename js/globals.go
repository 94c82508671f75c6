package js

import "github.com/dop251/goja"

// globalNames answers, as the prototype of the global object, for every global that goja does not
// have itself. What a script assigns to such a name becomes a property of the global object and hides
// ours.
type globalNames VM

// globalBuilders make the globals when they are first read. They are filled in by the files that have
// them, in globalTable, since some refer to one another.
var globalBuilders map[string]func(vm *VM) goja.Value

func init() { globalBuilders = globalTable() }

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

		"structuredClone": native("structuredClone", (*VM).structuredClone),
		"performance":     (*VM).performanceObject,
		"crypto":          (*VM).cryptoObject,
		"atob":            native("atob", (*VM).atob),
		"btoa":            native("btoa", (*VM).btoa),
		"TextEncoder":     (*VM).textEncoder,
		"TextDecoder":     (*VM).textDecoderClass,
		sourceName:        native("source", (*VM).evalSource),
		evalName:          native("eval", (*VM).indirectEval),
		"URL":             (*VM).urlClass,
		"URLSearchParams": (*VM).searchParamsClass,

		"AbortController":      eventsGlobal("AbortController"),
		"AbortSignal":          eventsGlobal("AbortSignal"),
		"Event":                eventsGlobal("Event"),
		"EventTarget":          eventsGlobal("EventTarget"),
		"DOMException":         eventsGlobal("DOMException"),
		"WeakRef":              weakGlobal("WeakRef"),
		"FinalizationRegistry": weakGlobal("FinalizationRegistry"),
		"Iterator":             func(vm *VM) goja.Value { return vm.iteratorHelpers().Get("Iterator") },
	}
}

func (g *globalNames) Get(key string) goja.Value {
	if v := find(g.globals, key); v != nil {
		return v
	}
	build := globalBuilders[key]
	if build == nil {
		return nil
	}
	vm := (*VM)(g)
	v := build(vm)
	vm.keepGlobal(key, v)
	return v
}

func (g *globalNames) Has(key string) bool { return globalBuilders[key] != nil }

// Set is for a script that writes to the global object's prototype itself.
func (g *globalNames) Set(key string, v goja.Value) bool {
	(*VM)(g).keepGlobal(key, v)
	return true
}

func (g *globalNames) Delete(string) bool { return true }
func (g *globalNames) Keys() []string     { return nil }
