package http

import (
	"context"
	"strconv"
	"sync"

	"github.com/dop251/goja"
)

// async is a call that returns a promise. An invalid call rejects it, as in any async function.
func (s *state) async(fn, method string, c goja.FunctionCall) goja.Value {
	var p *plan
	if ex := s.vm.Runtime().Try(func() { p = s.planOf(fn, method, c); s.ready(fn) }); ex != nil {
		promise, _, reject := s.vm.Runtime().NewPromise()
		reject(ex.Value())
		return s.vm.Runtime().ToValue(promise)
	}
	cl := s.client
	return s.vm.Promise(func(ctx context.Context) func() (goja.Value, error) {
		r := &response{s: s, plan: p}
		cl.Do(ctx, p.req, &r.Response)
		return func() (goja.Value, error) {
			s.record(r)
			v := s.wrap(r)
			if err := r.thrown(); err != nil {
				return nil, s.vm.Runtime().Try(func() { panic(s.errorObject(err, v)) })
			}
			return v, nil
		}
	})
}

// maxParallel is how many requests of a batch run at once unless it says otherwise: what browsers
// allow for one host.
const maxParallel = 6

// batch sends several requests side by side and returns their answers in order. All are sent, also
// when some fail.
func (s *state) batch(c goja.FunctionCall) goja.Value {
	const fn = "http.batch"
	list, ok := c.Argument(0).(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		s.throw(fn, "want an array of URLs and of { method, url, … }, not %s", brief(c.Argument(0)))
	}
	parallel := maxParallel
	if o, err := s.vm.Options(c.Argument(1), fn); err != nil {
		s.vm.Throw(err)
	} else {
		parallel = int(o.Int("parallel", maxParallel, 1, 1000))
		if err := o.Done(); err != nil {
			s.vm.Throw(err)
		}
	}
	n := int(list.Get("length").ToInteger())
	answers := make([]*response, n)
	for i := range answers {
		answers[i] = &response{s: s, plan: s.batchItem(fn+": ["+strconv.Itoa(i)+"]", list.Get(strconv.Itoa(i)))}
	}
	cl := s.ready(fn)
	ctx := s.vm.Context()
	if !s.pooled {
		cl.Watch(ctx)
	}
	var wg sync.WaitGroup
	next := make(chan *response, n)
	for _, r := range answers {
		next <- r
	}
	close(next)
	for range min(parallel, n) {
		wg.Go(func() {
			for r := range next {
				cl.Do(ctx, r.plan.req, &r.Response)
			}
		})
	}
	wg.Wait()
	values := make([]any, n)
	var thrown goja.Value
	for i, r := range answers {
		s.record(r)
		v := s.wrap(r)
		values[i] = v
		if err := r.thrown(); err != nil && thrown == nil {
			thrown = s.errorObject(err, v)
		}
	}
	if thrown != nil {
		panic(thrown)
	}
	return s.vm.Runtime().NewArray(values...)
}

// batchItem is one entry of a batch: a URL, or an object of method, url and the options of a call.
func (s *state) batchItem(fn string, v goja.Value) *plan {
	o, ok := v.(*goja.Object)
	if !ok {
		return s.plan(fn, "GET", v, nil)
	}
	if href := o.Get("href"); href != nil && goja.IsString(href) && o.Get("url") == nil {
		if namedURLOf(v) != nil {
			href = v
		}
		return s.plan(fn, "GET", href, nil)
	}
	method := "GET"
	rest := s.vm.Runtime().NewObject()
	for _, key := range o.Keys() {
		switch key {
		case "url":
		case "method":
			m := o.Get(key)
			if !goja.IsString(m) {
				s.throw(fn, "the method must be a string, not %s", brief(m))
			}
			method = m.String()
		default:
			rest.Set(key, o.Get(key))
		}
	}
	return s.plan(fn, method, orUndefined(o.Get("url")), rest)
}

func orUndefined(v goja.Value) goja.Value {
	if v == nil {
		return goja.Undefined()
	}
	return v
}
