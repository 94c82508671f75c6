package script

import (
	"fmt"
	"sync"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	cmdmodule "runner/modules/commands"
	lmmodule "runner/modules/loadmodels"
	"runner/runtime"
	"runner/value"
)

// director is the controller's side of a scenario: one VM for the load model and what judges its
// results, and a second one for continue, which runs beside it.
type director struct {
	scenario *Scenario
	env      runtime.DirectorEnv
	vm       *js.VM
	exports  *goja.Object

	mu       sync.Mutex
	watching *js.VM // for continue, made when it is first asked
	commands loadmodels.Commands
}

// begin makes the VM and runs the script in it.
func (d *director) begin() error {
	vm, err := d.newVM()
	if err != nil {
		return err
	}
	d.vm, d.exports = vm, exportsOf(vm, d.scenario.def.key)
	return nil
}

// drivenBy are the load model's commands, nil before it runs.
func (d *director) drivenBy() loadmodels.Commands {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.commands
}

func (d *director) newVM() (*js.VM, error) {
	vm := js.NewVM(d.scenario.program, d.scenario.registry, &js.Env{
		Side: js.SideController, Info: d.env.Info, Recorder: d.env.Recorder, Log: d.env.Log,
		Settings: d.scenario.settings.module, Services: d.env.Services, Rand: random(d.env.Info.Seed, 0),
	})
	if err := runTop(vm); err != nil {
		vm.Close()
		return nil, exception(err)
	}
	return vm, nil
}

// call calls a function that the scenario exports.
func call(vm *js.VM, exports *goja.Object, name string, args ...goja.Value) (goja.Value, error) {
	fn, ok := goja.AssertFunction(exports.Get(name))
	if !ok {
		return nil, fmt.Errorf("%s is not a function any more", name)
	}
	v, err := vm.Call(fn, args...)
	if err != nil {
		return nil, exception(err)
	}
	return v, nil
}

func (d *director) Drive(c loadmodels.Commands) error {
	d.vm.Env().Commands = c
	d.mu.Lock()
	d.commands = c
	d.mu.Unlock()
	if m := d.model(); m != nil {
		return exception(m.Run(c))
	}
	_, err := call(d.vm, d.exports, "loadModel", commandsOf(d.vm)...)
	return err
}

// model is the load model if it is a Go value. One that the script made is taken from this VM, for it
// may call functions of the script.
func (d *director) model() loadmodels.Model {
	if d.scenario.overridden || !d.scenario.def.has["loadModel"] {
		return d.scenario.LoadModel
	}
	m, _ := lmmodule.ModelOf(d.exports.Get("loadModel"))
	return m
}

func (d *director) Aggregate(previous value.Value, latest []*loadmodels.Result) (value.Value, error) {
	if !d.scenario.def.has["aggregator"] {
		for i := len(latest) - 1; i >= 0; i-- {
			if latest[i].Status == loadmodels.Succeeded {
				return latest[i].Output, nil
			}
		}
		return previous, nil
	}
	v, err := call(d.vm, d.exports, "aggregator", d.vm.Give(previous), cmdmodule.ResultsToJS(d.vm, latest))
	if err != nil {
		return nil, err
	}
	return d.take(v, "aggregate")
}

func (d *director) take(v goja.Value, root string) (value.Value, error) {
	taken, err := d.vm.Take(v, root)
	if err != nil {
		return nil, fmt.Errorf("what it returned cannot be kept: %w", err)
	}
	return taken, nil
}

func (d *director) Verifies() bool { return d.scenario.def.verifies }

func (d *director) Verify(latest []*loadmodels.Result) ([]string, error) {
	if !d.scenario.def.has["verifier"] {
		return defaultVerifier(latest), nil
	}
	v, err := call(d.vm, d.exports, "verifier", cmdmodule.ResultsToJS(d.vm, latest))
	if err != nil {
		return nil, err
	}
	return errorStrings(v)
}

// defaultVerifier has one error for each failed result. An aborted one was ended by the engine, which
// is not the target's failure.
func defaultVerifier(latest []*loadmodels.Result) []string {
	var errs []string
	for _, r := range latest {
		if r.Status == loadmodels.Failed {
			errs = append(errs, r.Exception.Error())
		}
	}
	return errs
}

func errorStrings(v goja.Value) ([]string, error) {
	if !present(v) || goja.IsNull(v) {
		return nil, nil
	}
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Array" {
		return nil, fmt.Errorf("it returned %s, it must return an array of error strings, or nothing", describe(v))
	}
	var errs []string
	for i := range int(o.Get("length").ToInteger()) {
		errs = append(errs, o.Get(fmt.Sprint(i)).String())
	}
	return errs, nil
}

func (d *director) HasTransform() bool { return d.scenario.def.has["outputTransformer"] }

func (d *director) Transform(aggregate value.Value) (value.Value, error) {
	v, err := call(d.vm, d.exports, "outputTransformer", d.vm.Give(aggregate))
	if err != nil {
		return nil, err
	}
	return d.take(v, "output")
}

func (d *director) Continues() bool { return d.scenario.def.has["continue"] }

func (d *director) Continue(state value.Value) (runtime.Decision, error) {
	vm, err := d.watcher()
	if err != nil {
		return runtime.Decision{}, err
	}
	v, err := call(vm, exportsOf(vm, d.scenario.def.key), "continue", vm.Give(state))
	if err != nil {
		return runtime.Decision{}, err
	}
	return decide(vm, v)
}

// watcher gives the VM of continue; a broken one is replaced.
func (d *director) watcher() (*js.VM, error) {
	d.mu.Lock()
	vm, commands := d.watching, d.commands
	d.mu.Unlock()
	if vm != nil && !vm.Broken() {
		return vm, nil
	}
	fresh, err := d.newVM()
	if err != nil {
		return nil, err
	}
	fresh.Env().Commands = beside{commands}
	if vm != nil {
		vm.Close()
	}
	d.mu.Lock()
	d.watching = fresh
	d.mu.Unlock()
	return fresh, nil
}

// beside are the commands for what runs beside the load model, as continue and the actions of
// coordinators do: what reads and judges results is the load model's alone.
type beside struct{ loadmodels.Commands }

func notBeside(command string) error {
	return fmt.Errorf("%s belongs to the load model: what runs beside it, as continue does, cannot call it", command)
}

func (beside) LatestResults(loadmodels.ResultOptions) ([]*loadmodels.Result, error) {
	return nil, notBeside("getLatestResults")
}

func (beside) AggregateResults([]*loadmodels.Result) (value.Value, error) {
	return nil, notBeside("aggregateResults")
}

func (beside) VerifyResults([]*loadmodels.Result, loadmodels.VerifyOptions) ([]string, error) {
	return nil, notBeside("verifyResults")
}

// decide reads what continue returned.
func decide(vm *js.VM, v goja.Value) (runtime.Decision, error) {
	if !present(v) {
		return runtime.Decision{}, nil
	}
	switch x := v.Export().(type) {
	case bool:
		if x {
			return runtime.Decision{}, nil
		}
	case string:
		if x == "continue" {
			return runtime.Decision{}, nil
		}
	}
	if o, ok := v.(*goja.Object); ok && o.ClassName() == "Object" {
		keys := o.Keys()
		if len(keys) == 1 && (keys[0] == "stop" || keys[0] == "fail") {
			reason, err := vm.Take(o.Get(keys[0]), keys[0])
			if err != nil {
				return runtime.Decision{}, err
			}
			return runtime.Decision{Stop: keys[0] == "stop", Fail: keys[0] == "fail", Reason: reason}, nil
		}
		return runtime.Decision{}, fmt.Errorf("it returned an object with the keys %q, it must return true, { stop: reason } or { fail: reason }", keys)
	}
	return runtime.Decision{}, fmt.Errorf("it returned %s, it must return true, { stop: reason } or { fail: reason }", describe(v))
}

func (d *director) Interrupt(cause error) { d.vm.Interrupt(cause) }

func (d *director) InterruptContinue(cause error) {
	d.mu.Lock()
	vm := d.watching
	d.mu.Unlock()
	if vm != nil {
		vm.Interrupt(cause)
	}
}

func (d *director) Close() {
	d.vm.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watching != nil {
		d.watching.Close()
	}
}
