package js

import (
	"container/heap"
	"math"
	"time"

	"github.com/dop251/goja"
)

// maxDelay is the longest delay of a timer, as in browsers and Node: what is longer is 1 ms there. Here it
// is an error, since a load test that does at once what it should do in a month is of no use.
const maxDelay = math.MaxInt32 * time.Millisecond

func (vm *VM) setTimeout(call goja.FunctionCall) goja.Value {
	return vm.startTimer(call, "setTimeout", false)
}

func (vm *VM) setInterval(call goja.FunctionCall) goja.Value {
	return vm.startTimer(call, "setInterval", true)
}

func (vm *VM) timerFunc(call goja.FunctionCall, name string) goja.Callable {
	fn, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		vm.Throw(TypeErrorf("%s takes a function, not %s", name, inspectShort(call.Argument(0))))
	}
	return fn
}

// timerArgs are the arguments that a timer hands on.
func timerArgs(call goja.FunctionCall, from int) []goja.Value {
	if len(call.Arguments) <= from {
		return nil
	}
	// The slice is goja's own stack.
	return append([]goja.Value(nil), call.Arguments[from:]...)
}

func (vm *VM) startTimer(call goja.FunctionCall, name string, repeats bool) goja.Value {
	t := &timer{fn: vm.timerFunc(call, name), repeats: repeats, args: timerArgs(call, 2)}
	ms := call.Argument(1).ToFloat()
	if math.IsNaN(ms) || ms < 0 {
		ms = 0
	}
	if ms > float64(maxDelay/time.Millisecond) {
		vm.Throw(RangeErrorf("%s takes a delay of at most %d ms, not %s", name, int64(maxDelay/time.Millisecond), call.Argument(1)))
	}
	delay := time.Duration(ms * float64(time.Millisecond))
	if repeats {
		// An interval of nothing would leave no time for anything else.
		delay = max(delay, time.Millisecond)
		t.every = delay
	}
	l := vm.eventLoop()
	l.addTimer(t, delay)
	return vm.rt.ToValue(t.id)
}

// startQuietTimer starts a timer that keeps no call waiting.
func (vm *VM) startQuietTimer(call goja.FunctionCall) {
	ms := call.Argument(1).ToFloat()
	if !(ms >= 0) {
		vm.Throw(RangeErrorf("AbortSignal.timeout takes milliseconds of at least 0, not %s", inspectShort(call.Argument(1))))
	}
	t := &timer{fn: vm.timerFunc(call, "AbortSignal.timeout"), quiet: true}
	vm.eventLoop().addTimer(t, time.Duration(min(ms, float64(maxDelay/time.Millisecond))*float64(time.Millisecond)))
}

func (vm *VM) setImmediate(call goja.FunctionCall) goja.Value {
	t := &timer{fn: vm.timerFunc(call, "setImmediate"), args: timerArgs(call, 1)}
	vm.eventLoop().addImmediate(t)
	return vm.rt.ToValue(t.id)
}

func (vm *VM) clearTimer(call goja.FunctionCall) goja.Value {
	l := vm.loop.Load()
	if id := call.Argument(0); l != nil && goja.IsNumber(id) {
		l.clear(id.ToInteger())
	}
	return goja.Undefined()
}

// queueMicrotask has a function run as a promise's reaction is. An error in it is that of a promise
// which nobody handles, and so fails the call.
func (vm *VM) queueMicrotask(call goja.FunctionCall) goja.Value {
	fn, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		vm.Throw(TypeErrorf("queueMicrotask takes a function, not %s", inspectShort(call.Argument(0))))
	}
	vm.enqueue(func() {
		if _, err := fn(goja.Undefined()); err != nil {
			vm.fail(err)
		}
	})
	return goja.Undefined()
}

// enqueue puts a job into goja's own queue. It runs with the promises' reactions, in order.
func (vm *VM) enqueue(job func()) {
	queue := vm.jobs()
	*queue = append(*queue, job)
}

// fail makes the call that runs now fail with an error that came out of a job.
func (vm *VM) fail(err error) {
	switch err.(type) {
	case *goja.InterruptedError, *goja.StackOverflowError:
		panic(err)
	}
	if l := vm.eventLoop(); l.err == nil {
		l.err = err
	}
}

// addTimer starts a timer.
func (l *loop) addTimer(t *timer, delay time.Duration) {
	l.lastID++
	t.id = l.lastID
	if l.byID == nil {
		l.byID = map[int64]*timer{}
	}
	l.byID[t.id] = t
	t.due = time.Now().Add(delay)
	if !t.repeats && !t.quiet {
		l.timeouts++
	}
	heap.Push(&l.timers, t)
}

// addImmediate starts what runs in the next turn.
func (l *loop) addImmediate(t *timer) {
	l.lastID++
	t.id, t.index = l.lastID, -1
	if l.byID == nil {
		l.byID = map[int64]*timer{}
	}
	l.byID[t.id] = t
	l.timeouts++
	l.immediates = append(l.immediates, t)
}

// forget takes a timer out of the books.
func (l *loop) forget(t *timer) {
	if t.dead {
		return
	}
	t.dead = true
	delete(l.byID, t.id)
	if !t.repeats && !t.quiet {
		l.timeouts--
	}
}

// clear ends a timer before it is due.
func (l *loop) clear(id int64) {
	t := l.byID[id]
	if t == nil {
		return
	}
	l.forget(t)
	if t.index >= 0 && t.index < len(l.timers) && l.timers[t.index] == t {
		heap.Remove(&l.timers, t.index)
	}
}

// timers is a heap by due time, then by age.
type timers []*timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if t[i].due.Equal(t[j].due) {
		return t[i].id < t[j].id
	}
	return t[i].due.Before(t[j].due)
}
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}
func (t *timers) Push(x any) {
	x.(*timer).index = len(*t)
	*t = append(*t, x.(*timer))
}
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = nil
	last.index = -1
	*t = old[:len(old)-1]
	return last
}
