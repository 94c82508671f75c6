package js

import (
	"fmt"
	"math/big"
	"strconv"
	"weak"

	"github.com/dop251/goja"

	"runner/value"
)

// protos are built-in prototypes that are compared with often.
type protos struct {
	object *goja.Object
}

// objectPrototype is Object.prototype.
func (vm *VM) objectPrototype() *goja.Object {
	if vm.protos.object == nil {
		vm.protos.object = vm.rt.NewObject().Prototype()
	}
	return vm.protos.object
}

// views are the objects by which a VM shows Values, so that the same Value is the same object.
type views struct {
	// frozen views are held weakly: a script that has none left cannot tell a new one from the old, and
	// one that walks over a large state would otherwise keep a view of every part of it.
	frozen map[value.Value]weak.Pointer[goja.Object]
	sweep  int // when the map is that long, entries of views that are gone are deleted
	// copies can be changed by the script, and so must stay.
	copies map[value.Value]*goja.Object
}

const firstSweep = 256

// Give shows a Value to the script: scalars as they are, everything else as a frozen lazy view,
// cached, so that the same Value gives the same object and costs nothing before it is read.
//
// Objects and arrays are views; a change to one throws a TypeError. Dates, regular expressions, maps, sets,
// buffers and errors have methods that work only on the real thing: they are copied when first read, and
// a change to the copy is seen by this VM only.
func (vm *VM) Give(v value.Value) goja.Value {
	switch v := v.(type) {
	case nil:
		return goja.Null()
	case string:
		return vm.rt.ToValue(v)
	case float64:
		return vm.rt.ToValue(v)
	case bool:
		return vm.rt.ToValue(v)
	case *value.Object:
		if o := vm.view(v); o != nil {
			return o
		}
		return vm.keepView(v, vm.rt.NewDynamicObject(&objectView{vm: vm, object: v}))
	case *value.Array:
		if o := vm.view(v); o != nil {
			return o
		}
		return vm.keepView(v, vm.rt.NewDynamicArray(&arrayView{vm: vm, array: v}))
	case *big.Int:
		return vm.rt.ToValue(v)
	case value.Date:
		return vm.cloneDate(v)
	case *value.RegExp, *value.Map, *value.Set, *value.Bytes, *value.Error:
		if o := vm.views.copies[v]; o != nil {
			return o
		}
		o := vm.build(v, vm.Give)
		if vm.views.copies == nil {
			vm.views.copies = map[value.Value]*goja.Object{}
		}
		vm.views.copies[v] = o
		return o
	}
	if v == value.Undefined {
		return goja.Undefined()
	}
	panic(fmt.Sprintf("%T is not a value", v))
}

func (vm *VM) view(v value.Value) *goja.Object {
	if len(vm.views.frozen) == 0 {
		return nil
	}
	return vm.views.frozen[v].Value()
}

func (vm *VM) keepView(v value.Value, o *goja.Object) *goja.Object {
	w := &vm.views
	if w.frozen == nil {
		w.frozen, w.sweep = map[value.Value]weak.Pointer[goja.Object]{}, firstSweep
	}
	if len(w.frozen) >= w.sweep {
		for k, p := range w.frozen {
			if p.Value() == nil {
				delete(w.frozen, k)
			}
		}
		w.sweep = max(firstSweep, 2*len(w.frozen))
	}
	w.frozen[v] = weak.Make(o)
	return o
}

// readOnly throws what a script gets that writes to a view.
func (vm *VM) readOnly(what, key string) {
	vm.Throw(TypeErrorf("cannot %s %q: the value is read-only, since all users share it (as they do what init returned); structuredClone(value) gives a copy that can be changed", what, key))
}

// objectView shows an Object.
type objectView struct {
	vm     *VM
	object *value.Object
}

func (w *objectView) Get(key string) goja.Value {
	v, ok := w.object.Get(key)
	if !ok {
		return nil
	}
	return w.vm.Give(v)
}

func (w *objectView) Has(key string) bool {
	_, ok := w.object.Get(key)
	return ok
}

func (w *objectView) Keys() []string { return w.object.Keys() }

func (w *objectView) Set(key string, _ goja.Value) bool {
	w.vm.readOnly("set", key)
	return false
}

func (w *objectView) Delete(key string) bool {
	if !w.Has(key) {
		return true
	}
	w.vm.readOnly("delete", key)
	return false
}

// CloneValue makes a view within another structure be taken as what it shows.
func (w *objectView) CloneValue() (value.Value, error) { return w.object, nil }

// arrayView shows an Array.
type arrayView struct {
	vm    *VM
	array *value.Array
}

func (w *arrayView) Len() int { return len(w.array.Items) }

func (w *arrayView) Get(i int) goja.Value {
	if i < 0 || i >= len(w.array.Items) {
		return nil
	}
	return w.vm.Give(w.array.Items[i])
}

func (w *arrayView) Set(i int, _ goja.Value) bool {
	w.vm.readOnly("set", strconv.Itoa(i))
	return false
}

func (w *arrayView) SetLen(int) bool {
	w.vm.readOnly("set", "length")
	return false
}

// CloneValue is as objectView's.
func (w *arrayView) CloneValue() (value.Value, error) { return w.array, nil }

// Clone makes a script's own mutable copy of a Value (what structuredClone of a view gives).
func (vm *VM) Clone(v value.Value) goja.Value {
	switch v := v.(type) {
	case *value.Object:
		o := vm.rt.NewObject()
		for i := range v.Len() {
			key, part := v.At(i)
			setOwn(o, key, vm.Clone(part))
		}
		return o
	case *value.Array:
		items := make([]any, len(v.Items))
		for i, item := range v.Items {
			items[i] = vm.Clone(item)
		}
		return vm.rt.NewArray(items...)
	case *value.RegExp, *value.Map, *value.Set, *value.Bytes, *value.Error:
		return vm.build(v, vm.Clone)
	}
	return vm.Give(v)
}

// setOwn sets a property as a literal does: "__proto__" is a key like any other.
func setOwn(o *goja.Object, key string, v goja.Value) {
	if key == "__proto__" {
		o.DefineDataProperty(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		return
	}
	o.Set(key, v)
}

func (vm *VM) cloneDate(d value.Date) goja.Value {
	return vm.construct("Date", vm.rt.ToValue(float64(d)))
}

// build makes the real object of a Value that no view can stand for; part makes its parts.
func (vm *VM) build(v value.Value, part func(value.Value) goja.Value) *goja.Object {
	switch v := v.(type) {
	case *value.RegExp:
		return vm.construct("RegExp", vm.rt.ToValue(v.Source), vm.rt.ToValue(v.Flags))
	case *value.Map:
		m := vm.construct("Map")
		set, _ := goja.AssertFunction(m.Get("set"))
		for _, e := range v.Entries {
			vm.must(set(m, part(e[0]), part(e[1])))
		}
		return m
	case *value.Set:
		s := vm.construct("Set")
		add, _ := goja.AssertFunction(s.Get("add"))
		for _, item := range v.Items {
			vm.must(add(s, part(item)))
		}
		return s
	case *value.Bytes:
		buffer := vm.rt.ToValue(vm.rt.NewArrayBuffer(append([]byte(nil), v.Data...))).(*goja.Object)
		if !isView(v.Kind) {
			return buffer
		}
		return vm.construct(v.Kind, buffer)
	case *value.Error:
		e := vm.newError(v.Name, v.Message)
		if v.Stack != "" {
			e.Set("stack", v.Stack)
		}
		if v.Cause != value.Undefined {
			e.DefineDataProperty("cause", part(v.Cause), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		}
		return e
	}
	panic(fmt.Sprintf("%T is not a value", v))
}

// construct is `new name(args…)` with a built-in constructor.
func (vm *VM) construct(name string, args ...goja.Value) *goja.Object {
	o, err := vm.rt.New(vm.rt.GlobalObject().Get(name), args...)
	vm.must(nil, err)
	return o
}

// must throws an error of goja's on.
func (vm *VM) must(v goja.Value, err error) goja.Value {
	if err != nil {
		vm.Throw(err)
	}
	return v
}
