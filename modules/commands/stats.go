package commands

import (
	"math"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
	"runner/value"
)

// metrics looks up a metric's figures.
func (c *commands) metrics(call goja.FunctionCall) goja.Value {
	name := c.text(call.Argument(0), "metrics: the name")
	tags := map[string]string{}
	if v := call.Argument(1); present(v) {
		o, err := c.vm.Options(v, "metrics: the tags")
		c.must(err)
		for _, key := range o.Keys() {
			if tag := o.Value(key); tag != nil {
				tags[key] = tag.String()
			}
		}
		c.must(o.Done())
	}
	o, err := c.vm.Options(call.Argument(2), "the options of metrics")
	c.must(err)
	window := o.Duration("window", 0)
	c.must(o.Done())
	s, err := c.model().Metrics(name, tags, window)
	c.must(err)
	return c.vm.Runtime().NewDynamicObject(&stats{vm: c.vm, s: s})
}

// stats shows figures; percentiles are worked out when they are read.
type stats struct {
	vm       *js.VM
	s        metrics.Stats
	quantile goja.Value
}

var statsKeys = []string{
	"count", "sum", "min", "max", "last", "mean", "rate", "perSecond", "p50", "p90", "p95", "p99", "p999",
}

var percentiles = map[string]float64{"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p999": 0.999}

// figure is NaN for what there is not, so that every comparison with it is false.
func (o *stats) figure(key string) (float64, bool) {
	distribution := o.s.Count > 0 && (o.s.Kind == metrics.Trend || o.s.Kind == metrics.Gauge)
	switch key {
	case "count":
		return float64(o.s.Count), true
	case "sum":
		return o.s.Sum, true
	case "min":
		return orNaN(o.s.Min, distribution), true
	case "max":
		return orNaN(o.s.Max, distribution), true
	case "last":
		return orNaN(o.s.Last, o.s.Kind == metrics.Gauge && o.s.Count > 0), true
	case "mean":
		return o.s.Mean(), true
	case "rate":
		return orNaN(o.s.Rate(), o.s.Kind == metrics.Rate), true
	case "perSecond":
		return o.s.PerSecond(), true
	}
	if q, ok := percentiles[key]; ok {
		return o.s.Quantile(q), true
	}
	return 0, false
}

func orNaN(f float64, known bool) float64 {
	if !known {
		return math.NaN()
	}
	return f
}

func (o *stats) Get(key string) goja.Value {
	if f, ok := o.figure(key); ok {
		return o.vm.Runtime().ToValue(f)
	}
	if key != "quantile" {
		return nil
	}
	if o.quantile == nil {
		o.quantile = o.vm.Func("quantile", func(call goja.FunctionCall) goja.Value {
			q := math.NaN()
			if v := call.Argument(0); goja.IsNumber(v) {
				q = v.ToFloat()
			}
			if !(q >= 0 && q <= 1) {
				o.vm.Throw(js.RangeErrorf("quantile takes a number from 0 to 1, not %s", describe(call.Argument(0))))
			}
			return o.vm.Runtime().ToValue(o.s.Quantile(q))
		})
	}
	return o.quantile
}

func (o *stats) Set(string, goja.Value) bool { return false }
func (o *stats) Delete(string) bool          { return false }
func (o *stats) Keys() []string              { return statsKeys }

func (o *stats) Has(key string) bool {
	_, ok := o.figure(key)
	return ok || key == "quantile"
}

// CloneValue lets a script keep figures, in an aggregate for one.
func (o *stats) CloneValue() (value.Value, error) {
	values := make([]value.Value, len(statsKeys))
	for i, key := range statsKeys {
		f, _ := o.figure(key)
		values[i] = f
	}
	return value.NewObject(statsKeys, values), nil
}
