package js

import (
	"context"
	"errors"
	"fmt"

	"github.com/dop251/goja"
)

// errInterrupted is the cause of an interrupt that was given none.
var errInterrupted = errors.New("interrupted")

// Call calls a function and runs the event loop until the promise that it may have returned is
// settled and no timer or job is left that could still throw into it. The error is an *Exception, or
// the cause given to Interrupt. Called from within a native (re-entrantly) it does not drive the
// event loop unless a promise came back.
//
// What is left when the function has settled: timeouts, immediates and promises of natives are waited
// for, and an error in one fails the call; intervals are dropped, since nothing would end them. When
// the call has failed, all are dropped.
func (vm *VM) Call(fn goja.Callable, args ...goja.Value) (goja.Value, error) {
	if vm.depth > 0 {
		return vm.callNested(fn, args)
	}
	return vm.callOutermost(fn, args)
}

// protect runs Go code that may run the script's, such as getters. Outside of a call it can be
// interrupted as a call can.
func (vm *VM) protect(f func() error) error {
	inner := func(goja.Value, ...goja.Value) (_ goja.Value, err error) {
		if ex := vm.rt.Try(func() { err = f() }); ex != nil {
			return nil, vm.exception(ex)
		}
		return nil, err
	}
	if vm.depth > 0 {
		_, err := inner(nil)
		return err
	}
	_, err := vm.callOutermost(inner, nil)
	return err
}

func (vm *VM) callOutermost(fn goja.Callable, args []goja.Value) (v goja.Value, err error) {
	vm.depth = 1
	vm.state.Store(running)
	vm.lendStack()
	defer func() {
		if r := recover(); r != nil {
			err = vm.panicked(r)
		}
		vm.takeStack()
		if vm.state.CompareAndSwap(running, idle) && err == nil {
			vm.depth = 0
			return
		}
		v, err = vm.afterTrouble(v, err)
		vm.depth = 0
	}()
	v, err = fn(goja.Undefined(), args...)
	if err != nil {
		return nil, err
	}
	if p := promiseOf(v); p != nil || vm.loop.Load() != nil {
		return vm.drive(v, p)
	}
	return v, nil
}

// callNested calls a function from within a native. An interrupt leaves here as an error, and goes on
// to end the outermost call as soon as the native returns.
func (vm *VM) callNested(fn goja.Callable, args []goja.Value) (v goja.Value, err error) {
	vm.depth++
	defer func() { vm.depth-- }()
	v, err = fn(goja.Undefined(), args...)
	if err == nil {
		if p := promiseOf(v); p != nil {
			v, err = vm.drive(v, p)
		}
	}
	if err != nil {
		return nil, vm.exception(err)
	}
	return v, nil
}

// afterTrouble ends a call that failed or was interrupted.
func (vm *VM) afterTrouble(v goja.Value, err error) (goja.Value, error) {
	if vm.state.Load() == interrupted {
		// Interrupt holds mu until goja has its flag, so that it can be cleared for good here.
		vm.mu.Lock()
		cause := vm.cause
		vm.cause, vm.ctx, vm.cancel = nil, nil, nil
		vm.rt.ClearInterrupt()
		vm.state.Store(idle)
		vm.mu.Unlock()
		if err != nil {
			vm.at = vm.placeOf(err)
			vm.broken = true
			vm.dropLoop(cause)
			return nil, cause
		}
	}
	if err == nil {
		return v, nil
	}
	err = vm.exception(err)
	vm.dropLoop(err)
	return nil, err
}

// panicked makes an error of a panic that came out of a native. One that is not a JavaScript error leaves
// goja in an unknown state.
func (vm *VM) panicked(r any) error {
	switch e := r.(type) {
	case *Exception, *goja.Exception, *goja.InterruptedError, *goja.StackOverflowError:
		return e.(error)
	case goja.Value: // thrown by Go code that no script called
		return vm.newException(e, nil)
	}
	vm.broken = true
	ex := &Exception{Name: "InternalError", Message: fmt.Sprint(r)}
	if err, ok := r.(error); ok {
		ex.cause = err
	}
	ex.Stack = ex.Error()
	return ex
}

// promiseOf is the promise that a value is, or nil.
func promiseOf(v goja.Value) *goja.Promise {
	if o, ok := v.(*goja.Object); ok && o.ExportType() == typePromise {
		p, _ := o.Export().(*goja.Promise)
		return p
	}
	return nil
}

// Context is done when what the VM runs now has been interrupted, with the interrupt's cause. Every
// native that waits listens to it.
func (vm *VM) Context() context.Context {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	if vm.ctx == nil {
		vm.ctx, vm.cancel = context.WithCancelCause(context.Background())
		if vm.cause != nil {
			vm.cancel(vm.cause)
		}
	}
	return vm.ctx
}

// Interrupt ends what the VM runs now, also if it waits in a native; nothing happens if it runs nothing.
func (vm *VM) Interrupt(cause error) {
	if cause == nil {
		cause = errInterrupted
	}
	vm.mu.Lock()
	defer vm.mu.Unlock()
	if !vm.state.CompareAndSwap(running, interrupted) {
		return
	}
	vm.cause = cause
	vm.rt.Interrupt(cause)
	if vm.cancel != nil {
		vm.cancel(cause)
	}
	if vm.asleep {
		vm.alarm.Reset(0)
	}
	if l := vm.loop.Load(); l != nil {
		l.poke()
	}
}

// InterruptedAt is where in the script the last interrupt met it, as file:line:column, or empty if that
// is not known. The VM's goroutine may call it after a call that was interrupted.
func (vm *VM) InterruptedAt() string { return vm.at }
