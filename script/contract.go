// Package script knows what a scenario script may export and makes runnable scenarios of it. It
// stands between js, which runs scripts without knowing what they mean, and runtime, which runs
// scenarios without knowing JavaScript.
package script

import (
	"fmt"
	"sort"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	cmdmodule "runner/modules/commands"
	lmmodule "runner/modules/loadmodels"
)

// The exports of the contract, in the order in which a run comes to them.
var contract = []string{
	"init", "start", "continue", "terminate", "loadModel", "userLoop", "aggregator", "verifier",
	"outputTransformer", "options", "variables", "dependsOn", "tags", "scenarios",
}

// functions are those exports of a scenario that are plain functions.
var functions = map[string]bool{
	"init": true, "start": true, "continue": true, "terminate": true, "aggregator": true,
	"verifier": true, "outputTransformer": true,
}

// exportsOf gives the object that holds a scenario's functions in a VM that has run the script.
func exportsOf(vm *js.VM, scenario string) *goja.Object {
	root := vm.Exports()
	if scenario == "" {
		return root
	}
	all := root.Get("scenarios").ToObject(vm.Runtime())
	return all.Get(scenario).ToObject(vm.Runtime())
}

// present is false for undefined and for what is not there.
func present(v goja.Value) bool { return v != nil && !goja.IsUndefined(v) }

func describe(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	}
	if o, ok := v.(*goja.Object); ok {
		switch o.ClassName() {
		case "Function":
			return "a function"
		case "Array":
			return "an array"
		case "Promise":
			return "a promise"
		}
		return "an object"
	}
	s := v.String()
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	if _, ok := v.Export().(string); ok {
		return fmt.Sprintf("the string %q", s)
	}
	return s
}

// definition is what one scenario of a script exports.
type definition struct {
	key       string // its key in scenarios; empty if the script itself is the scenario
	name      string
	has       map[string]bool
	kinds     map[string]string // what stands there, for inspection
	verifies  bool
	dependsOn []string
	tags      []string
	loadModel loadmodels.Model    // nil: a function of the script, or none
	userLoop  loadmodels.UserLoop // likewise
	options   *goja.Object
	problems  []string
}

// read takes stock of a scenario's exports and notes everything that is wrong with them.
func (d *definition) read(vm *js.VM, exports *goja.Object) {
	d.has, d.kinds = map[string]bool{}, map[string]string{}
	d.verifies = true
	bad := func(name string, v goja.Value, want string) {
		d.problems = append(d.problems, fmt.Sprintf("%s is %s, it must be %s", name, describe(v), want))
	}
	for _, name := range contract {
		v := exports.Get(name)
		if !present(v) {
			continue
		}
		_, callable := goja.AssertFunction(v)
		d.kinds[name] = strings.TrimPrefix(strings.TrimPrefix(describe(v), "a "), "an ")
		switch {
		case name == "verifier" && goja.IsNull(v):
			d.verifies = false
			continue
		case functions[name]:
			if !callable {
				bad(name, v, "a function")
				continue
			}
		case name == "loadModel":
			if !callable {
				bad(name, v, "a load model such as nIterations(10, 2), or a function (commands, context) => …")
				continue
			}
			if m, ok := lmmodule.ModelOf(v); ok {
				d.loadModel, d.kinds[name] = m, "load model"
			}
		case name == "userLoop":
			if !callable {
				bad(name, v, "a user loop such as whileAlive(), or a function (commands, context) => …")
				continue
			}
			if l, ok := lmmodule.UserLoopOf(v); ok {
				d.userLoop, d.kinds[name] = l, "user loop"
			}
		case name == "dependsOn":
			d.dependsOn = d.stringList(vm, name, v)
		case name == "tags":
			d.tags = d.stringList(vm, name, v)
		case name == "options":
			o, ok := v.(*goja.Object)
			if !ok || callable || o.ClassName() == "Array" {
				bad(name, v, "an object")
				continue
			}
			d.options = o
		}
		d.has[name] = true
	}
	if !d.has["start"] && !present(exports.Get("start")) {
		d.problems = append(d.problems, "it does not export start"+nearest(exports, "start"))
	}
	if d.has["continue"] && !d.has["terminate"] {
		d.problems = append(d.problems, "continue is exported without terminate: they go together (export both, or neither)")
	}
}

func (d *definition) stringList(vm *js.VM, name string, v goja.Value) []string {
	var list []string
	o, ok := v.(*goja.Object)
	if ok && o.ClassName() == "Array" {
		n := int(o.Get("length").ToInteger())
		for i := range n {
			item := o.Get(fmt.Sprint(i))
			s, isString := item.Export().(string)
			if !isString {
				d.problems = append(d.problems, fmt.Sprintf("%s[%d] is %s, it must be a string", name, i, describe(item)))
				return nil
			}
			list = append(list, s)
		}
		return list
	}
	if s, ok := v.Export().(string); ok {
		return []string{s}
	}
	d.problems = append(d.problems, fmt.Sprintf("%s is %s, it must be a list of strings", name, describe(v)))
	return nil
}

// nearest names an export that may be a misspelt want.
func nearest(exports *goja.Object, want string) string {
	names := exports.Keys()
	if best := js.Nearest(want, names); best != "" {
		return fmt.Sprintf(" (it exports %s: is that meant?)", best)
	}
	if len(names) == 0 {
		return " (it exports nothing)"
	}
	sort.Strings(names)
	return " (it exports " + strings.Join(names, ", ") + ")"
}

// commandsOf gives a load model's and a user loop's first two arguments.
func commandsOf(vm *js.VM) []goja.Value {
	return []goja.Value{cmdmodule.Object(vm), cmdmodule.Context(vm)}
}
