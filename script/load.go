package script

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	"runner/metrics"
	"runner/modules"
	vmodule "runner/modules/variables"
	"runner/runtime"
	"runner/thresholds"
	"runner/verdict"
)

// Script is a loaded script with the scenarios that it defines.
type Script struct {
	Program   *js.Program
	Scenarios []*Scenario
	Variables []Variable
}

// Scenario is one of a script's scenarios.
type Scenario struct {
	Name      string
	DependsOn []string
	Tags      []string
	// LoadModel is nil if the script has a function for it; so is UserLoop.
	LoadModel loadmodels.Model
	UserLoop  loadmodels.UserLoop

	program  *js.Program
	registry js.Registry
	def      *definition
	settings *settings
	// overridden is true if the command line replaced the load model, and looped the user loop.
	overridden, looped bool
}

// LoadOptions say how a script is loaded.
type LoadOptions struct {
	Overrides Overrides
	// BaseURL replaces the script's options.http.baseURL; empty: leave it.
	BaseURL string
	// Set has the command line's variables as name=value, Settings the name of a file of them.
	Set      []string
	Settings string
	// GracefulStop replaces the script's options.gracefulStop; 0: leave it.
	GracefulStop time.Duration
	Seed         uint64
	// Thresholds are the command line's, which are judged of every scenario that they do not name another
	// of; NoGeneratorLimits are the rules that it switches off.
	Thresholds        []*thresholds.Threshold
	NoGeneratorLimits []string
	// Log takes what the script writes to the console while it is loaded.
	Log func(level, message string)
}

// loadTimeout is how long a script's top level may run.
const loadTimeout = 10 * time.Second

// Load bundles and compiles a script, evaluates it once to see what it exports, and checks all of
// that. Errors are verdict.Err of kind Script or Config; several problems come as one *Problems.
func Load(path string, o LoadOptions) (*Script, error) {
	registry := modules.All()
	program, err := loadProgram(path, registry)
	if err != nil {
		var le *js.LoadError
		kind := verdict.Script
		if errors.As(err, &le) && le.Missing {
			kind = verdict.Config
		}
		return nil, verdict.Wrap(kind, err)
	}
	if o.Log == nil {
		o.Log = func(string, string) {}
	}
	src, err := newSources(o.Set, o.Settings)
	if err != nil {
		return nil, err
	}
	known := metrics.NewRegistry() // those that the script makes at its top level come to it
	vm, variables, problems, err := evaluate(program, registry, src, o, known)
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	defs, err := define(vm, program.Path())
	if err != nil {
		return nil, verdict.Wrap(verdict.Config, err)
	}
	s := &Script{Program: program, Variables: variables}
	shared := vm.Exports().Get("options")
	var scenarios []string
	var declared []*thresholds.Threshold
	for _, d := range defs {
		set := &settings{module: map[string]any{vmodule.Section: variableValues(variables)}, shown: map[string]string{}}
		if d.key != "" && present(shared) {
			if obj, ok := shared.(*goja.Object); ok {
				problems.add("", set.decode(vm, obj, "options"))
			}
		}
		where := "options"
		if d.key != "" {
			where = "scenarios." + d.key + ".options"
		}
		problems.add("", set.decode(vm, d.options, where))
		problems.add(d.key, d.problems)
		if err := modules.SetBaseURL(set.module, o.BaseURL); err != nil {
			return nil, verdict.Wrap(verdict.Usage, err)
		}
		if set.engine.Generator, err = set.engine.Generator.Without(o.NoGeneratorLimits...); err != nil {
			return nil, verdict.Wrap(verdict.Usage, fmt.Errorf("--no-generator-limit: %w", err))
		}
		problems.add(d.key, set.resolveThresholds(d.name, known, o.Thresholds))
		scenarios = append(scenarios, d.name)
		declared = append(declared, set.thresholds...)
		if o.GracefulStop > 0 {
			set.engine.GracefulStop = o.GracefulStop
		}
		sc := &Scenario{
			Name: d.name, DependsOn: d.dependsOn, Tags: d.tags, LoadModel: d.loadModel, UserLoop: d.userLoop,
			program: program, registry: registry, def: d, settings: set,
		}
		if err := o.Overrides.apply(sc); err != nil {
			return nil, verdict.Wrap(verdict.Usage, err)
		}
		sc.defaults()
		s.Scenarios = append(s.Scenarios, sc)
	}
	problems.add("", NamedScenarios(declared, scenarios))
	if len(problems.List) > 0 {
		return nil, verdict.Wrap(verdict.Config, problems)
	}
	return s, nil
}

// compileTimeout is how long bundling and compiling may take. Compiling folds constants, and so a script
// can make it as long as it likes.
const compileTimeout = 60 * time.Second

// loadProgram bundles and compiles the script within its time limit.
func loadProgram(path string, registry js.Registry) (*js.Program, error) {
	type loaded struct {
		program *js.Program
		err     error
	}
	done := make(chan loaded, 1)
	go func() {
		p, err := js.Load(path, registry)
		done <- loaded{p, err}
	}()
	t := time.NewTimer(compileTimeout)
	defer t.Stop()
	select {
	case l := <-done:
		return l.program, l.err
	case <-t.C:
		return nil, fmt.Errorf("%s: bundling and compiling took longer than %v", path, compileTimeout)
	}
}

// evaluate runs the script's top level and finds its variables. A script that reads its variables while
// it is evaluated is evaluated once more, when they are known.
func evaluate(program *js.Program, registry js.Registry, src *sources, o LoadOptions, known *metrics.Registry) (*js.VM, []Variable, *Problems, error) {
	problems := &Problems{Path: program.Path()}
	inspect := func(values vmodule.Values) (*js.VM, error) {
		vm := js.NewVM(program, registry, &js.Env{
			Side: js.SideInspect, Log: o.Log, Rand: random(o.Seed, 0), Settings: map[string]any{vmodule.Section: values},
			Recorder: known.Recorder(0),
		})
		if err := runTop(vm); err != nil {
			vm.Close()
			return nil, verdict.Wrap(verdict.Script, fmt.Errorf("%s: %w", placeOf(err, program.Path()), exception(err)))
		}
		return vm, nil
	}
	vm, err := inspect(vmodule.Values{})
	if err != nil {
		return nil, nil, nil, err
	}
	variables, wrong := readVariables(vm, src)
	problems.add("", wrong)
	if len(wrong) == 0 && slices.Contains(program.Modules(), "runner/variables") {
		vm.Close()
		if vm, err = inspect(variableValues(variables)); err != nil {
			return nil, nil, nil, err
		}
	}
	return vm, variables, problems, nil
}

// runTop evaluates a script's top level within its time limit.
func runTop(vm *js.VM) error {
	t := time.AfterFunc(loadTimeout, func() {
		vm.Interrupt(&runtime.Interruption{Name: "TimeoutError", Message: fmt.Sprintf("the script's top level ran for more than %v", loadTimeout)})
	})
	defer t.Stop()
	return vm.Run()
}

// Problems are all that is wrong with what a script exports.
type Problems struct {
	Path string
	List []string
}

func (p *Problems) add(scenario string, list []string) {
	for _, text := range list {
		if scenario != "" {
			text = "scenario " + scenario + ": " + text
		}
		for _, known := range p.List {
			if known == text {
				text = ""
			}
		}
		if text != "" {
			p.List = append(p.List, text)
		}
	}
}

func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return p.Path + ": " + p.List[0]
	}
	return p.Path + ": " + strings.Join(p.List, "\n"+p.Path+": ")
}

// define finds the scenarios that a script exports.
func define(vm *js.VM, path string) ([]*definition, error) {
	exports := vm.Exports()
	all := exports.Get("scenarios")
	if !present(all) {
		d := &definition{name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))}
		d.read(vm, exports)
		return []*definition{d}, nil
	}
	obj, ok := all.(*goja.Object)
	if _, callable := goja.AssertFunction(all); !ok || callable || obj.ClassName() == "Array" {
		return nil, fmt.Errorf("%s: scenarios is %s, it must be an object { name: { start, … } }", path, describe(all))
	}
	for _, name := range contract {
		if name != "scenarios" && name != "options" && name != "variables" && present(exports.Get(name)) {
			return nil, fmt.Errorf("%s: %s and scenarios are both exported: with scenarios, %s belongs into one of them", path, name, name)
		}
	}
	keys := obj.Keys()
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: scenarios is empty", path)
	}
	var defs []*definition
	for _, key := range keys {
		v := obj.Get(key)
		one, ok := v.(*goja.Object)
		if _, callable := goja.AssertFunction(v); !ok || callable || one.ClassName() == "Array" {
			return nil, fmt.Errorf("%s: scenarios.%s is %s, it must be an object { start, … }", path, key, describe(v))
		}
		d := &definition{key: key, name: key}
		d.read(vm, one)
		for _, k := range one.Keys() {
			if !known(k) {
				hint := ""
				if best := js.Nearest(k, contract); best != "" {
					hint = fmt.Sprintf(", did you mean %s?", best)
				}
				d.problems = append(d.problems, fmt.Sprintf("it has an unknown key %q%s", k, hint))
			}
		}
		defs = append(defs, d)
	}
	return defs, nil
}

func known(name string) bool {
	for _, c := range contract {
		if c == name && c != "scenarios" && c != "variables" {
			return true
		}
	}
	return false
}

// defaults fill in the load model and the user loop that the script does not export.
func (s *Scenario) defaults() {
	if s.LoadModel == nil && !s.def.has["loadModel"] {
		s.LoadModel = loadmodels.Default()
	}
	if s.UserLoop == nil && !s.def.has["userLoop"] {
		s.UserLoop = loadmodels.LoopFor(s.LoadModel)
	}
}

// Export is something that a scenario exports under a name of the contract.
type Export struct{ Name, Kind string }

// Exports lists what the scenario exports, in the order of the contract.
func (s *Scenario) Exports() []Export {
	var list []Export
	for _, name := range contract {
		if kind := s.def.kinds[name]; kind != "" {
			list = append(list, Export{name, kind})
		}
	}
	return list
}

// Options are the options that the script set, as it wrote them.
func (s *Scenario) Options() map[string]string { return s.settings.shown }

// Runtime makes what package runtime runs.
func (s *Scenario) Runtime() *runtime.Scenario {
	var made atomic.Pointer[director]
	return &runtime.Scenario{
		Name: s.Name, Script: s.program.Path(), DependsOn: s.DependsOn, Tags: s.Tags, Options: s.settings.engine,
		NewDirector: func(env runtime.DirectorEnv) (runtime.Director, error) {
			d := &director{scenario: s, env: env}
			made.Store(d) // before its script runs, which may need the services
			if err := d.begin(); err != nil {
				return nil, err
			}
			return d, nil
		},
		NewHost:  func(env runtime.HostEnv) (runtime.Host, error) { return newHost(s, env) },
		Services: s.services(made.Load),
	}
}

// placeOf is where an error came from in the script, or the script itself.
func placeOf(err error, path string) string {
	var e *js.Exception
	if errors.As(err, &e) && e.Place() != "" {
		return e.Place()
	}
	return path
}

// exception turns an error of a VM into one that runtime understands.
func exception(err error) error {
	var e *js.Exception
	if errors.As(err, &e) {
		return &loadmodels.Exception{Name: e.Name, Message: e.Message, Stack: e.Stack, Place: e.Place(), Cause: e.Unwrap()}
	}
	return err
}
