package js

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

// importName is the global that the bundle's imports of built-in modules read from.
const importName = "__runner_import"

var (
	// importStatement is a bundle's import of a built-in module; esbuild begins it on a new line and
	// writes one name a line if the source did.
	importStatement = regexp.MustCompile("(?m)^import ([^;\"'`]*?) from \"" + nativePrefix + "([^\"]*)\";$")
	bareImport      = regexp.MustCompile("(?m)^import \"" + nativePrefix + "([^\"]*)\";$")
	exportAll       = regexp.MustCompile("(?m)^export \\* (?:as \\S+ )?from \"" + nativePrefix + "([^\"]*)\";$")
	exportList      = regexp.MustCompile(`(?s)^export \{(.*)\};$`)
	exportDefault   = regexp.MustCompile(`(?s)^export default (.*);$`)
)

// wrapped is a bundle made into one function expression.
type wrapped []wrappedLine

// wrappedLine is a line of a wrapped bundle.
type wrappedLine struct {
	text  string
	from  int // which line of the bundle it was, from 0; -1 for none
	shift int // by how much it was moved right
}

func (w wrapped) text() string {
	var b strings.Builder
	for i, l := range w {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.text)
	}
	return b.String()
}

// add appends text that is no line of the bundle.
func (w *wrapped) add(text string) { *w = append(*w, wrappedLine{text: text, from: -1}) }

// wrap makes a function expression of the bundle: imports of built-in modules become reads of their
// members, and the closing export becomes a return.
//
// ES modules are strict code, CommonJS modules only if they ask for it, and esbuild says neither. A
// bundle with both has its CommonJS modules, which are functions, moved out in front of a strict
// function that holds the rest. That is not possible if one of them requires an ES module in turn: then
// all but those that ask for it is sloppy.
func (b *bundle) wrap() (wrapped, error) {
	code := b.code
	if strings.HasPrefix(code, "#!") {
		code = "//" + code[2:]
	}
	if m := exportAll.FindStringSubmatch(code); m != nil {
		return nil, fmt.Errorf("`export * from \"%s%s\"` cannot be used: name what is to be exported", modulePrefix, m[1])
	}
	code = importStatement.ReplaceAllStringFunc(code, func(s string) string {
		m := importStatement.FindStringSubmatch(s)
		return importReads(m[1], m[2]) + strings.Repeat("\n", strings.Count(s, "\n"))
	})
	code = bareImport.ReplaceAllString(code, importName+`("$1");`)
	code, exports := splitExports(strings.TrimRight(code, " \t\r\n"))

	lines := make(wrapped, 0, strings.Count(code, "\n")+1)
	for line := range strings.SplitSeq(code, "\n") {
		lines = append(lines, wrappedLine{text: line, from: len(lines)})
	}
	function := "function(){"
	if b.async {
		function = "async " + function
	}
	if !b.commonJS {
		return surround("("+function+`"use strict";`, lines, exports, "})"), nil
	}
	outer, inner := b.split(code, lines)
	if outer == nil {
		return surround("("+function, inner, exports, "})"), nil
	}
	w := surround("(function(){", outer)
	w = append(w, surround("return ("+function+`"use strict";`, inner, exports, "})();")...)
	w.add("})")
	return w, nil
}

// surround puts an opener before the first line, on the same one, and more lines behind the last.
func surround(opener string, lines wrapped, more ...string) wrapped {
	if len(lines) == 0 {
		lines.add("")
	}
	lines[0].text = opener + lines[0].text
	lines[0].shift += len(opener)
	for _, m := range more {
		lines.add(m)
	}
	return lines
}

// split separates the CommonJS modules of a bundle, and what esbuild wrote for itself, from the rest, and
// makes those strict that want to be. outer is nil if they cannot be separated or there is no rest.
func (b *bundle) split(code string, lines wrapped) (outer, inner wrapped) {
	const opener = "(async function(){"
	program, err := goja.Parse(scriptName, opener+code+"\n})", parser.WithDisableSourceMaps)
	if err != nil { // it will be told when the whole is compiled
		return nil, lines
	}
	statement, ok := program.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return nil, lines
	}
	function, ok := statement.Expression.(*ast.FunctionLiteral)
	if !ok {
		return nil, lines
	}
	starts := lineStarts(code)
	lineOf := func(idx file.Idx) int {
		offset := int(idx) - 1 - len(opener)
		return sort.Search(len(starts), func(i int) bool { return starts[i] > offset }) - 1
	}
	moved := make([]bool, len(lines))
	move := func(s ast.Statement) {
		for i := max(0, lineOf(s.Idx0())); i <= lineOf(s.Idx1()-1) && i < len(moved); i++ {
			moved[i] = true
		}
	}
	helpers := true
	for _, s := range function.Body.List {
		name, value := declared(s)
		if call, ok := value.(*ast.CallExpression); ok && strings.HasPrefix(name, "require_") {
			if callee, ok := call.Callee.(*ast.Identifier); ok && callee.Name == "__commonJS" {
				move(s)
				if path, body := module(call); body != nil && b.strictFiles[b.show(path)] {
					at := lineOf(body.LeftBrace)
					column := int(body.LeftBrace) - len(opener) - starts[at]
					lines[at].text = lines[at].text[:column] + `"use strict";` + lines[at].text[column:]
				}
				helpers = false
				continue
			}
		}
		if helpers = helpers && strings.HasPrefix(name, "__"); helpers {
			move(s)
		}
	}
	// __esm stands where an ES module is evaluated late, since a CommonJS module requires it.
	if !b.esModules || strings.Contains(code, "__esm(") {
		return nil, lines
	}
	outer, inner = wrapped{}, wrapped{}
	for i, l := range lines {
		if moved[i] {
			outer = append(outer, l)
		} else {
			inner = append(inner, l)
		}
	}
	return outer, inner
}

// declared gives the name and the value of a statement that declares one variable.
func declared(s ast.Statement) (string, ast.Expression) {
	v, ok := s.(*ast.VariableStatement)
	if !ok || len(v.List) != 1 {
		return "", nil
	}
	id, ok := v.List[0].Target.(*ast.Identifier)
	if !ok {
		return "", nil
	}
	return string(id.Name), v.List[0].Initializer
}

// module gives the path and the body of __commonJS({ "path"(exports, module) { … } }).
func module(call *ast.CallExpression) (string, *ast.BlockStatement) {
	if len(call.ArgumentList) == 0 {
		return "", nil
	}
	o, ok := call.ArgumentList[0].(*ast.ObjectLiteral)
	if !ok || len(o.Value) != 1 {
		return "", nil
	}
	p, ok := o.Value[0].(*ast.PropertyKeyed)
	if !ok {
		return "", nil
	}
	key, ok := p.Key.(*ast.StringLiteral)
	if !ok {
		return "", nil
	}
	f, ok := p.Value.(*ast.FunctionLiteral)
	if !ok {
		return "", nil
	}
	return key.Value.String(), f.Body
}

// lineStarts are the offsets of a text's lines.
func lineStarts(text string) []int {
	starts := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// importReads turns an import clause, as in "http, { get as g }", into destructuring.
func importReads(clause, module string) string {
	var b strings.Builder
	read := func(target string, names []string) {
		fmt.Fprintf(&b, "var %s=%s(%s", target, importName, strconv.Quote(module))
		for _, n := range names {
			b.WriteString("," + strconv.Quote(n))
		}
		b.WriteString(");")
	}
	var members, names []string
	list := ""
	if i := strings.IndexByte(clause, '{'); i >= 0 {
		list = strings.TrimSuffix(strings.TrimSpace(clause[i+1:]), "}")
		clause = clause[:i]
	}
	for _, part := range strings.Split(clause, ",") {
		part = strings.TrimSpace(part)
		if ns, ok := strings.CutPrefix(part, "* as "); ok {
			read(ns, nil)
		} else if part != "" {
			members, names = append(members, "default:"+part), append(names, "default")
		}
	}
	for _, part := range strings.Split(list, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, local, renamed := strings.Cut(part, " as ")
		if !renamed {
			local = name
		}
		members, names = append(members, name+":"+local), append(names, name)
	}
	if len(members) > 0 {
		read("{"+strings.Join(members, ",")+"}", names)
	}
	return b.String()
}

// splitExports finds the export that ends a bundle and makes a return of it. esbuild writes one at
// most, as the last statement; the same text elsewhere, as in a template literal, does not end the
// bundle.
func splitExports(code string) (body, exports string) {
	at := strings.LastIndex("\n"+code, "\nexport ")
	if at < 0 {
		return code, "return {};"
	}
	last := code[at:]
	if m := exportDefault.FindStringSubmatch(last); m != nil {
		return code[:at], "return " + m[1] + ";"
	}
	m := exportList.FindStringSubmatch(last)
	if m == nil || strings.ContainsAny(m[1], "{}`;") {
		return code, "return {};"
	}
	var members []string
	for _, part := range strings.Split(m[1], ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		local, name, renamed := strings.Cut(part, " as ")
		if !renamed {
			name = local
		}
		if name == "__proto__" {
			name = `["__proto__"]`
		}
		members = append(members, name+":"+local)
	}
	return code[:at], "return {" + strings.Join(members, ",") + "};"
}
