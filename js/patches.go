package js

import (
	"math"
	"strings"

	"github.com/dop251/goja"
)

// Limits of what a script may make in one go. goja has no limit of memory of its own, does not look up
// from such work when it is interrupted, and ends the process when there is no memory left.
const (
	maxStringLength = 1 << 28 // UTF-16 units
	maxBufferLength = 1 << 28 // bytes
	maxDenseLength  = 1 << 25 // items of an array that is filled or joined
)

// patches give goja's own objects what they lack, and guard them. Each is applied if one of its words
// stands in the bundle.
var patches = []struct {
	words words
	apply func(vm *VM)
}{
	{wordAsyncIterator | wordFromAsync, func(vm *VM) { vm.wellKnown("asyncIterator") }},
	{wordDispose, func(vm *VM) { vm.wellKnown("dispose"); vm.wellKnown("asyncDispose") }},
	{wordGroupBy, func(vm *VM) { polyfillGroupBy.run(vm) }},
	{wordWithResolvers | wordTry, func(vm *VM) { polyfillPromise.run(vm) }},
	{wordFromAsync, func(vm *VM) { polyfillFromAsync.run(vm) }},
	{wordIterator, (*VM).patchIterators},
	{wordWellFormed, func(vm *VM) { polyfillWellFormed.run(vm) }},
	{wordEscape, func(vm *VM) { polyfillEscape.run(vm) }},
	{wordCaptureStackTrace, func(vm *VM) {
		vm.replace(vm.global("Error"), "captureStackTrace", func(_ goja.Callable, call goja.FunctionCall) goja.Value {
			if o, ok := call.Argument(0).(*goja.Object); ok {
				ex := Exception{Name: textOf(o, "name"), Message: textOf(o, "message"), Frames: vm.frames(vm.rt.CaptureCallStack(0, nil))}
				o.DefineDataProperty("stack", vm.rt.ToValue(ex.stack()), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
			}
			return goja.Undefined()
		})
	}},
	{wordJSON, func(vm *VM) {
		json := vm.global("JSON")
		original, _ := goja.AssertFunction(json.Get("parse"))
		vm.method(json, "parse", vm.jsonParse(original))
	}},
	{wordFreeze, (*VM).patchFreeze},
	{wordRepeat, func(vm *VM) {
		vm.replace(vm.stringPrototype(), "repeat", func(original goja.Callable, call goja.FunctionCall) goja.Value {
			if length := float64(lengthOf(call.This)) * call.Argument(0).ToFloat(); length > maxStringLength && !math.IsInf(length, 0) {
				vm.Throw(RangeErrorf("String.repeat: the string would have %.0f characters; at most %d can be", length, maxStringLength))
			}
			return vm.must(original(call.This, call.Arguments...))
		})
	}},
	{wordPad, func(vm *VM) {
		for _, name := range padNames {
			if !vm.program.named[name] {
				continue
			}
			vm.replace(vm.stringPrototype(), name, func(original goja.Callable, call goja.FunctionCall) goja.Value {
				if length := call.Argument(0).ToFloat(); length > maxStringLength {
					vm.Throw(RangeErrorf("String.%s: the string would have %.0f characters; at most %d can be", name, length, maxStringLength))
				}
				return vm.must(original(call.This, call.Arguments...))
			})
		}
	}},
	{wordFill, func(vm *VM) { vm.guardArray("fill") }},
	{wordJoin, func(vm *VM) { vm.guardArray("join") }},
	{wordBuffer, (*VM).guardBuffers},
	{wordEval, (*VM).guardEval},
	{wordProperty, (*VM).patchRegExp},
}

var (
	padNames    = []string{"padStart", "padEnd"}
	freezeNames = []string{"isFrozen", "isSealed", "isExtensible", "freeze", "seal", "preventExtensions"}
)

// findNames looks in a bundle for the names of those patches that have several.
func findNames(code string) map[string]bool {
	named := map[string]bool{}
	for _, list := range [][]string{padNames, freezeNames} {
		for _, name := range list {
			named[name] = strings.Contains(code, name)
		}
	}
	for _, c := range bufferClasses {
		named[c.name] = strings.Contains(code, c.name)
	}
	return named
}

// installPatches applies the patches that the program may need.
func (vm *VM) installPatches() error {
	if vm.program.words == 0 {
		return nil
	}
	return vm.try(func() {
		for _, p := range patches {
			if vm.program.words.has(p.words) {
				p.apply(vm)
			}
		}
	})
}

// wellKnown gives Symbol a symbol that goja has not: the one that the code falls back on which esbuild
// writes for what goja has not.
func (vm *VM) wellKnown(name string) {
	symbol := vm.global("Symbol")
	if symbol.Get(name) != nil {
		return
	}
	registry, _ := goja.AssertFunction(symbol.Get("for"))
	s := vm.must(registry(symbol, vm.rt.ToValue("Symbol."+name)))
	symbol.DefineDataProperty(name, s, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// global is a built-in object.
func (vm *VM) global(name string) *goja.Object {
	o, ok := vm.rt.GlobalObject().Get(name).(*goja.Object)
	if !ok {
		vm.Throw(TypeErrorf("the script has replaced %s, which is needed here", name))
	}
	return o
}

// arrayPrototype and stringPrototype come without the constructors, which few scripts touch.
func (vm *VM) arrayPrototype() *goja.Object { return vm.rt.NewArray().Prototype() }
func (vm *VM) stringPrototype() *goja.Object {
	return vm.rt.ToValue("").ToObject(vm.rt).Prototype()
}

func (vm *VM) prototype(class string) *goja.Object {
	return vm.global(class).Get("prototype").(*goja.Object)
}

// method gives an object a function as built-ins are given.
func (vm *VM) method(o *goja.Object, name string, fn func(goja.FunctionCall) goja.Value) {
	o.DefineDataProperty(name, vm.Func(name, fn), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// replace puts a function in front of a built-in one, which is nil if there was none.
func (vm *VM) replace(o *goja.Object, name string, fn func(original goja.Callable, call goja.FunctionCall) goja.Value) {
	original, _ := goja.AssertFunction(orUndefined(o.Get(name)))
	vm.method(o, name, func(call goja.FunctionCall) goja.Value { return fn(original, call) })
}

func lengthOf(v goja.Value) int {
	if s, ok := v.(goja.String); ok {
		return s.Length()
	}
	if s, ok := v.ToString().(goja.String); ok {
		return s.Length()
	}
	return 0
}

// guardArray refuses to go over an array whose items no memory could hold.
func (vm *VM) guardArray(name string) {
	vm.replace(vm.arrayPrototype(), name, func(original goja.Callable, call goja.FunctionCall) goja.Value {
		if o, ok := call.This.(*goja.Object); ok {
			if n := orUndefined(o.Get("length")).ToInteger(); n > maxDenseLength {
				vm.Throw(RangeErrorf("Array.%s: the array has %d items; at most %d can be gone over", name, n, maxDenseLength))
			}
		}
		return vm.must(original(call.This, call.Arguments...))
	})
}

// patchFreeze makes the views of shared values answer as what they are: frozen.
func (vm *VM) patchFreeze() {
	object := vm.global("Object")
	isView := func(v goja.Value) bool {
		o, ok := v.(*goja.Object)
		if !ok {
			return false
		}
		t := o.ExportType()
		return t == typeObjectView || t == typeArrayView
	}
	for _, name := range freezeNames {
		if !vm.program.named[name] {
			continue
		}
		vm.replace(object, name, func(original goja.Callable, call goja.FunctionCall) goja.Value {
			v := call.Argument(0)
			switch {
			case !isView(v):
				return vm.must(original(call.This, call.Arguments...))
			case strings.HasPrefix(name, "is"):
				return vm.rt.ToValue(name != "isExtensible")
			}
			return v
		})
	}
}

// bufferClasses are the constructors that take a size, with the bytes of an item.
var bufferClasses = []struct {
	name string
	size int64
}{
	{"ArrayBuffer", 1}, {"Int8Array", 1}, {"Uint8Array", 1}, {"Uint8ClampedArray", 1}, {"Int16Array", 2}, {"Uint16Array", 2},
	{"Int32Array", 4}, {"Uint32Array", 4}, {"Float32Array", 4}, {"Float64Array", 8}, {"BigInt64Array", 8}, {"BigUint64Array", 8},
}

// guardBuffers refuses buffers that are larger than they may be. A constructor is guarded by a proxy, so
// that it stays a constructor in all else; only those are that the bundle names.
func (vm *VM) guardBuffers() {
	for _, c := range bufferClasses {
		if !vm.program.named[c.name] {
			continue
		}
		class := vm.global(c.name)
		construct := func(_ *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			if len(args) > 0 {
				if _, isObject := args[0].(*goja.Object); !isObject {
					if n := args[0].ToFloat() * float64(c.size); n > maxBufferLength {
						vm.Throw(RangeErrorf("%s: %.0f bytes are too many; a buffer may have %d", c.name, n, maxBufferLength))
					}
				}
			}
			build, _ := goja.AssertConstructor(class)
			o, err := build(newTarget, args...)
			vm.must(nil, err)
			return o
		}
		vm.replaceClass(c.name, class, &goja.ProxyTrapConfig{Construct: construct})
	}
}

// replaceClass puts a proxy in the place of a built-in constructor. goja's instanceof does not know
// proxies, so that the constructor must answer it itself.
func (vm *VM) replaceClass(name string, class *goja.Object, traps *goja.ProxyTrapConfig) {
	proxy := vm.rt.ToValue(vm.rt.NewProxy(class, traps)).(*goja.Object)
	ordinary, _ := goja.AssertFunction(vm.prototype("Function").GetSymbol(goja.SymHasInstance))
	has := vm.Func("[Symbol.hasInstance]", func(call goja.FunctionCall) goja.Value {
		this := call.This
		if this == goja.Value(proxy) {
			this = class
		}
		return vm.must(ordinary(this, call.Argument(0)))
	})
	class.DefineDataPropertySymbol(goja.SymHasInstance, has, goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	class.Get("prototype").(*goja.Object).DefineDataProperty("constructor", proxy, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	vm.rt.GlobalObject().DefineDataProperty(name, proxy, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}
