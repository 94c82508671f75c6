package http

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/metrics"
	"runner/modules/http/client"
)

var callOptions map[string]func(*call, string, goja.Value)

func init() {
	callOptions = map[string]func(*call, string, goja.Value){
		"headers":     (*call).headers,
		"query":       func(c *call, key string, v goja.Value) { c.query = c.urlencoded(key, v, "%20") },
		"json":        (*call).json,
		"form":        (*call).form,
		"multipart":   (*call).multipart,
		"body":        (*call).body,
		"timeout":     (*call).timeout,
		"tags":        (*call).tags,
		"redirects":   (*call).redirects,
		"throws":      func(c *call, key string, v goja.Value) { c.p.throws = c.bool(key, v) },
		"auth":        (*call).auth,
		"expect":      (*call).expect,
		"maxBodySize": (*call).maxBodySize,
		"socket":      func(c *call, key string, v goja.Value) { c.p.req.Socket = c.string(key, v) },
		"cookies":     (*call).cookies,
		"responseType": func(c *call, key string, v goja.Value) {
			c.p.kind = typeOf(c.oneOf(key, v, "text", "binary", "none"))
		},
		"compression": func(c *call, key string, v goja.Value) {
			switch b, ok := v.Export().(bool); {
			case ok && b:
				c.codings = client.AllCodings
			case ok:
				c.codings = ""
			default:
				c.codings = c.string(key, v)
			}
		},
		"version": func(c *call, key string, v goja.Value) {
			c.p.req.Version = versionOf(c.oneOf(key, v, versions...))
		},
		"newConnection": func(c *call, key string, v goja.Value) { c.p.req.Fresh = c.bool(key, v) },
	}
}

func (c *call) wrong(key, accepted string, v goja.Value) {
	c.s.throw(c.fn, "%s must be %s, not %s", key, accepted, brief(v))
}

func (c *call) string(key string, v goja.Value) string {
	if !goja.IsString(v) {
		c.wrong(key, "a string", v)
	}
	return v.String()
}

func (c *call) bool(key string, v goja.Value) bool {
	b, ok := v.Export().(bool)
	if !ok {
		c.wrong(key, "true or false", v)
	}
	return b
}

func (c *call) oneOf(key string, v goja.Value, words ...string) string {
	text := c.string(key, v)
	for _, w := range words {
		if w == text {
			return text
		}
	}
	c.wrong(key, "one of "+strings.Join(words, ", "), v)
	return ""
}

// entries gives the names and values of a plain object, URLSearchParams or Map-like iterables aside.
func (c *call) entries(key string, v goja.Value) (*goja.Object, []string) {
	o, ok := v.(*goja.Object)
	if ok {
		if _, isFunc := goja.AssertFunction(o); isFunc || o.ClassName() == "Array" {
			ok = false
		}
	}
	if !ok {
		c.wrong(key, "an object of names and values", v)
	}
	return o, o.Keys()
}

// each calls f with the value, or with each item if it is an array.
func each(v goja.Value, f func(goja.Value)) {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Array" {
		f(v)
		return
	}
	n := int(o.Get("length").ToInteger())
	for i := range n {
		f(o.Get(strconv.Itoa(i)))
	}
}

// scalar is a value as text; an object has none that anybody would mean.
func (c *call) scalar(key, name string, v goja.Value) string {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		c.wrong(key+"."+name, "a string or a number", v)
	}
	if o, ok := v.(*goja.Object); ok && o.ClassName() != "String" && o.ClassName() != "Date" && o.ClassName() != "URL" {
		c.wrong(key+"."+name, "a string or a number", v)
	}
	return v.String()
}

func (c *call) headers(key string, v goja.Value) {
	o, names := c.entries(key, v)
	own := make([]client.Field, 0, len(names)+len(c.p.req.Header))
	var drop []string
	for _, name := range names {
		value := o.Get(name)
		if goja.IsUndefined(value) {
			continue
		}
		drop = append(drop, strings.ToLower(name))
		if goja.IsNull(value) {
			continue
		}
		each(value, func(item goja.Value) {
			text := c.scalar(key, name, item)
			if err := client.CheckField(name, text); err != nil {
				c.s.throw(c.fn, "headers: %s", err)
			}
			own = append(own, client.Field{Name: name, Value: text})
		})
	}
	// What the call says of a name replaces what the options said.
	all := own
	for _, f := range c.p.req.Header {
		if !contains(drop, strings.ToLower(f.Name)) {
			all = append(all, f)
		}
	}
	c.p.req.Header = all
	c.p.req.Drop = append(drop, c.p.req.Drop...)
}

// askFor adds Accept-Encoding, unless the script has written one itself.
func (c *call) askFor(codings string) {
	for _, f := range c.p.req.Header {
		if strings.EqualFold(f.Name, "accept-encoding") {
			return
		}
	}
	if err := client.CheckField("Accept-Encoding", codings); err != nil {
		c.s.throw(c.fn, "compression: %s", err)
	}
	h := c.p.req.Header
	c.p.req.Header = append(h[:len(h):len(h)], client.Field{Name: "Accept-Encoding", Value: codings})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// urlencoded makes a=1&b=x&b=y of an object, or takes text as it is.
func (c *call) urlencoded(key string, v goja.Value, space string) string {
	if goja.IsString(v) {
		return strings.TrimPrefix(v.String(), "?")
	}
	o, ok := v.(*goja.Object)
	if ok && o.ClassName() == "Object" {
		// URLSearchParams knows best how it is written.
		if fn, ok := goja.AssertFunction(o.Get("getAll")); ok && fn != nil {
			return o.String()
		}
	}
	o, names := c.entries(key, v)
	var b strings.Builder
	for _, name := range names {
		value := o.Get(name)
		if goja.IsUndefined(value) {
			continue
		}
		each(value, func(item goja.Value) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			escape(&b, name, space)
			b.WriteByte('=')
			escape(&b, c.scalar(key, name, item), space)
		})
	}
	return b.String()
}

// escape is the percent-encoding of application/x-www-form-urlencoded (URL Standard §5.2).
func escape(b *strings.Builder, s, space string) {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', ch == '*', ch == '-', ch == '.', ch == '_':
			b.WriteByte(ch)
		case ch == ' ':
			b.WriteString(space)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[ch>>4])
			b.WriteByte(hex[ch&15])
		}
	}
}

// payloadOf takes the request's one body.
func (c *call) payloadOf(key, contentType string, body []byte) {
	c.onlyOne(key)
	c.p.req.Body, c.p.req.HasBody, c.p.req.ContentType = body, true, contentType
}

func (c *call) onlyOne(key string) {
	if c.payload != "" {
		c.s.throw(c.fn, "both %s and %s are given; a request has one body: json, form, multipart or body", c.payload, key)
	}
	c.payload = key
}

func (c *call) json(key string, v goja.Value) {
	var b []byte
	var err error
	if o, ok := v.(*goja.Object); ok {
		if _, isFunc := goja.AssertFunction(o); isFunc {
			c.wrong(key, "something that JSON can hold", v)
		}
		b, err = o.MarshalJSON()
	} else {
		b, err = json.Marshal(v.Export())
	}
	if err != nil {
		c.s.vm.Throw(err)
	}
	if len(b) == 0 {
		c.wrong(key, "something that JSON can hold", v)
	}
	c.payloadOf(key, "application/json", b)
}

func (c *call) form(key string, v goja.Value) {
	c.payloadOf(key, "application/x-www-form-urlencoded", []byte(c.urlencoded(key, v, "+")))
}

func (c *call) body(key string, v goja.Value) {
	if goja.IsNull(v) {
		return
	}
	if goja.IsString(v) {
		c.payloadOf(key, "text/plain;charset=UTF-8", []byte(v.String()))
		return
	}
	if f := fileOf(v); f != nil {
		c.payloadOf(key, f.contentType, nil)
		c.p.req.Source = f.FileSource
		return
	}
	if b, ok := c.s.bytesOf(v); ok {
		c.payloadOf(key, "application/octet-stream", append([]byte(nil), b...))
		return
	}
	c.wrong(key, "a string, an ArrayBuffer, a typed array or http.file(…) (objects go into json or form)", v)
}

// bytesOf gives the memory behind an ArrayBuffer, a typed array or a DataView.
func (s *state) bytesOf(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	if b, ok := o.Export().(goja.ArrayBuffer); ok {
		return b.Bytes(), true
	}
	if class := o.ClassName(); class != "Object" && !strings.HasSuffix(class, "Array") && class != "DataView" {
		return nil, false
	}
	buffer := o.Get("buffer")
	if buffer == nil {
		return nil, false
	}
	b, ok := buffer.Export().(goja.ArrayBuffer)
	if !ok {
		return nil, false
	}
	from, n := o.Get("byteOffset").ToInteger(), o.Get("byteLength").ToInteger()
	all := b.Bytes()
	if from < 0 || n < 0 || from+n > int64(len(all)) {
		return nil, false
	}
	return all[from : from+n], true
}

func (c *call) timeout(key string, v goja.Value) {
	d, err := c.s.vm.ParseDuration(v, c.fn+": "+key)
	if err != nil {
		c.s.vm.Throw(err)
	}
	switch {
	case d == 0:
		c.wrong(key, "more than no time at all", v)
	case d == js.Infinite:
		d /= 4
	}
	c.p.req.Timeout = time.Duration(d)
}

func (c *call) tags(key string, v goja.Value) {
	o, names := c.entries(key, v)
	tags := append([]metrics.Tag(nil), c.p.tags...)
next:
	for _, name := range names {
		value := o.Get(name)
		if goja.IsUndefined(value) {
			continue
		}
		text := c.scalar(key, name, value)
		if name == "name" {
			c.p.name = text
			continue
		}
		for i := range tags {
			if tags[i].Key == name {
				tags[i].Value = text
				continue next
			}
		}
		tags = append(tags, metrics.Tag{Key: name, Value: text})
	}
	sort.Slice(tags, func(i, j int) bool { return tags[i].Key < tags[j].Key })
	c.p.tags = tags
}

func (c *call) redirects(key string, v goja.Value) {
	if b, ok := v.Export().(bool); ok && !b {
		c.p.req.MaxRedirects = 0
		return
	}
	n, err := c.s.vm.Int(v, c.fn+": "+key, 0, 100)
	if err != nil {
		c.s.vm.Throw(err)
	}
	c.p.req.MaxRedirects = int(n)
}

func (c *call) expect(key string, v goja.Value) {
	set := new(statuses)
	each(v, func(item goja.Value) {
		if !set.add(item.String()) {
			c.s.throw(c.fn, "expect: %s, not %s", acceptedStatuses, brief(item))
		}
	})
	c.p.expect = set
}

func (c *call) maxBodySize(key string, v goja.Value) {
	n, err := parseSize(v.String())
	if err != nil || n == 0 {
		c.wrong(key, `a number of bytes, or text as in "64MB"`, v)
	}
	c.p.req.MaxBody = n
}

// cookies are sent on top of the jar's; false leaves the jar out.
func (c *call) cookies(key string, v goja.Value) {
	if b, ok := v.Export().(bool); ok {
		c.p.req.NoJar = !b
		return
	}
	o, names := c.entries(key, v)
	for _, name := range names {
		text := c.scalar(key, name, o.Get(name))
		if err := client.CheckField(name, text); err != nil {
			c.s.throw(c.fn, "cookies: %s", err)
		}
		if strings.ContainsAny(text, ";") {
			c.s.throw(c.fn, "cookies: the value of %s has a semicolon in it: %q", name, text)
		}
		c.p.req.Cookies = append(c.p.req.Cookies, client.Field{Name: name, Value: text})
	}
}

func (c *call) auth(key string, v goja.Value) {
	if goja.IsNull(v) {
		c.p.req.Auth = nil
		return
	}
	o, names := c.entries(key, v)
	a := new(client.Auth)
	for _, name := range names {
		value := o.Get(name)
		switch name {
		case "type":
			a.Scheme = c.oneOf(key+".type", value, "basic", "bearer", "digest")
		case "username":
			a.User = c.string(key+".username", value)
		case "password":
			a.Password = c.string(key+".password", value)
		case "token":
			a.Token = c.string(key+".token", value)
		default:
			c.s.throw(c.fn, "auth: %s", unknown(name, map[string]bool{"type": true, "username": true, "password": true, "token": true}))
		}
	}
	if err := checkAuth(a); err != nil {
		c.s.throw(c.fn, "auth: %s", err)
	}
	c.p.req.Auth = a
}
