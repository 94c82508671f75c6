package js

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// consoleNames are the methods of console.
var consoleNames = []string{
	"log", "info", "debug", "warn", "error", "trace", "dir", "table", "assert", "group", "groupCollapsed",
	"groupEnd", "count", "countReset", "time", "timeLog", "timeEnd",
}

// consoleState is what a console remembers between calls.
type consoleState struct {
	vm     *VM
	indent string
	counts map[string]int
	starts map[string]time.Time
}

// console writes to Env.Log, one call a message, whatever its lines.
func (vm *VM) console() goja.Value {
	c := &consoleState{vm: vm}
	return vm.LazyObject(consoleNames, func(name string) goja.Value {
		return vm.Func(name, c.method(name))
	})
}

func (c *consoleState) write(level, text string) {
	if c.indent != "" {
		text = c.indent + strings.ReplaceAll(text, "\n", "\n"+c.indent)
	}
	if c.vm.env.Log != nil {
		c.vm.env.Log(level, text)
	}
}

func (c *consoleState) method(name string) func(goja.FunctionCall) goja.Value {
	logger := func(level string) func(goja.FunctionCall) goja.Value {
		return func(call goja.FunctionCall) goja.Value {
			c.write(level, c.vm.format(call.Arguments))
			return goja.Undefined()
		}
	}
	label := func(call goja.FunctionCall) string {
		if v := call.Argument(0); !goja.IsUndefined(v) {
			return v.String()
		}
		return "default"
	}
	var run func(call goja.FunctionCall)
	switch name {
	case "log", "info":
		return logger("info")
	case "debug", "warn", "error":
		return logger(name)
	case "dir":
		run = func(call goja.FunctionCall) { c.write("info", c.vm.inspect(call.Argument(0))) }
	case "trace":
		run = func(call goja.FunctionCall) {
			ex := Exception{Name: "Trace", Message: c.vm.format(call.Arguments), Frames: c.vm.frames(c.vm.rt.CaptureCallStack(0, nil))}
			c.write("debug", ex.stack())
		}
	case "table":
		run = func(call goja.FunctionCall) { c.write("info", c.vm.table(call.Argument(0))) }
	case "assert":
		run = func(call goja.FunctionCall) {
			if call.Argument(0).ToBoolean() {
				return
			}
			text := "assertion failed"
			if len(call.Arguments) > 1 {
				text += ": " + c.vm.format(call.Arguments[1:])
			}
			c.write("error", text)
		}
	case "group", "groupCollapsed":
		run = func(call goja.FunctionCall) {
			if len(call.Arguments) > 0 {
				c.write("info", c.vm.format(call.Arguments))
			}
			if len(c.indent) < 40 {
				c.indent += "  "
			}
		}
	case "groupEnd":
		run = func(goja.FunctionCall) { c.indent = strings.TrimPrefix(c.indent, "  ") }
	case "count":
		run = func(call goja.FunctionCall) {
			if c.counts == nil {
				c.counts = map[string]int{}
			}
			c.counts[label(call)]++
			c.write("info", fmt.Sprintf("%s: %d", label(call), c.counts[label(call)]))
		}
	case "countReset":
		run = func(call goja.FunctionCall) { delete(c.counts, label(call)) }
	case "time":
		run = func(call goja.FunctionCall) {
			if c.starts == nil {
				c.starts = map[string]time.Time{}
			}
			c.starts[label(call)] = time.Now()
		}
	case "timeLog", "timeEnd":
		run = func(call goja.FunctionCall) {
			start, ok := c.starts[label(call)]
			if !ok {
				c.write("warn", fmt.Sprintf("console.%s: there is no timer %q", name, label(call)))
				return
			}
			text := fmt.Sprintf("%s: %.3f ms", label(call), float64(time.Since(start))/1e6)
			if len(call.Arguments) > 1 {
				text += " " + c.vm.format(call.Arguments[1:])
			}
			c.write("info", text)
			if name == "timeEnd" {
				delete(c.starts, label(call))
			}
		}
	}
	return func(call goja.FunctionCall) goja.Value {
		run(call)
		return goja.Undefined()
	}
}

// format writes console arguments: %s, %d, %i, %f, %o, %O, %j, %c and %% of the first take those that follow;
// the rest stands behind, objects inspected.
func (vm *VM) format(args []goja.Value) string {
	var b strings.Builder
	rest := args
	if len(args) > 1 && goja.IsString(args[0]) && strings.Contains(args[0].String(), "%") {
		rest = vm.formatInto(&b, args[0].String(), args[1:])
		if len(rest) > 0 {
			b.WriteByte(' ')
		}
	}
	for i, v := range rest {
		if i > 0 {
			b.WriteByte(' ')
		}
		if goja.IsString(v) {
			b.WriteString(v.String())
		} else {
			b.WriteString(vm.inspect(v))
		}
	}
	return b.String()
}

func (vm *VM) formatInto(b *strings.Builder, pattern string, args []goja.Value) []goja.Value {
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		verb := pattern[i+1]
		if verb == '%' {
			b.WriteByte('%')
			i++
			continue
		}
		if len(args) == 0 || !strings.ContainsRune("sdifoOjc", rune(verb)) {
			b.WriteByte('%')
			continue
		}
		v := args[0]
		args = args[1:]
		i++
		b.WriteString(vm.formatOne(verb, v))
	}
	return args
}

func (vm *VM) formatOne(verb byte, v goja.Value) string {
	switch verb {
	case 's':
		if o, ok := v.(*goja.Object); ok && !isErrorLike(o) {
			return vm.inspectTo(v, 1)
		}
		if _, ok := v.(*goja.Symbol); ok {
			return inspectShort(v)
		}
		return v.String()
	case 'd', 'i', 'f':
		if _, ok := v.(*goja.Symbol); ok {
			return "NaN"
		}
		if goja.IsBigInt(v) {
			return v.String() + "n"
		}
		f := v.ToFloat()
		if verb == 'i' && !math.IsNaN(f) {
			f = math.Trunc(f)
		}
		return vm.rt.ToValue(f).String()
	case 'j':
		if s, err := stringify(vm.rt, v); err == nil {
			return s
		}
		return "[cannot be written as JSON]"
	case 'c': // CSS: nothing to show
		return ""
	}
	return vm.inspect(v)
}

// stringify is JSON.stringify.
func stringify(rt *goja.Runtime, v goja.Value) (string, error) {
	fn, ok := goja.AssertFunction(rt.GlobalObject().Get("JSON").(*goja.Object).Get("stringify"))
	if !ok {
		return "", fmt.Errorf("JSON.stringify is not a function")
	}
	out, err := fn(goja.Undefined(), v)
	if err != nil {
		return "", err
	}
	return out.String(), nil
}

// table writes a list or an object of rows in columns.
func (vm *VM) table(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return vm.inspect(v)
	}
	const values = "Values"
	header := []string{"(index)"}
	columns := map[string]int{}
	var rows []map[string]string
	hasValues := false
	for i, key := range o.Keys() {
		if i == inspectItems {
			break
		}
		row := map[string]string{"(index)": key}
		part := o.Get(key)
		if cells, ok := part.(*goja.Object); ok && cells.ClassName() != "Error" {
			for _, name := range cells.Keys() {
				if _, known := columns[name]; !known {
					columns[name] = len(columns)
				}
				row["."+name] = vm.inspectTo(cells.Get(name), 1)
			}
		} else {
			hasValues = true
			row[values] = vm.inspectTo(part, 1)
		}
		rows = append(rows, row)
	}
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return columns[names[i]] < columns[names[j]] })
	keys := []string{"(index)"}
	for _, name := range names {
		header, keys = append(header, name), append(keys, "."+name)
	}
	if hasValues {
		header, keys = append(header, values), append(keys, values)
	}
	widths := make([]int, len(header))
	for i, h := range header {
		widths[i] = utf8.RuneCountInString(h)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[keys[i]]))
		}
	}
	var b strings.Builder
	line := func(cells func(i int) string) {
		var l strings.Builder
		for i := range header {
			if i > 0 {
				l.WriteString("  ")
			}
			cell := cells(i)
			l.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString(strings.TrimRight(l.String(), " "))
	}
	line(func(i int) string { return header[i] })
	for _, row := range rows {
		b.WriteByte('\n')
		line(func(i int) string { return row[keys[i]] })
	}
	if more := len(o.Keys()) - len(rows); more > 0 {
		b.WriteString("\n… " + strconv.Itoa(more) + " more rows")
	}
	return b.String()
}
