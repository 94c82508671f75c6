package runtime

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// Interruption is why the engine ended something that a script was running. A script sees it as an
// error of that name.
type Interruption struct{ Name, Message string }

func (e *Interruption) Error() string { return e.Message }

// user is one virtual user: a goroutine that runs its script's user loop. It is the loop's
// UserCommands.
type user struct {
	id     int64
	node   *node
	began  time.Time
	rec    *metrics.Recorder
	ctx    context.Context
	cancel context.CancelFunc
	// told is closed when the user is told to stop.
	told chan struct{}
	// gone is closed when its goroutine has ended.
	gone chan struct{}

	mu     sync.Mutex // guards the next four
	script User
	killed *Interruption
	// overdue is when the present iteration passes its limit, or when it is given up after it was
	// interrupted; zero: no limit.
	overdue     time.Time
	interrupted bool

	// running is true while the user is in its loop: it then counts, and events reach it.
	running atomic.Bool
	// iterating is true from an iteration's start until somebody has counted its end.
	iterating atomic.Bool
	selfStop  atomic.Bool
	abandoned atomic.Bool
	counted   atomic.Bool // as gone

	// Guarded by the work queue.
	wake    chan struct{}
	waiting *list.Element
	granted unit

	// The user's goroutine only.
	unit      unit
	iteration int64
	pending   *loadmodels.Result
	inbox     inbox
}

func (u *user) Context() context.Context { return u.ctx }
func (u *user) Info() loadmodels.Info    { return u.node.info }
func (u *user) UserID() int64            { return u.id }
func (u *user) Elapsed() time.Duration   { return time.Since(u.began) }

func (u *user) IsUp() bool {
	select {
	case <-u.told:
		return false
	default:
		return true
	}
}

// Stop ends this user; the node forgets it as one that is wanted.
func (u *user) Stop() {
	if u.selfStop.CompareAndSwap(false, true) {
		u.node.tell(u)
	}
}

func (u *user) HasWork(timeout time.Duration) bool {
	u.serveEvents()
	if u.unit.held {
		return true
	}
	if !u.IsUp() {
		return false
	}
	if timeout > 0 && u.wake == nil {
		u.wake = make(chan struct{}, 1)
	}
	var ok bool
	if u.unit, ok = u.node.work.take(u, timeout > 0); ok || timeout <= 0 {
		return ok
	}
	expired, stop := timerC(timeout)
	defer stop()
	for {
		select {
		case <-u.wake:
			u.unit = u.granted
			return true
		case <-u.inbox.notify():
			// A handler may run JavaScript for long: whoever waits here is not idle meanwhile.
			if u.unit, ok = u.node.work.leave(u); ok {
				return true
			}
			u.serveEvents()
			if u.unit, ok = u.node.work.take(u, true); ok {
				return true
			}
			continue
		case <-expired:
		case <-u.told:
		case <-u.ctx.Done():
		}
		u.unit, ok = u.node.work.leave(u)
		return ok
	}
}

// timerC is a timer's channel, or none for a wait without end.
func timerC(d time.Duration) (<-chan time.Time, func() bool) {
	if d == loadmodels.Forever {
		return nil, func() bool { return true }
	}
	t := time.NewTimer(d)
	return t.C, t.Stop
}

func (u *user) Sleep(d time.Duration) bool {
	u.serveEvents()
	if d <= 0 {
		return u.IsUp()
	}
	expired, stop := timerC(d)
	defer stop()
	for {
		select {
		case <-expired:
			return true
		case <-u.inbox.notify():
			u.serveEvents()
		case <-u.told:
			return false
		case <-u.ctx.Done():
			return false
		}
	}
}

func (u *user) Iterate() {
	u.serveEvents()
	u.flush()
	if r := u.iterate(nil); r != nil {
		u.finish(r)
	}
}

func (u *user) Run(args []value.Value) *loadmodels.Result {
	u.serveEvents() // a handler may run iterations too: before flush, so that none loses its result
	u.flush()
	r := u.iterate(args)
	if r == nil { // the node has given this user up
		return &loadmodels.Result{UserID: u.id, Iteration: u.iteration, Node: u.node.name, Status: loadmodels.Aborted,
			Output: value.Undefined, Exception: &loadmodels.Exception{Name: "AbortError", Message: "the user was given up"}}
	}
	u.pending = r
	return r
}

func (u *user) Report(r *loadmodels.Result) {
	p := u.pending
	u.pending = nil
	if p == nil {
		u.iteration++
		u.rec.Add(u.node.series.started, 1)
		p = &loadmodels.Result{UserID: u.id, Iteration: u.iteration, Node: u.node.name, Timestamp: time.Now()}
		u.recordTimes(r.Duration, r.Duration, 0, false)
		u.unit = unit{}
	}
	p.Output, p.Exception, p.Logs, p.Duration = r.Output, r.Exception, r.Logs, r.Duration
	if p.Status != loadmodels.Aborted {
		p.Status = loadmodels.Succeeded
		if p.Exception != nil {
			p.Status = loadmodels.Failed
		}
	}
	u.finish(p)
}

// flush reports what Run gave and nobody reported.
func (u *user) flush() {
	if p := u.pending; p != nil {
		u.pending = nil
		u.finish(p)
	}
}

// iterate runs one iteration and times it. It returns nil if the node gave the user up meanwhile and
// has counted the iteration as aborted.
func (u *user) iterate(args []value.Value) *loadmodels.Result {
	n := u.node
	u.iteration++
	begin := time.Now()
	u.setOverdue(begin)
	u.iterating.Store(true)
	u.rec.Add(n.series.started, 1)

	output, logs, exception := u.script.Iterate(args)

	end := time.Now()
	u.setOverdue(time.Time{})
	if !u.iterating.CompareAndSwap(true, false) {
		return nil
	}
	r := &loadmodels.Result{
		UserID: u.id, Iteration: u.iteration, Node: n.name,
		Output: output, Exception: exception, Logs: logs, Timestamp: end, Duration: end.Sub(begin),
	}
	if exception != nil {
		r.Status = loadmodels.Failed
		if u.wasKilled() {
			r.Status = loadmodels.Aborted
		}
	}
	open := !u.unit.planned.IsZero()
	response, late := r.Duration, time.Duration(0)
	if open {
		response, late = end.Sub(u.unit.planned), begin.Sub(u.unit.planned)
	}
	if r.Status != loadmodels.Aborted {
		u.recordTimes(r.Duration, response, late, open)
	}
	u.unit = unit{}
	return r
}

func (u *user) setOverdue(begin time.Time) {
	limit := u.node.options.IterationTimeout
	if limit <= 0 {
		return
	}
	u.mu.Lock()
	u.interrupted = false
	if begin.IsZero() {
		u.overdue = begin
	} else {
		u.overdue = begin.Add(limit)
	}
	u.mu.Unlock()
}

func (u *user) wasKilled() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.killed != nil
}

func (u *user) recordTimes(service, response, late time.Duration, open bool) {
	s := &u.node.series
	samples := [3]metrics.Sample{
		{Series: s.service, Value: milliseconds(service)},
		{Series: s.response, Value: milliseconds(response)},
		{Series: s.lateness, Value: milliseconds(max(0, late))},
	}
	if open {
		u.rec.AddAll(samples[:])
	} else {
		u.rec.AddAll(samples[:2])
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// finish counts an iteration's end and hands its result up.
func (u *user) finish(r *loadmodels.Result) {
	u.rec.Add(u.node.series.ends[r.Status], 1)
	if r.Status == loadmodels.Failed {
		u.node.failures.add("iteration", r.Exception, u.id, r.Iteration)
	}
	u.node.outbox.put(r)
}

// live is the user's goroutine, which begins when its script has been built, or could not be.
func (u *user) live(err error) {
	n := u.node
	defer close(u.gone)
	defer u.cancel()
	if err == nil {
		err = u.loop()
	}
	u.flushSafely()
	if u.iterating.CompareAndSwap(true, false) { // it died in the midst of one
		u.finish(&loadmodels.Result{UserID: u.id, Iteration: u.iteration, Node: n.name, Status: loadmodels.Failed,
			Output: value.Undefined, Exception: exceptionOf(err), Timestamp: time.Now()})
	}
	if u.unit.held {
		n.work.giveBack(u.unit)
	}
	u.mu.Lock()
	script := u.script
	u.script = nil
	killed := u.killed
	u.mu.Unlock()
	if script != nil {
		script.Close()
	}
	how := EndStopped
	if err != nil && killed == nil {
		how = EndDied
	}
	n.ended(u, how, err)
}

// build makes the user's script.
func (u *user) build() (err error) {
	defer recoverTo(&err)
	n := u.node
	script, err := n.host.NewUser(UserEnv{
		ID: u.id, Commands: u, State: n.state, Recorder: u.rec, Services: userAsker{u},
		Log: func(level, message string) { n.log(level, message, u.id, u.iteration) },
	})
	if err != nil {
		return &userError{source: "user", err: err}
	}
	u.mu.Lock()
	u.script = script
	u.mu.Unlock()
	return nil
}

// loop runs the user loop. What panics in it is the user's death, not the program's.
func (u *user) loop() (err error) {
	defer recoverTo(&err)
	if u.wasKilled() || !u.IsUp() && !u.unit.held {
		return nil
	}
	u.node.running(u)
	if err := u.script.Loop(u); err != nil {
		return &userError{source: "userLoop", err: err}
	}
	return nil
}

func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = panicError(p)
	}
}

// flushSafely reports the last pending result when the loop is over.
func (u *user) flushSafely() {
	if !u.abandoned.Load() {
		u.flush()
	}
}

// userError says which part of a user failed.
type userError struct {
	source string
	err    error
}

func (e *userError) Error() string { return e.err.Error() }
func (e *userError) Unwrap() error { return e.err }

func panicError(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return fmt.Errorf("internal error: %v", p)
}

// kill interrupts whatever the user does.
func (u *user) kill(why *Interruption) {
	u.mu.Lock()
	if u.killed == nil {
		u.killed = why
	}
	script := u.script
	u.mu.Unlock()
	u.cancel()
	if script != nil {
		script.Interrupt(why)
	}
}

// checkOverdue interrupts the present iteration if it has passed its limit, and is true if it has not
// ended for some time after that: then the user is stuck.
func (u *user) checkOverdue(now time.Time) (stuck bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.script == nil || u.overdue.IsZero() || now.Before(u.overdue) {
		return false
	}
	if u.interrupted {
		return true
	}
	u.interrupted = true
	u.overdue = now.Add(overdueGrace)
	u.script.Interrupt(&Interruption{"TimeoutError",
		fmt.Sprintf("the iteration took longer than %v (options.iterationTimeout)", u.node.options.IterationTimeout)})
	return false
}

// overdueGrace is how long an iteration that was interrupted may take to end. It is generous: a native
// such as a large sort looks for an interrupt only when it is through.
const overdueGrace = 5 * time.Second
