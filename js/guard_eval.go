package js

import "github.com/dop251/goja"

// goja takes a call of eval for a direct one, which sees local variables, by its name and its being goja's
// own function. So that function stays what it is, and the syntax tree is rewritten: what a direct call is
// given goes through one native, and all other uses of eval become another.
const (
	// sourceName is the global through which a direct eval's argument goes, and evalName the one that
	// every other use of eval in a bundle becomes.
	sourceName = "__runner_source"
	evalName   = "__runner_eval"
	// maxEvalLength is how much text a script may compile itself.
	maxEvalLength = 16 << 20
)

// checkEval throws if text must not be compiled.
func (vm *VM) checkEval(v goja.Value) {
	if !goja.IsString(v) {
		return
	}
	if n := lengthOf(v); n > maxEvalLength {
		vm.Throw(RangeErrorf("cannot compile %d characters while the script runs; at most %d can be", n, maxEvalLength))
	}
	if err := checkSource(v.String(), maxEvalNesting); err != nil {
		vm.Throw(errorf("SyntaxError", "%w", err))
	}
}

// evalSource hands a direct eval's argument on.
func (vm *VM) evalSource(call goja.FunctionCall) goja.Value {
	vm.checkEval(call.Argument(0))
	return call.Argument(0)
}

// indirectEval evaluates in the global scope.
func (vm *VM) indirectEval(call goja.FunctionCall) goja.Value {
	vm.checkEval(call.Argument(0))
	eval, _ := goja.AssertFunction(vm.global("eval"))
	return vm.must(eval(goja.Undefined(), call.Argument(0)))
}

// guardEval has Function look at its text too.
func (vm *VM) guardEval() {
	function := vm.global("Function")
	build, _ := goja.AssertConstructor(function)
	construct := func(args []goja.Value) *goja.Object {
		for _, a := range args {
			vm.checkEval(a)
		}
		o, err := build(nil, args...)
		vm.must(nil, err)
		return o
	}
	vm.replaceClass("Function", function, &goja.ProxyTrapConfig{
		Construct: func(_ *goja.Object, args []goja.Value, _ *goja.Object) *goja.Object { return construct(args) },
		Apply:     func(_ *goja.Object, _ goja.Value, args []goja.Value) goja.Value { return construct(args) },
	})
}
