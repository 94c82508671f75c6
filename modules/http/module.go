// Package http is the script module runner/http: what a script calls, how it sees the answer, and
// what is counted of it. The client itself is in package client, which knows no JavaScript.
package http

import (
	_ "embed"
	"sync"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
	"runner/modules/http/client"
)

//go:embed http.d.ts
var types string

// Module is runner/http, also imported as "http".
func Module() *js.Module {
	return &js.Module{Name: "http", Bare: true, Types: types, New: func(vm *js.VM) *goja.Object {
		return newState(vm).exports()
	}}
}

// state is the module in one VM: one user, and so one client.
type state struct {
	vm       *js.VM
	settings *Settings
	client   *client.Client // made by the first request
	plans    map[planKey]*plan
	series   map[seriesKey]*series
	samples  []metrics.Sample
	protos   *protos
	pooled   bool // http.shared(): the connections are those of all users
	shared   goja.Value
}

func newState(vm *js.VM) *state {
	s := &state{vm: vm, settings: defaults}
	if set, ok := vm.Env().Settings[Section].(*Settings); ok && set != nil {
		s.settings = set
	}
	return s
}

// methods are the functions that send one request, with the HTTP method of each.
var methods = map[string]string{
	"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "del": "DELETE", "head": "HEAD", "options": "OPTIONS",
}

var sendNames = []string{"get", "post", "put", "patch", "del", "head", "options", "request"}

func (s *state) exports() *goja.Object {
	names := append(append([]string{}, sendNames...), "batch", "async", "file", "sse", "url")
	if !s.pooled {
		names = append(names, "shared")
	}
	return s.vm.LazyObject(names, func(name string) goja.Value {
		switch name {
		case "batch":
			return s.vm.Func("batch", s.batch)
		case "shared":
			return s.vm.Func("shared", s.sharedObject)
		case "file":
			return s.vm.Func("file", s.fileObject)
		case "sse":
			return s.vm.Func("sse", s.sse)
		case "url":
			return s.vm.Func("url", s.url)
		case "async":
			return s.vm.LazyObject(append(append([]string{}, sendNames...), "sse"), func(name string) goja.Value {
				if name == "sse" {
					return s.vm.Func("sse", s.asyncSSE)
				}
				return s.sendFunc(name, true)
			})
		}
		return s.sendFunc(name, false)
	})
}

// sendFunc is http.<name>, or http.async.<name>.
func (s *state) sendFunc(name string, async bool) goja.Value {
	fn, method := "http."+name, methods[name]
	if async {
		fn = "http.async." + name
	}
	send := s.sync
	if async {
		send = s.async
	}
	return s.vm.Func(name, func(c goja.FunctionCall) goja.Value {
		if name == "request" {
			return send(fn, "", c)
		}
		return send(fn, method, c)
	})
}

// planOf decodes the arguments of a call; without a method it is the first of them.
func (s *state) planOf(fn, method string, c goja.FunctionCall) *plan {
	if method == "" {
		m, ok := c.Argument(0).(goja.String)
		if !ok {
			s.throw(fn, "the method must be a string, as in \"PROPFIND\", not %s", brief(c.Argument(0)))
		}
		c.Arguments = c.Arguments[1:]
		method = m.String()
	}
	if len(c.Arguments) > 2 {
		s.throw(fn, "there are %d arguments; the body goes into the options, as in { json: {…} }", len(c.Arguments))
	}
	return s.plan(fn, method, c.Argument(0), c.Argument(1))
}

// ready makes the client when the first request is sent, and has it end with the VM.
func (s *state) ready(fn string) *client.Client {
	if s.client == nil {
		if s.vm.Env().Side == js.SideInspect {
			s.throw(fn, "nothing is sent while a script is only looked at; call it in init, start or a load model")
		}
		if s.pooled {
			s.client = s.settings.pool.take(s.settings.Config)
			s.vm.OnClose(s.settings.pool.give)
			return s.client
		}
		s.client = client.New(s.settings.Config)
		if s.settings.Cookies != "off" {
			s.client.SetJar(client.NewJar())
		}
		s.vm.OnClose(s.client.Close)
		if s.settings.Cookies == "iteration" || s.settings.NewConnection == "iteration" {
			s.vm.OnIterationStart(func() {
				if s.settings.Cookies == "iteration" {
					s.client.SetJar(client.NewJar())
				}
				if s.settings.NewConnection == "iteration" {
					s.client.CloseIdle()
				}
			})
		}
	}
	return s.client
}

func (s *state) sync(fn, method string, c goja.FunctionCall) goja.Value {
	p := s.planOf(fn, method, c)
	cl := s.ready(fn)
	ctx := s.vm.Context()
	if !s.pooled {
		cl.Watch(ctx)
	}
	r := &response{s: s, plan: p}
	cl.Do(ctx, p.req, &r.Response)
	return s.finish(r)
}

// finish counts an answer and gives it to the script, as an object or as an error.
func (s *state) finish(r *response) goja.Value {
	s.record(r)
	v := s.wrap(r)
	if err := r.thrown(); err != nil {
		panic(s.errorObject(err, v))
	}
	return v
}

// sharedObject is http.shared(): the same functions over connections that all users of the scenario on
// this node have in common, without cookies.
func (s *state) sharedObject(goja.FunctionCall) goja.Value {
	if s.shared == nil {
		settings := *s.settings
		settings.Cookies, settings.NewConnection = "off", ""
		s.shared = (&state{vm: s.vm, settings: &settings, pooled: true}).exports()
	}
	return s.shared
}

// pool is the client of http.shared(). It ends with its last user.
type pool struct {
	mu     sync.Mutex
	client *client.Client
	users  int
}

func (p *pool) take(cfg *client.Config) *client.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		p.client = client.New(cfg)
	}
	p.users++
	return p.client
}

func (p *pool) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 {
		p.client.Close()
		p.client = nil
	}
}
