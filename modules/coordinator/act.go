package coordinator

import (
	"fmt"

	"github.com/dop251/goja"

	"runner/js"
	"runner/value"
)

// Knows says why a VM that has run the script cannot run the actions of a coordinator, if it cannot.
func Knows(vm *js.VM, name string) error {
	if m := of(vm); m != nil {
		if h := m.handles[name]; h != nil && h.items != nil {
			return nil
		}
	}
	return fmt.Errorf("coordinator %q has actions, so it must be made at the script's top level, where the controller finds them", name)
}

// Act runs an action in a VM that has run the script, and calls fail for each call that failed. The
// error is that of an interrupt, which ends the action.
func Act(vm *js.VM, a Action, fail func(error)) error {
	if err := Knows(vm, a.Coordinator); err != nil {
		return err
	}
	items := of(vm).handles[a.Coordinator].items
	if a.Item >= len(items) || a.Number >= len(items[a.Item].actions) {
		return fmt.Errorf("coordinator %q: its plan is not always the same", a.Coordinator)
	}
	it := items[a.Item]
	event := vm.Give(a.Event)
	call := func(args ...goja.Value) error {
		if _, err := vm.Call(it.actions[a.Number], append([]goja.Value{event}, args...)...); err != nil {
			if vm.Broken() {
				return err
			}
			fail(err)
		}
		return nil
	}
	switch it.pass {
	case passEvent:
		return call()
	case passGroup:
		return call(vm.Give(&value.Array{Items: a.Members}))
	}
	members := make([]goja.Value, len(a.Members))
	for i, m := range a.Members {
		members[i] = vm.Give(m)
	}
	if len(members) < 2 {
		one := goja.Undefined()
		if len(members) == 1 {
			one = members[0]
		}
		return call(one, goja.Undefined())
	}
	for i, one := range members {
		for _, other := range members[i+1:] {
			if err := call(one, other); err != nil {
				return err
			}
		}
	}
	return nil
}
