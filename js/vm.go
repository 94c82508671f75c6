package js

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
)

// maxCallDepth is how deep calls may be nested. goja unwinds in quadratic time, so that ten times as
// much would take eight seconds; no package that was tried needs more.
const maxCallDepth = 1024

// VM is one goja runtime with its event loop. It belongs to one goroutine at a time; Interrupt and
// Post may be called from any.
type VM struct {
	rt      *goja.Runtime
	program *Program
	modules Registry
	env     *Env

	exports  *goja.Object
	ran      bool
	broken   bool
	depth    int          // of Call
	stack    []goja.Value // see lendStack
	loop     atomic.Pointer[loop]
	globals  []builtMember // those that were touched; few, so that a map would be larger and no faster
	required []builtMember // modules
	views    views
	protos   protos
	hooks    hooks
	began    time.Time

	// state is idle, running or interrupted; mu guards the rest.
	state  atomic.Int32
	mu     sync.Mutex
	cause  error
	ctx    context.Context
	cancel context.CancelCauseFunc
	alarm  *time.Timer // see Sleep; nil until it is needed
	asleep bool
	at     string // where the last interrupt met the script
}

const (
	idle int32 = iota
	running
	interrupted
)

// NewVM makes a VM. Nothing runs before Run.
func NewVM(p *Program, modules Registry, env *Env) *VM {
	vm := &VM{rt: goja.New(), program: p, modules: modules, env: env, began: time.Now()}
	vm.rt.SetMaxCallStackSize(maxCallDepth)
	vm.rt.SetPromiseRejectionTracker(vm.trackRejection)
	if env.Rand != nil {
		vm.rt.SetRandSource(env.Rand)
	}
	// What the global object itself does not have is looked for in its prototype: that is where all
	// our globals are, unbuilt.
	lazy := vm.rt.NewDynamicObject((*globalNames)(vm))
	vm.rt.GlobalObject().SetPrototype(lazy)
	return vm
}

// Run evaluates the script's top level, once, to its end (top-level await included). The error is
// as of Call.
func (vm *VM) Run() error {
	if vm.ran {
		return errors.New("the script's top level runs only once in a VM")
	}
	vm.ran = true
	v, err := vm.Call(vm.topLevel)
	vm.stack = nil            // a top level may need more than what follows
	vm.dropGlobal(importName) // likewise: a function that is seldom needed again, in every VM
	if errors.Is(err, ErrNeverSettles) {
		return neverSettles("the script's top level awaits")
	}
	if err != nil {
		return err
	}
	exports, err := vm.mergeDefault(v)
	if err != nil {
		return err
	}
	vm.exports = exports
	return nil
}

// topLevel is the script's top level as a function.
func (vm *VM) topLevel(goja.Value, ...goja.Value) (goja.Value, error) {
	if err := vm.installPatches(); err != nil {
		return nil, err
	}
	fn, err := vm.rt.RunProgram(vm.program.main)
	if err != nil {
		return nil, err
	}
	call, ok := goja.AssertFunction(fn)
	if !ok {
		return nil, errors.New("the bundle is not a function")
	}
	v, err := call(goja.Undefined())
	if err == nil {
		// goja keeps what it ran last. The script's own top level is no more than 600 bytes, but for
		// every user.
		_, err = vm.rt.RunProgram(nothing)
	}
	return v, err
}

var nothing = goja.MustCompile("", "0", false)

// mergeDefault puts the properties of `export default { … }` beside the named exports, which win.
func (vm *VM) mergeDefault(v goja.Value) (exports *goja.Object, err error) {
	ex := vm.rt.Try(func() {
		own, ok := v.(*goja.Object)
		if !ok {
			err = fmt.Errorf("the script exports %s instead of an object of functions", inspectShort(v))
			return
		}
		d, ok := own.Get("default").(*goja.Object)
		if !ok || d == own {
			exports = own
			return
		}
		merged := vm.rt.NewObject()
		for _, key := range d.Keys() {
			setOwn(merged, key, d.Get(key))
		}
		_, isFunc := goja.AssertFunction(d)
		switch {
		case isFunc:
			err = vm.mergeStatic(merged, d)
		case d.ClassName() == "Object":
			// An object may be the instance of a class, whose methods are then on the prototypes.
			for p := d.Prototype(); p != nil && p != vm.objectPrototype(); p = p.Prototype() {
				for _, key := range p.GetOwnPropertyNames() {
					if key != "constructor" && merged.Get(key) == nil {
						merged.Set(key, d.Get(key))
					}
				}
			}
		}
		for _, key := range own.Keys() {
			setOwn(merged, key, own.Get(key))
		}
		exports = merged
	})
	if ex != nil {
		return nil, vm.exception(ex)
	}
	return exports, err
}

// mergeStatic merges the static members of a class. A class that has none but methods of its instances
// cannot be meant.
func (vm *VM) mergeStatic(merged, class *goja.Object) error {
	for _, key := range class.GetOwnPropertyNames() {
		switch key {
		case "length", "name", "prototype", "arguments", "caller":
		default:
			setOwn(merged, key, class.Get(key))
		}
	}
	if len(merged.Keys()) > 0 || !strings.HasPrefix(class.String(), "class") {
		return nil
	}
	if proto, ok := class.Get("prototype").(*goja.Object); ok && len(proto.GetOwnPropertyNames()) > 1 {
		return errors.New("the script's default export is a class, whose methods belong to its instances: export an instance (export default new " + orText(textOf(class, "name"), "Scenario") + "()) or make them static")
	}
	return nil
}

// Exports is what the script exported, with a default export's properties merged in; nil before Run.
func (vm *VM) Exports() *goja.Object { return vm.exports }

// Runtime is the goja runtime. Only the VM's goroutine may use it.
func (vm *VM) Runtime() *goja.Runtime { return vm.rt }

// Env is what NewVM was given.
func (vm *VM) Env() *Env { return vm.env }

// Program is what the VM runs.
func (vm *VM) Program() *Program { return vm.program }

// Broken is true after an interrupt in the middle of JavaScript: pending promises and timers are gone,
// and whoever wants to go on with clean state makes a new VM.
func (vm *VM) Broken() bool { return vm.broken }

// require gives a module's exports, made when they are first asked for.
func (vm *VM) require(name string) *goja.Object {
	if m, ok := find(vm.required, name).(*goja.Object); ok {
		return m
	}
	m, ok := vm.modules[name]
	if !ok {
		vm.Throw(fmt.Errorf("there is no module %q", modulePrefix+name))
	}
	exports := m.New(vm)
	if exports.Get("default") == nil {
		exports.DefineDataProperty("default", exports, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	vm.required = append(vm.required, builtMember{name, exports})
	return exports
}

// importModule is what the bundle's import statements call: with the module's name and those of the
// members that are read.
func (vm *VM) importModule(call goja.FunctionCall) goja.Value {
	name := call.Argument(0).String()
	exports := vm.require(name)
	for _, member := range call.Arguments[1:] {
		if exports.Get(member.String()) == nil {
			message := fmt.Sprintf("%s%s has no export %q", modulePrefix, name, member)
			if near := nearest(member.String(), memberNames(exports)); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
			vm.Throw(errorf("SyntaxError", "%s", message))
		}
	}
	return exports
}

// requireGlobal is `require`: for what the bundler could not resolve, since its name is only known when
// the script runs.
func (vm *VM) requireGlobal(call goja.FunctionCall) goja.Value {
	name := call.Argument(0).String()
	if m, ok := strings.CutPrefix(name, nativePrefix); ok {
		return vm.require(m)
	}
	if m, ok := strings.CutPrefix(name, modulePrefix); ok {
		return vm.require(m)
	}
	vm.Throw(fmt.Errorf("cannot load %q while the script runs: import() and require() take a literal name, so that the file can be bundled", name))
	return nil
}
