package loadmodels

import (
	"fmt"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	"runner/value"
)

func runOnce(a *arguments) any {
	o := a.options(0)
	m := loadmodels.RunOnce{
		Timeout:    positiveOrInfinity(o, "timeout", 0),
		WaitPeriod: positive(o, "waitPeriod", 0),
	}
	a.done(o)
	return m
}

func nIterations(a *arguments) any {
	m := loadmodels.NIterations{
		Iterations: a.count(0, "iterations", 1, loadmodels.MaxCount),
		Users:      a.count(1, "users", 1, loadmodels.MaxUsers),
	}
	o := a.options(2)
	m.Timeout = positiveOrInfinity(o, "timeout", 0)
	m.WaitPeriod = positive(o, "waitPeriod", 0)
	m.SkipScaleDown = o.Bool("skipScaleDown", false)
	a.done(o)
	return m
}

func nSeconds(a *arguments) any {
	m := loadmodels.NSeconds(a.seconds(0, "seconds"), a.count(1, "users", 0, loadmodels.MaxUsers))
	o := a.options(2)
	m.WaitPeriod = positive(o, "waitPeriod", 0)
	m.SkipScaleDown = o.Bool("skipScaleDown", false)
	a.done(o)
	return m
}

func constantUsers(a *arguments) any {
	m := loadmodels.ConstantUsers{Users: a.count(0, "users", 0, loadmodels.MaxUsers), Duration: a.duration(1, "duration")}
	o := a.options(2)
	m.WaitPeriod = positive(o, "waitPeriod", 0)
	m.SkipScaleDown = o.Bool("skipScaleDown", false)
	a.done(o)
	return m
}

func rampUsers(a *arguments) any {
	m := loadmodels.RampUsers{Duration: a.seconds(0, "seconds"), Target: a.count(1, "target", 0, loadmodels.MaxUsers)}
	o := a.options(2)
	m.WaitPeriod = positive(o, "waitPeriod", 0)
	m.ScaleDown = !o.Bool("skipScaleDown", true)
	a.done(o)
	return m
}

func rampUsersToThreshold(a *arguments) any {
	vm := a.vm
	o := a.options(0)
	required(o, a.name, "initialUsers", "initialUsers: 10")
	required(o, a.name, "threshold", "threshold: (aggregate) => aggregate !== null && aggregate > 100")
	m := loadmodels.RampUsersToThreshold{
		InitialUsers:  int(o.Int("initialUsers", 0, 0, loadmodels.MaxUsers)),
		Period:        positive(o, "period", 0),
		PeriodLimit:   int(o.Int("periodLimit", 0, 1, loadmodels.MaxCount)),
		WaitPeriod:    positive(o, "waitPeriod", 0),
		SkipScaleDown: o.Bool("skipScaleDown", false),
	}
	threshold, next, update := o.Func("threshold"), o.Func("nextUsers"), o.Func("updateAggregate")
	a.done(o)
	m.Threshold = func(aggregate value.Value) (bool, error) {
		v, err := vm.Call(threshold, vm.Give(aggregate))
		return err == nil && v.ToBoolean(), err
	}
	if next != nil {
		m.NextUsers = func(users int) (int, error) {
			v, err := vm.Call(next, vm.Runtime().ToValue(users))
			if err != nil {
				return 0, err
			}
			n := wholeNumber(v, loadmodels.MaxUsers)
			if n < 0 {
				return 0, js.RangeErrorf("rampUsersToThreshold: nextUsers(%d) must be an integer from 0 to %d, not %s",
					users, loadmodels.MaxUsers, describe(v))
			}
			return n, nil
		}
	}
	if update != nil {
		m.UpdateAggregate = func(users int, aggregate value.Value) (value.Value, error) {
			v, err := vm.Call(update, vm.Runtime().ToValue(users), vm.Give(aggregate))
			if err != nil {
				return nil, err
			}
			return vm.Take(v, "aggregate")
		}
	}
	return m
}

func stages(a *arguments) any { return loadmodels.Stages{Models: a.models()} }

func sequence(a *arguments) any { return loadmodels.Sequence{Models: a.models()} }

// models reads load models, ours and functions of the script.
func (a *arguments) models() []loadmodels.Model {
	var models []loadmodels.Model
	for i, v := range a.call.Arguments {
		if m, ok := ModelOf(v); ok {
			models = append(models, m)
			continue
		}
		fn, ok := goja.AssertFunction(v)
		if _, loop := UserLoopOf(v); !ok || loop {
			a.vm.Throw(js.TypeErrorf("%s: argument %d must be a load model, or a function (commands, context) => …, not %s",
				a.name, i+1, describeModel(v)))
		}
		name := "script"
		if n := v.(*goja.Object).Get("name"); n != nil && n.String() != "" {
			name = n.String()
		}
		models = append(models, &scriptModel{vm: a.vm, fn: fn, name: name})
	}
	return models
}

func describeModel(v goja.Value) string {
	if _, loop := UserLoopOf(v); loop {
		return "a user loop"
	}
	return describe(v)
}

// scriptModel is a script's own function as one of several load models.
type scriptModel struct {
	vm   *js.VM
	fn   goja.Callable
	name string
}

// Run calls the function, whose commands are those of its part of the whole meanwhile.
func (m *scriptModel) Run(c loadmodels.Commands) error {
	env := m.vm.Env()
	whole := env.Part
	env.Part = c
	defer func() { env.Part = whole }()
	commands, err := m.commands()
	if err != nil {
		return err
	}
	_, err = m.vm.Call(m.fn, commands, commands.Get("context"))
	return err
}

// commands gets the object from the module that has it, by its name, as a script does.
func (m *scriptModel) commands() (*goja.Object, error) {
	require, ok := goja.AssertFunction(m.vm.Runtime().GlobalObject().Get("require"))
	if !ok {
		return nil, fmt.Errorf("the script has replaced require, by which %s gets its commands", m.name)
	}
	v, err := m.vm.Call(require, m.vm.Runtime().ToValue("runner/commands"))
	if err != nil {
		return nil, err
	}
	return v.ToObject(m.vm.Runtime()), nil
}

// Plan knows nothing of what the function will do.
func (m *scriptModel) Plan() []loadmodels.Segment {
	return []loadmodels.Segment{{Label: m.name, Duration: -1, Note: "decided by the script"}}
}

func constantArrivalRate(a *arguments) any {
	o := a.options(0)
	required(o, a.name, "rate", "rate: 50")
	required(o, a.name, "duration", `duration: "1m"`)
	m := loadmodels.ConstantArrivalRate{
		Rate:       o.Number("rate", 0),
		Per:        positive(o, "per", 0),
		Duration:   o.DurationOrInfinity("duration", 0),
		Users:      int(o.Int("users", 0, 1, loadmodels.MaxUsers)),
		MaxUsers:   int(o.Int("maxUsers", 0, 1, loadmodels.MaxUsers)),
		WaitPeriod: positive(o, "waitPeriod", 0),
	}
	a.done(o)
	return m
}

func rampingArrivalRate(a *arguments) any {
	o := a.options(0)
	required(o, a.name, "stages", `stages: [{ target: 100, duration: "1m" }]`)
	m := loadmodels.RampingArrivalRate{
		StartRate:  o.Number("startRate", 0),
		Per:        positive(o, "per", 0),
		Stages:     a.rateStages(o),
		Users:      int(o.Int("users", 0, 1, loadmodels.MaxUsers)),
		MaxUsers:   int(o.Int("maxUsers", 0, 1, loadmodels.MaxUsers)),
		WaitPeriod: positive(o, "waitPeriod", 0),
	}
	a.done(o)
	return m
}

func (a *arguments) rateStages(o *js.Options) []loadmodels.RateStage {
	v := o.Value("stages")
	if v == nil {
		return nil
	}
	list, ok := v.(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		o.Fail(js.TypeErrorf("%s: stages must be an array of { target, duration }, not %s", a.name, describe(v)))
		return nil
	}
	stages := make([]loadmodels.RateStage, list.Get("length").ToInteger())
	for i := range stages {
		what := fmt.Sprintf("%s: stages[%d]", a.name, i)
		s, err := a.vm.Options(list.Get(fmt.Sprint(i)), what)
		a.must(err)
		required(s, what, "target", `target: 100, duration: "1m"`)
		required(s, what, "duration", `target: 100, duration: "1m"`)
		stages[i] = loadmodels.RateStage{Target: s.Number("target", 0), Duration: s.Duration("duration", 0)}
		a.must(s.Done())
	}
	return stages
}
