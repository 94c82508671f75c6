package js

import (
	"strings"

	"github.com/dop251/goja"
)

// goja compiles a regular expression with Go's own engine if that can run it, and drops \p on the way, so
// that /\p{L}/u would match the text "p{L}". Its other engine knows Unicode properties; an empty look-ahead,
// which Go's has not, leads there.
const propertyEngine = "(?=)"

// usesProperty says whether a pattern has a Unicode property in it.
func usesProperty(pattern, flags string) bool {
	return strings.Contains(flags, "u") && (strings.Contains(pattern, `\p{`) || strings.Contains(pattern, `\P{`))
}

// patchRegExp makes Unicode properties work in expressions that are made while the script runs; those that
// stand in it are seen to by rewriteSyntax.
func (vm *VM) patchRegExp() {
	class := vm.global("RegExp")
	build, _ := goja.AssertConstructor(class)
	call, _ := goja.AssertFunction(class)
	// pass gives the arguments to go on with.
	pass := func(args []goja.Value) []goja.Value {
		if len(args) < 2 {
			return args
		}
		pattern, ok := args[0].(goja.String)
		if text := args[0].String(); ok && usesProperty(text, args[1].String()) && !hasLoneSurrogate(pattern, text) {
			return []goja.Value{vm.rt.ToValue(propertyEngine + text), args[1]}
		}
		return args
	}
	vm.replaceClass("RegExp", class, &goja.ProxyTrapConfig{
		Construct: func(_ *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			o, err := build(newTarget, pass(args)...)
			vm.must(nil, err)
			return o
		},
		Apply: func(_ *goja.Object, this goja.Value, args []goja.Value) goja.Value {
			return vm.must(call(this, pass(args)...))
		},
	})
	vm.patchSource()
}

// patchSource hides the look-ahead from scripts.
func (vm *VM) patchSource() {
	proto := vm.prototype("RegExp")
	hide := func(v goja.Value, before string) goja.Value {
		if !goja.IsString(v) {
			return v
		}
		text, ok := strings.CutPrefix(v.String(), before+propertyEngine)
		if !ok || !usesProperty(text, "u") {
			return v
		}
		return vm.rt.ToValue(before + text)
	}
	describe, _ := goja.AssertFunction(vm.global("Object").Get("getOwnPropertyDescriptor"))
	descriptor := vm.must(describe(goja.Undefined(), proto, vm.rt.ToValue("source"))).(*goja.Object)
	if original, ok := goja.AssertFunction(descriptor.Get("get")); ok {
		getter := vm.Func("get source", func(call goja.FunctionCall) goja.Value { return hide(vm.must(original(call.This)), "") })
		proto.DefineAccessorProperty("source", getter, goja.Undefined(), goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	vm.replace(proto, "toString", func(original goja.Callable, call goja.FunctionCall) goja.Value {
		return hide(vm.must(original(call.This)), "/")
	})
}
