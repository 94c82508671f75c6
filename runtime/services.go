package runtime

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// Service is something that all users of a scenario share, wherever they run: a throttle's permits, a
// coordinator's groups. Its state lives on the scenario's controller; users, the load model and the
// outside ask it with plain data and wait for an answer. A scenario has its services by name.
type Service interface {
	// Ask answers a request: at once, or later, if pending is not nil. It may be called from any
	// goroutine and does not wait. When the answer is at once it should cost next to nothing: in one
	// process, users call it directly.
	Ask(from Caller, request value.Value) (answer value.Value, pending Pending, err error)
	// Gone tells that a user is gone: nothing is kept for it any more.
	Gone(from Caller)
	// Sample records figures; it is called once a second and at the scenario's end.
	Sample()
	// Close ends the service, when all users are gone. It may be called twice, and Sample may still follow.
	Close()
}

// Caller is who asks a service: a user of a node, or, with User 0, the load model, init or the outside.
type Caller struct {
	Node string
	User int64
}

// ServiceNode is the Node of a Caller that is a function of the script which a service runs.
const ServiceNode = "service"

// ErrStuck is what Limit gives for a function that did not answer its interrupt.
var ErrStuck = errStuck

// Pending is an answer that is still to come.
type Pending interface {
	// Done is closed when the answer is there.
	Done() <-chan struct{}
	// Answer is the answer. It is called once, by whoever asked, after Done.
	Answer() (value.Value, error)
	// Withdraw gives the request up. It is false if the answer is there already: whoever asked must then
	// take it.
	Withdraw() bool
	// What says what the answer is waited for, as in "a permit of throttle \"logins\"".
	What() string
}

// ServiceEnv is what a service may use of the run.
type ServiceEnv struct {
	Info     loadmodels.Info
	Recorder *metrics.Recorder
	// Note writes an event of the stream.
	Note func(level, code, message string)
	// Fail records that a function of the script failed.
	Fail func(source string, err error)
	// NewWait makes a wait that is as exact as the system allows, for one goroutine at a time, and what
	// frees it.
	NewWait func() (wait func(d time.Duration, stop <-chan struct{}), free func())
	// Services is the way to the services for functions of the script that a service runs: its calls come
	// from a Caller whose Node is ServiceNode.
	Services loadmodels.Services
	// Killed is closed when everything must end at once.
	Killed <-chan struct{}
	// Limit calls fn, which runs a function of the script, within options.scriptTimeout; what names the
	// function.
	Limit func(what string, interrupt func(error), fn func() error) error
}

// services are those of one scenario, by name.
type services map[string]Service

func newServices(c *controller, make map[string]func(ServiceEnv) Service) services {
	env := ServiceEnv{
		Info:     c.info,
		Recorder: c.run.registry.Recorder(0, metrics.Tag{Key: "scenario", Value: c.info.Scenario}),
		Note: func(level, code, message string) {
			c.emit(events.Event{Kind: events.KindNote, Note: &events.Note{Level: level, Code: code, Message: message}})
		},
		Fail: func(source string, err error) { c.failures.add(source, exceptionOf(err), 0, 0) },
		NewWait: func() (func(time.Duration, <-chan struct{}), func()) {
			p := c.run.o.newPacer()
			return p.wait, p.close
		},
		Services: serviceAsker{c},
		Killed:   c.killed.Done(),
		Limit: func(what string, interrupt func(error), fn func() error) error {
			limit := c.options.ScriptTimeout
			return limited(limit, interrupt, fmt.Sprintf("%s took longer than %v (options.scriptTimeout)", what, limit), fn)
		},
	}
	s := services{}
	for name, fn := range make {
		s[name] = fn(env)
	}
	return s
}

func (s services) ask(from Caller, name string, request value.Value) (value.Value, Pending, error) {
	service := s[name]
	if service == nil {
		var known []string
		for k := range s {
			known = append(known, k)
		}
		sort.Strings(known)
		return nil, nil, fmt.Errorf("there is no service %q (there are: %s)", name, strings.Join(known, ", "))
	}
	return service.Ask(from, request)
}

func (s services) gone(from Caller) {
	for _, service := range s {
		service.Gone(from)
	}
}

func (s services) sample() {
	for _, service := range s {
		service.Sample()
	}
}

func (s services) close() {
	for _, service := range s {
		service.Close()
	}
}

// userAsker is a user's way to the services.
type userAsker struct{ *user }

// Ask waits for the answer. A user that is told to stop meanwhile will not get what it waits for in time,
// since the others stop too: its iteration ends there and then, and counts as aborted.
func (a userAsker) Ask(ctx context.Context, service string, request value.Value) (value.Value, error) {
	u := a.user
	answer, p, err := u.node.services.ask(Caller{u.node.name, u.id}, service, request)
	if p == nil {
		return answer, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		if p.Withdraw() {
			return nil, context.Cause(ctx)
		}
	case <-u.ctx.Done():
		if p.Withdraw() {
			return nil, u.ctx.Err()
		}
	case <-u.told:
		if p.Withdraw() {
			why := &Interruption{"AbortError", "the user was told to stop while it waited for " + p.What()}
			u.kill(why)
			return nil, why
		}
	}
	return p.Answer()
}

// controllerAsker is the load model's way to the services.
type controllerAsker struct{ *controller }

func (a controllerAsker) Ask(ctx context.Context, service string, request value.Value) (value.Value, error) {
	return a.askAs(ctx, a.info.Node, service, request)
}

// serviceAsker is the way of functions of the script that a service runs.
type serviceAsker struct{ *controller }

func (a serviceAsker) Ask(ctx context.Context, service string, request value.Value) (value.Value, error) {
	return a.askAs(ctx, ServiceNode, service, request)
}

func (c *controller) askAs(ctx context.Context, node, service string, request value.Value) (value.Value, error) {
	answer, p, err := c.services.ask(Caller{Node: node}, service, request)
	if p == nil {
		return answer, err
	}
	defer c.wait()()
	select {
	case <-p.Done():
	case <-ctx.Done():
		if p.Withdraw() {
			return nil, context.Cause(ctx)
		}
	case <-c.driving.Done():
		if p.Withdraw() {
			return nil, loadmodels.ErrEnded
		}
	}
	return p.Answer()
}

// nodeAsker is the way of init and terminate.
type nodeAsker struct{ *node }

func (a nodeAsker) Ask(ctx context.Context, service string, request value.Value) (value.Value, error) {
	answer, p, err := a.services.ask(Caller{Node: a.name}, service, request)
	if p == nil {
		return answer, err
	}
	return await(ctx, p)
}

// await waits for an answer.
func await(ctx context.Context, p Pending) (value.Value, error) {
	select {
	case <-p.Done():
	case <-ctx.Done():
		if p.Withdraw() {
			return nil, context.Cause(ctx)
		}
	}
	return p.Answer()
}

// Ask asks a service of a scenario that runs, from outside.
func (r *Run) Ask(ctx context.Context, scenario, service string, request value.Value) (value.Value, error) {
	r.mu.Lock()
	var found *controller
	for _, c := range r.active {
		if c.info.Scenario == scenario {
			found = c
		}
	}
	r.mu.Unlock()
	if found == nil {
		return nil, fmt.Errorf("no scenario %q is running", scenario)
	}
	answer, p, err := found.services.ask(Caller{}, service, request)
	if p == nil {
		return answer, err
	}
	return await(ctx, p)
}
