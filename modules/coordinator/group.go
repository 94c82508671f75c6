package coordinator

import (
	"github.com/dop251/goja"

	"runner/js"
	"runner/value"
)

// group is what join returns: an array of the members, with the event that ended the wait. All members
// of a group in one process share the values behind it.
type group struct {
	vm      *js.VM
	members *value.Array
}

func newGroup(vm *js.VM, answer *value.Object) goja.Value {
	kind, _ := answer.Get("kind")
	count, _ := answer.Get("count")
	list, _ := answer.Get("members")
	members, _ := list.(*value.Array)
	if members == nil {
		members = &value.Array{}
	}
	rt := vm.Runtime()
	o := rt.NewDynamicArray(&group{vm, members})
	// A dynamic array has no properties of its own but its items: the event is one of its prototype.
	own := rt.CreateObject(o.Prototype())
	event := vm.Give(value.NewObject(eventKeys, []value.Value{kind, count}))
	if err := own.DefineDataProperty("event", event, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
		vm.Throw(err)
	}
	if err := o.SetPrototype(own); err != nil {
		vm.Throw(err)
	}
	return o
}

func (g *group) Len() int { return len(g.members.Items) }

func (g *group) Get(i int) goja.Value {
	if i < 0 || i >= len(g.members.Items) {
		return nil
	}
	return g.vm.Give(g.members.Items[i])
}

func (g *group) Set(int, goja.Value) bool { return false }
func (g *group) SetLen(int) bool          { return false }

// CloneValue lets a script keep a group, in a result for one.
func (g *group) CloneValue() (value.Value, error) { return g.members, nil }
