package commands

import (
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
	"runner/value"
)

func (c *commands) userID() goja.Value { return c.value(c.user().UserID()) }

func (c *commands) isUp(goja.FunctionCall) goja.Value { return c.value(c.user().IsUp()) }

// slice is how long a wait of the user's lasts before it looks whether the VM was interrupted, of which
// the user's own waits do not know: an iteration that has passed its limit may be in one.
const slice = time.Second

// betweenIterations throws for a command of the user loop that is called within an iteration: work that
// it took, or an iteration that it ran, would be counted twice or not at all.
func (c *commands) betweenIterations(name string) {
	if c.vm.InIteration() {
		c.vm.Throw(fmt.Errorf("%s belongs to the user loop: an iteration cannot call it", name))
	}
}

func (c *commands) hasWork(call goja.FunctionCall) goja.Value {
	c.betweenIterations("hasWork")
	o, err := c.vm.Options(call.Argument(0), "the options of hasWork")
	c.must(err)
	left := c.milliseconds(o, "timeoutMs", 1000)
	c.must(o.Done())
	u := c.user()
	for {
		wait := min(left, slice)
		var got bool
		c.serving(func() { got = u.HasWork(wait) })
		left -= wait
		if got || left <= 0 || !u.IsUp() || c.vm.Context().Err() != nil {
			return c.value(got)
		}
	}
}

func (c *commands) userSleep(u loadmodels.UserCommands, left time.Duration) bool {
	for {
		wait := min(left, slice)
		var slept bool
		c.serving(func() { slept = u.Sleep(wait) })
		left -= wait
		if !slept || left <= 0 || c.vm.Context().Err() != nil {
			return slept
		}
	}
}

// run runs start with the arguments after the id and the state. What it gives is never thrown.
func (c *commands) run(call goja.FunctionCall) goja.Value {
	var args []value.Value
	for _, a := range call.Arguments {
		args = append(args, a)
	}
	c.betweenIterations("run")
	u := c.user()
	c.serving(func() { c.last = u.Run(args) })
	return newResult(c.vm, c.last)
}

// reportResult takes what run gave, or something made after it, or an output and so on.
func (c *commands) reportResult(call goja.FunctionCall) goja.Value {
	c.betweenIterations("reportResult")
	r := &loadmodels.Result{Output: value.Undefined}
	if last := c.last; last != nil {
		r.Duration, r.Logs = last.Duration, last.Logs
	}
	c.last = nil
	output, exception, logs, duration := call.Argument(0), call.Argument(1), call.Argument(2), call.Argument(3)
	if o, ok := output.(*goja.Object); ok && len(call.Arguments) == 1 {
		if own, ok := o.Export().(*result); ok {
			c.user().Report(own.r)
			return goja.Undefined()
		}
		if looksLikeResult(o) {
			output, exception, logs, duration = o.Get("output"), o.Get("exception"), o.Get("logs"), o.Get("duration")
		}
	}
	var err error
	r.Output, err = c.vm.Take(orUndefined(output), "output")
	c.must(err)
	r.Exception, err = exceptionFromJS(c.vm, exception)
	c.must(err)
	if r.Exception != nil {
		r.Status = loadmodels.Failed
	}
	if present(logs) {
		r.Logs = logs.String()
	}
	if present(duration) {
		r.Duration, err = durationFromJS(duration, "reportResult: the duration")
		c.must(err)
	}
	c.user().Report(r)
	return goja.Undefined()
}

func (c *commands) getEvents(call goja.FunctionCall) goja.Value {
	kind := c.text(call.Argument(0), "getEvents: the kind of event")
	events := c.user().Events(kind)
	items := make([]any, len(events))
	for i, e := range events {
		items[i] = c.vm.Give(e)
	}
	return c.vm.Runtime().NewArray(items...)
}

func (c *commands) onEvent(call goja.FunctionCall) goja.Value {
	kind := c.text(call.Argument(0), "onEvent: the kind of event")
	fn, ok := goja.AssertFunction(call.Argument(1))
	if !ok {
		c.vm.Throw(js.TypeErrorf("onEvent: the handler must be a function, not %s", call.Argument(1)))
	}
	c.serving(func() {
		c.user().OnEvent(kind, func(payload value.Value) {
			if _, err := c.vm.Call(fn, c.vm.Give(payload)); err != nil {
				panic(&handlerError{err})
			}
		})
	})
	return goja.Undefined()
}

// handlerError is what a handler of events threw. It goes up as a panic, since whoever serves events
// expects no errors: through a native here it becomes an exception of the user loop, through a loop in
// Go the user's death with that error.
type handlerError struct{ err error }

func (e *handlerError) Error() string { return "in a handler of events: " + e.err.Error() }

// Unwrap also gives the error as results know it, with its place.
func (e *handlerError) Unwrap() []error {
	var ex *js.Exception
	if !errors.As(e.err, &ex) {
		return []error{e.err}
	}
	return []error{e.err, &loadmodels.Exception{Name: ex.Name, Message: ex.Message, Stack: ex.Stack, Place: ex.Place()}}
}

// serving calls something that may serve events, and throws what a handler threw.
func (c *commands) serving(do func()) {
	var failed *handlerError
	func() {
		defer func() {
			if r := recover(); r != nil {
				h, ok := r.(*handlerError)
				if !ok {
					panic(r)
				}
				failed = h
			}
		}()
		do()
	}()
	if failed != nil {
		c.vm.Throw(failed.err)
	}
}

func present(v goja.Value) bool { return v != nil && !goja.IsUndefined(v) && !goja.IsNull(v) }

func orUndefined(v goja.Value) goja.Value {
	if v == nil {
		return goja.Undefined()
	}
	return v
}
