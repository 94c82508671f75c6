package js

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
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

// wrap makes a function expression of a bundle: imports of built-in modules become reads of their
// members, the closing export becomes a return, and the opener stays on line 1, so that the source map
// holds but for the columns of that line.
func wrap(code string, strict, async bool) (wrapped string, openerLength int, err error) {
	if strings.HasPrefix(code, "#!") {
		code = "//" + code[2:]
	}
	if m := exportAll.FindStringSubmatch(code); m != nil {
		return "", 0, fmt.Errorf("`export * from \"%s%s\"` cannot be used: name what is to be exported", modulePrefix, m[1])
	}
	code = importStatement.ReplaceAllStringFunc(code, func(s string) string {
		m := importStatement.FindStringSubmatch(s)
		return importReads(m[1], m[2]) + strings.Repeat("\n", strings.Count(s, "\n"))
	})
	code = bareImport.ReplaceAllString(code, importName+`("$1");`)
	code = strings.TrimRight(code, " \t\r\n")

	opener, closer := "(", "\n})"
	if async {
		opener += "async "
	}
	opener += "function(){"
	if strict {
		opener += `"use strict";`
	}
	body, exports := splitExports(code)
	return opener + body + exports + closer, len(opener), nil
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
		return code, "\nreturn {};"
	}
	last := code[at:]
	if m := exportDefault.FindStringSubmatch(last); m != nil {
		return code[:at], "return " + m[1] + ";"
	}
	m := exportList.FindStringSubmatch(last)
	if m == nil || strings.ContainsAny(m[1], "{}`;") {
		return code, "\nreturn {};"
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
