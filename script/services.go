package script

import (
	"sync"
	"sync/atomic"

	"runner/js"
	"runner/modules/coordinator"
	"runner/modules/throttle"
	"runner/runtime"
)

// services are what the scenario's users share. director gives the controller's side, once there is one.
func (s *Scenario) services(director func() *director) map[string]func(runtime.ServiceEnv) runtime.Service {
	return map[string]func(runtime.ServiceEnv) runtime.Service{
		throttle.ServiceName: throttle.NewService,
		coordinator.ServiceName: func(env runtime.ServiceEnv) runtime.Service {
			a := &actor{scenario: s, env: env, director: director}
			a.Abandon()
			return coordinator.NewService(env, a)
		},
	}
}

// actor runs the actions of coordinators, in a VM of its own that is made when it is first needed.
type actor struct {
	scenario *Scenario
	env      runtime.ServiceEnv
	director func() *director
	stage    atomic.Pointer[stage]
}

// stage is where actions run.
type stage struct {
	mu sync.Mutex // held while the VM is used
	vmBox
}

// use gives the VM; a broken one is replaced. The caller holds the stage.
func (a *actor) use(s *stage) (*js.VM, error) {
	vm := s.get()
	if vm != nil && !vm.Broken() {
		return vm, nil
	}
	if vm != nil {
		vm.Close()
	}
	fresh := js.NewVM(a.scenario.program, a.scenario.registry, &js.Env{
		Side: js.SideController, Info: a.env.Info, Recorder: a.env.Recorder, Log: a.director().env.Log,
		Settings: a.scenario.settings.module, Services: a.env.Services, Rand: random(a.env.Info.Seed, -2),
	})
	s.set(fresh)
	if err := runTop(fresh); err != nil {
		fresh.Close()
		s.set(nil)
		return nil, exception(err)
	}
	return fresh, nil
}

func (a *actor) Knows(name string) error {
	s := a.stage.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	vm, err := a.use(s)
	if err != nil {
		return err
	}
	return coordinator.Knows(vm, name)
}

func (a *actor) Act(action coordinator.Action, fail func(error)) error {
	s := a.stage.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	vm, err := a.use(s)
	if err != nil {
		return err
	}
	if commands := a.director().drivenBy(); commands != nil {
		vm.Env().Commands = beside{commands}
	}
	return exception(coordinator.Act(vm, action, func(err error) { fail(exception(err)) }))
}

func (a *actor) Interrupt(cause error) {
	if vm := a.stage.Load().get(); vm != nil {
		vm.Interrupt(cause)
	}
}

// Abandon leaves a VM that does not answer an interrupt to itself.
func (a *actor) Abandon() { a.stage.Store(&stage{}) }

func (a *actor) Close() {
	s := a.stage.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	if vm := s.get(); vm != nil {
		vm.Close()
		s.set(nil)
	}
}
