package script

import (
	"sync/atomic"

	"runner/js"
)

// vmBox holds a user's VM, which the user's goroutine may replace while another wants to interrupt it.
type vmBox struct{ vm atomic.Pointer[js.VM] }

func (b *vmBox) get() *js.VM   { return b.vm.Load() }
func (b *vmBox) set(vm *js.VM) { b.vm.Store(vm) }
