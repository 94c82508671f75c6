package js

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
)

// goja drops its stack of values whenever the outermost call returns, and makes another one in two
// steps for the next call: a third of all bytes that an iteration with one request allocated. A VM lends
// goja one of its own instead, and takes it back after the call.
const (
	firstStack = 16  // values; deep enough for a function that calls a few natives
	mostStack  = 128 // what a VM keeps at most
)

// lendStack gives goja the VM's stack, if it has none. Only before an outermost call.
func (vm *VM) lendStack() {
	s := vm.gojaStack()
	if *s != nil {
		return
	}
	if vm.stack == nil {
		vm.stack = make([]goja.Value, firstStack)
	}
	*s = vm.stack[:0]
}

// takeStack takes the stack back that was lent and empties it, so that it keeps nothing alive. When it
// was used to its end, the next one is larger.
func (vm *VM) takeStack() {
	*vm.gojaStack() = nil
	if vm.stack == nil {
		return
	}
	full := vm.stack[len(vm.stack)-1] != nil
	if full && len(vm.stack) < mostStack {
		vm.stack = make([]goja.Value, 2*len(vm.stack))
		return
	}
	clear(vm.stack)
}

// stackFields are where goja keeps its stack: in what a field of the runtime points to.
var stackFields = func() (f struct{ vm, stack uintptr }) {
	rt := reflect.TypeFor[goja.Runtime]()
	vm, ok := rt.FieldByName("vm")
	if !ok || vm.Type.Kind() != reflect.Pointer {
		panic(fmt.Sprintf("goja's vm is not where it was: %v", vm))
	}
	stack, ok := vm.Type.Elem().FieldByName("stack")
	if !ok || stack.Type.Kind() != reflect.Slice || stack.Type.Elem() != reflect.TypeFor[goja.Value]() {
		panic(fmt.Sprintf("goja's stack is not where it was: %v", stack))
	}
	f.vm, f.stack = vm.Offset, stack.Offset
	return f
}()

func (vm *VM) gojaStack() *[]goja.Value {
	inner := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(vm.rt), stackFields.vm))
	return (*[]goja.Value)(unsafe.Add(inner, stackFields.stack))
}
