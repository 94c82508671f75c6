// Package commands is the script module runner/commands: what a load model tells the scenario and what a
// user loop asks of its virtual user, as members of one object. Which of them work depends on where the
// script runs; the others say to which side they belong.
//
// The same object is the first argument of load models and user loops.
package commands

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
)

//go:embed commands.d.ts
var types string

// Module is runner/commands, which scripts may also import as commands.
func Module() *js.Module {
	return &js.Module{Name: "commands", Bare: true, New: object, Types: types}
}

// Object is the commands of a VM, always the same object. Only the VM's goroutine may call it.
func Object(vm *js.VM) goja.Value { return object(vm) }

// Context is the second argument of load models and user loops and the first of init: which run, scenario
// and node this is, its seed, and what the scenarios gave that this one depends on.
func Context(vm *js.VM) goja.Value { return of(vm).context() }

func object(vm *js.VM) *goja.Object { return of(vm).object }

// side is who may use a member.
type side uint8

const (
	anySide side = iota
	loadModelSide
	userSide
)

// member is a function or a property of the commands.
type member struct {
	side side
	call func(c *commands, call goja.FunctionCall) goja.Value
	read func(c *commands) goja.Value // a property, read anew each time
}

// members has them all. It is filled in init, since the members refer to it.
var members map[string]member

func init() {
	members = map[string]member{
		"context": {side: anySide, read: (*commands).context},
		"stop":    {side: anySide, call: (*commands).stop},
		"sleep":   {side: anySide, call: (*commands).sleep},

		"scaleUsers":       {side: loadModelSide, call: (*commands).scaleUsers},
		"startUsers":       {side: loadModelSide, call: (*commands).startUsers},
		"stopUsers":        {side: loadModelSide, call: (*commands).stopUsers},
		"addWork":          {side: loadModelSide, call: (*commands).addWork},
		"sendUserEvents":   {side: loadModelSide, call: (*commands).sendUserEvents},
		"getLatestResults": {side: loadModelSide, call: (*commands).getLatestResults},
		"aggregateResults": {side: loadModelSide, call: (*commands).aggregateResults},
		"verifyResults":    {side: loadModelSide, call: (*commands).verifyResults},
		"setArrivalRate":   {side: loadModelSide, call: (*commands).setArrivalRate},
		"fail":             {side: loadModelSide, call: (*commands).fail},
		"metrics":          {side: loadModelSide, call: (*commands).metrics},
		"reportProgress":   {side: loadModelSide, call: (*commands).reportProgress},
		"note":             {side: loadModelSide, call: (*commands).note},
		"phase":            {side: loadModelSide, call: (*commands).phase},

		"users":            {side: loadModelSide, read: (*commands).users},
		"startingUsers":    {side: loadModelSide, read: (*commands).startingUsers},
		"targetUsers":      {side: loadModelSide, read: (*commands).targetUsers},
		"workLeft":         {side: loadModelSide, read: (*commands).workLeft},
		"aggregate":        {side: loadModelSide, read: (*commands).aggregate},
		"errors":           {side: loadModelSide, read: (*commands).errors},
		"resultsCollected": {side: loadModelSide, read: (*commands).resultsCollected},
		"counts":           {side: loadModelSide, read: (*commands).counts},
		"elapsed":          {side: anySide, read: (*commands).elapsed},

		"userId":       {side: userSide, read: (*commands).userID},
		"isUp":         {side: userSide, call: (*commands).isUp},
		"hasWork":      {side: userSide, call: (*commands).hasWork},
		"run":          {side: userSide, call: (*commands).run},
		"reportResult": {side: userSide, call: (*commands).reportResult},
		"getEvents":    {side: userSide, call: (*commands).getEvents},
		"onEvent":      {side: userSide, call: (*commands).onEvent},
	}
}

// commands are those of one VM, and the object that shows them.
type commands struct {
	vm     *js.VM
	object *goja.Object
	built  map[string]goja.Value // functions that were touched

	shownContext goja.Value
	last         *loadmodels.Result // what run gave last
}

// key is where a VM keeps its commands.
var key = goja.NewSymbol("runner.commands")

// of gives the commands of a VM.
func of(vm *js.VM) *commands {
	global := vm.Runtime().GlobalObject()
	if v := global.GetSymbol(key); v != nil {
		if c, ok := v.(*goja.Object).Export().(*commands); ok {
			return c
		}
	}
	c := &commands{vm: vm, built: map[string]goja.Value{}}
	c.object = vm.Runtime().NewDynamicObject(c)
	// The error would be that of a frozen global object: then each call makes a new one.
	_ = global.DefineDataPropertySymbol(key, c.object, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	return c
}

// Get makes a function when it is first touched and reads a property each time.
func (c *commands) Get(name string) goja.Value {
	m, ok := members[name]
	switch {
	case name == "default":
		return c.object
	case !ok:
		return nil
	case m.read != nil:
		c.check(m.side, name, "read")
		return m.read(c)
	}
	if v, ok := c.built[name]; ok {
		return v
	}
	v := c.vm.Func(name, func(call goja.FunctionCall) goja.Value {
		c.check(m.side, name, "call")
		return m.call(c, call)
	})
	c.built[name] = v
	return v
}

// Set takes a new aggregate; nothing else can be set.
func (c *commands) Set(name string, v goja.Value) bool {
	if name != "aggregate" {
		c.vm.Throw(js.TypeErrorf("commands.%s cannot be set (only commands.aggregate can)", name))
	}
	c.check(loadModelSide, name, "set")
	taken, err := c.vm.Take(v, "aggregate")
	if err != nil {
		c.vm.Throw(err)
	}
	c.model().SetAggregate(taken)
	return true
}

// Has says whether there is such a member, on whichever side.
func (c *commands) Has(name string) bool {
	_, ok := members[name]
	return ok || name == "default"
}

// Delete deletes nothing.
func (c *commands) Delete(string) bool { return false }

// Keys lists what can be used here, or at a script's top level what can be imported.
func (c *commands) Keys() []string {
	var names []string
	anywhere := !c.allowed(anySide)
	for name, m := range members {
		if c.allowed(m.side) || anywhere && m.read == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// allowed says whether members of a side can be used here.
func (c *commands) allowed(s side) bool {
	env := c.vm.Env()
	switch s {
	case loadModelSide:
		return env.Commands != nil
	case userSide:
		return env.User != nil
	}
	return env.Commands != nil || env.User != nil
}

// check throws if a member cannot be used here.
func (c *commands) check(s side, name, verb string) {
	if name == "context" || c.allowed(s) {
		return
	}
	env := c.vm.Env()
	owner := map[side]string{loadModelSide: "the load model", userSide: "virtual users", anySide: "load models and user loops"}[s]
	where := "the script's top level"
	switch {
	case env.Side == js.SideUser && env.User != nil:
		where = "a virtual user"
	case env.Side == js.SideController && env.Commands != nil:
		where = "a load model"
	case env.Side == js.SideNode:
		where = "init and terminate"
	}
	c.vm.Throw(fmt.Errorf("%s belongs to %s: %s cannot %s it", name, owner, where, verb))
}

func (c *commands) model() loadmodels.Commands {
	env := c.vm.Env()
	if env.Part != nil {
		return env.Part
	}
	return env.Commands
}

func (c *commands) user() loadmodels.UserCommands { return c.vm.Env().User }
func (c *commands) value(v any) goja.Value        { return c.vm.Runtime().ToValue(v) }

// must throws an error of a command, if there is one.
func (c *commands) must(err error) {
	if err != nil {
		c.vm.Throw(err)
	}
}

// count reads a number of things. What is no such number is a RangeError, and nothing has changed.
func (c *commands) count(v goja.Value, what string, most int64) int {
	n, err := c.vm.Int(v, what, 0, most)
	c.must(err)
	return int(n)
}

// text reads a string argument.
func (c *commands) text(v goja.Value, what string) string {
	if !goja.IsString(v) {
		c.vm.Throw(js.TypeErrorf("%s must be a string, not %s", what, v))
	}
	return v.String()
}
