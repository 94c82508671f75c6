package js

import (
	"fmt"
	"math/big"
	"strconv"
	"unsafe"
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

// views are the objects by which a VM shows Values, so that the same Value is the same object. They are
// held weakly: a script that has none left cannot tell a new one from the old, and one that walks over a
// large state, or reads results all day, would otherwise keep all of it.
type views struct {
	// known has the objects by the addresses of their Values. An address is not used again while its
	// Value lives, and the Value lives as long as the object.
	known map[uintptr]weak.Pointer[goja.Object]
	sweep int // when the map is that long, entries of objects that are gone are deleted
	// These make maps and sets read-only; made when first needed.
	mapGuards, setGuards []guard
}

type guard struct {
	name string
	fn   goja.Value
}

const firstSweep = 256

// Give shows a Value to the script: scalars as they are, everything else as a frozen lazy view,
// cached, so that the same Value gives the same object and costs nothing before it is read.
//
// Objects and arrays are views, maps and sets copies made when first read; a change to one throws a
// TypeError. Regular expressions, buffers and errors are copies that a script can change, for as long as it
// holds them. A Date is a new one each time.
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
		key := uintptr(unsafe.Pointer(v))
		if o := vm.views.find(key); o != nil {
			return o
		}
		return vm.views.keep(key, vm.rt.NewDynamicObject(&objectView{vm: vm, object: v}))
	case *value.Array:
		key := uintptr(unsafe.Pointer(v))
		if o := vm.views.find(key); o != nil {
			return o
		}
		return vm.views.keep(key, vm.rt.NewDynamicArray(&arrayView{vm: vm, array: v}))
	case *big.Int:
		return vm.rt.ToValue(v)
	case value.Date:
		return vm.make(func() goja.Value { return vm.cloneDate(v) })
	case *value.RegExp:
		return vm.giveCopy(uintptr(unsafe.Pointer(v)), v)
	case *value.Bytes:
		return vm.giveCopy(uintptr(unsafe.Pointer(v)), v)
	case *value.Error:
		return vm.giveCopy(uintptr(unsafe.Pointer(v)), v)
	case *value.Map:
		return vm.giveCopy(uintptr(unsafe.Pointer(v)), v)
	case *value.Set:
		return vm.giveCopy(uintptr(unsafe.Pointer(v)), v)
	}
	if v == value.Undefined {
		return goja.Undefined()
	}
	panic(fmt.Sprintf("%T is not a value", v))
}

// giveCopy gives the object of a Value that no view can stand for. The object holds the Value, so that the
// address that it is known by stays its own.
func (vm *VM) giveCopy(key uintptr, v value.Value) goja.Value {
	if o := vm.views.find(key); o != nil {
		return o
	}
	return vm.make(func() goja.Value { return vm.copyOf(key, v) })
}

// make runs what uses constructors that the script may have replaced. What is thrown outside of a call is
// the error of the next.
func (vm *VM) make(build func() goja.Value) (v goja.Value) {
	if vm.depth > 0 {
		return build()
	}
	if ex := vm.rt.Try(func() { v = build() }); ex != nil {
		vm.fail(vm.exception(ex))
		return goja.Undefined()
	}
	return v
}

func (vm *VM) copyOf(key uintptr, v value.Value) goja.Value {
	o := vm.build(v, vm.Give)
	hold := vm.rt.ToValue(&heldValue{v})
	o.DefineDataPropertySymbol(heldKey, hold, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	switch v.(type) {
	case *value.Map:
		vm.guard(o, &vm.views.mapGuards, "set", "delete", "clear")
	case *value.Set:
		vm.guard(o, &vm.views.setGuards, "add", "delete", "clear")
	}
	return vm.views.keep(key, o)
}

// heldKey is where a copy keeps the Value that it was made of.
var heldKey = goja.NewSymbol("runner.value")

type heldValue struct{ v value.Value }

// guard puts functions that throw in front of those that would change a map or a set.
func (vm *VM) guard(o *goja.Object, guards *[]guard, names ...string) {
	if *guards == nil {
		for _, name := range names {
			fn := vm.Func(name, func(call goja.FunctionCall) goja.Value {
				if name == "clear" {
					vm.readOnly(name, "it")
				}
				vm.readOnly(name, inspectShort(call.Argument(0)))
				return nil
			})
			*guards = append(*guards, guard{name, fn})
		}
	}
	for _, g := range *guards {
		o.DefineDataProperty(g.name, g.fn, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	}
}

func (w *views) find(key uintptr) *goja.Object {
	if len(w.known) == 0 {
		return nil
	}
	return w.known[key].Value()
}

func (w *views) keep(key uintptr, o *goja.Object) *goja.Object {
	if w.known == nil {
		w.known, w.sweep = map[uintptr]weak.Pointer[goja.Object]{}, firstSweep
	}
	if len(w.known) >= w.sweep {
		for k, p := range w.known {
			if p.Value() == nil {
				delete(w.known, k)
			}
		}
		w.sweep = max(firstSweep, 2*len(w.known))
	}
	w.known[key] = weak.Make(o)
	return o
}

// readOnly throws what a script gets that writes to a view.
func (vm *VM) readOnly(what, key string) {
	vm.Throw(TypeErrorf("cannot %s %s: the value is read-only, since all users share it (as they do what init returned); structuredClone(value) gives a copy that can be changed", what, key))
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
	w.vm.readOnly("set", strconv.Quote(key))
	return false
}

func (w *objectView) Delete(key string) bool {
	if !w.Has(key) {
		return true
	}
	w.vm.readOnly("delete", strconv.Quote(key))
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
	w.vm.readOnly("set item", strconv.Itoa(i))
	return false
}

func (w *arrayView) SetLen(int) bool {
	w.vm.readOnly("set", "its length")
	return false
}

// CloneValue is as objectView's.
func (w *arrayView) CloneValue() (value.Value, error) { return w.array, nil }

// Clone makes a script's own mutable copy of a Value (what structuredClone of a view gives).
func (vm *VM) Clone(v value.Value) goja.Value {
	return vm.make(func() goja.Value { return vm.clone(v) })
}

func (vm *VM) clone(v value.Value) goja.Value {
	switch v := v.(type) {
	case *value.Object:
		o := vm.rt.NewObject()
		for i := range v.Len() {
			key, part := v.At(i)
			setOwn(o, key, vm.clone(part))
		}
		return o
	case *value.Array:
		items := make([]any, len(v.Items))
		for i, item := range v.Items {
			items[i] = vm.clone(item)
		}
		return vm.rt.NewArray(items...)
	case *value.RegExp, *value.Map, *value.Set, *value.Bytes, *value.Error:
		return vm.build(v, vm.clone)
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
