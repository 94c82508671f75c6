package throttle

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Wait waits for d, or less if stop is closed.
type Wait func(d time.Duration, stop <-chan struct{})

// Throttle hands out permits. All its methods may be called from any goroutine.
type Throttle struct {
	name string
	wait Wait
	// changed is told of every change, in words; may be nil.
	changed func(message string)
	began   time.Time

	mu        sync.Mutex
	settings  Settings
	schedule  schedule
	held      int // permits of a parallel throttle that are out
	paused    bool
	stopped   bool
	plan      *plan
	queue     queue
	requested int64
	permitted int64
	serving   bool          // the goroutine that serves the queue runs
	wake      chan struct{} // tells it of a change
	served    sync.WaitGroup
}

// plan is a gradual change that is under way.
type plan struct {
	Gradual
	began time.Time
	step  int
	timer *time.Timer
}

// Options are what a throttle needs of the world around it. The zero value will do.
type Options struct {
	// Wait is how exactly the throttle can wait; nil for the timers of Go.
	Wait Wait
	// Changed is told of every change, in words, one at a time and in order. It must not call the throttle.
	Changed func(message string)
}

// New makes a throttle. Stop ends it.
func New(name string, s Settings, o Options) (*Throttle, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("throttle %q: %w", name, err)
	}
	t := &Throttle{name: name, wait: o.Wait, changed: o.Changed, began: time.Now(), wake: make(chan struct{}, 1)}
	if t.wait == nil {
		t.wait = waitTimer
	}
	if t.changed == nil {
		t.changed = func(string) {}
	}
	t.apply(s)
	t.changed("starts: " + s.String())
	return t, nil
}

func waitTimer(d time.Duration, stop <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}

func (t *Throttle) now() time.Duration { return time.Since(t.began) }

// apply sets settings that are valid. The caller holds mu, or is alone.
func (t *Throttle) apply(s Settings) {
	t.settings = s
	switch {
	case s.Parallel > 0 || math.IsInf(s.Permits, 1):
	default:
		t.schedule.change(t.now(), s.Permits, s.Interval)
	}
}

// StoppedError is what waiters and callers of a stopped throttle get.
type StoppedError struct{ Name string }

func (e *StoppedError) Error() string { return fmt.Sprintf("throttle %q was stopped", e.Name) }

// errWithdrawn ends a ticket that its holder has given up.
var errWithdrawn = errors.New("the wait for a permit was given up")

// Ask asks for a permit. If there is one at once, and nobody waits, the ticket is nil; else its holder
// waits for it to be done. The error is a *StoppedError.
func (t *Throttle) Ask() (*Ticket, error) {
	t.mu.Lock()
	if t.stopped {
		t.mu.Unlock()
		return nil, &StoppedError{t.name}
	}
	t.requested++
	if t.queue.first == nil && t.give(t.now(), false) {
		t.mu.Unlock()
		return nil, nil
	}
	k := &Ticket{throttle: t, done: make(chan struct{})}
	t.queue.add(k)
	t.serve()
	t.mu.Unlock()
	return k, nil
}

// give lets a permit leave if one may. The caller holds mu.
func (t *Throttle) give(now time.Duration, waited bool) bool {
	switch {
	case t.paused:
		return false
	case t.settings.Parallel > 0:
		if t.held >= t.settings.Parallel {
			return false
		}
		t.held++
	case math.IsInf(t.settings.Permits, 1):
		t.schedule.mark(now)
	default:
		if t.schedule.next() > now {
			return false
		}
		t.schedule.take(now, waited)
	}
	t.permitted++
	return true
}

// Release gives back a permit of a throttle with a number of parallel ones.
func (t *Throttle) Release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held > 0 {
		t.held--
	}
	t.drain()
}

// serve sees to it that the queue is served. The caller holds mu.
func (t *Throttle) serve() {
	if t.queue.first == nil || t.stopped {
		return
	}
	if t.paused || t.settings.Parallel > 0 || t.settings.Permits == 0 {
		return // whoever changes that serves the queue
	}
	if t.serving {
		select {
		case t.wake <- struct{}{}:
		default:
		}
		return
	}
	t.serving = true
	t.served.Add(1)
	go t.serveQueue()
}

// most permits that leave under one lock, so that others come in between.
const most = 1024

// finest is the shortest wait: at rates beyond, permits leave several at a time.
const finest = 50 * time.Microsecond

// serveQueue lets permits leave at their times while somebody waits for them.
func (t *Throttle) serveQueue() {
	defer t.served.Done()
	for {
		t.mu.Lock()
		if t.drainSome() {
			t.mu.Unlock()
			continue
		}
		if t.queue.first == nil || t.stopped || t.paused || t.settings.Permits == 0 {
			t.serving = false
			t.mu.Unlock()
			return
		}
		d := max(t.schedule.next()-t.now(), finest)
		t.mu.Unlock()
		t.wait(d, t.wake)
		select {
		case <-t.wake:
		default:
		}
	}
}

// drain lets leave what may leave. The caller holds mu.
func (t *Throttle) drain() {
	for t.drainSome() {
	}
}

// drainSome lets some leave and says whether there may be more. The caller holds mu.
func (t *Throttle) drainSome() bool {
	now := t.now()
	for range most {
		if t.queue.first == nil || t.stopped || !t.give(now, true) {
			return false
		}
		t.queue.pop().end(nil)
	}
	return true
}

// Change sets another rate, or another number of parallel permits; which of both a throttle has does
// not change. It ends a gradual change. A throttle that is paused stays so. The error says what is
// wrong; nothing has changed then.
func (t *Throttle) Change(s Settings) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("throttle %q: %w", t.name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.may(s.Parallel > 0); err != nil {
		return err
	}
	ended := t.endPlan()
	t.set(s)
	t.changed("changes to " + s.String() + ended)
	return nil
}

// may says whether a change is possible: to a number of parallel permits, or else of the rate. The
// caller holds mu.
func (t *Throttle) may(parallel bool) error {
	switch {
	case t.stopped:
		return &StoppedError{t.name}
	case parallel && t.settings.Parallel == 0:
		return fmt.Errorf("throttle %q has a rate (%v), it cannot be changed to a number of parallel permits", t.name, t.settings)
	case !parallel && t.settings.Parallel > 0:
		return fmt.Errorf("throttle %q limits how many run at once (%v), it has no rate that could be changed", t.name, t.settings)
	}
	return nil
}

// set applies settings and lets leave what then may. The caller holds mu.
func (t *Throttle) set(s Settings) {
	if s == t.settings {
		return
	}
	t.apply(s)
	t.drain()
	t.serve()
}

// endPlan ends a gradual change and says so. The caller holds mu.
func (t *Throttle) endPlan() string {
	p := t.plan
	if p == nil {
		return ""
	}
	p.timer.Stop()
	t.plan = nil
	return fmt.Sprintf(", which ends the gradual change to %s after %d of %d steps", formatRate(p.To), p.step, p.Steps)
}

// ChangeGradually takes the first of the plan's rates now and the others one by one. It replaces a plan
// that is under way.
func (t *Throttle) ChangeGradually(g Gradual) error {
	if err := g.Validate(); err != nil {
		return fmt.Errorf("throttle %q: %w", t.name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.may(false); err != nil {
		return err
	}
	if g.Interval == 0 {
		g.Interval = t.settings.Interval
	}
	ended := t.endPlan()
	p := &plan{Gradual: g, began: time.Now()}
	t.plan = p
	p.timer = time.AfterFunc(g.StepInterval, func() { t.nextStep(p) })
	t.set(Settings{Permits: g.From, Interval: g.Interval})
	t.changed(fmt.Sprintf("changes gradually from %s to %s per %s, in %d steps of %v%s",
		formatRate(g.From), formatRate(g.To), shortDuration(g.Interval), g.Steps, g.StepInterval, ended))
	return nil
}

// nextStep takes the plan's next rate.
func (t *Throttle) nextStep(p *plan) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.plan != p {
		return
	}
	// Steps that were missed, when the process stood still, are passed over.
	p.step = min(max(p.step+1, int(time.Since(p.began)/p.StepInterval)), p.Steps)
	s := Settings{Permits: p.rate(p.step), Interval: p.Interval}
	t.set(s)
	if p.step == p.Steps {
		t.plan = nil
		t.changed("has reached " + s.String())
		return
	}
	t.changed(fmt.Sprintf("step %d of %d: %v", p.step, p.Steps, s))
	p.timer.Reset(time.Until(p.began.Add(time.Duration(p.step+1) * p.StepInterval)))
}

// Pause holds all permits until Resume; a gradual change goes on meanwhile. It is false if the throttle
// was paused already.
func (t *Throttle) Pause() (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return false, &StoppedError{t.name}
	}
	if t.paused {
		return false, nil
	}
	t.paused = true
	t.changed("is paused")
	return true, nil
}

// Resume ends Pause. It is false if the throttle was not paused.
func (t *Throttle) Resume() (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return false, &StoppedError{t.name}
	}
	if !t.paused {
		return false, nil
	}
	t.paused = false
	t.schedule.resume(t.now())
	t.changed("is resumed: " + t.settings.String())
	t.drain()
	t.serve()
	return true, nil
}

// Unlock lets everybody through, until the rate is changed again. A throttle that is paused stays so.
func (t *Throttle) Unlock() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.may(false); err != nil {
		return err
	}
	ended := t.endPlan()
	t.set(Settings{Permits: math.Inf(1), Interval: t.settings.Interval})
	t.changed("is unlocked" + ended)
	return nil
}

// Stop ends the throttle: whoever waits gets a *StoppedError, and so does whoever asks later. It is false
// if it was stopped already.
func (t *Throttle) Stop() bool { return t.end(true) }

// Close is Stop without telling of a change.
func (t *Throttle) Close() { t.end(false) }

func (t *Throttle) end(tell bool) bool {
	t.mu.Lock()
	if t.stopped {
		t.mu.Unlock()
		return false
	}
	ended := t.endPlan()
	t.stopped = true
	for t.queue.first != nil {
		t.queue.pop().end(&StoppedError{t.name})
	}
	if t.serving {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	if tell {
		t.changed("is stopped" + ended)
	}
	t.mu.Unlock()
	t.served.Wait()
	return true
}

// Status is a throttle at one moment.
type Status struct {
	Name     string
	Settings Settings // in force
	Paused   bool
	Stopped  bool
	// Plan is the gradual change under way, of which Step is the step that holds.
	Plan *Gradual
	Step int

	Requested, Permitted int64
	Waiting, Held        int
}

// Status reads the throttle.
func (t *Throttle) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Status{
		Name: t.name, Settings: t.settings, Paused: t.paused, Stopped: t.stopped,
		Requested: t.requested, Permitted: t.permitted, Waiting: t.queue.n, Held: t.held,
	}
	if t.plan != nil {
		g := t.plan.Gradual
		s.Plan, s.Step = &g, t.plan.step
	}
	return s
}
