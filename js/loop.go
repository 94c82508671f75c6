package js

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/dop251/goja"
)

// loop is a VM's event loop: what is to run on the VM's goroutine, now or later. It is made when a
// script first needs one.
type loop struct {
	wake chan struct{}

	mu     sync.Mutex
	posted []func() error // from any goroutine

	// The rest belongs to the VM's goroutine.
	timers     timers
	byID       map[int64]*timer
	immediates []*timer
	lastID     int64
	timeouts   int            // of timers and immediates, those that are not intervals
	works      int            // natives' promises that are pending
	busy       sync.WaitGroup // the goroutines of natives' promises, also of those that were dropped
	age        int            // goes up whenever everything is dropped
	rejected   []rejection
	err        error // the first that nobody caught
}

// rejection is a promise that was rejected before anybody handled it, in a call of that depth. What an
// outer call may yet handle is not the inner one's business.
type rejection struct {
	promise *goja.Promise
	depth   int
}

type timer struct {
	id      int64
	due     time.Time
	every   time.Duration
	repeats bool
	// quiet timers do not keep a call waiting.
	quiet  bool
	dead   bool
	fn     goja.Callable
	args   []goja.Value
	native func()
	index  int
}

func (vm *VM) eventLoop() *loop {
	if l := vm.loop.Load(); l != nil {
		return l
	}
	vm.loop.CompareAndSwap(nil, &loop{wake: make(chan struct{}, 1)})
	return vm.loop.Load()
}

// poke wakes the loop if it waits.
func (l *loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Post has job run on the VM's goroutine, in the call that runs now or else the next. It may be called
// from any goroutine. A job does not keep a call waiting; its error fails the call.
func (vm *VM) Post(job func() error) {
	vm.eventLoop().post(job)
}

func (l *loop) post(job func() error) {
	l.mu.Lock()
	l.posted = append(l.posted, job)
	l.mu.Unlock()
	l.poke()
}

// Promise runs work on a goroutine of its own and returns a promise that its outcome settles:
// settle runs on the VM's goroutine. While it is pending the event loop waits for it. work must
// return soon after ctx is done; ctx is done when the call ends before the work.
func (vm *VM) Promise(work func(ctx context.Context) (settle func() (goja.Value, error))) goja.Value {
	l := vm.eventLoop()
	promise, resolve, reject := vm.rt.NewPromise()
	ctx := vm.Context()
	age := l.age
	l.works++
	from := vm.rt.CaptureCallStack(0, nil)
	l.busy.Go(func() {
		settle := guarded(ctx, work)
		l.post(func() error {
			if l.age != age {
				return nil
			}
			l.works--
			v, err := settle()
			if err != nil {
				return reject(vm.errorFrom(err, from))
			}
			if v == nil {
				v = goja.Undefined()
			}
			return resolve(v)
		})
	})
	return vm.rt.ToValue(promise)
}

// guarded runs work and makes an error of a panic in it: on a goroutine of its own, it would end the
// process.
func guarded(ctx context.Context, work func(context.Context) func() (goja.Value, error)) (settle func() (goja.Value, error)) {
	defer func() {
		if r := recover(); r != nil {
			settle = func() (goja.Value, error) { return nil, errorf("InternalError", "%v", r) }
		}
	}()
	return work(ctx)
}

// drive runs the event loop for a call that returned v, which is p if that is not nil.
func (vm *VM) drive(v goja.Value, p *goja.Promise) (goja.Value, error) {
	l := vm.eventLoop()
	nested := vm.depth > 1
	for {
		if nested {
			vm.drainJobs()
		}
		if vm.state.Load() == interrupted {
			return nil, vm.interruptCause()
		}
		if l.err != nil {
			err := l.err
			l.err = nil
			return nil, err
		}
		if p != nil && p.State() == goja.PromiseStateRejected {
			l.handled(p)
			return nil, vm.reason(p.Result())
		}
		if err := vm.unhandled(p); err != nil {
			return nil, err
		}
		settled := p == nil || p.State() == goja.PromiseStateFulfilled
		if settled && (nested || l.quiescent()) {
			if !nested {
				l.dropTimers()
			}
			if p != nil {
				return p.Result(), nil
			}
			return v, nil
		}
		ran, err := vm.turn(l)
		if err != nil {
			return nil, err
		}
		if ran {
			continue
		}
		next, ok := l.nextDue()
		if !ok && l.works == 0 && len(l.timers) == 0 && !l.hasPosted() {
			if nested && vm.hasJobs() {
				continue
			}
			return nil, neverSettles("the function returned")
		}
		if err := vm.wait(l, next, ok); err != nil {
			return nil, err
		}
	}
}

// ErrNeverSettles is the cause of the error of a call whose promise nothing is left to settle.
var ErrNeverSettles = errors.New("a promise that can never settle")

func neverSettles(who string) error {
	e := &Exception{
		Name:    "Error",
		Message: who + " a promise that can never settle: no timer, request or other work is left that could settle it",
		cause:   ErrNeverSettles,
	}
	e.Stack = e.Error()
	return e
}

// quiescent says whether nothing is left that a call waits for once it has settled.
func (l *loop) quiescent() bool {
	return l.timeouts == 0 && l.works == 0 && !l.hasPosted()
}

func (l *loop) hasPosted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.posted) > 0
}

// turn runs what is due, and says whether there was anything.
func (vm *VM) turn(l *loop) (ran bool, err error) {
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.mu.Unlock()
	for i, job := range posted {
		if err := job(); err != nil {
			l.mu.Lock()
			l.posted = append(posted[i+1:len(posted):len(posted)], l.posted...)
			l.mu.Unlock()
			return true, err
		}
	}
	ran = len(posted) > 0
	immediates := l.immediates
	l.immediates = nil
	for _, t := range immediates {
		if !t.dead {
			ran = true
			if err := vm.fire(l, t); err != nil {
				return true, err
			}
		}
	}
	if len(l.timers) == 0 {
		return ran, nil
	}
	// Timers that these ones start run in the next turn at the earliest.
	now, last := time.Now(), l.lastID
	for len(l.timers) > 0 && !l.timers[0].due.After(now) && l.timers[0].id <= last {
		t := heap.Pop(&l.timers).(*timer)
		ran = true
		if t.repeats {
			t.due = now.Add(t.every)
			heap.Push(&l.timers, t)
		}
		if err := vm.fire(l, t); err != nil {
			return true, err
		}
	}
	return ran, nil
}

// fire runs one timer's function and the jobs that it makes.
func (vm *VM) fire(l *loop, t *timer) error {
	if !t.repeats {
		l.forget(t)
	}
	_, err := t.fn(goja.Undefined(), t.args...)
	if err == nil && vm.depth > 1 {
		vm.drainJobs()
	}
	return err
}

// try runs Go code that may throw JavaScript errors.
func (vm *VM) try(f func()) error {
	if ex := vm.rt.Try(f); ex != nil {
		return ex
	}
	return nil
}

// nextDue is when the next timer is due.
func (l *loop) nextDue() (time.Time, bool) {
	if len(l.immediates) > 0 {
		return time.Time{}, true
	}
	if len(l.timers) == 0 {
		return time.Time{}, false
	}
	return l.timers[0].due, true
}

// wait sleeps until there is something to do.
func (vm *VM) wait(l *loop, next time.Time, timed bool) error {
	var alarm <-chan time.Time
	if timed {
		d := time.Until(next)
		if d <= 0 {
			return nil
		}
		t := time.NewTimer(d)
		defer t.Stop()
		alarm = t.C
	}
	// An interrupt pokes the loop, so that no context is needed here.
	select {
	case <-l.wake:
	case <-alarm:
	}
	if vm.state.Load() == interrupted {
		return vm.interruptCause()
	}
	return nil
}

func (vm *VM) interruptCause() error {
	vm.mu.Lock()
	defer vm.mu.Unlock()
	return vm.cause
}

// dropTimers ends all that is not waited for.
func (l *loop) dropTimers() {
	if len(l.byID) == 0 {
		return
	}
	for _, t := range l.byID {
		t.dead = true
	}
	l.timers, l.immediates, l.timeouts = nil, nil, 0
	clear(l.byID)
}

// dropLoop ends everything that a failed call left behind.
func (vm *VM) dropLoop(cause error) {
	l := vm.loop.Load()
	if l == nil {
		return
	}
	l.dropTimers()
	l.age++
	l.rejected, l.err = nil, nil
	if l.works > 0 {
		l.works = 0
		vm.mu.Lock()
		if vm.cancel != nil {
			vm.cancel(cause)
		}
		vm.ctx, vm.cancel = nil, nil
		vm.mu.Unlock()
	}
	*vm.jobs() = nil
}

// trackRejection notes promises that were rejected before anybody handled them.
func (vm *VM) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	l := vm.eventLoop()
	if op == goja.PromiseRejectionReject {
		l.rejected = append(l.rejected, rejection{p, vm.depth})
		return
	}
	l.handled(p)
}

func (l *loop) handled(p *goja.Promise) {
	for i, r := range l.rejected {
		if r.promise == p {
			l.rejected = append(l.rejected[:i], l.rejected[i+1:]...)
			return
		}
	}
}

// unhandled is the error of the first rejected promise that nobody handles; own is the call's.
func (vm *VM) unhandled(own *goja.Promise) error {
	l := vm.loop.Load()
	for i, r := range l.rejected {
		if r.promise != own && r.depth >= vm.depth {
			l.rejected = append(l.rejected[:i], l.rejected[i+1:]...)
			return vm.reason(r.promise.Result())
		}
	}
	return nil
}

// jobsField is where goja keeps its queue of promise jobs. It runs them only when the outermost call
// returns, and has no way to ask for it earlier: a native that must wait for a promise needs that.
var jobsField = func() uintptr {
	f, ok := reflect.TypeFor[goja.Runtime]().FieldByName("jobQueue")
	if !ok || f.Type != reflect.TypeFor[[]func()]() {
		panic(fmt.Sprintf("goja's queue of jobs is not where it was: %v", f))
	}
	return f.Offset
}()

func (vm *VM) jobs() *[]func() {
	return (*[]func())(unsafe.Add(unsafe.Pointer(vm.rt), jobsField))
}

func (vm *VM) hasJobs() bool { return len(*vm.jobs()) > 0 }

// drainJobs runs the promise jobs that are waiting, and those that they make.
func (vm *VM) drainJobs() {
	queue := vm.jobs()
	for len(*queue) > 0 {
		jobs := *queue
		*queue = nil
		for _, job := range jobs {
			job()
		}
	}
}
