// Package throttle is the script module runner/throttle: throttles that all users of a scenario share,
// by name. Their state is a service of the scenario's controller; this module asks it.
package throttle

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/throttle"
	"runner/value"
)

//go:embed throttle.d.ts
var types string

// Module is runner/throttle.
func Module() *js.Module {
	return &js.Module{Name: "throttle", New: exports, Types: types}
}

func exports(vm *js.VM) *goja.Object {
	m := &module{vm: vm, handles: map[string]*handle{}}
	return vm.LazyObject([]string{"throttle"}, func(name string) goja.Value { return vm.Func(name, m.throttle) })
}

// module is runner/throttle in one VM.
type module struct {
	vm      *js.VM
	handles map[string]*handle
}

// handle is a throttle as one VM sees it.
type handle struct {
	vm       *js.VM
	name     string
	settings *throttle.Settings // as the script gave them; nil: it found the throttle by its name
	object   *goja.Object

	opened        bool
	parallel      bool
	wait, release value.Value // the requests
}

// throttle gives the throttle of a name: throttle(name, settings), or throttle(name) for one that
// there is.
func (m *module) throttle(call goja.FunctionCall) goja.Value {
	nameArg := call.Argument(0)
	if !goja.IsString(nameArg) || nameArg.String() == "" {
		m.vm.Throw(js.TypeErrorf("throttle takes a name and settings, as in throttle(\"logins\", { rate: 100, interval: \"1s\" }), not %s as the name", nameArg))
	}
	name := nameArg.String()
	h := m.handles[name]
	if h == nil {
		h = &handle{vm: m.vm, name: name, wait: request("wait", name), release: request("release", name)}
		h.object = m.vm.LazyObject(methodNames, h.method)
	}
	if v := call.Argument(1); !goja.IsUndefined(v) {
		s, err := m.readSettings(v, fmt.Sprintf("throttle(%q)", name), true)
		if err != nil {
			m.vm.Throw(err)
		}
		if h.settings != nil && *h.settings != s {
			m.vm.Throw(fmt.Errorf("throttle %q was made with other settings (%v, not %v): changeRate changes it", name, *h.settings, s))
		}
		if h.settings == nil {
			h.settings, h.opened = &s, false
		}
	}
	m.handles[name] = h
	// The controller makes the throttles that a script's top level has, so that all can be seen and
	// changed from the start.
	if env := m.vm.Env(); env.Side == js.SideController && env.Services != nil {
		h.open()
	}
	return h.object
}

// readSettings reads { rate, interval }, { interarrival } or { parallel }. Without defaults an interval
// that is not given is 0.
func (m *module) readSettings(v goja.Value, what string, defaults bool) (throttle.Settings, error) {
	o, err := m.vm.Options(v, what)
	if err != nil {
		return throttle.Settings{}, err
	}
	var s throttle.Settings
	given := 0
	if o.Has("rate") {
		given++
		s.Permits = rate(o, "rate", what)
		if defaults {
			s.Interval = throttle.DefaultInterval
		}
		s.Interval = o.Duration("interval", s.Interval)
	} else if o.Has("interval") {
		o.Fail(js.TypeErrorf("%s: interval goes together with rate", what))
	}
	if o.Has("interarrival") {
		given++
		s = throttle.Interarrival(o.DurationOrInfinity("interarrival", 0))
	}
	if o.Has("parallel") {
		given++
		s = throttle.Settings{Parallel: int(o.Int("parallel", 0, 1, throttle.MaxParallel))}
	}
	if err := o.Done(); err != nil {
		return s, err
	}
	if given != 1 {
		return s, js.TypeErrorf("%s takes one of { rate, interval }, { interarrival } and { parallel }", what)
	}
	check := s
	if check.Parallel == 0 && check.Interval == 0 {
		if o.Has("interval") {
			return s, js.RangeErrorf("%s: interval must be at least 1ms", what)
		}
		check.Interval = throttle.DefaultInterval
	}
	if err := check.Validate(); err != nil {
		return s, js.RangeErrorf("%s: %s", what, err)
	}
	return s, nil
}

// rate reads a number of at least 0, Infinity included.
func rate(o *js.Options, key, what string) float64 {
	v := o.Value(key)
	if v == nil || !goja.IsNumber(v) || goja.IsNaN(v) {
		o.Fail(js.TypeErrorf("%s: %s must be a number, 0 to pause or Infinity to unlock, not %v", what, key, v))
		return 0
	}
	return v.ToFloat()
}

var methodNames = []string{
	"name", "wait", "run", "changeRate", "changeRateGradually", "pause", "resume", "unlock", "stop", "status",
}

// method builds a member of a throttle.
func (h *handle) method(name string) goja.Value {
	if name == "name" {
		return h.vm.Runtime().ToValue(h.name)
	}
	call := map[string]func(goja.FunctionCall) goja.Value{
		"wait": h.waitFor, "run": h.run, "changeRate": h.changeRate, "changeRateGradually": h.changeRateGradually,
		"pause": h.plain("pause"), "resume": h.plain("resume"), "unlock": h.plain("unlock"), "stop": h.plain("stop"),
		"status": h.plain("status"),
	}[name]
	return h.vm.Func(name, call)
}

// ask asks the service; what is wrong is thrown.
func (h *handle) ask(req value.Value) value.Value {
	services := h.vm.Env().Services
	if services == nil {
		h.vm.Throw(fmt.Errorf("throttle %q: a script that is only looked at cannot use its throttles", h.name))
	}
	v, err := services.Ask(h.vm.Context(), ServiceName, req)
	if err != nil {
		h.vm.Throw(err)
	}
	return v
}

// open makes the throttle known on the controller, or finds it there, before its first use in this VM.
func (h *handle) open() {
	if h.opened {
		return
	}
	req := request("find", h.name)
	if h.settings != nil {
		req = request("open", h.name, settingsValue(*h.settings))
	}
	status := h.ask(req).(*value.Object)
	parallel, _ := status.Get("parallel")
	h.parallel, h.opened = parallel != nil, true
}

func (h *handle) plain(op string) func(goja.FunctionCall) goja.Value {
	req := request(op, h.name)
	return func(goja.FunctionCall) goja.Value {
		h.open()
		return h.vm.Give(h.ask(req))
	}
}

// waitFor blocks until there is a permit.
func (h *handle) waitFor(goja.FunctionCall) goja.Value {
	h.open()
	if h.parallel {
		h.vm.Throw(fmt.Errorf("throttle %q limits how many run at once: use run(fn), which gives its permit back", h.name))
	}
	h.ask(h.wait)
	return goja.Undefined()
}

// run calls a function with a permit, which it gives back if it is one of a number of parallel ones.
func (h *handle) run(call goja.FunctionCall) goja.Value {
	fn, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		h.vm.Throw(js.TypeErrorf("run takes a function, not %s", call.Argument(0)))
	}
	h.open()
	back, _ := h.ask(h.wait).(bool)
	if back {
		defer h.giveBack()
	}
	v, err := h.vm.Call(fn)
	if err != nil {
		h.vm.Throw(err)
	}
	return v
}

// giveBack gives a permit back, also when the user is being interrupted.
func (h *handle) giveBack() {
	// The only error is that there is no such permit: the service has taken it back already, from a user
	// that was given up.
	_, _ = h.vm.Env().Services.Ask(h.vm.Context(), ServiceName, h.release)
}

func (h *handle) changeRate(call goja.FunctionCall) goja.Value {
	m := &module{vm: h.vm}
	s, err := m.readSettings(call.Argument(0), "changeRate", false)
	if err != nil {
		h.vm.Throw(err)
	}
	h.open()
	return h.vm.Give(h.ask(request("change", h.name, settingsValue(s))))
}

// changeRateGradually takes { from, to, interval, steps, stepInterval } or, for the last, { duration }.
func (h *handle) changeRateGradually(call goja.FunctionCall) goja.Value {
	const what = "changeRateGradually"
	g, err := func() (g throttle.Gradual, err error) {
		o, err := h.vm.Options(call.Argument(0), what)
		if err != nil {
			return g, err
		}
		for _, key := range []string{"from", "to"} {
			if !o.Has(key) {
				o.Fail(js.TypeErrorf("%s needs %s, as in { from: 100, to: 1000, steps: 20, stepInterval: \"5s\" }", what, key))
			}
		}
		g.From, g.To = o.Number("from", 0), o.Number("to", 0)
		g.Interval = o.Duration("interval", 0)
		g.Steps = int(o.Int("steps", 0, 1, throttle.MaxSteps))
		g.StepInterval = o.Duration("stepInterval", 0)
		duration := o.Duration("duration", 0)
		if err := o.Done(); err != nil {
			return g, err
		}
		switch {
		case o.Has("duration") == o.Has("stepInterval"):
			return g, js.TypeErrorf("%s takes either stepInterval, with steps, or duration", what)
		case o.Has("stepInterval") && !o.Has("steps"):
			return g, js.TypeErrorf("%s needs steps, as in { from: 100, to: 1000, steps: 20, stepInterval: \"5s\" }", what)
		case o.Has("duration"):
			if g.Steps == 0 {
				g.Steps = int(max(1, min(duration/throttle.StepEvery, throttle.MaxSteps)))
			}
			g.StepInterval = duration / time.Duration(g.Steps)
		}
		if err := g.Validate(); err != nil {
			return g, js.RangeErrorf("%s: %s", what, err)
		}
		return g, nil
	}()
	if err != nil {
		h.vm.Throw(err)
	}
	h.open()
	return h.vm.Give(h.ask(request("gradual", h.name, g.From, g.To, float64(g.Interval), float64(g.Steps), float64(g.StepInterval))))
}
