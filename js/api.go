// Package js turns a script into a program and runs it: bundling with source maps, one VM per
// virtual user with its own event loop, the modules that scripts import, the exchange of values, and
// the guards around goja. It knows nothing of what a scenario exports; package script does.
package js

// CONTRACT: signatures are fixed, bodies to be made real (and split into files by subject).

import (
	"context"

	"github.com/dop251/goja"

	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// Module is something that scripts import as "runner/<Name>", and by its bare name if Bare is set and
// the importer is not a dependency under node_modules.
type Module struct {
	Name string
	Bare bool
	// New makes the module's exports for one VM when it is first required. It should be a LazyObject.
	New func(vm *VM) *goja.Object
	// Types is the module's .d.ts.
	Types string
}

// Registry has the modules by name.
type Registry map[string]*Module

// Program is a bundled and compiled script, shared by all its VMs.
type Program struct{}

// Load bundles the script at path (JavaScript, TypeScript, their imports, JSON, npm packages) and
// compiles it once. Errors are *LoadError.
func Load(path string, modules Registry) (*Program, error) { panic("todo") }

// Path is the script's path as it was given to Load.
func (p *Program) Path() string { panic("todo") }

// LoadError is a script that cannot be loaded: each problem with file:line:column in the user's own
// source and the line itself; Hint may be empty.
type LoadError struct {
	Problems []Problem
	Hint     string
}

type Problem struct {
	File         string
	Line, Column int // from 1; 0 if not known
	Message      string
	Text         string // the source line, if known
}

func (e *LoadError) Error() string { panic("todo") }

// Side is where a VM runs.
type Side uint8

const (
	SideInspect    Side = iota // only to see what a script exports: nothing may be sent
	SideController             // load model, aggregator, verifier, continue
	SideNode                   // init and terminate
	SideUser                   // start and the user loop
)

// Env is what the modules of one VM may use of the run around it. Fields that do not belong to the
// side are nil.
type Env struct {
	Side     Side
	Info     loadmodels.Info
	Commands loadmodels.Commands     // SideController, while the load model runs
	User     loadmodels.UserCommands // SideUser
	Recorder *metrics.Recorder
	Log      func(level, message string) // never nil
	Settings map[string]any              // each module's decoded part of options, by module name
}

// VM is one goja runtime with its event loop. It belongs to one goroutine at a time; Interrupt and
// Post may be called from any.
type VM struct{}

// NewVM makes a VM. Nothing runs before Run.
func NewVM(p *Program, modules Registry, env *Env) *VM { panic("todo") }

// Run evaluates the script's top level, once, to its end (top-level await included).
func (vm *VM) Run() error { panic("todo") }

// Exports is what the script exported, with a default export's properties merged in.
func (vm *VM) Exports() *goja.Object  { panic("todo") }
func (vm *VM) Runtime() *goja.Runtime { panic("todo") }
func (vm *VM) Env() *Env              { panic("todo") }
func (vm *VM) Program() *Program      { panic("todo") }

// Call calls a function and runs the event loop until the promise that it may have returned is
// settled and no timer or job is left that could still throw into it. The error is an *Exception, or
// the cause given to Interrupt. Called from within a native (re-entrantly) it does not drive the
// event loop unless a promise came back.
func (vm *VM) Call(fn goja.Callable, args ...goja.Value) (goja.Value, error) { panic("todo") }

// Context is done when what the VM runs now has been interrupted. Every native that waits listens to it.
func (vm *VM) Context() context.Context { panic("todo") }

// Interrupt ends what the VM runs now, also if it waits in a native; nothing happens if it runs nothing.
func (vm *VM) Interrupt(cause error) { panic("todo") }

// Broken is true after an interrupt in the middle of JavaScript: pending promises and timers are gone,
// and whoever wants to go on with clean state makes a new VM.
func (vm *VM) Broken() bool { panic("todo") }

// Promise runs work on a goroutine of its own and returns a promise that its outcome settles:
// settle runs on the VM's goroutine. While it is pending the event loop waits for it.
func (vm *VM) Promise(work func(ctx context.Context) (settle func() (goja.Value, error))) goja.Value {
	panic("todo")
}

// Throw panics with a JavaScript error made of err: a *goja.Exception is thrown as it is, an
// *Exception by its name and message, RangeErrorf and TypeErrorf's as such, others as Error.
func (vm *VM) Throw(err error) { panic("todo") }

// RangeErrorf and TypeErrorf make errors that Throw turns into a RangeError and a TypeError.
func RangeErrorf(format string, args ...any) error { panic("todo") }
func TypeErrorf(format string, args ...any) error  { panic("todo") }

// LazyObject makes an object whose members are built when first read. The members are on the
// object's prototype, so that esbuild's __toESM neither copies nor touches them; "default" is the
// object itself. Object.keys and for…in of the prototype list names.
func (vm *VM) LazyObject(names []string, build func(name string) goja.Value) *goja.Object {
	panic("todo")
}

// Func makes a native function value with a name.
func (vm *VM) Func(name string, fn func(goja.FunctionCall) goja.Value) goja.Value { panic("todo") }

// Take makes a Value of a script's value by the structured clone algorithm. The error names the path
// of what cannot be cloned (a function, a symbol, a cycle): "state.users[3].save is a function".
func (vm *VM) Take(v goja.Value, root string) (value.Value, error) { panic("todo") }

// Give shows a Value to the script: scalars as they are, everything else as a frozen lazy view,
// cached, so that the same Value gives the same object and costs nothing before it is read.
func (vm *VM) Give(v value.Value) goja.Value { panic("todo") }

// Clone makes a script's own mutable copy of a Value (what structuredClone of a view gives).
func (vm *VM) Clone(v value.Value) goja.Value { panic("todo") }

// Cloner is what a native object's Go value implements to take part in Take.
type Cloner interface{ CloneValue() (value.Value, error) }

// Exception is a JavaScript error as it left a call: with the places in the user's own source.
type Exception struct {
	Name, Message string
	Stack         string  // name: message, then one "    at fn (file:line:column)" a line, source-mapped, clean
	Frames        []Frame // of the user's source
	Value         goja.Value
}

type Frame struct {
	Func, File   string
	Line, Column int
}

func (e *Exception) Error() string { panic("todo") }

// Place is file:line:column of the first frame, empty if there is none.
func (e *Exception) Place() string { panic("todo") }

// ParseDuration reads "250ms", "5s", "2m", "1h30m", and Infinity where allowed; what names the thing in
// the error ("timeout"). A bare number is refused with an error that says so.
func (vm *VM) ParseDuration(v goja.Value, what string) (d int64, err error) { panic("todo") }

// Options reads a plain options object key by key; Done fails for a key that nobody asked for, with
// the nearest known one as a hint.
type Options struct{}

func (vm *VM) Options(v goja.Value, what string) (*Options, error) { panic("todo") }
