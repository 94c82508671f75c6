package script

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	cmdmodule "runner/modules/commands"
	lmmodule "runner/modules/loadmodels"
	"runner/runtime"
	"runner/value"
)

// random is the source of Math.random in one VM: it repeats with the run's seed.
func random(seed uint64, stream int64) func() float64 {
	var r *rand.Rand
	return func() float64 {
		if r == nil {
			r = rand.New(rand.NewPCG(seed, uint64(stream)))
		}
		return r.Float64()
	}
}

// host is a node's side of a scenario: one VM for init and terminate.
type host struct {
	scenario *Scenario
	env      runtime.HostEnv
	vm       *js.VM
	exports  *goja.Object
}

func newHost(s *Scenario, env runtime.HostEnv) (*host, error) {
	h := &host{scenario: s, env: env}
	h.vm = js.NewVM(s.program, s.registry, &js.Env{
		Side: js.SideNode, Info: env.Info, Recorder: env.Recorder, Log: env.Log,
		Settings: s.settings.module, Services: env.Services, Rand: random(env.Info.Seed, -1),
	})
	if err := runTop(h.vm); err != nil {
		h.vm.Close()
		return nil, exception(err)
	}
	h.exports = exportsOf(h.vm, s.def.key)
	return h, nil
}

func (h *host) Init() (value.Value, error) {
	if !h.scenario.def.has["init"] {
		return value.Undefined, nil
	}
	v, err := call(h.vm, h.exports, "init", cmdmodule.Context(h.vm))
	if err != nil {
		return nil, err
	}
	state, err := h.vm.Take(v, "state")
	if err != nil {
		return nil, fmt.Errorf("what it returned cannot be shared with users: %w", err)
	}
	return state, nil
}

func (h *host) Terminate(reason, state value.Value) error {
	if !h.scenario.def.has["terminate"] {
		return nil
	}
	_, err := call(h.vm, h.exports, "terminate", h.vm.Give(reason), h.vm.Give(state))
	return err
}

func (h *host) Interrupt(cause error) { h.vm.Interrupt(cause) }
func (h *host) Close()                { h.vm.Close() }

func (h *host) NewUser(env runtime.UserEnv) (runtime.User, error) {
	u := &user{host: h, env: env}
	if err := u.build(); err != nil {
		return nil, err
	}
	return u, nil
}

// user is one virtual user: a VM of its own.
type user struct {
	host *host
	env  runtime.UserEnv
	vmBox

	exports *goja.Object
	start   goja.Callable
	args    []goja.Value // id and state, which every iteration gets
	inside  bool         // within an iteration, whose lines go to its result
	logs    strings.Builder
}

// maxLogs bounds what one result carries of its iteration's lines; the run's log has them all.
const maxLogs = 64 << 10

func (u *user) log(level, message string) {
	u.env.Log(level, message)
	if !u.inside || u.logs.Len() > maxLogs {
		return
	}
	if u.logs.Len() > 0 {
		u.logs.WriteByte('\n')
	}
	u.logs.WriteString(message)
}

// build makes the VM and finds start in it.
func (u *user) build() error {
	s := u.host.scenario
	vm := js.NewVM(s.program, s.registry, &js.Env{
		Side: js.SideUser, Info: u.env.Commands.Info(), User: u.env.Commands, Recorder: u.env.Recorder, Log: u.log,
		Settings: s.settings.module, Services: u.env.Services, Rand: random(u.env.Commands.Info().Seed, u.env.ID),
	})
	u.set(vm)
	if err := vm.Run(); err != nil {
		return exception(err)
	}
	u.exports = exportsOf(vm, s.def.key)
	start, ok := goja.AssertFunction(u.exports.Get("start"))
	if !ok {
		return errors.New("start is not a function any more")
	}
	u.start = start
	u.args = []goja.Value{vm.Runtime().ToValue(u.env.ID), vm.Give(u.env.State)}
	return nil
}

// rebuild replaces a VM that an interrupt has left without its pending promises.
func (u *user) rebuild() error {
	u.get().Close()
	return u.build()
}

// Loop runs the user loop. An iteration that was interrupted takes a loop of the script's own down with
// it, since both run in one VM: such a loop then starts again in a new one.
func (u *user) Loop(c loadmodels.UserCommands) error {
	if loop := u.loop(); loop != nil {
		return exception(loop.Run(c))
	}
	for {
		vm := u.get()
		_, err := call(vm, u.exports, "userLoop", commandsOf(vm)...)
		if err == nil || !vm.Broken() {
			return err
		}
		if !c.IsUp() || c.Context().Err() != nil {
			return nil
		}
		if err := u.rebuild(); err != nil {
			return err
		}
	}
}

// loop is the user loop if it is a Go value, nil if it is a function of the script.
func (u *user) loop() loadmodels.UserLoop {
	s := u.host.scenario
	if s.looped || !s.def.has["userLoop"] {
		return s.UserLoop
	}
	l, _ := lmmodule.UserLoopOf(u.exports.Get("userLoop"))
	return l
}

func (u *user) Iterate(args []value.Value) (value.Value, string, *loadmodels.Exception) {
	vm := u.get()
	if vm.Broken() {
		if err := u.rebuild(); err != nil {
			return value.Undefined, "", asException(err)
		}
		vm = u.get()
	}
	vm.BeginIteration()
	u.inside = true
	given := u.args
	if len(args) > 0 {
		given = append(make([]goja.Value, 0, 2+len(args)), u.args...)
		for _, a := range args {
			// A value of this very VM reaches start as it is, so that a user loop can hand it a live object.
			if own, ok := a.(goja.Value); ok {
				given = append(given, own)
			} else {
				given = append(given, vm.Give(a))
			}
		}
	}
	v, err := vm.Call(u.start, given...)
	u.inside = false
	vm.EndIteration()
	logs := u.logs.String()
	u.logs.Reset()
	if err != nil {
		return value.Undefined, logs, asException(exception(err))
	}
	output, err := vm.Take(v, "output")
	if err != nil {
		return value.Undefined, logs, &loadmodels.Exception{Name: "TypeError", Message: "what start returned cannot be a result: " + err.Error()}
	}
	return output, logs, nil
}

func asException(err error) *loadmodels.Exception {
	var e *loadmodels.Exception
	if errors.As(err, &e) {
		return e
	}
	var i *runtime.Interruption
	if errors.As(err, &i) {
		return &loadmodels.Exception{Name: i.Name, Message: i.Message}
	}
	return &loadmodels.Exception{Name: "Error", Message: err.Error()}
}

func (u *user) Interrupt(cause error) { u.get().Interrupt(cause) }
func (u *user) Close()                { u.get().Close() }
