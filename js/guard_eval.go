package js

import (
	"reflect"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
)

const (
	// sourceName is the global through which a direct eval's argument goes, and evalName the one that
	// every other use of eval in a bundle becomes.
	sourceName = "__runner_source"
	evalName   = "__runner_eval"
	// maxEvalLength is how much text a script may compile itself.
	maxEvalLength = 16 << 20
)

// guardEvalCalls sees to it that text which is compiled while the script runs is looked at before:
// deep nesting in it would end the process. goja takes a call of eval for a direct one, which sees
// local variables, by its name and its being goja's own function; so the function stays, and the
// argument is looked at on its way.
func guardEvalCalls(program *ast.Program) {
	guardEvalIn(reflect.ValueOf(program.Body), map[uintptr]bool{})
}

var typeExpression = reflect.TypeFor[ast.Expression]()

// guardEvalIn walks the syntax tree by reflection: it has some eighty kinds of nodes, and two are of
// interest.
func guardEvalIn(v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if id, ok := v.Interface().(*ast.Identifier); ok {
			if id.Name == "eval" && v.Type() == typeExpression {
				id.Name = evalName
			}
			return
		}
		guardEvalIn(v.Elem(), seen)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type().Elem().PkgPath() != reflect.TypeFor[ast.Program]().PkgPath() {
			return
		}
		seen[v.Pointer()] = true
		if call, ok := v.Interface().(*ast.CallExpression); ok {
			if callee, ok := call.Callee.(*ast.Identifier); ok && callee.Name == "eval" {
				guardEvalIn(reflect.ValueOf(&call.ArgumentList).Elem(), seen)
				if len(call.ArgumentList) > 0 {
					first := call.ArgumentList[0]
					if _, spread := first.(*ast.SpreadElement); !spread {
						call.ArgumentList[0] = &ast.CallExpression{
							Callee:           &ast.Identifier{Name: sourceName, Idx: first.Idx0()},
							LeftParenthesis:  first.Idx0(),
							ArgumentList:     []ast.Expression{first},
							RightParenthesis: first.Idx1(),
						}
					}
				}
				return
			}
		}
		guardEvalIn(v.Elem(), seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				guardEvalIn(v.Field(i), seen)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			guardEvalIn(v.Index(i), seen)
		}
	}
}

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
