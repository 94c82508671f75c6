package js

import (
	"strings"

	"github.com/dop251/goja"
)

// Func makes a native function value with a name.
func (vm *VM) Func(name string, fn func(goja.FunctionCall) goja.Value) goja.Value {
	f := vm.rt.ToValue(fn).(*goja.Object)
	f.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return f
}

// LazyObject makes an object whose members are built when first read. The members are on the
// object's prototype, so that esbuild's __toESM neither copies nor touches them; "default" is the
// object itself, unless names has one. Object.keys and for…in of the prototype list names.
func (vm *VM) LazyObject(names []string, build func(name string) goja.Value) *goja.Object {
	members := &lazyMembers{names: names, build: build}
	members.object = vm.rt.CreateObject(vm.rt.NewDynamicObject(members))
	return members.object
}

// lazyMembers is the prototype of a LazyObject. What a script sets goes to the object itself, which
// then hides the member.
type lazyMembers struct {
	names  []string
	build  func(name string) goja.Value
	object *goja.Object // what "default" is, if anything
	built  []builtMember
}

type builtMember struct {
	name  string
	value goja.Value
}

// find gives the value of a name, nil if it is not there.
func find(members []builtMember, name string) goja.Value {
	for i := range members {
		if members[i].name == name {
			return members[i].value
		}
	}
	return nil
}

func (l *lazyMembers) Get(key string) goja.Value {
	for i := range l.built {
		if l.built[i].name == key {
			return l.built[i].value
		}
	}
	for _, name := range l.names {
		if name == key {
			v := l.build(name)
			if v == nil {
				v = goja.Undefined()
			}
			l.built = append(l.built, builtMember{name, v})
			return v
		}
	}
	if key == "default" && l.object != nil {
		return l.object
	}
	return nil
}

func (l *lazyMembers) Has(key string) bool {
	return key == "default" && l.object != nil || contains(l.names, key)
}

func (l *lazyMembers) Set(key string, v goja.Value) bool {
	for i := range l.built {
		if l.built[i].name == key {
			l.built[i].value = v
			return true
		}
	}
	l.built = append(l.built, builtMember{key, v})
	if !contains(l.names, key) {
		l.names = append(l.names[:len(l.names):len(l.names)], key)
	}
	return true
}

func (l *lazyMembers) Delete(string) bool { return false }

// Keys are the names of a LazyObject's members; those of a class are not enumerated, as everywhere.
func (l *lazyMembers) Keys() []string {
	if l.object == nil {
		return nil
	}
	return l.names
}

// memberNames lists what a module's exports offer, for hints.
func memberNames(exports *goja.Object) []string {
	names := exports.Keys()
	if p := exports.Prototype(); p != nil {
		if l, ok := p.Export().(*lazyMembers); ok {
			names = append(names, l.names...)
		}
	}
	kept := names[:0]
	for _, n := range names {
		if !strings.HasPrefix(n, "_") {
			kept = append(kept, n)
		}
	}
	return kept
}

// class makes a constructor whose prototype has lazily built members, and no more of its own than the
// tag that shows its name.
func (vm *VM) class(name string, ctor func(goja.ConstructorCall) *goja.Object, members []string, build func(name string) goja.Value) *goja.Object {
	c := vm.rt.ToValue(ctor).(*goja.Object)
	c.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	proto := c.Get("prototype").(*goja.Object)
	proto.SetPrototype(vm.rt.NewDynamicObject(&lazyMembers{names: members, build: build}))
	proto.DefineDataPropertySymbol(goja.SymToStringTag, vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return c
}

// method makes a member function of a class whose objects hold a T of Go's.
func method[T any](vm *VM, class, name string, fn func(self T, call goja.FunctionCall) goja.Value) goja.Value {
	return vm.Func(name, func(call goja.FunctionCall) goja.Value {
		if o, ok := call.This.(*goja.Object); ok {
			if self, ok := o.Export().(T); ok {
				return fn(self, call)
			}
		}
		vm.Throw(TypeErrorf("%s.%s: this is not a %s", class, name, class))
		return nil
	})
}
