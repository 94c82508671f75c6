// Package js turns a script into a program and runs it: bundling with source maps, one VM per
// virtual user with its own event loop, the modules that scripts import, the exchange of values, and
// the guards around goja. It knows nothing of what a scenario exports; package script does.
//
// A Program is made once and shared by all its VMs. A VM belongs to one goroutine at a time and pays
// only for what its script touches: globals, module members and polyfills are built when they are
// first read.
package js

import (
	"sort"

	"github.com/dop251/goja"

	"runner/loadmodels"
	"runner/metrics"
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

// names lists the modules as scripts import them, sorted.
func (r Registry) names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, modulePrefix+name)
	}
	sort.Strings(names)
	return names
}

// modulePrefix is what the names of built-in modules start with.
const modulePrefix = "runner/"

// Side is where a VM runs.
type Side uint8

const (
	SideInspect    Side = iota // only to see what a script exports: nothing may be sent
	SideController             // load model, aggregator, verifier, continue
	SideNode                   // init and terminate
	SideUser                   // start and the user loop
)

func (s Side) String() string {
	return [...]string{"inspection", "the controller", "a node", "a virtual user"}[s]
}

// Env is what the modules of one VM may use of the run around it. Fields that do not belong to the
// side are nil.
type Env struct {
	Side     Side
	Info     loadmodels.Info
	Commands loadmodels.Commands     // SideController, while the load model runs
	User     loadmodels.UserCommands // SideUser
	Services loadmodels.Services     // nil for SideInspect
	Recorder *metrics.Recorder
	Log      func(level, message string) // never nil
	Settings map[string]any              // each module's decoded part of options, by module name
	// Rand is what Math.random draws from, so that a run can be repeated; nil for goja's own source.
	// It is called on the VM's goroutine and gives numbers from 0 up to, but not including, 1.
	Rand func() float64

	// Part stands for Commands while one of several load models runs; nil otherwise.
	Part loadmodels.Commands
	// Group is the group of runner/checks that the script is in; modules tag with it what they record.
	Group string
}
