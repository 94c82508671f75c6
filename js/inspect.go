package js

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

const (
	inspectDepth  = 4   // objects within objects
	inspectItems  = 100 // of a list, a map or a set
	inspectKeys   = 100 // of an object
	inspectWidth  = 72  // from here an object goes over several lines
	inspectString = 10_000
	shortLength   = 60
)

// inspect shows a value as text for people: objects with their members, to a depth, cycles marked.
// Getters are named, not called.
func (vm *VM) inspect(v goja.Value) string { return vm.inspectTo(v, inspectDepth) }

func (vm *VM) inspectTo(v goja.Value, depth int) (text string) {
	in := inspector{vm: vm, rt: vm.rt, depth: depth}
	if ex := vm.rt.Try(func() { text = in.value(v, 0) }); ex != nil {
		return "[an object that cannot be read]"
	}
	return text
}

// inspectShort shows a value on one line, cut to a length that an error message can hold.
func inspectShort(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsString(v):
		return shorten(strconv.Quote(v.String()))
	case goja.IsBigInt(v):
		return shorten(v.String() + "n")
	}
	switch o := v.(type) {
	case *goja.Symbol:
		return "Symbol(" + o.String() + ")"
	case *goja.Object:
		if _, ok := goja.AssertFunction(o); ok {
			return "a function"
		}
		switch o.ClassName() {
		case "Array":
			return "an array"
		case "Object":
			return "an object"
		case "Error":
			return "an error"
		}
		return "a " + o.ClassName()
	}
	return shorten(v.String())
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= shortLength {
		return s
	}
	return string([]rune(s)[:shortLength-1]) + "…"
}

type inspector struct {
	vm    *VM
	rt    *goja.Runtime
	depth int
	path  []*goja.Object
}

func (in *inspector) value(v goja.Value, level int) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsString(v):
		return quoteJS(v.String())
	case goja.IsBigInt(v):
		return v.String() + "n"
	case goja.IsNumber(v) && v.ToFloat() == 0 && 1/v.ToFloat() < 0:
		return "-0"
	}
	switch o := v.(type) {
	case *goja.Symbol:
		return "Symbol(" + o.String() + ")"
	case *goja.Object:
		return in.object(o, level)
	}
	return v.String()
}

// quoteJS puts a string into the quotes that it does not hold itself.
func quoteJS(s string) string {
	if len(s) > inspectString {
		s = strings.ToValidUTF8(s[:inspectString], "") + "…"
	}
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	q := strconv.Quote(s)
	q = q[1 : len(q)-1]
	q = strings.ReplaceAll(q, `\"`, `"`)
	if quote == "'" {
		q = strings.ReplaceAll(q, "'", `\'`)
	}
	return quote + q + quote
}

func (in *inspector) object(o *goja.Object, level int) string {
	for _, p := range in.path {
		if p == o {
			return "[Circular]"
		}
	}
	if level > 2*in.depth { // only causes of causes go so deep
		return "[…]"
	}
	in.path = append(in.path, o)
	defer func() { in.path = in.path[:len(in.path)-1] }()

	class := o.ClassName()
	if _, ok := goja.AssertFunction(o); ok {
		name := textOf(o, "name")
		if strings.HasPrefix(o.String(), "class") {
			return strings.TrimSpace("[class "+name) + "]"
		}
		if name == "" {
			name = "(anonymous)"
		}
		return "[Function: " + name + "]"
	}
	switch class {
	case "Error":
		return in.errorText(o, level)
	case "RegExp", "Date":
		if class == "Date" {
			if goja.IsNaN(o.ToNumber()) {
				return "Invalid Date"
			}
			return in.call(o, "toISOString")
		}
		return o.String()
	case "Number", "String", "Boolean":
		return "[" + class + ": " + o.String() + "]"
	}
	if p := promiseOf(o); p != nil {
		switch p.State() {
		case goja.PromiseStatePending:
			return "Promise { <pending> }"
		case goja.PromiseStateRejected:
			return "Promise { <rejected> " + in.value(p.Result(), level+1) + " }"
		}
		return "Promise { " + in.value(p.Result(), level+1) + " }"
	}
	name := constructorName(o)
	if level >= in.depth {
		if class == "Array" {
			return "[Array]"
		}
		return "[" + orText(name, "Object") + "]"
	}
	switch o.ExportType() {
	case typeArrayBuffer:
		return fmt.Sprintf("ArrayBuffer { %d bytes }", len(o.Export().(goja.ArrayBuffer).Bytes()))
	case typeProxy:
		return "[Proxy]"
	}
	switch {
	case class == "Array":
		return in.list("", "[", "]", in.items(o, level))
	case isMap(o):
		return in.collection(o, "Map", level)
	case isSet(o):
		return in.collection(o, "Set", level)
	}
	if length := o.Get("BYTES_PER_ELEMENT"); length != nil && class == "Object" {
		items := in.items(o, level)
		return in.list(fmt.Sprintf("%s(%d) ", name, o.Get("length").ToInteger()), "[", "]", items)
	}
	prefix := ""
	switch {
	case o.Prototype() == nil:
		prefix = "[Object: null prototype] "
	case name != "" && name != "Object":
		prefix = name + " "
	}
	return in.list(prefix, "{", "}", in.members(o, level))
}

func orText(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// constructorName is the name of the class that made an object.
func constructorName(o *goja.Object) string {
	for p := o.Prototype(); p != nil; p = p.Prototype() {
		if c, ok := p.Get("constructor").(*goja.Object); ok {
			return textOf(c, "name")
		}
	}
	return ""
}

func (in *inspector) call(o *goja.Object, method string, args ...goja.Value) string {
	if fn, ok := goja.AssertFunction(o.Get(method)); ok {
		if v, err := fn(o, args...); err == nil {
			return v.String()
		}
	}
	return "[" + o.ClassName() + "]"
}

func (in *inspector) errorText(o *goja.Object, level int) string {
	head := (&Exception{Name: textOf(o, "name"), Message: textOf(o, "message")}).Error()
	text := head
	for line := range strings.Lines(textOf(o, "stack")) {
		if m := stackLine.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil && !strings.HasPrefix(m[2], "(") {
			place := fmt.Sprintf("%s:%s:%s", in.vm.showSource(m[2]), m[3], m[4])
			if m[1] != "" {
				place = m[1] + " (" + place + ")"
			}
			text += "\n    at " + place
		}
	}
	var extra []string
	for _, k := range o.Keys() {
		switch k {
		case "stack", "message", "name", "cause", "errors":
		default:
			extra = append(extra, keyText(k)+": "+in.value(o.Get(k), level+1))
		}
	}
	if cause := o.Get("cause"); cause != nil && !goja.IsUndefined(cause) {
		extra = append(extra, "[cause]: "+in.value(cause, level+1))
	}
	if list, ok := o.Get("errors").(*goja.Object); ok {
		extra = append(extra, "[errors]: "+in.value(list, level+1))
	}
	if len(extra) > 0 {
		text += " " + in.list("", "{", "}", extra)
	}
	if level > 0 && text == head {
		return "[" + text + "]"
	}
	return text
}

func (in *inspector) items(o *goja.Object, level int) []string {
	n := int(o.Get("length").ToInteger())
	var items []string
	for i := 0; i < min(n, inspectItems); i++ {
		items = append(items, in.value(o.Get(strconv.Itoa(i)), level+1))
	}
	if n > inspectItems {
		items = append(items, fmt.Sprintf("… %d more items", n-inspectItems))
	}
	return items
}

func (in *inspector) collection(o *goja.Object, class string, level int) string {
	var items []string
	n := 0
	size := o.Get("size")
	if size == nil {
		return "[" + class + "]"
	}
	in.rt.ForOf(o, func(item goja.Value) bool {
		if n++; n > inspectItems {
			items = append(items, fmt.Sprintf("… %d more items", int(size.ToInteger())-inspectItems))
			return false
		}
		if class == "Map" {
			pair := item.(*goja.Object)
			items = append(items, in.value(pair.Get("0"), level+1)+" => "+in.value(pair.Get("1"), level+1))
		} else {
			items = append(items, in.value(item, level+1))
		}
		return true
	})
	return in.list(fmt.Sprintf("%s(%d) ", class, size.ToInteger()), "{", "}", items)
}

func (in *inspector) members(o *goja.Object, level int) []string {
	var items []string
	keys := o.Keys()
	describe, _ := goja.AssertFunction(in.rt.GlobalObject().Get("Object").(*goja.Object).Get("getOwnPropertyDescriptor"))
	for i, k := range keys {
		if i == inspectKeys {
			items = append(items, fmt.Sprintf("… %d more keys", len(keys)-inspectKeys))
			break
		}
		text := ""
		if describe != nil {
			if d, err := describe(goja.Undefined(), o, in.rt.ToValue(k)); err == nil {
				if desc, ok := d.(*goja.Object); ok && desc.Get("get") != nil && !goja.IsUndefined(desc.Get("get")) {
					text = "[Getter]"
				}
			}
		}
		if text == "" {
			text = in.value(o.Get(k), level+1)
		}
		items = append(items, keyText(k)+": "+text)
	}
	return items
}

// keyText puts a key that is not a name into quotes.
func keyText(k string) string {
	for i, c := range k {
		if !(c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return quoteJS(k)
		}
	}
	if k == "" {
		return "''"
	}
	return k
}

// list joins items on one line, or one a line if that would be too long.
func (in *inspector) list(prefix, open, end string, items []string) string {
	if len(items) == 0 {
		return prefix + open + end
	}
	length, broken := len(prefix)+2, false
	for _, item := range items {
		length += utf8.RuneCountInString(item) + 2
		broken = broken || strings.Contains(item, "\n")
	}
	if length <= inspectWidth && !broken {
		if open == "[" {
			return prefix + "[ " + strings.Join(items, ", ") + " ]"
		}
		return prefix + open + " " + strings.Join(items, ", ") + " " + end
	}
	var b strings.Builder
	b.WriteString(prefix + open)
	for i, item := range items {
		b.WriteString("\n  " + strings.ReplaceAll(item, "\n", "\n  "))
		if i < len(items)-1 {
			b.WriteByte(',')
		}
	}
	b.WriteString("\n" + end)
	return b.String()
}
