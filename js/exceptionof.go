package js

import "github.com/dop251/goja"

// ExceptionOf reads an error object, or anything else that can be thrown, as it would leave a call.
func (vm *VM) ExceptionOf(v goja.Value) *Exception { return vm.newException(v, nil) }
