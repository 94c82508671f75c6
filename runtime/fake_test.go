package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/value"
	"runner/verdict"
)

// fake is a scenario written by hand.
type fake struct {
	name      string
	dependsOn []string
	tags      []string
	options   Options
	model     func(c loadmodels.Commands) error
	loop      func(c loadmodels.UserCommands) error
	start     func(u *fakeUser) (value.Value, error)
	init      func() (value.Value, error)
	terminate func(reason value.Value) error
	next      func() (Decision, error)
	aggregate func(previous value.Value, latest []*loadmodels.Result) (value.Value, error)
	noVerify  bool

	mu         sync.Mutex
	terminated []value.Value
}

func (f *fake) scenario() *Scenario {
	return &Scenario{
		Name: f.name, Script: f.name + ".js", DependsOn: f.dependsOn, Tags: f.tags, Options: f.options,
		NewDirector: func(DirectorEnv) (Director, error) { return &fakeDirector{fake: f}, nil },
		NewHost:     func(HostEnv) (Host, error) { return &fakeHost{f}, nil },
	}
}

type fakeDirector struct {
	*fake
	canceller
}

func (d *fakeDirector) Drive(c loadmodels.Commands) error { return d.model(c) }
func (d *fakeDirector) Aggregate(p value.Value, l []*loadmodels.Result) (value.Value, error) {
	if d.aggregate != nil {
		return d.aggregate(p, l)
	}
	return l[len(l)-1].Output, nil
}
func (d *fakeDirector) Verifies() bool { return !d.noVerify }
func (d *fakeDirector) Verify(l []*loadmodels.Result) (errs []string, err error) {
	for _, r := range l {
		if r.Status == loadmodels.Failed {
			errs = append(errs, r.Exception.Error())
		}
	}
	return errs, nil
}
func (d *fakeDirector) Transform(v value.Value) (value.Value, error) { return v, nil }
func (d *fakeDirector) HasTransform() bool                           { return false }
func (d *fakeDirector) Continues() bool                              { return d.next != nil }
func (d *fakeDirector) Continue(value.Value) (Decision, error)       { return d.next() }
func (d *fakeDirector) Interrupt(error)                              {}
func (d *fakeDirector) InterruptContinue(error)                      {}
func (d *fakeDirector) Close()                                       {}

type canceller struct{}

type fakeHost struct{ *fake }

func (h *fakeHost) Init() (value.Value, error) {
	if h.fake.init == nil {
		return value.Undefined, nil
	}
	return h.fake.init()
}
func (h *fakeHost) Terminate(reason, _ value.Value) error {
	h.mu.Lock()
	h.terminated = append(h.terminated, reason)
	h.mu.Unlock()
	if h.fake.terminate != nil {
		return h.fake.terminate(reason)
	}
	return nil
}
func (h *fakeHost) NewUser(env UserEnv) (User, error) {
	u := &fakeUser{fake: h.fake, env: env}
	u.ctx, u.cancel = context.WithCancelCause(context.Background())
	return u, nil
}
func (h *fakeHost) Interrupt(error) {}
func (h *fakeHost) Close()          {}

type fakeUser struct {
	*fake
	env    UserEnv
	ctx    context.Context
	cancel context.CancelCauseFunc
	mu     sync.Mutex
}

func (u *fakeUser) Loop(c loadmodels.UserCommands) error {
	if u.loop != nil {
		return u.loop(c)
	}
	return loadmodels.WhileHasWork{}.Run(c)
}

func (u *fakeUser) Iterate([]value.Value) (value.Value, string, *loadmodels.Exception) {
	out, err := u.start(u)
	if err == nil {
		return out, "", nil
	}
	u.mu.Lock() // an interrupt in its midst is over now
	u.ctx, u.cancel = context.WithCancelCause(context.Background())
	u.mu.Unlock()
	return value.Undefined, "", exceptionOf(err)
}

// work is an iteration that takes d.
func (u *fakeUser) work(d time.Duration) error {
	u.mu.Lock()
	ctx := u.ctx
	u.mu.Unlock()
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (u *fakeUser) Interrupt(cause error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cancel(cause)
}
func (u *fakeUser) Close() {}

// taking is a start that takes d and gives 1.
func taking(d time.Duration) func(*fakeUser) (value.Value, error) {
	return func(u *fakeUser) (value.Value, error) { return float64(1), u.work(d) }
}

func failing(message string) func(*fakeUser) (value.Value, error) {
	return func(u *fakeUser) (value.Value, error) {
		u.work(10 * time.Millisecond)
		return nil, errors.New(message)
	}
}

// played is a run with its events.
type played struct {
	Outcome
	events []events.Event
	counts map[string]loadmodels.Counts
	took   time.Duration
}

// play runs scenarios in virtual time. Everything that it started has ended when it returns:
// synctest sees to that.
func play(t *testing.T, during func(cancel func(), r *Run), o RunOptions, fakes ...*fake) (p played) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all []*Scenario
		for _, f := range fakes {
			if f.name == "" {
				f.name = "s"
			}
			all = append(all, f.scenario())
		}
		order, err := Order(all, func(*Scenario) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		o.ID, o.newPacer = "test", func() pacer { return timerPacer{} }
		o.Sink = func(e events.Event) { p.events = append(p.events, e) }
		r := New(o, order)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		if during != nil {
			go during(cancel, r)
		}
		p.Outcome = r.Do(ctx)
		p.took = time.Since(began)
		p.counts = map[string]loadmodels.Counts{}
		for _, f := range fakes {
			c := &controller{run: r, info: loadmodels.Info{Scenario: f.name}}
			p.counts[f.name] = c.Counts()
		}
		time.Sleep(2 * time.Hour) // what was given up as stuck ends too
		synctest.Wait()
	})
	return p
}

func (p played) String() string {
	return fmt.Sprintf("%s (%d) %v", p.Verdict, p.ExitCode, p.Causes)
}

func wantVerdict(t *testing.T, p played, v verdict.Verdict, code int) {
	t.Helper()
	if p.Verdict != v || p.ExitCode != code {
		t.Fatalf("got %v, want %s (%d)", p, v, code)
	}
}

func wantCounts(t *testing.T, p played, name string, want loadmodels.Counts) {
	t.Helper()
	got := p.counts[name]
	if got != want {
		t.Fatalf("%s: got %+v, want %+v; %v", name, got, want, p)
	}
	if got.Started != got.Succeeded+got.Failed+got.Aborted {
		t.Fatalf("%s: the ledger does not close: %+v", name, got)
	}
}
