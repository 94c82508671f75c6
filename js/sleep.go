package js

import "time"

// Sleep waits for d, or until what the VM runs is interrupted, which the VM then sees for itself. Only the
// VM's goroutine may call it.
//
// It waits for a timer of the VM's own and for nothing else, which an interrupt lets expire: a select with
// a context beside it would need a larger stack, and tests have a hundred thousand users that do nothing
// but sleep.
func (vm *VM) Sleep(d time.Duration) {
	vm.mu.Lock()
	if vm.cause != nil {
		vm.mu.Unlock()
		return
	}
	if vm.alarm == nil {
		vm.alarm = time.NewTimer(d)
	} else {
		vm.alarm.Reset(d)
	}
	vm.asleep = true
	vm.mu.Unlock()
	<-vm.alarm.C
	vm.mu.Lock()
	vm.asleep = false
	vm.mu.Unlock()
}
