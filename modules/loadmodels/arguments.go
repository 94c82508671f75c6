package loadmodels

import (
	"fmt"
	"math"
	"time"

	"github.com/dop251/goja"

	"runner/js"
)

// arguments reads what a script gave to one of the functions. What is wrong is thrown.
type arguments struct {
	vm   *js.VM
	name string
	call goja.FunctionCall
}

func (a *arguments) must(err error) {
	if err != nil {
		a.vm.Throw(err)
	}
}

func (a *arguments) count(i int, name string, least, most int64) int {
	n, err := a.vm.Int(a.call.Argument(i), a.name+": "+name, least, most)
	a.must(err)
	return int(n)
}

// seconds reads a bare number of seconds, as the function's name says; Infinity is Forever.
func (a *arguments) seconds(i int, name string) time.Duration {
	v := a.call.Argument(i)
	if !goja.IsNumber(v) || goja.IsNaN(v) {
		a.vm.Throw(js.TypeErrorf("%s: %s must be a number of seconds, not %s", a.name, name, describe(v)))
	}
	d, err := a.vm.Seconds(v, a.name+": "+name)
	a.must(err)
	return d
}

// duration reads a duration with a unit; Infinity is Forever.
func (a *arguments) duration(i int, name string) time.Duration {
	d, err := a.vm.ParseDuration(a.call.Argument(i), a.name+": "+name)
	a.must(err)
	return time.Duration(d)
}

func (a *arguments) number(i int, name string) float64 {
	v := a.call.Argument(i)
	if !goja.IsNumber(v) {
		a.vm.Throw(js.TypeErrorf("%s: %s must be a number, not %s", a.name, name, describe(v)))
	}
	return v.ToFloat()
}

// options begins to read the options at i.
func (a *arguments) options(i int) *js.Options {
	o, err := a.vm.Options(a.call.Argument(i), "the options of "+a.name)
	a.must(err)
	return o
}

func (a *arguments) done(o *js.Options) { a.must(o.Done()) }

// positive reads a duration that must be longer than 0, since a model takes 0 for its default.
func positive(o *js.Options, key string, fallback time.Duration) time.Duration {
	return longerThan0(o, key, o.Duration(key, fallback))
}

// positiveOrInfinity likewise, with Infinity.
func positiveOrInfinity(o *js.Options, key string, fallback time.Duration) time.Duration {
	return longerThan0(o, key, o.DurationOrInfinity(key, fallback))
}

func longerThan0(o *js.Options, key string, d time.Duration) time.Duration {
	if d == 0 && o.Has(key) {
		o.Fail(js.RangeErrorf("%s must be longer than 0", key))
	}
	return d
}

// required notes that a key is missing.
func required(o *js.Options, what, key, example string) {
	if !o.Has(key) {
		o.Fail(js.TypeErrorf("%s needs %s, as in { %s }", what, key, example))
	}
}

func describe(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsString(v):
		return fmt.Sprintf("%q", v.String())
	}
	if o, ok := v.(*goja.Object); ok {
		if _, ok := goja.AssertFunction(o); ok {
			return "a function"
		}
		if o.ClassName() == "Array" {
			return "an array"
		}
		return "an object"
	}
	return v.String()
}

// wholeNumber reads what a script's function returned as a count; -1 if it is none.
func wholeNumber(v goja.Value, most float64) int {
	if !goja.IsNumber(v) {
		return -1
	}
	if f := v.ToFloat(); f == math.Trunc(f) && f >= 0 && f <= most {
		return int(f)
	}
	return -1
}
