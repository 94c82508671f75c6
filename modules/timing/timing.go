// Package timing is the script module runner/timing: waits that end when the iteration is interrupted, and
// a clock.
package timing

import (
	"context"
	_ "embed"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
)

//go:embed timing.d.ts
var types string

// Module is runner/timing.
func Module() *js.Module {
	return &js.Module{Name: "timing", New: exports, Types: types}
}

func exports(vm *js.VM) *goja.Object {
	return vm.LazyObject([]string{"sleep", "sleepAsync", "now"}, func(name string) goja.Value {
		switch name {
		case "sleep":
			return vm.Func(name, func(call goja.FunctionCall) goja.Value {
				d := duration(vm, name, call)
				if vm.Env().Commands == nil {
					vm.Sleep(d)
				} else if err := wait(vm, vm.Context(), d); err != nil {
					vm.Throw(err)
				}
				return goja.Undefined()
			})
		case "sleepAsync":
			return vm.Func(name, func(call goja.FunctionCall) goja.Value {
				d := duration(vm, name, call)
				return vm.Promise(func(ctx context.Context) func() (goja.Value, error) {
					err := wait(vm, ctx, d)
					return func() (goja.Value, error) { return goja.Undefined(), err }
				})
			})
		}
		return vm.Func(name, func(goja.FunctionCall) goja.Value { return vm.Runtime().ToValue(now()) })
	})
}

func duration(vm *js.VM, name string, call goja.FunctionCall) time.Duration {
	d, err := vm.Seconds(call.Argument(0), name+": the time")
	if err != nil {
		vm.Throw(err)
	}
	return d
}

// wait waits for d, or until what the VM runs is interrupted, which the VM sees for itself. In a load
// model it also ends, with ErrEnded, when the scenario must end.
func wait(vm *js.VM, ctx context.Context, d time.Duration) error {
	var expired <-chan time.Time
	if d < loadmodels.Forever {
		t := time.NewTimer(d)
		defer t.Stop()
		expired = t.C
	}
	var ends <-chan struct{}
	if c := vm.Env().Commands; c != nil {
		// Once it has ended, what is left to run may still wait.
		if driving := c.Context(); driving.Err() == nil {
			ends = driving.Done()
		}
	}
	select {
	case <-expired:
	case <-ctx.Done():
	case <-ends:
		return loadmodels.ErrEnded
	}
	return nil
}

// began ties the monotonic clock to the calendar, so that now never goes back.
var began = time.Now()

// now is the time in milliseconds since 1970, with microseconds in the fraction.
func now() float64 {
	return float64(began.UnixMicro()+time.Since(began).Microseconds()) / 1000
}
