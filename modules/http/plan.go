package http

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
	"runner/modules/http/client"
)

// responseType says what of a body is kept and what r.body is.
type responseType uint8

const (
	textBody responseType = iota
	binaryBody
	noBody
)

func typeOf(word string) responseType {
	switch word {
	case "binary":
		return binaryBody
	case "none":
		return noBody
	}
	return textBody
}

// plan is a call of http.get and so on, decoded: what to send and how to see the answer. A plan of a
// call without options is kept and used again for the same URL.
type plan struct {
	req    *client.Request
	method string
	name   string // in metrics
	tags   []metrics.Tag
	tagKey string
	kind   responseType
	throws bool
	expect *statuses

	last       *series
	lastStatus int16
	lastKind   string
	lastGroup  string
}

// maxPlans is how many plans one user keeps. A script that puts an id into every URL gains nothing
// from more.
const maxPlans = 64

type planKey struct{ method, url string }

// plan decodes a call. It panics with a JavaScript error when the call is invalid.
func (s *state) plan(fn, method string, urlArg, options goja.Value) *plan {
	url, ok := urlArg.(goja.String)
	text, name := "", ""
	if ok {
		text = url.String()
	} else if named := namedURLOf(urlArg); named != nil {
		text, name = named.url, named.name
	} else {
		text = s.urlText(fn, urlArg)
	}
	if (options == nil || goja.IsUndefined(options)) && name != "" {
		return s.newPlan(fn, method, text, name, nil) // its URL is another each time
	}
	if options == nil || goja.IsUndefined(options) {
		key := planKey{method, text}
		if p := s.plans[key]; p != nil {
			return p
		}
		p := s.newPlan(fn, method, text, "", nil)
		if s.plans == nil {
			s.plans = map[planKey]*plan{}
		}
		if len(s.plans) >= maxPlans {
			clear(s.plans)
		}
		s.plans[key] = p
		return p
	}
	o, ok := options.(*goja.Object)
	if ok {
		if _, isFunc := goja.AssertFunction(o); isFunc || o.ClassName() != "Object" {
			ok = false
		}
	}
	if !ok {
		s.throw(fn, "the options must be an object, as in { headers: {…}, json: {…} }, not %s", brief(options))
	}
	return s.newPlan(fn, method, text, name, o)
}

// urlText accepts a URL object too.
func (s *state) urlText(fn string, v goja.Value) string {
	if o, ok := v.(*goja.Object); ok {
		if href := o.Get("href"); href != nil && goja.IsString(href) {
			return href.String()
		}
	}
	s.throw(fn, "the URL must be a string, as in \"http://127.0.0.1:8080/users\", not %s", brief(v))
	return ""
}

func (s *state) throw(fn, format string, args ...any) {
	s.vm.Throw(js.TypeErrorf("%s: %s", fn, fmt.Sprintf(format, args...)))
}

// brief shows a value in an error.
func brief(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsString(v):
		if text := v.String(); len(text) > 60 {
			return strconv.Quote(text[:60]) + "…"
		} else {
			return strconv.Quote(text)
		}
	}
	if o, ok := v.(*goja.Object); ok {
		if _, isFunc := goja.AssertFunction(o); isFunc {
			return "a function"
		}
		switch name := o.ClassName(); name {
		case "Array":
			return "an array"
		case "Object":
			return "an object"
		default:
			return "a value of class " + name
		}
	}
	return v.String()
}

// call is the state of decoding one call's options.
type call struct {
	s       *state
	fn      string
	p       *plan
	query   string
	payload string // the option that gave the body
	codings string // Accept-Encoding
}

// newPlan decodes one call. name is what it is called in the figures if its tags do not say; empty: its URL.
func (s *state) newPlan(fn, method, url, name string, options *goja.Object) *plan {
	set := s.settings
	p := &plan{
		method: method, tags: set.Tags, kind: set.Type, throws: set.Throws, expect: set.Expect,
		req: &client.Request{
			Method: method, Header: set.Header, Drop: set.Drop, Auth: set.Auth, MaxRedirects: set.Redirects,
			Discard: set.Discard, Socket: set.Socket, Route: set.route(), Version: set.Version, NoJar: set.Cookies == "off", Fresh: set.NewConnection == "request",
		},
	}
	if set.Discard {
		p.kind = noBody
	}
	c := &call{s: s, fn: fn, p: p, codings: set.Compression}
	if options != nil {
		for _, key := range options.Keys() {
			v := options.Get(key)
			read := callOptions[key]
			if read == nil {
				s.throw(fn, "%s", unknown(key, callOptions))
			}
			if v != nil && !goja.IsUndefined(v) {
				read(c, key, v)
			}
		}
	}
	if c.codings != "" {
		c.askFor(c.codings)
	}
	target, err := s.target(url)
	if err != nil {
		s.throw(fn, "%s", err)
	}
	p.req.Target = target.WithQuery(c.query)
	if p.name == "" {
		p.name = name
	}
	if p.name == "" {
		p.name = target.Name()
	}
	p.req.Discard = p.kind == noBody
	if err := p.req.Prepare(); err != nil {
		s.throw(fn, "%s", err)
	}
	if len(p.tags) > 0 {
		var b strings.Builder
		for _, t := range p.tags {
			b.WriteString(t.Key)
			b.WriteByte(0)
			b.WriteString(t.Value)
			b.WriteByte(0)
		}
		p.tagKey = b.String()
	}
	return p
}

// target reads a URL; one that is not absolute is looked at from the base URL.
func (s *state) target(url string) (*client.Target, error) {
	base := s.settings.Base
	if base == nil || strings.Contains(url, "://") {
		t, err := client.ParseTarget(url)
		if err != nil && base == nil && strings.HasPrefix(url, "/") {
			return nil, fmt.Errorf("%w; a path alone needs options.http.baseURL", err)
		}
		return t, err
	}
	return base.Join(url)
}
