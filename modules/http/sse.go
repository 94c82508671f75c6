package http

import (
	"context"
	"strings"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
	"runner/modules/http/client"
)

// The metrics of event streams. Times are measured when an event arrives, whatever the script does
// with it.
var (
	SSEEvents          = &metrics.Metric{Name: "sse.events", Kind: metrics.Counter, Unit: "events"}
	SSEFirstEvent      = &metrics.Metric{Name: "sse.time_to_first_event", Kind: metrics.Trend, Unit: "ms"}
	SSEGap             = &metrics.Metric{Name: "sse.event_gap", Kind: metrics.Trend, Unit: "ms"}
	SSETokens          = &metrics.Metric{Name: "sse.tokens", Kind: metrics.Counter, Unit: "tokens"}
	SSETokensPerSecond = &metrics.Metric{Name: "sse.tokens_per_second", Kind: metrics.Trend, Unit: "tokens/s"}
)

// stream is one request whose answer is a stream of events.
type stream struct {
	r       *response
	onEvent goja.Callable
	tokens  goja.Callable
	events  chan arrived
	cancel  context.CancelFunc
	start   time.Time

	// Of the VM's goroutine.
	count       int
	last, first time.Time
	tokenCount  float64
	ended       bool
	object      goja.Value // the answer, once the stream has ended
	samples     []sseSample
}

type sseSample struct {
	metric *metrics.Metric
	value  float64
}

// arrived is an event and when it came.
type arrived struct {
	client.Event
	at time.Time
}

// streamBuffer is how many events may wait for the script before the server has to.
const streamBuffer = 256

// newStream decodes http.sse(url, { method, onEvent, tokens, … and the options of any call }).
func (s *state) newStream(fn string, c goja.FunctionCall) *stream {
	st := &stream{events: make(chan arrived, streamBuffer)}
	method := "GET"
	var rest goja.Value = goja.Undefined()
	if o, ok := c.Argument(1).(*goja.Object); ok {
		plain := s.vm.Runtime().NewObject()
		for _, key := range o.Keys() {
			v := o.Get(key)
			switch key {
			case "method":
				if !goja.IsString(v) {
					s.throw(fn, "method must be a string, not %s", brief(v))
				}
				method = v.String()
			case "onEvent", "tokens":
				f, ok := goja.AssertFunction(v)
				if !ok && !goja.IsUndefined(v) {
					s.throw(fn, "%s must be a function, not %s", key, brief(v))
				}
				if key == "onEvent" {
					st.onEvent = f
				} else {
					st.tokens = f
				}
			default:
				plain.Set(key, v)
			}
		}
		rest = plain
	} else if !goja.IsUndefined(c.Argument(1)) {
		rest = c.Argument(1)
	}
	p := s.plan(fn, method, c.Argument(0), rest)
	if !hasField(p.req.Header, "accept") {
		// A plan without options is shared with http.get: this one gets its own.
		req, err := p.req.With(client.Field{Name: "Accept", Value: "text/event-stream"})
		if err != nil {
			s.throw(fn, "%s", err)
		}
		own := *p
		own.req, own.last = req, nil
		p = &own
	}
	st.r = &response{s: s, plan: p}
	return st
}

func hasField(fields []client.Field, lower string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, lower) {
			return true
		}
	}
	return false
}

// run sends the request and hands each event on as it arrives. It returns when the stream has ended.
func (st *stream) run(ctx context.Context, cl *client.Client, event func(arrived)) {
	var p client.EventParser
	cl.Stream(ctx, st.r.plan.req, &st.r.Response, func(r *client.Response) func([]byte) *client.Error {
		if r.Status != 200 || !isEventStream(r) {
			return nil // an answer like any other
		}
		return func(b []byte) *client.Error {
			at := time.Now()
			return p.Write(b, func(e client.Event) bool {
				event(arrived{e, at})
				return ctx.Err() == nil
			})
		}
	})
}

func isEventStream(r *client.Response) bool {
	for _, v := range r.Header("content-type") {
		kind, _, _ := strings.Cut(v, ";")
		if strings.EqualFold(strings.TrimSpace(kind), "text/event-stream") {
			return true
		}
	}
	return false
}

// open starts the stream beside the VM's goroutine.
func (st *stream) open(s *state, fn string) {
	cl := s.ready(fn)
	ctx, cancel := context.WithCancel(s.vm.Context())
	st.cancel, st.start = cancel, time.Now()
	go func() {
		defer close(st.events)
		st.run(ctx, cl, func(a arrived) {
			select {
			case st.events <- a:
			case <-ctx.Done():
			}
		})
	}()
}

// note counts an event; the VM's goroutine calls it.
func (st *stream) note(s *state, a arrived, e *goja.Object) {
	st.count++
	if st.count == 1 {
		st.first = a.at
		st.samples = append(st.samples, sseSample{SSEFirstEvent, ms(a.at.Sub(st.start))})
	} else {
		st.samples = append(st.samples, sseSample{SSEGap, ms(a.at.Sub(st.last))})
	}
	st.last = a.at
	st.samples = append(st.samples, sseSample{SSEEvents, 1})
	if st.tokens != nil {
		v, err := st.tokens(goja.Undefined(), e)
		if err != nil {
			panic(err)
		}
		n := v.ToFloat()
		if n != n || n < 0 {
			s.vm.Throw(js.RangeErrorf("http.sse: tokens must return how many tokens an event has, not %s", brief(v)))
		}
		st.tokenCount += n
		if n > 0 {
			st.samples = append(st.samples, sseSample{SSETokens, n})
		}
	}
}

// eventObject is an event as a script sees it.
func (st *stream) eventObject(s *state, a arrived) *goja.Object {
	o := s.vm.Runtime().NewObject()
	o.Set("event", a.Name)
	o.Set("data", a.Data)
	o.Set("id", a.ID)
	o.Set("at", ms(a.at.Sub(st.start)))
	return o
}

// finish counts the stream when it has ended, and makes the answer of it.
func (st *stream) finish(s *state, stopped bool) goja.Value {
	if st.ended {
		return st.object
	}
	st.ended = true
	st.cancel()
	for range st.events { // until the sender has gone
	}
	if stopped && st.r.Err != nil && st.r.Err.Kind == client.KindCanceled && s.vm.Context().Err() == nil {
		st.r.Err = nil // the script had enough
	}
	s.record(st.r)
	if seconds := st.last.Sub(st.first).Seconds(); st.tokenCount > 0 && seconds > 0 {
		st.samples = append(st.samples, sseSample{SSETokensPerSecond, st.tokenCount / seconds})
	}
	if rec := s.vm.Env().Recorder; rec != nil && st.r.plan.last != nil {
		for _, sample := range st.samples {
			rec.Add(rec.Series(sample.metric, st.r.plan.last.tags...), sample.value)
		}
	}
	o := s.wrap(st.r)
	o.Set("events", st.count)
	st.object = o
	return o
}

// next waits for an event; false when there are no more.
func (st *stream) next(s *state) (*goja.Object, bool) {
	a, ok := <-st.events
	if !ok {
		return nil, false
	}
	e := st.eventObject(s, a)
	st.note(s, a, e)
	return e, true
}

// sse is http.sse. With onEvent it returns the answer when the stream has ended or onEvent has returned
// false; without, something to iterate over.
func (s *state) sse(c goja.FunctionCall) goja.Value {
	const fn = "http.sse"
	st := s.newStream(fn, c)
	st.open(s, fn)
	if st.onEvent == nil {
		return s.iterable(st)
	}
	defer func() { st.finish(s, true) }() // also when onEvent throws
	stopped := false
	for !stopped {
		e, ok := st.next(s)
		if !ok {
			break
		}
		v, err := s.vm.Call(st.onEvent, e)
		if err != nil {
			s.vm.Throw(err)
		}
		stopped = v.StrictEquals(s.vm.Runtime().ToValue(false))
	}
	return s.done(st, stopped)
}

// done is finish for a call that throws if it is to.
func (s *state) done(st *stream, stopped bool) goja.Value {
	v := st.finish(s, stopped)
	if err := st.r.thrown(); err != nil {
		panic(s.errorObject(err, v))
	}
	return v
}

// iterable is what for…of goes over. Its property response is the answer once the stream has ended.
func (s *state) iterable(st *stream) goja.Value {
	rt := s.vm.Runtime()
	s.vm.OnClose(func() {
		st.cancel()
		for range st.events {
		}
	})
	result := func(v goja.Value, done bool) goja.Value {
		o := rt.NewObject()
		o.Set("value", v)
		o.Set("done", done)
		return o
	}
	o := rt.NewObject()
	o.Set("next", s.vm.Func("next", func(goja.FunctionCall) goja.Value {
		if !st.ended {
			if e, ok := st.next(s); ok {
				return result(e, false)
			}
			s.done(st, false)
		}
		return result(goja.Undefined(), true)
	}))
	end := func(goja.FunctionCall) goja.Value {
		st.finish(s, true)
		return result(goja.Undefined(), true)
	}
	o.Set("return", s.vm.Func("return", end))
	o.Set("close", s.vm.Func("close", end))
	o.SetSymbol(goja.SymIterator, s.vm.Func("[Symbol.iterator]", func(goja.FunctionCall) goja.Value { return o }))
	o.DefineAccessorProperty("response", s.vm.Func("response", func(goja.FunctionCall) goja.Value {
		if !st.ended {
			return goja.Null()
		}
		return st.object
	}), nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
	return o
}

// asyncSSE is http.async.sse: onEvent runs on the user's event loop, the promise is settled with the
// answer.
func (s *state) asyncSSE(c goja.FunctionCall) goja.Value {
	const fn = "http.async.sse"
	rt := s.vm.Runtime()
	var st *stream
	if ex := rt.Try(func() {
		st = s.newStream(fn, c)
		if st.onEvent == nil {
			s.throw(fn, "onEvent is missing")
		}
		s.ready(fn)
	}); ex != nil {
		promise, _, reject := rt.NewPromise()
		reject(ex.Value())
		return rt.ToValue(promise)
	}
	st.start = time.Now()
	return s.vm.Promise(func(ctx context.Context) func() (goja.Value, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		st.cancel = cancel
		stopped := false // on the VM's goroutine
		var failed error
		st.run(ctx, s.client, func(a arrived) {
			s.vm.Post(func() error {
				if stopped || failed != nil {
					return nil
				}
				ex := rt.Try(func() {
					e := st.eventObject(s, a)
					st.note(s, a, e)
					v, err := st.onEvent(goja.Undefined(), e)
					if err != nil {
						panic(err)
					}
					stopped = v.StrictEquals(rt.ToValue(false))
				})
				if ex != nil {
					failed = ex
				}
				if stopped || failed != nil {
					cancel()
				}
				return nil
			})
		})
		close(st.events)
		return func() (goja.Value, error) {
			v := st.finish(s, stopped || failed != nil)
			if failed != nil {
				return nil, failed
			}
			if err := st.r.thrown(); err != nil {
				return nil, rt.Try(func() { panic(s.errorObject(err, v)) })
			}
			return v, nil
		}
	})
}
