package js

import "errors"

var errClosed = errors.New("the virtual machine has been closed")

// hooks are what modules want to know of their VM's life.
type hooks struct {
	close, iteration []func()
	closed           bool
	iterating        bool
}

// OnClose has f run when the VM is closed, the latest registered first. Only the VM's goroutine may call it.
func (vm *VM) OnClose(f func()) { vm.hooks.close = append(vm.hooks.close, f) }

// Close lets the modules give back what they hold for this VM (connections, files), and waits for the
// goroutines of promises that an interrupt left behind. The VM must not run, and does not run again.
// Calling it twice does nothing more.
func (vm *VM) Close() {
	if vm.hooks.closed {
		return
	}
	vm.hooks.closed = true
	if l := vm.loop.Load(); l != nil {
		vm.dropLoop(errClosed)
		l.busy.Wait()
	}
	for i := len(vm.hooks.close) - 1; i >= 0; i-- {
		vm.hooks.close[i]()
	}
	vm.hooks = hooks{closed: true}
}

// OnIterationStart has f run before each iteration that follows, in the order of registration. Only the
// VM's goroutine may call it.
func (vm *VM) OnIterationStart(f func()) { vm.hooks.iteration = append(vm.hooks.iteration, f) }

// BeginIteration tells the modules that an iteration is about to start.
func (vm *VM) BeginIteration() {
	vm.hooks.iterating = true
	for _, f := range vm.hooks.iteration {
		f()
	}
}

// EndIteration tells that the iteration is over.
func (vm *VM) EndIteration() { vm.hooks.iterating = false }

// InIteration says whether an iteration runs, in which some of a user loop's commands make no sense.
func (vm *VM) InIteration() bool { return vm.hooks.iterating }
