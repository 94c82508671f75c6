package js

import (
	"reflect"

	"github.com/dop251/goja/ast"
)

// rewriteSyntax changes what goja's compiler would get wrong, or must not get unguarded: uses of eval, and
// regular expressions with Unicode properties.
func rewriteSyntax(program *ast.Program) {
	r := rewriter{seen: map[uintptr]bool{}}
	r.walk(reflect.ValueOf(program.Body))
}

// rewriter walks the syntax tree by reflection: it has some eighty kinds of nodes, and three are of
// interest.
type rewriter struct{ seen map[uintptr]bool }

var (
	typeExpression = reflect.TypeFor[ast.Expression]()
	syntaxPackage  = reflect.TypeFor[ast.Program]().PkgPath()
)

func (r *rewriter) walk(v reflect.Value) {
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
		r.walk(v.Elem())
	case reflect.Pointer:
		if v.IsNil() || r.seen[v.Pointer()] || v.Type().Elem().PkgPath() != syntaxPackage {
			return
		}
		r.seen[v.Pointer()] = true
		switch node := v.Interface().(type) {
		case *ast.RegExpLiteral:
			if usesProperty(node.Pattern, node.Flags) {
				node.Pattern = propertyEngine + node.Pattern
			}
			return
		case *ast.CallExpression:
			if callee, ok := node.Callee.(*ast.Identifier); ok && callee.Name == "eval" {
				r.walk(reflect.ValueOf(&node.ArgumentList).Elem())
				guardEvalCall(node)
				return
			}
		}
		r.walk(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				r.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.walk(v.Index(i))
		}
	}
}

// guardEvalCall has the text that a direct eval is given looked at before.
func guardEvalCall(call *ast.CallExpression) {
	if len(call.ArgumentList) == 0 {
		return
	}
	first := call.ArgumentList[0]
	if _, spread := first.(*ast.SpreadElement); spread {
		return
	}
	call.ArgumentList[0] = &ast.CallExpression{
		Callee:           &ast.Identifier{Name: sourceName, Idx: first.Idx0()},
		LeftParenthesis:  first.Idx0(),
		ArgumentList:     []ast.Expression{first},
		RightParenthesis: first.Idx1(),
	}
}
