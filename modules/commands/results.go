package commands

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	"runner/value"
)

// ResultsToJS shows results to a script as an array of frozen objects, built as they are read. Passed
// back, as they are or filtered, they are the same results.
func ResultsToJS(vm *js.VM, results []*loadmodels.Result) goja.Value {
	return vm.Runtime().NewDynamicArray(&resultList{vm: vm, results: results})
}

// ResultsFromJS reads an array of results, or of objects that look like results; what names it in errors.
func ResultsFromJS(vm *js.VM, v goja.Value, what string) ([]*loadmodels.Result, error) {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Array" {
		return nil, js.TypeErrorf("%s must be an array, as getLatestResults gives it, not %s", what, describe(v))
	}
	if own, ok := o.Export().(*resultList); ok {
		return own.results, nil
	}
	n := int(o.Get("length").ToInteger())
	results := make([]*loadmodels.Result, n)
	for i := range results {
		item, ok := orUndefined(o.Get(strconv.Itoa(i))).(*goja.Object)
		if !ok {
			return nil, js.TypeErrorf("%s: item %d must be a result, not %s", what, i, describe(o.Get(strconv.Itoa(i))))
		}
		if own, ok := item.Export().(*result); ok {
			results[i] = own.r
			continue
		}
		r, err := foreignResult(vm, item)
		if err != nil {
			return nil, fmt.Errorf("%s: item %d: %w", what, i, err)
		}
		results[i] = r
	}
	return results, nil
}

// resultList is the array.
type resultList struct {
	vm      *js.VM
	results []*loadmodels.Result
	shown   []goja.Value // those that were touched
}

func (l *resultList) Len() int { return len(l.results) }

func (l *resultList) Get(i int) goja.Value {
	if i < 0 || i >= len(l.results) {
		return nil
	}
	if l.shown == nil {
		l.shown = make([]goja.Value, len(l.results))
	}
	if l.shown[i] == nil {
		l.shown[i] = newResult(l.vm, l.results[i])
	}
	return l.shown[i]
}

func (l *resultList) Set(int, goja.Value) bool { return false }
func (l *resultList) SetLen(int) bool          { return false }

// CloneValue lets a script keep results, in an aggregate for one.
func (l *resultList) CloneValue() (value.Value, error) {
	items := make([]value.Value, len(l.results))
	for i, r := range l.results {
		items[i] = resultValue(r)
	}
	return &value.Array{Items: items}, nil
}

// result is one of them.
type result struct {
	vm *js.VM
	r  *loadmodels.Result
}

func newResult(vm *js.VM, r *loadmodels.Result) *goja.Object {
	return vm.Runtime().NewDynamicObject(&result{vm, r})
}

var resultKeys = []string{
	"id", "userId", "iteration", "node", "status", "output", "exception", "logs", "timestamp", "duration",
}

func (o *result) Get(key string) goja.Value {
	rt := o.vm.Runtime()
	switch key {
	case "output":
		return o.vm.Give(o.r.Output)
	case "duration":
		return rt.ToValue(inMilliseconds(o.r.Duration))
	case "exception":
		return o.exception()
	case "id":
		return rt.ToValue(o.r.ID)
	case "userId":
		return rt.ToValue(o.r.UserID)
	case "iteration":
		return rt.ToValue(o.r.Iteration)
	case "node":
		return rt.ToValue(o.r.Node)
	case "status":
		return rt.ToValue(o.r.Status.String())
	case "logs":
		return rt.ToValue(o.r.Logs)
	case "timestamp":
		return rt.ToValue(epochMilliseconds(o.r.Timestamp))
	}
	return nil
}

// exception is null, or an object whose text is that of an error.
func (o *result) exception() goja.Value {
	e := o.r.Exception
	if e == nil {
		return goja.Null()
	}
	return o.vm.Runtime().NewDynamicObject(&exception{o.vm, e})
}

func (o *result) Set(string, goja.Value) bool { return false }
func (o *result) Delete(string) bool          { return false }
func (o *result) Keys() []string              { return resultKeys }

func (o *result) Has(key string) bool {
	for _, k := range resultKeys {
		if k == key {
			return true
		}
	}
	return false
}

// CloneValue lets a script keep a result.
func (o *result) CloneValue() (value.Value, error) { return resultValue(o.r), nil }

func resultValue(r *loadmodels.Result) value.Value {
	return value.NewObject(resultKeys, []value.Value{
		float64(r.ID), float64(r.UserID), float64(r.Iteration), r.Node, r.Status.String(), r.Output,
		exceptionValue(r.Exception), r.Logs, epochMilliseconds(r.Timestamp), inMilliseconds(r.Duration),
	})
}

// exception is what a result failed with.
type exception struct {
	vm *js.VM
	e  *loadmodels.Exception
}

var exceptionKeys = []string{"name", "message", "stack"}

func (o *exception) Get(key string) goja.Value {
	rt := o.vm.Runtime()
	switch key {
	case "name":
		return rt.ToValue(o.e.Name)
	case "message":
		return rt.ToValue(o.e.Message)
	case "stack":
		return rt.ToValue(o.e.Stack)
	case "toString":
		return o.vm.Func("toString", func(goja.FunctionCall) goja.Value { return rt.ToValue(o.e.Error()) })
	}
	return nil
}

func (o *exception) Set(string, goja.Value) bool { return false }
func (o *exception) Delete(string) bool          { return false }
func (o *exception) Keys() []string              { return exceptionKeys }
func (o *exception) Has(key string) bool         { return key == "name" || key == "message" || key == "stack" }

// CloneValue lets a script keep an exception.
func (o *exception) CloneValue() (value.Value, error) { return exceptionValue(o.e), nil }

func exceptionValue(e *loadmodels.Exception) value.Value {
	if e == nil {
		return nil
	}
	return value.NewObject(exceptionKeys, []value.Value{e.Name, e.Message, e.Stack})
}

func epochMilliseconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1000
}

// looksLikeResult is true for an object made after what run gives.
func looksLikeResult(o *goja.Object) bool {
	return o.ClassName() == "Object" && o.Get("output") != nil && o.Get("exception") != nil
}

// foreignResult makes a result of a script's own object.
func foreignResult(vm *js.VM, o *goja.Object) (*loadmodels.Result, error) {
	r := &loadmodels.Result{
		ID: integer(o.Get("id")), UserID: integer(o.Get("userId")), Iteration: integer(o.Get("iteration")),
	}
	if v := o.Get("node"); present(v) {
		r.Node = v.String()
	}
	if v := o.Get("logs"); present(v) {
		r.Logs = v.String()
	}
	var err error
	if r.Output, err = vm.Take(orUndefined(o.Get("output")), "output"); err != nil {
		return nil, err
	}
	if r.Exception, err = exceptionFromJS(vm, o.Get("exception")); err != nil {
		return nil, err
	}
	if r.Exception != nil {
		r.Status = loadmodels.Failed
	}
	if v := o.Get("status"); present(v) {
		switch s := v.String(); s {
		case "succeeded":
			r.Status = loadmodels.Succeeded
		case "failed":
			r.Status = loadmodels.Failed
		case "aborted":
			r.Status = loadmodels.Aborted
		default:
			return nil, js.TypeErrorf("status must be succeeded, failed or aborted, not %q", s)
		}
	}
	if v := o.Get("timestamp"); present(v) && goja.IsNumber(v) {
		r.Timestamp = time.UnixMicro(int64(v.ToFloat() * 1000))
	}
	if v := o.Get("duration"); present(v) {
		if r.Duration, err = durationFromJS(v, "duration"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// integer is 0 for what is no number.
func integer(v goja.Value) int64 {
	if v == nil || !goja.IsNumber(v) {
		return 0
	}
	return v.ToInteger()
}

// durationFromJS reads a number of milliseconds.
func durationFromJS(v goja.Value, what string) (time.Duration, error) {
	ms := math.NaN()
	if goja.IsNumber(v) {
		ms = v.ToFloat()
	}
	if !(ms >= 0 && ms <= maxWaitMs) {
		return 0, js.RangeErrorf("%s must be a number of milliseconds, not %s", what, describe(v))
	}
	return time.Duration(ms * float64(time.Millisecond)), nil
}

// exceptionFromJS reads an error, an object like one, or a message; null and undefined are none.
func exceptionFromJS(vm *js.VM, v goja.Value) (*loadmodels.Exception, error) {
	if !present(v) {
		return nil, nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return &loadmodels.Exception{Name: "Error", Message: v.String()}, nil
	}
	if own, ok := o.Export().(*exception); ok {
		return own.e, nil
	}
	if !present(o.Get("message")) {
		return nil, js.TypeErrorf("the exception must be an error, an object { name, message, stack }, a string or null, not %s", describe(v))
	}
	// The VM knows how to read places from an error's stack.
	ex := vm.ExceptionOf(o)
	return &loadmodels.Exception{Name: ex.Name, Message: ex.Message, Stack: ex.Stack, Place: ex.Place()}, nil
}

// describe names a value in an error.
func describe(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
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
	if goja.IsString(v) {
		return strconv.Quote(v.String())
	}
	return v.String()
}
