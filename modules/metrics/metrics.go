// Package metrics is the script module runner/metrics: a script's own counters, gauges, rates and trends.
package metrics

import (
	_ "embed"
	"math"
	"regexp"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
)

//go:embed metrics.d.ts
var types string

// Module is runner/metrics.
func Module() *js.Module {
	return &js.Module{Name: "metrics", New: exports, Types: types}
}

var kinds = map[string]metrics.Kind{
	"Counter": metrics.Counter, "Gauge": metrics.Gauge, "Rate": metrics.Rate, "Trend": metrics.Trend,
}

func exports(vm *js.VM) *goja.Object {
	return vm.LazyObject([]string{"Counter", "Gauge", "Rate", "Trend"}, func(name string) goja.Value {
		return class(vm, name, kinds[name])
	})
}

// class makes a constructor whose instances hold their metric; add is on the prototype.
func class(vm *js.VM, name string, kind metrics.Kind) goja.Value {
	rt := vm.Runtime()
	ctor := rt.ToValue(func(call goja.ConstructorCall) *goja.Object {
		m := newMetric(vm, name, kind, call)
		v := rt.ToValue(m)
		if err := call.This.DefineDataPropertySymbol(heldKey, v, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
			vm.Throw(err)
		}
		if err := call.This.DefineDataProperty("name", rt.ToValue(m.metric.Name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE); err != nil {
			vm.Throw(err)
		}
		return nil
	}).(*goja.Object)
	// The error of these two would be that of a frozen object, which a new function is not.
	_ = ctor.DefineDataProperty("name", rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	prototype := ctor.Get("prototype").(*goja.Object)
	_ = prototype.DefineDataProperty("add", vm.Func("add", func(call goja.FunctionCall) goja.Value {
		of(vm, name, call.This).add(call)
		return goja.Undefined()
	}), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return ctor
}

// heldKey is where an instance holds its metric.
var heldKey = goja.NewSymbol("runner.metric")

// metric is a script's metric in one VM.
type metric struct {
	vm     *js.VM
	class  string
	metric *metrics.Metric
	group  string          // that of plain
	plain  *metrics.Series // without tags of its own
}

func of(vm *js.VM, class string, this goja.Value) *metric {
	if o, ok := this.(*goja.Object); ok {
		if v := o.GetSymbol(heldKey); v != nil {
			if m, ok := v.Export().(*metric); ok && m.class == class {
				return m
			}
		}
	}
	vm.Throw(js.TypeErrorf("add must be called on a %s, as in counter.add(1)", class))
	return nil
}

// validName is what a metric may be called: thresholds name it, and so may files and other tools.
var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\-]{0,127}$`)

// engine knows the metrics that runner itself records, which a script must not add to.
var engine = metrics.NewRegistry()

func newMetric(vm *js.VM, class string, kind metrics.Kind, call goja.ConstructorCall) *metric {
	name := call.Argument(0)
	if !goja.IsString(name) || !validName.MatchString(name.String()) {
		vm.Throw(js.TypeErrorf("new %s takes a name of letters, digits, _, . and -, which starts with a letter or _, not %s",
			class, shown(name)))
	}
	o, err := vm.Options(call.Argument(1), "the options of new "+class)
	if err != nil {
		vm.Throw(err)
	}
	unit := o.String("unit", "1")
	if err := o.Done(); err != nil {
		vm.Throw(err)
	}
	if engine.Lookup(name.String()) != nil {
		vm.Throw(js.TypeErrorf("new %s: %s is a metric of runner's own, take another name", class, name))
	}
	m := &metrics.Metric{Name: name.String(), Kind: kind, Unit: unit}
	if rec := vm.Env().Recorder; rec != nil {
		if m, err = rec.Register(m); err != nil {
			vm.Throw(js.TypeErrorf("new %s: %s", class, err))
		}
	}
	return &metric{vm: vm, class: class, metric: m}
}

func shown(v goja.Value) string {
	if goja.IsString(v) {
		s := v.String()
		if len(s) > 40 {
			s = s[:40] + "…"
		}
		return `"` + s + `"`
	}
	if _, ok := v.(*goja.Object); ok {
		return "an object"
	}
	return v.String()
}

// add records one value. What is none is thrown, and nothing is recorded.
func (m *metric) add(call goja.FunctionCall) {
	v := m.value(call)
	env := m.vm.Env()
	if env.Recorder == nil {
		return
	}
	if env.Group != m.group {
		m.group, m.plain = env.Group, nil
	}
	if tags := call.Argument(1); !goja.IsUndefined(tags) && !goja.IsNull(tags) {
		env.Recorder.Add(env.Recorder.Series(m.metric, m.tags(tags)...), v)
		return
	}
	if m.plain == nil {
		m.plain = env.Recorder.Series(m.metric, metrics.Tag{Key: "group", Value: m.group})
	}
	env.Recorder.Add(m.plain, v)
}

func (m *metric) value(call goja.FunctionCall) float64 {
	arg := call.Argument(0)
	if m.metric.Kind == metrics.Rate {
		if b, ok := arg.Export().(bool); ok {
			if b {
				return 1
			}
			return 0
		}
	}
	v := math.NaN()
	switch {
	case m.metric.Kind == metrics.Counter && len(call.Arguments) == 0:
		v = 1
	case goja.IsNumber(arg):
		v = arg.ToFloat()
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		want := "a finite number"
		if m.metric.Kind == metrics.Rate {
			want = "true, false or a finite number"
		}
		m.vm.Throw(js.TypeErrorf("the %s %s takes %s, not %s", m.metric.Kind, m.metric.Name, want, shown(arg)))
	case m.metric.Kind == metrics.Counter && v < 0:
		m.vm.Throw(js.RangeErrorf("the counter %s only grows: %v cannot be added", m.metric.Name, v))
	}
	return v
}

// tags are the group and those that were given, which win.
func (m *metric) tags(v goja.Value) []metrics.Tag {
	o, err := m.vm.Options(v, "the tags of "+m.metric.Name)
	if err != nil {
		m.vm.Throw(err)
	}
	tags := []metrics.Tag{{Key: "group", Value: m.group}}
	for _, key := range o.Keys() {
		if tag := o.Value(key); tag != nil {
			tags = append(tags, metrics.Tag{Key: key, Value: tag.String()})
		}
	}
	if err := o.Done(); err != nil {
		m.vm.Throw(err)
	}
	return tags
}
