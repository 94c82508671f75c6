package js

import (
	"context"
	"time"

	"github.com/dop251/goja"
)

// newTestTiming is a module with natives that wait: sleep blocks the VM, later gives a promise.
func newTestTiming(vm *VM) *goja.Object {
	delay := func(call goja.FunctionCall) time.Duration {
		d, err := vm.ParseDuration(call.Argument(0), "delay")
		if err != nil {
			vm.Throw(err)
		}
		return time.Duration(d)
	}
	return vm.LazyObject([]string{"sleep", "later", "lose", "call", "panic"}, func(name string) goja.Value {
		return vm.Func(name, func(call goja.FunctionCall) goja.Value {
			switch name {
			case "sleep":
				select {
				case <-time.After(delay(call)):
				case <-vm.Context().Done():
					vm.Throw(context.Cause(vm.Context()))
				}
				return goja.Undefined()
			case "call": // a function from within a native, as commands.run does
				fn, _ := goja.AssertFunction(call.Argument(0))
				v, err := vm.Call(fn)
				if err != nil {
					vm.Throw(err)
				}
				return v
			case "panic":
				var m map[string]int
				m["x"] = 1
			}
			d, result := delay(call), call.Argument(1)
			return vm.Promise(func(ctx context.Context) func() (goja.Value, error) {
				select {
				case <-time.After(d):
				case <-ctx.Done():
				}
				return func() (goja.Value, error) {
					if name == "lose" {
						return nil, TypeErrorf("lost %s", result)
					}
					return result, ctx.Err()
				}
			})
		})
	})
}
