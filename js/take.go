package js

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"runner/value"
)

// maxValueDepth is how deep a value may be nested: it is walked by functions that call themselves, here
// and on other machines.
const maxValueDepth = 500

// memoFrom is from how many objects on an object that is met again is not cloned again. Below, that
// would cost more than it saves; above, a structure that shares its parts could grow without end.
const memoFrom = 1000

// Cloner is what a native object's Go value implements to take part in Take.
type Cloner interface{ CloneValue() (value.Value, error) }

var (
	typePlain       = reflect.TypeFor[map[string]any]()
	typeList        = reflect.TypeFor[[]any]()
	typeTime        = reflect.TypeFor[time.Time]()
	typeArrayBuffer = reflect.TypeFor[goja.ArrayBuffer]()
	typeObjectView  = reflect.TypeFor[*objectView]()
	typeArrayView   = reflect.TypeFor[*arrayView]()
	typeCloner      = reflect.TypeFor[Cloner]()
	typeMap         = reflect.TypeFor[[][2]any]()
	typeProxy       = reflect.TypeFor[goja.Proxy]()
	typePromise     = reflect.TypeFor[*goja.Promise]()
	typeBigInt      = reflect.TypeFor[*big.Int]()
)

// isMap and isSet tell maps and sets, which goja calls Object, by what they would be in Go.
func isMap(o *goja.Object) bool { return o.ExportType() == typeMap && o.ClassName() != "Array" }
func isSet(o *goja.Object) bool { return o.ExportType() == typeList && o.ClassName() != "Array" }

// Take makes a Value of a script's value by the structured clone algorithm. The error names the path
// of what cannot be cloned (a function, a symbol, a cycle): "state.users[3].save is a function".
//
// What Give showed comes back as the Value that it was, at no cost. An object that was met twice
// becomes one Value; text that is not well-formed Unicode becomes so.
func (vm *VM) Take(v goja.Value, root string) (value.Value, error) {
	if taken, ok := takeScalar(v); ok {
		return taken, nil
	}
	t := taker{vm: vm, root: root}
	var taken value.Value
	err := vm.protect(func() error {
		var err error
		taken, err = t.take(v)
		return err
	})
	if err == nil {
		return taken, nil
	}
	var bad *takeError
	var ex *Exception
	switch {
	case errors.As(err, &bad):
		return nil, TypeErrorf("%s %s", t.path(), bad.message)
	case errors.As(err, &ex):
		return nil, fmt.Errorf("%s cannot be read: %w", t.path(), err)
	}
	return nil, err
}

// takeScalar takes what is no object.
func takeScalar(v goja.Value) (value.Value, bool) {
	switch s := v.(type) {
	case nil:
		return value.Undefined, true
	case *goja.Object, *goja.Symbol:
		return nil, false
	case goja.String:
		return s.String(), true
	}
	switch {
	case goja.IsNumber(v):
		return v.ToFloat(), true
	case goja.IsUndefined(v):
		return value.Undefined, true
	case goja.IsNull(v):
		return nil, true
	}
	switch e := v.Export().(type) {
	case bool:
		return e, true
	case *big.Int:
		return e, true
	}
	return nil, false
}

// takeError says what is wrong with the value at the taker's path.
type takeError struct{ message string }

func (e *takeError) Error() string { return e.message }

func cannot(format string, args ...any) error { return &takeError{fmt.Sprintf(format, args...)} }

type taker struct {
	vm    *VM
	root  string
	steps []step // to the value that is being taken
	open  []*goja.Object
	seen  int
	memo  map[*goja.Object]value.Value
}

// step is a key, or an index if there is no key; text says more than either could.
type step struct {
	key   string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	stepKey stepKind = iota
	stepIndex
	stepText
)

// path writes the way to the value that is being taken, as a script would.
func (t *taker) path() string {
	var b strings.Builder
	b.WriteString(t.root)
	for i, s := range t.steps {
		if i == 12 && len(t.steps) > 16 {
			b.WriteString("…")
			break
		}
		switch {
		case s.kind == stepIndex:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case s.kind == stepText:
			b.WriteString(s.key)
		case keyText(s.key) == s.key:
			b.WriteString("." + s.key)
		default:
			b.WriteString("[" + strconv.Quote(s.key) + "]")
		}
	}
	return b.String()
}

// within takes a part. The steps stay as they are when it fails, so that the path is that of the fault.
func (t *taker) within(s step, v goja.Value) (value.Value, error) {
	if taken, ok := takeScalar(v); ok {
		return taken, nil
	}
	t.steps = append(t.steps, s)
	taken, err := t.take(v)
	if err == nil {
		t.steps = t.steps[:len(t.steps)-1]
	}
	return taken, err
}

func (t *taker) take(v goja.Value) (value.Value, error) {
	o, ok := v.(*goja.Object)
	if !ok {
		if taken, ok := takeScalar(v); ok {
			return taken, nil
		}
		return nil, cannot("is a symbol: only data can be handed over")
	}
	if t.memo != nil {
		if done, ok := t.memo[o]; ok {
			return done, nil
		}
	}
	for i := len(t.open) - 1; i >= 0; i-- {
		if t.open[i] == o {
			return nil, cannot("is a cycle: it refers to an object that holds it")
		}
	}
	if len(t.open) >= maxValueDepth {
		return nil, cannot("is nested more than %d deep", maxValueDepth)
	}
	t.open = append(t.open, o)
	taken, err := t.object(o)
	t.open = t.open[:len(t.open)-1]
	if err != nil {
		return nil, err
	}
	if t.seen++; t.seen >= memoFrom {
		if t.memo == nil {
			t.memo = map[*goja.Object]value.Value{}
		}
		t.memo[o] = taken
	}
	return taken, nil
}

func (t *taker) object(o *goja.Object) (value.Value, error) {
	switch typ := o.ExportType(); typ {
	case typeList:
		if isSet(o) {
			return t.set(o)
		}
		return t.array(o)
	case typeMap:
		if isMap(o) {
			return t.mapping(o)
		}
	case typeObjectView:
		return o.Export().(*objectView).object, nil
	case typeArrayView:
		return o.Export().(*arrayView).array, nil
	case typeArrayBuffer:
		buffer := o.Export().(goja.ArrayBuffer)
		if buffer.Detached() {
			return nil, cannot("is a detached ArrayBuffer")
		}
		return &value.Bytes{Kind: "ArrayBuffer", Data: append([]byte(nil), buffer.Bytes()...)}, nil
	case typePromise:
		return nil, cannot("is a Promise: await it first")
	case typeBigInt:
		return o.Export().(*big.Int), nil
	default:
		if typ != typePlain && typ != nil && typ.Implements(typeCloner) {
			return o.Export().(Cloner).CloneValue()
		}
	}
	if _, isFunc := goja.AssertFunction(o); isFunc {
		return nil, cannot("is a function: only data can be handed over")
	}
	switch class := o.ClassName(); class {
	case "Date":
		if at, ok := o.Export().(time.Time); ok {
			return value.Date(at.UnixMilli()), nil
		}
		return value.Date(math.NaN()), nil
	case "RegExp":
		return &value.RegExp{Source: textOf(o, "source"), Flags: textOf(o, "flags")}, nil
	case "Error":
		return t.err(o)
	case "Array": // one of Go's
		return t.array(o)
	case "String":
		return o.String(), nil
	case "Number", "Boolean":
		return t.take(t.vm.rt.ToValue(o.Export()))
	case "Object":
	default:
		return nil, cannot("is %s: only data can be handed over", article(class))
	}
	if o.ExportType() == typeProxy && t.isArray(o) {
		return t.array(o)
	}
	if tag := t.specialTag(o); tag != "" {
		return t.special(o, tag)
	}
	return t.plain(o)
}

// specialTag tells the kinds of objects apart that goja calls Object all alike.
func (t *taker) specialTag(o *goja.Object) string {
	p := o.Prototype()
	if p == nil || p == t.vm.objectPrototype() {
		return ""
	}
	tag, ok := o.GetSymbol(goja.SymToStringTag).(goja.String)
	if !ok {
		return ""
	}
	return tag.String()
}

func (t *taker) special(o *goja.Object, tag string) (value.Value, error) {
	switch {
	case isView(tag):
	case tag == "WeakRef" || tag == "WeakMap" || tag == "WeakSet" || tag == "Generator" || strings.HasSuffix(tag, " Iterator"),
		o.ExportType() != typePlain && o.ExportType() != typeProxy: // an object of a native, such as a URL
		return nil, cannot("is %s: only data can be handed over", article(tag))
	default:
		return t.plain(o)
	}
	buffer, ok := o.Get("buffer").(*goja.Object)
	if !ok {
		return t.plain(o)
	}
	raw, ok := buffer.Export().(goja.ArrayBuffer)
	if !ok {
		return t.plain(o)
	}
	if raw.Detached() {
		return nil, cannot("is a %s over a detached ArrayBuffer", tag)
	}
	from := o.Get("byteOffset").ToInteger()
	length := o.Get("byteLength").ToInteger()
	all := raw.Bytes()
	if from < 0 || length < 0 || from+length > int64(len(all)) {
		return nil, cannot("is a %s outside its ArrayBuffer", tag)
	}
	return &value.Bytes{Kind: tag, Data: append([]byte(nil), all[from:from+length]...)}, nil
}

// article puts "a" or "an" before a name.
func article(name string) string {
	if strings.ContainsRune("AEIOaeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// isArray is Array.isArray, which looks through proxies.
func (t *taker) isArray(o *goja.Object) bool {
	is, _ := goja.AssertFunction(t.vm.global("Array").Get("isArray"))
	return t.vm.must(is(goja.Undefined(), o)).ToBoolean()
}

// isView says whether a name is that of a constructor of views of an ArrayBuffer.
func isView(name string) bool {
	switch name {
	case "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
		"Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView":
		return true
	}
	return false
}

func (t *taker) array(o *goja.Object) (value.Value, error) {
	n := o.Get("length").ToInteger()
	if n < 0 || n > 1<<27 {
		return nil, cannot("is an array of %d items: too long to be handed over", n)
	}
	// A sparse array may be long without holding much.
	items := make([]value.Value, 0, min(n, 1<<16))
	for i := 0; i < int(n); i++ {
		item, err := t.within(step{index: i, kind: stepIndex}, o.Get(strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return &value.Array{Items: items}, nil
}

func (t *taker) plain(o *goja.Object) (value.Value, error) {
	keys := o.Keys()
	values := make([]value.Value, len(keys))
	for i, key := range keys {
		t.steps = append(t.steps, step{key: key})
		v := o.Get(key) // a getter may throw: the path is then to it
		t.steps = t.steps[:len(t.steps)-1]
		taken, err := t.within(step{key: key}, v)
		if err != nil {
			return nil, err
		}
		values[i] = taken
	}
	return value.NewObject(keys, values), nil
}

func (t *taker) mapping(o *goja.Object) (value.Value, error) {
	if v := given(o); v != nil {
		return v, nil
	}
	m := &value.Map{}
	var err error
	t.vm.rt.ForOf(o, func(item goja.Value) bool {
		pair := item.(*goja.Object)
		var entry [2]value.Value
		key := pair.Get("0")
		if entry[0], err = t.within(step{key: fmt.Sprintf(" (key %d)", len(m.Entries)), kind: stepText}, key); err != nil {
			return false
		}
		if entry[1], err = t.within(step{key: ".get(" + inspectShort(key) + ")", kind: stepText}, pair.Get("1")); err != nil {
			return false
		}
		m.Entries = append(m.Entries, entry)
		return true
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// given is the Value that a map or a set came from, which a script cannot change.
func given(o *goja.Object) value.Value {
	if v := o.GetSymbol(heldKey); v != nil {
		if held, ok := v.Export().(*heldValue); ok {
			return held.v
		}
	}
	return nil
}

func (t *taker) set(o *goja.Object) (value.Value, error) {
	if v := given(o); v != nil {
		return v, nil
	}
	s := &value.Set{}
	var err error
	t.vm.rt.ForOf(o, func(item goja.Value) bool {
		var taken value.Value
		if taken, err = t.within(step{key: fmt.Sprintf(" (item %d)", len(s.Items)), kind: stepText}, item); err != nil {
			return false
		}
		s.Items = append(s.Items, taken)
		return true
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// err takes an error. A cause that cannot be handed over is told as text: an error report must not
// fail for it.
func (t *taker) err(o *goja.Object) (value.Value, error) {
	ex := t.vm.newException(o, nil)
	e := &value.Error{Name: ex.Name, Message: ex.Message, Stack: ex.Stack, Cause: value.Undefined}
	cause := o.Get("cause")
	if cause == nil || goja.IsUndefined(cause) {
		return e, nil
	}
	steps := len(t.steps)
	taken, err := t.within(step{key: "cause"}, cause)
	if err != nil {
		t.steps = t.steps[:steps]
		taken = inspectShort(cause)
	}
	e.Cause = taken
	return e, nil
}
