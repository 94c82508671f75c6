package http

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja"
	"golang.org/x/text/encoding/htmlindex"

	"runner/modules/http/client"
	"runner/value"
)

// response is an answer as a script sees it: a JavaScript object whose properties are made of the
// received bytes when they are read. Its methods are on a prototype that all answers of a VM share.
type response struct {
	client.Response
	s    *state
	plan *plan
	seen *seen
}

// seen are the values that a script has read, so that r.body === r.body and nothing is made twice.
type seen struct {
	body, headers, cookies, err, timings, redirects goja.Value
	decoded                                         []byte
	isDecoded                                       bool
	own                                             []property // what the script itself put on the object
}

type property struct {
	name  string
	value goja.Value
}

// protos are the shared prototypes of one VM.
type protos struct{ response, headers *goja.Object }

func (s *state) wrap(r *response) *goja.Object {
	o := s.vm.Runtime().NewDynamicObject(r)
	o.SetPrototype(s.prototypes().response)
	return o
}

func (s *state) prototypes() *protos {
	if s.protos == nil {
		s.protos = &protos{
			response: s.vm.LazyObject([]string{"text", "json", "bytes", "toJSON"}, s.responseMethod),
			headers:  s.vm.LazyObject([]string{"get", "getAll", "has", "toJSON"}, s.headersMethod),
		}
	}
	return s.protos
}

// this finds the answer that a method was called on.
func (s *state) this(fn string, v goja.Value) *response {
	if o, ok := v.(*goja.Object); ok {
		if r, ok := o.Export().(*response); ok {
			return r
		}
	}
	s.throw(fn, "this is not an answer of runner/http")
	return nil
}

func (s *state) responseMethod(name string) goja.Value {
	rt := s.vm.Runtime()
	return s.vm.Func(name, func(c goja.FunctionCall) goja.Value {
		r := s.this(name, c.This)
		switch name {
		case "text":
			return rt.ToValue(r.text())
		case "bytes":
			b := append([]byte(nil), r.bytes()...)
			array, err := rt.New(rt.GlobalObject().Get("Uint8Array"), rt.ToValue(rt.NewArrayBuffer(b)))
			if err != nil {
				panic(err)
			}
			return array
		case "json":
			return r.json(c.Argument(0))
		}
		plain := rt.NewObject()
		for _, key := range r.Keys() {
			plain.Set(key, r.Get(key))
		}
		return plain
	})
}

var responseKeys = []string{"status", "ok", "statusText", "url", "proto", "headers", "cookies", "body", "error", "timings",
	"attempts", "redirects", "redirectsExhausted", "trailers", "remoteAddress", "bytesSent", "bytesReceived", "encodedBodySize", "decodedBodySize"}

func (r *response) Keys() []string {
	keys := responseKeys
	if r.seen == nil {
		return keys
	}
	for _, p := range r.seen.own {
		keys = append(keys[:len(keys):len(keys)], p.name)
	}
	return keys
}

func (r *response) Has(key string) bool {
	return contains(responseKeys, key) || r.ownIndex(key) >= 0
}

func (r *response) ownIndex(key string) int {
	if r.seen == nil {
		return -1
	}
	for i := range r.seen.own {
		if r.seen.own[i].name == key {
			return i
		}
	}
	return -1
}

// Set lets a script keep something with an answer, but not change what the server said.
func (r *response) Set(key string, v goja.Value) bool {
	if contains(responseKeys, key) {
		return false
	}
	if i := r.ownIndex(key); i >= 0 {
		r.seen.own[i].value = v
	} else {
		r.keep().own = append(r.keep().own, property{key, v})
	}
	return true
}

func (r *response) Delete(key string) bool {
	if i := r.ownIndex(key); i >= 0 {
		r.seen.own = append(r.seen.own[:i], r.seen.own[i+1:]...)
	}
	return !contains(responseKeys, key)
}

// status is 0 unless the whole answer came.
func (r *response) status() int {
	if r.Err != nil {
		return 0
	}
	return int(r.Status)
}

func (r *response) keep() *seen {
	if r.seen == nil {
		r.seen = new(seen)
	}
	return r.seen
}

func once(to *goja.Value, make func() goja.Value) goja.Value {
	if *to == nil {
		*to = make()
	}
	return *to
}

func (r *response) Get(key string) goja.Value {
	rt := r.s.vm.Runtime()
	switch key {
	case "status":
		return rt.ToValue(r.status())
	case "ok":
		return rt.ToValue(r.status() >= 200 && r.status() < 300)
	case "statusText":
		if r.Err != nil {
			return rt.ToValue("")
		}
		return rt.ToValue(r.StatusText())
	case "url":
		return rt.ToValue(r.Request.Target.String())
	case "proto":
		return rt.ToValue(r.Proto())
	case "headers":
		return once(&r.keep().headers, func() goja.Value {
			o := rt.NewDynamicObject((*headers)(r))
			o.SetPrototype(r.s.prototypes().headers)
			return o
		})
	case "cookies":
		return once(&r.keep().cookies, r.cookies)
	case "body":
		return once(&r.keep().body, func() goja.Value {
			switch {
			case r.Err != nil || r.plan.kind == noBody:
				return goja.Null()
			case r.plan.kind == binaryBody:
				return rt.ToValue(rt.NewArrayBuffer(append([]byte(nil), r.bytes()...)))
			}
			return rt.ToValue(r.text())
		})
	case "error":
		if r.Err == nil {
			return goja.Null()
		}
		return once(&r.keep().err, func() goja.Value { return r.s.errorValue(r.Err) })
	case "timings":
		return once(&r.keep().timings, func() goja.Value { return rt.NewDynamicObject((*timings)(r)) })
	case "attempts":
		return rt.ToValue(int(r.Attempts))
	case "redirects":
		return once(&r.keep().redirects, func() goja.Value {
			list := []any{}
			for _, h := range r.More().Hops {
				o := rt.NewObject()
				o.Set("url", h.URL)
				o.Set("status", h.Status)
				o.Set("location", h.Location)
				list = append(list, o)
			}
			return rt.NewArray(list...)
		})
	case "redirectsExhausted":
		return rt.ToValue(r.More().Exhausted)
	case "trailers":
		o := rt.NewObject()
		for _, f := range r.More().Trailer {
			o.Set(strings.ToLower(f.Name), latin1(f.Value))
		}
		return o
	case "remoteAddress":
		return rt.ToValue(r.Remote())
	case "bytesSent":
		return rt.ToValue(r.BytesOut)
	case "bytesReceived":
		return rt.ToValue(r.BytesIn)
	case "encodedBodySize":
		return rt.ToValue(len(r.Body()))
	case "decodedBodySize":
		return rt.ToValue(len(r.bytes()))
	}
	if i := r.ownIndex(key); i >= 0 {
		return r.seen.own[i].value
	}
	return nil
}

// CloneValue is the answer as a plain value, when a script returns one or hands it to init's state.
func (r *response) CloneValue() (value.Value, error) {
	rt := r.s.vm.Runtime()
	plain := rt.NewObject()
	for _, key := range r.Keys() {
		switch key {
		case "headers":
			h := rt.NewObject()
			r.EachHeader(func(n, _ []byte) bool {
				name := strings.ToLower(string(n))
				h.Set(name, r.header(name))
				return true
			})
			plain.Set(key, h)
		case "timings":
			t := rt.NewObject()
			for _, k := range timingKeys {
				t.Set(k, (*timings)(r).Get(k))
			}
			plain.Set(key, t)
		default:
			plain.Set(key, r.Get(key))
		}
	}
	return r.s.vm.Take(plain, "response")
}

// bytes is the body as it was meant: without its content coding, which is taken off when the script
// first asks. A body that is not what its coding says throws.
func (r *response) bytes() []byte {
	if r.Err != nil {
		return nil
	}
	if !r.Coded() {
		return r.Body()
	}
	k := r.keep()
	if !k.isDecoded {
		most := r.plan.req.MaxBody
		if most == 0 {
			most = r.s.settings.Config.MaxBody
		}
		b, err := r.Decoded(most)
		if err != nil {
			panic(r.s.errorObject(err, r.s.wrap(r)))
		}
		k.decoded, k.isDecoded = b, true
		r.s.countDecoded(r, len(b))
	}
	return k.decoded
}

// text decodes the body by the charset that the answer names, else as UTF-8.
func (r *response) text() string {
	b := r.bytes()
	if cs := r.charset(); cs != "" && cs != "utf-8" && cs != "utf8" && cs != "us-ascii" {
		if enc, err := htmlindex.Get(cs); err == nil {
			if out, err := enc.NewDecoder().Bytes(b); err == nil {
				return string(out)
			}
		}
	}
	if len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		b = b[3:]
	}
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func (r *response) charset() string {
	for _, v := range r.Header("content-type") {
		if _, rest, ok := strings.Cut(strings.ToLower(v), "charset="); ok {
			rest, _, _ = strings.Cut(rest, ";")
			return strings.Trim(rest, " \t\"'")
		}
	}
	return ""
}

func (r *response) cookies() goja.Value {
	rt := r.s.vm.Runtime()
	o := rt.NewObject()
	for _, c := range r.Cookies() {
		v := rt.NewObject()
		v.Set("value", c.Value)
		if c.Path != "" {
			v.Set("path", c.Path)
		}
		if c.Domain != "" {
			v.Set("domain", c.Domain)
		}
		if !c.Expires.IsZero() {
			v.Set("expires", c.Expires.UTC().Format(time.RFC3339))
		}
		if c.MaxAge != 0 {
			v.Set("maxAge", max(c.MaxAge, 0))
		}
		v.Set("secure", c.Secure)
		v.Set("httpOnly", c.HttpOnly)
		setOwn(rt, o, c.Name, v)
	}
	return o
}

// headers is r.headers.
type headers response

func (h *headers) Get(key string) goja.Value {
	if key != "all" {
		return nil
	}
	rt := h.s.vm.Runtime()
	list := []any{}
	(*response)(h).EachHeader(func(n, v []byte) bool {
		list = append(list, rt.NewArray(latin1(string(n)), latin1(string(v))))
		return true
	})
	return rt.NewArray(list...)
}

func (h *headers) Set(string, goja.Value) bool { return false }
func (h *headers) Has(key string) bool         { return key == "all" }
func (h *headers) Delete(string) bool          { return false }
func (h *headers) Keys() []string              { return []string{"all"} }

// header gives the values of a field joined as fetch does, or null.
func (r *response) header(lower string) goja.Value {
	values := r.Header(lower)
	if values == nil {
		return goja.Null()
	}
	return r.s.vm.Runtime().ToValue(latin1(strings.Join(values, ", ")))
}

func (s *state) headersMethod(name string) goja.Value {
	rt := s.vm.Runtime()
	return s.vm.Func(name, func(c goja.FunctionCall) goja.Value {
		var r *response
		if o, ok := c.This.(*goja.Object); ok {
			if h, ok := o.Export().(*headers); ok {
				r = (*response)(h)
			}
		}
		if r == nil {
			s.throw("headers."+name, "this is not the headers of an answer")
		}
		lower := strings.ToLower(c.Argument(0).String())
		switch name {
		case "get":
			return r.header(lower)
		case "has":
			return rt.ToValue(r.Header(lower) != nil)
		case "getAll":
			list := []any{}
			for _, v := range r.Header(lower) {
				list = append(list, latin1(v))
			}
			return rt.NewArray(list...)
		}
		o := rt.NewObject()
		r.EachHeader(func(n, _ []byte) bool {
			name := strings.ToLower(string(n))
			setOwn(rt, o, name, r.header(name))
			return true
		})
		return o
	})
}

// latin1 shows header bytes as browsers do: UTF-8 if it is, else one character a byte.
func latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// setOwn defines a property by any name, "__proto__" too.
func setOwn(rt *goja.Runtime, o *goja.Object, name string, v goja.Value) {
	if name == "__proto__" {
		o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		return
	}
	o.Set(name, v)
}

// timings is r.timings, in milliseconds.
type timings response

var timingKeys = []string{"blocked", "dns", "connect", "tls", "send", "wait", "receive", "response", "duration"}

func (t *timings) Get(key string) goja.Value {
	r := &t.Response
	var d time.Duration
	switch key {
	case "blocked":
		d = r.Setup().Blocked
	case "dns":
		d = r.Setup().DNS
	case "connect":
		d = r.Setup().Connect
	case "tls":
		d = r.Setup().TLS
	case "send":
		d = r.Send
	case "wait":
		d = r.Wait
	case "receive":
		d = r.Receive
	case "response":
		d = r.Send + r.Wait + r.Receive
	case "duration":
		d = r.Duration
	default:
		return nil
	}
	return t.s.vm.Runtime().ToValue(ms(d))
}

func (t *timings) Set(string, goja.Value) bool { return false }
func (t *timings) Has(key string) bool         { return contains(timingKeys, key) }
func (t *timings) Delete(string) bool          { return false }
func (t *timings) Keys() []string              { return timingKeys }

// thrown is the error that the call ends with, if it is to throw.
func (r *response) thrown() *client.Error {
	if !r.plan.throws {
		return nil
	}
	if r.Err == nil && r.plan.expect != nil && !r.plan.expect.has(int(r.Status)) {
		return &client.Error{Kind: client.KindStatus, Message: r.plan.method + " " + r.Request.Target.String() + " answered " +
			r.Proto() + " " + r.statusLine() + ", which is not expected"}
	}
	return r.Err
}

func (r *response) statusLine() string {
	return strings.TrimSpace(itoa(int(r.Status)) + " " + r.StatusText())
}

// errorValue is r.error.
func (s *state) errorValue(e *client.Error) goja.Value {
	o := s.vm.Runtime().NewObject()
	o.Set("kind", e.Kind)
	o.Set("message", e.Message)
	if e.Cause != nil {
		o.Set("cause", e.Cause.Error())
	} else {
		o.Set("cause", goja.Null())
	}
	return o
}

// errorObject is what a call with throws ends with: an Error with the kind and the answer.
func (s *state) errorObject(e *client.Error, r goja.Value) *goja.Object {
	rt := s.vm.Runtime()
	o, err := rt.New(rt.GlobalObject().Get("Error"), rt.ToValue(e.Message))
	if err != nil {
		panic(err)
	}
	o.DefineDataProperty("name", rt.ToValue("HTTPError"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	o.DefineDataProperty("kind", rt.ToValue(e.Kind), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	o.DefineDataProperty("response", r, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return o
}
