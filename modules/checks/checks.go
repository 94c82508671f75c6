// Package checks is the script module runner/checks: assertions that are counted rather than thrown, and
// groups, which tag what is recorded within them.
package checks

import (
	_ "embed"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
)

//go:embed checks.d.ts
var types string

// Module is runner/checks.
func Module() *js.Module {
	return &js.Module{Name: "checks", New: exports, Types: types}
}

func exports(vm *js.VM) *goja.Object {
	return vm.LazyObject([]string{"check", "group"}, func(name string) goja.Value {
		if name == "check" {
			c := &checker{vm: vm, known: map[string]*metrics.Series{}}
			return vm.Func(name, c.check)
		}
		g := &grouper{vm: vm}
		// An iteration that was interrupted has left no group.
		vm.OnIterationStart(func() { vm.Env().Group = "" })
		return vm.Func(name, g.group)
	})
}

var typePromise = reflect.TypeFor[*goja.Promise]()

func isPromise(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	return ok && o.ExportType() == typePromise
}

// checker counts the checks of one VM.
type checker struct {
	vm    *js.VM
	group string                     // that of known
	known map[string]*metrics.Series // by the check's name, without tags of its own
}

// check runs every predicate on the value and says whether all held. One that throws has failed; the
// exception goes on to the iteration.
func (c *checker) check(call goja.FunctionCall) goja.Value {
	value := call.Argument(0)
	set, ok := call.Argument(1).(*goja.Object)
	if ok {
		_, isFunc := goja.AssertFunction(set)
		ok = !isFunc && set.ClassName() != "Array"
	}
	if !ok {
		c.vm.Throw(js.TypeErrorf(`check takes a value and an object of predicates, as in check(res, { "status is 200": (r) => r.status === 200 })`))
	}
	tags := c.tags(call.Argument(2))
	all := true
	for _, name := range set.Keys() {
		passed, err := c.holds(name, set.Get(name), value)
		c.record(name, tags, passed && err == nil)
		if err != nil {
			c.vm.Throw(err)
		}
		all = all && passed
	}
	return c.vm.Runtime().ToValue(all)
}

func (c *checker) holds(name string, predicate, value goja.Value) (bool, error) {
	if fn, ok := goja.AssertFunction(predicate); ok {
		v, err := fn(goja.Undefined(), value)
		if err != nil {
			return false, err
		}
		predicate = v
	}
	if isPromise(predicate) {
		return false, js.TypeErrorf("the check %q gave a promise, which is neither true nor false: await the value before it is checked", name)
	}
	return predicate.ToBoolean(), nil
}

func (c *checker) record(name string, tags []metrics.Tag, passed bool) {
	env := c.vm.Env()
	if env.Recorder == nil {
		return
	}
	v := 0.0
	if passed {
		v = 1
	}
	if env.Group != c.group {
		c.group = env.Group
		clear(c.known)
	}
	s := c.known[name]
	if s == nil || tags != nil {
		all := append([]metrics.Tag{{Key: "check", Value: name}, {Key: "group", Value: c.group}}, tags...)
		s = env.Recorder.Series(metrics.Checks, all...)
		if tags == nil {
			c.known[name] = s
		}
	}
	env.Recorder.Add(s, v)
}

func (c *checker) tags(v goja.Value) []metrics.Tag {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	o, err := c.vm.Options(v, "the tags of check")
	if err != nil {
		c.vm.Throw(err)
	}
	var tags []metrics.Tag
	for _, key := range o.Keys() {
		if tag := o.Value(key); tag != nil {
			tags = append(tags, metrics.Tag{Key: key, Value: tag.String()})
		}
	}
	if err := o.Done(); err != nil {
		c.vm.Throw(err)
	}
	return tags
}

// grouper runs the groups of one VM.
type grouper struct{ vm *js.VM }

// group runs a function with its name as a tag of what is recorded meanwhile, and gives what it returns.
// If that is a promise the group lasts until it is settled.
func (g *grouper) group(call goja.FunctionCall) goja.Value {
	vm := g.vm
	name := call.Argument(0)
	fn, ok := goja.AssertFunction(call.Argument(1))
	if !goja.IsString(name) || strings.TrimSpace(name.String()) == "" || !ok {
		vm.Throw(js.TypeErrorf(`group takes a name and a function, as in group("log in", () => { … })`))
	}
	env := vm.Env()
	outer := env.Group
	env.Group = joined(outer, name.String())
	leave := func() { env.Group = outer }
	v, err := fn(goja.Undefined())
	if err != nil {
		leave()
		vm.Throw(err)
	}
	if isPromise(v) {
		return g.settled(v.(*goja.Object), leave)
	}
	leave()
	return v
}

func joined(outer, name string) string {
	if outer == "" {
		return name
	}
	return outer + "/" + name
}

// settled gives a promise that follows p and leaves the group first.
func (g *grouper) settled(p *goja.Object, leave func()) goja.Value {
	vm := g.vm
	finally, ok := goja.AssertFunction(p.Get("finally"))
	if !ok {
		leave()
		vm.Throw(errors.New("group: Promise.prototype.finally is gone"))
	}
	v, err := finally(p, vm.Func("leave", func(goja.FunctionCall) goja.Value {
		leave()
		return goja.Undefined()
	}))
	if err != nil {
		leave()
		vm.Throw(fmt.Errorf("group: %w", err))
	}
	return v
}
