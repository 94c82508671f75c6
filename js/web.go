package js

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"runner/value"
)

// performanceObject counts milliseconds from the making of the VM.
func (vm *VM) performanceObject() goja.Value {
	return vm.LazyObject([]string{"now", "timeOrigin", "toJSON"}, func(name string) goja.Value {
		origin := float64(vm.began.UnixMicro()) / 1000
		switch name {
		case "timeOrigin":
			return vm.rt.ToValue(origin)
		case "toJSON":
			return vm.Func(name, func(goja.FunctionCall) goja.Value {
				o := vm.rt.NewObject()
				o.Set("timeOrigin", origin)
				return o
			})
		}
		return vm.Func(name, func(goja.FunctionCall) goja.Value {
			return vm.rt.ToValue(float64(time.Since(vm.began)) / float64(time.Millisecond))
		})
	})
}

// maxRandomBytes is how much getRandomValues fills at a time, as everywhere.
const maxRandomBytes = 65536

// cryptoObject has the source of randomness of the operating system, whatever the run's seed.
func (vm *VM) cryptoObject() goja.Value {
	return vm.LazyObject([]string{"getRandomValues", "randomUUID"}, func(name string) goja.Value {
		if name == "randomUUID" {
			return vm.Func(name, func(goja.FunctionCall) goja.Value {
				var u [16]byte
				rand.Read(u[:])
				u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
				return vm.rt.ToValue(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]))
			})
		}
		return vm.Func(name, func(call goja.FunctionCall) goja.Value {
			into, ok := vm.bytesOf(call.Argument(0))
			if !ok {
				vm.Throw(TypeErrorf("crypto.getRandomValues takes a typed array of integers, not %s", inspectShort(call.Argument(0))))
			}
			if len(into) > maxRandomBytes {
				vm.Throw(errorf("QuotaExceededError", "crypto.getRandomValues fills at most %d bytes, not %d", maxRandomBytes, len(into)))
			}
			rand.Read(into)
			return call.Argument(0)
		})
	})
}

// structuredClone copies a value with all that it holds. What init returned and other views become what
// a script may change.
func (vm *VM) structuredClone(call goja.FunctionCall) goja.Value {
	if len(call.Arguments) == 0 {
		vm.Throw(TypeErrorf("structuredClone takes a value"))
	}
	c := cloner{vm: vm}
	return c.clone(call.Arguments[0], 0)
}

// cloner keeps, in a copy, what was the same object the same.
type cloner struct {
	vm   *VM
	done map[*goja.Object]*goja.Object
}

func (c *cloner) clone(v goja.Value, depth int) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		if _, symbol := v.(*goja.Symbol); symbol {
			c.refuse(v)
		}
		return v
	}
	if made := c.done[o]; made != nil {
		return made
	}
	if depth > maxValueDepth {
		c.vm.Throw(RangeErrorf("structuredClone: the value is nested more than %d deep", maxValueDepth))
	}
	rt := c.vm.rt
	switch t := o.ExportType(); {
	case t == typeObjectView || t == typeArrayView:
		return c.keep(o, c.vm.Clone(c.take(o)).(*goja.Object))
	case isMap(o):
		m := c.keep(o, c.vm.construct("Map"))
		set, _ := goja.AssertFunction(m.Get("set"))
		rt.ForOf(o, func(item goja.Value) bool {
			pair := item.(*goja.Object)
			c.vm.must(set(m, c.clone(pair.Get("0"), depth+1), c.clone(pair.Get("1"), depth+1)))
			return true
		})
		return m
	case isSet(o):
		s := c.keep(o, c.vm.construct("Set"))
		add, _ := goja.AssertFunction(s.Get("add"))
		rt.ForOf(o, func(item goja.Value) bool {
			c.vm.must(add(s, c.clone(item, depth+1)))
			return true
		})
		return s
	case t == typeList:
		list := c.keep(o, rt.NewArray())
		for i, n := int64(0), o.Get("length").ToInteger(); i < n; i++ {
			key := strconv.FormatInt(i, 10)
			if item := o.Get(key); item != nil {
				list.Set(key, c.clone(item, depth+1))
			}
		}
		return list
	}
	if _, isFunc := goja.AssertFunction(o); isFunc {
		c.refuse(v)
	}
	if o.ClassName() == "Object" {
		t := taker{vm: c.vm}
		if o.ExportType() == typePlain && !isView(t.specialTag(o)) {
			copied := c.keep(o, rt.NewObject())
			for _, key := range o.Keys() {
				setOwn(copied, key, c.clone(o.Get(key), depth+1))
			}
			return copied
		}
	}
	made := c.vm.Clone(c.take(o))
	if object, ok := made.(*goja.Object); ok {
		return c.keep(o, object)
	}
	return made
}

func (c *cloner) keep(from, to *goja.Object) *goja.Object {
	if c.done == nil {
		c.done = map[*goja.Object]*goja.Object{}
	}
	c.done[from] = to
	return to
}

func (c *cloner) take(o *goja.Object) value.Value {
	taken, err := c.vm.Take(o, "the value")
	if err != nil {
		c.vm.Throw(errorf("DataCloneError", "structuredClone: %w", err))
	}
	return taken
}

func (c *cloner) refuse(v goja.Value) {
	c.vm.Throw(errorf("DataCloneError", "structuredClone cannot copy %s", inspectShort(v)))
}
