package js

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Infinite is what ParseDuration gives for Infinity.
const Infinite int64 = math.MaxInt64

// ParseDuration reads "250ms", "5s", "2m", "1h30m", and Infinity, which is Infinite, in nanoseconds. what
// names the thing in the error ("timeout"). A bare number is refused with an error that says so. The
// caller refuses Infinity and 0 where they make no sense.
func (vm *VM) ParseDuration(v goja.Value, what string) (d int64, err error) {
	const accepted = `a string with a unit, as in "250ms", "5s", "2m" or "1h30m"`
	switch {
	case goja.IsInfinity(v) && v.ToFloat() > 0:
		return Infinite, nil
	case goja.IsNumber(v) && !goja.IsNaN(v):
		return 0, TypeErrorf("%s must be %s: the bare number %s has none", what, accepted, v)
	case !goja.IsString(v):
		return 0, TypeErrorf("%s must be %s, not %s", what, accepted, inspectShort(v))
	}
	text := v.String()
	if text == "Infinity" {
		return Infinite, nil
	}
	parsed, err := time.ParseDuration(strings.TrimSpace(text))
	switch {
	case err != nil || strings.HasPrefix(strings.TrimSpace(text), "+"):
		if _, numErr := strconv.ParseFloat(text, 64); numErr == nil {
			return 0, TypeErrorf("%s must be %s: %q has no unit", what, accepted, text)
		}
		return 0, TypeErrorf("%s must be %s, not %q", what, accepted, text)
	case parsed < 0:
		return 0, RangeErrorf("%s must not be negative, but is %q", what, text)
	}
	return int64(parsed), nil
}

// Options reads a plain options object key by key; Done fails for a key that nobody asked for, with
// the nearest known one as a hint.
//
// The readers give the default for a key that is absent or undefined. What is wrong is kept and given by
// Done, the first if there are several, so that a decoder reads without a check after every key.
type Options struct {
	vm     *VM
	what   string
	object *goja.Object // nil if no options were given
	known  []string
	err    error
}

// Options begins to read an options object; undefined is one without keys. what names it in errors
// ("options", "the options of http.get"). The error is a TypeError.
func (vm *VM) Options(v goja.Value, what string) (*Options, error) {
	o := &Options{vm: vm, what: what}
	if v == nil || goja.IsUndefined(v) {
		return o, nil
	}
	object, ok := v.(*goja.Object)
	if ok {
		if _, isFunc := goja.AssertFunction(object); isFunc || object.ClassName() != "Object" {
			ok = false
		}
	}
	if !ok {
		return nil, TypeErrorf("%s must be an object, not %s", what, inspectShort(v))
	}
	o.object = object
	return o, nil
}

// Has says whether a key is there, and not undefined.
func (o *Options) Has(key string) bool { return o.Value(key) != nil }

// Value is what a key holds, or nil if it is absent or undefined.
func (o *Options) Value(key string) goja.Value {
	if !contains(o.known, key) {
		o.known = append(o.known, key)
	}
	if o.object == nil {
		return nil
	}
	var v goja.Value
	if ex := o.vm.rt.Try(func() { v = o.object.Get(key) }); ex != nil {
		o.Fail(ex)
		return nil
	}
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	return v
}

// Fail keeps an error for Done, if it is the first.
func (o *Options) Fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

func (o *Options) wrong(key, accepted string, v goja.Value) {
	o.Fail(TypeErrorf("%s: %s must be %s, not %s", o.what, key, accepted, inspectShort(v)))
}

// String reads text.
func (o *Options) String(key, fallback string) string {
	v := o.Value(key)
	if v == nil {
		return fallback
	}
	if !goja.IsString(v) {
		o.wrong(key, "a string", v)
		return fallback
	}
	return v.String()
}

// OneOf reads a word of a list.
func (o *Options) OneOf(key, fallback string, words ...string) string {
	s := o.String(key, fallback)
	if s == fallback || contains(words, s) {
		return s
	}
	message := fmt.Sprintf("%s: %s must be one of %s, not %q", o.what, key, strings.Join(words, ", "), s)
	if near := nearest(s, words); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	o.Fail(TypeErrorf("%s", message))
	return fallback
}

// Bool reads true or false.
func (o *Options) Bool(key string, fallback bool) bool {
	v := o.Value(key)
	if v == nil {
		return fallback
	}
	if b, ok := v.Export().(bool); ok {
		return b
	}
	o.wrong(key, "true or false", v)
	return fallback
}

// Number reads a finite number.
func (o *Options) Number(key string, fallback float64) float64 {
	v := o.Value(key)
	if v == nil {
		return fallback
	}
	if !goja.IsNumber(v) || goja.IsNaN(v) || goja.IsInfinity(v) {
		o.wrong(key, "a number", v)
		return fallback
	}
	return v.ToFloat()
}

// Int reads an integer within bounds. One that is out of them is a RangeError.
func (o *Options) Int(key string, fallback, least, most int64) int64 {
	v := o.Value(key)
	if v == nil {
		return fallback
	}
	n, err := wholeNumber(v, fmt.Sprintf("%s: %s", o.what, key), least, most)
	if err != nil {
		o.Fail(err)
		return fallback
	}
	return n
}

// Int reads an integer within bounds from an argument. The error names what it is and is a RangeError.
func (vm *VM) Int(v goja.Value, what string, least, most int64) (int64, error) {
	return wholeNumber(v, what, least, most)
}

func wholeNumber(v goja.Value, what string, least, most int64) (int64, error) {
	accepted := fmt.Sprintf("an integer from %d to %d", least, most)
	if most == math.MaxInt64 || most >= 1<<53-1 {
		accepted = fmt.Sprintf("an integer of at least %d", least)
	}
	if !goja.IsNumber(v) {
		return 0, RangeErrorf("%s must be %s, not %s", what, accepted, inspectShort(v))
	}
	f := v.ToFloat()
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 || int64(f) < least || int64(f) > most {
		return 0, RangeErrorf("%s must be %s, not %s", what, accepted, v)
	}
	return int64(f), nil
}

// Duration reads a duration with a unit. Infinity is refused.
func (o *Options) Duration(key string, fallback time.Duration) time.Duration {
	d := o.DurationOrInfinity(key, fallback)
	if int64(d) == Infinite && fallback != d {
		o.Fail(RangeErrorf("%s: %s must be finite", o.what, key))
		return fallback
	}
	return d
}

// DurationOrInfinity reads a duration with a unit, or Infinity, which is Infinite.
func (o *Options) DurationOrInfinity(key string, fallback time.Duration) time.Duration {
	v := o.Value(key)
	if v == nil {
		return fallback
	}
	d, err := o.vm.ParseDuration(v, fmt.Sprintf("%s: %s", o.what, key))
	if err != nil {
		o.Fail(err)
		return fallback
	}
	return time.Duration(d)
}

// Func reads a function; nil if there is none.
func (o *Options) Func(key string) goja.Callable {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	fn, ok := goja.AssertFunction(v)
	if !ok {
		o.wrong(key, "a function", v)
		return nil
	}
	return fn
}

// Strings reads a list of strings; nil if there is none.
func (o *Options) Strings(key string) []string {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	list, ok := v.(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		o.wrong(key, "a list of strings", v)
		return nil
	}
	out := make([]string, list.Get("length").ToInteger())
	for i := range out {
		item := orUndefined(list.Get(strconv.Itoa(i)))
		if !goja.IsString(item) {
			o.Fail(TypeErrorf("%s: %s[%d] must be a string, not %s", o.what, key, i, inspectShort(item)))
			return nil
		}
		out[i] = item.String()
	}
	return out
}

// Object reads an options object within this one; its errors are for its own Done.
func (o *Options) Object(key string) *Options {
	inner, err := o.vm.Options(o.Value(key), o.what+"."+key)
	if err != nil {
		o.Fail(err)
		return &Options{vm: o.vm, what: o.what + "." + key}
	}
	return inner
}

// Keys are all keys that the object has, in its order. They count as asked for.
func (o *Options) Keys() []string {
	if o.object == nil {
		return nil
	}
	var keys []string
	if ex := o.vm.rt.Try(func() { keys = o.object.Keys() }); ex != nil {
		o.Fail(ex)
	}
	o.known = append(o.known, keys...)
	return keys
}

// Done is the first thing that was wrong, or an error for a key that nobody asked for.
func (o *Options) Done() error {
	if o.err != nil || o.object == nil {
		return o.err
	}
	asked := o.known
	for _, key := range o.Keys() {
		if contains(asked, key) {
			continue
		}
		message := fmt.Sprintf("%s has no option %q", o.what, key)
		if near := nearest(key, asked); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		} else if len(asked) > 0 {
			message += " (it has " + strings.Join(asked, ", ") + ")"
		}
		return TypeErrorf("%s", message)
	}
	return o.err
}
