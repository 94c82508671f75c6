// Package variables is the script module runner/variables: the settings that a script declares with
// `export const variables`, as properties of its default export. Package script finds the values; this
// module shows them.
package variables

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/value"
)

//go:embed variables.d.ts
var types string

// Section is the key under which js.Env.Settings holds the Values.
const Section = "variables"

// Values are a script's variables by name. In a VM that only inspects a script they may not be known
// yet: then every name is undefined.
type Values struct {
	ByName map[string]value.Value
	Known  bool
}

// Module is runner/variables.
func Module() *js.Module {
	return &js.Module{Name: "variables", New: exports, Types: types}
}

func exports(vm *js.VM) *goja.Object {
	values, _ := vm.Env().Settings[Section].(Values)
	view := vm.Runtime().NewDynamicObject(&view{vm: vm, values: values})
	return vm.LazyObject([]string{"default"}, func(string) goja.Value { return view })
}

// view is the default export.
type view struct {
	vm     *js.VM
	values Values
}

// quiet are names that engines and libraries ask any object for: they are not misspelt variables.
var quiet = []string{"then", "toJSON", "constructor", "toString", "valueOf", "__esModule", "default", "inspect", "hasOwnProperty"}

func (v *view) Get(name string) goja.Value {
	if val, ok := v.values.ByName[name]; ok {
		return v.vm.Give(val)
	}
	if !v.values.Known || slices.Contains(quiet, name) {
		return nil
	}
	names := v.Keys()
	hint := ""
	if best := js.Nearest(name, names); best != "" {
		hint = ", did you mean " + best + "?"
	}
	v.vm.Throw(js.TypeErrorf("there is no variable %q%s (declared: %s)", name, hint, strings.Join(names, ", ")))
	return nil
}

func (v *view) Set(name string, _ goja.Value) bool {
	v.vm.Throw(js.TypeErrorf("variables.%s is read-only: it is set with --set %s=…", name, name))
	return false
}

func (v *view) Has(name string) bool {
	_, ok := v.values.ByName[name]
	return ok
}

func (v *view) Delete(string) bool { return false }

func (v *view) Keys() []string {
	names := make([]string, 0, len(v.values.ByName))
	for name := range v.values.ByName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
