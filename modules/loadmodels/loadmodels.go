// Package loadmodels is the script module runner/loadmodels: the load models and user loops that ship,
// as functions that a script exports as loadModel and userLoop, calls from its own, or combines.
package loadmodels

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
)

//go:embed loadmodels.d.ts
var types string

// Module is runner/loadmodels.
func Module() *js.Module {
	return &js.Module{Name: "loadmodels", New: exports, Types: types}
}

// makers make a load model or a user loop of a script's arguments.
var makers = map[string]func(a *arguments) any{
	"runOnce":              runOnce,
	"nIterations":          nIterations,
	"nSeconds":             nSeconds,
	"constantUsers":        constantUsers,
	"rampUsers":            rampUsers,
	"rampUsersToThreshold": rampUsersToThreshold,
	"stages":               stages,
	"sequence":             sequence,
	"constantArrivalRate":  constantArrivalRate,
	"rampingArrivalRate":   rampingArrivalRate,

	"whileHasWork":               whileHasWork,
	"whileAlive":                 whileAlive,
	"iterationsPerSecondLimited": iterationsPerSecondLimited,
	"paced":                      paced,
	"repeatAfter":                repeatAfter,
}

var names = []string{
	"runOnce", "nIterations", "nSeconds", "constantUsers", "rampUsers", "rampUsersToThreshold", "stages",
	"sequence", "constantArrivalRate", "rampingArrivalRate",
	"whileHasWork", "whileAlive", "iterationsPerSecondLimited", "paced", "repeatAfter",
}

func exports(vm *js.VM) *goja.Object {
	return vm.LazyObject(names, func(name string) goja.Value {
		maker := makers[name]
		return vm.Func(name, func(call goja.FunctionCall) goja.Value {
			made := maker(&arguments{vm: vm, name: name, call: call})
			if v, ok := made.(interface{ Validate() error }); ok {
				if err := v.Validate(); err != nil {
					vm.Throw(js.RangeErrorf("%s", strings.ReplaceAll(err.Error(), "\n", "; ")))
				}
			}
			return show(vm, name, made)
		})
	})
}

// heldKey is where a function value holds the load model or user loop that it stands for.
var heldKey = goja.NewSymbol("runner.loadmodel")

type held struct{ value any }

// show makes a function (commands, context) => … of a load model or a user loop.
func show(vm *js.VM, name string, made any) goja.Value {
	fn := vm.Func(name, func(goja.FunctionCall) goja.Value {
		defer rethrow(vm)
		if err := runHere(vm, name, made); err != nil {
			vm.Throw(err)
		}
		return goja.Undefined()
	}).(*goja.Object)
	v := vm.Runtime().ToValue(&held{made})
	if err := fn.DefineDataPropertySymbol(heldKey, v, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
		vm.Throw(err)
	}
	return fn
}

// runHere runs a load model or a user loop that the script calls.
func runHere(vm *js.VM, name string, made any) error {
	env := vm.Env()
	switch m := made.(type) {
	case loadmodels.Model:
		if env.Commands == nil {
			return fmt.Errorf("the load model %s can only be called by a load model", name)
		}
		if env.Part != nil {
			return m.Run(env.Part)
		}
		return m.Run(env.Commands)
	case loadmodels.UserLoop:
		if env.User == nil {
			return fmt.Errorf("the user loop %s can only be called by a user loop", name)
		}
		if vm.InIteration() {
			return fmt.Errorf("the user loop %s can only be called by a user loop, not within an iteration", name)
		}
		return m.Run(env.User)
	}
	return fmt.Errorf("%s is no load model", name)
}

// rethrow makes an exception of what a handler of events threw, which went up through the Go code that
// served the event as a panic.
func rethrow(vm *js.VM) {
	r := recover()
	if r == nil {
		return
	}
	if err, ok := r.(error); ok {
		var ex *js.Exception
		if errors.As(err, &ex) {
			vm.Throw(ex)
		}
	}
	panic(r)
}

// ModelOf gives the load model that a function value stands for; false for any other value, a script's
// own load model among them.
func ModelOf(v goja.Value) (loadmodels.Model, bool) {
	m, ok := heldBy(v).(loadmodels.Model)
	return m, ok
}

// UserLoopOf gives the user loop that a function value stands for, likewise.
func UserLoopOf(v goja.Value) (loadmodels.UserLoop, bool) {
	l, ok := heldBy(v).(loadmodels.UserLoop)
	return l, ok
}

func heldBy(v goja.Value) any {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	if h := o.GetSymbol(heldKey); h != nil {
		if h, ok := h.Export().(*held); ok {
			return h.value
		}
	}
	return nil
}
