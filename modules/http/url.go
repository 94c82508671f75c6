package http

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"runner/js"
)

// namedURL is what http.url gives: a URL with the name of its template.
type namedURL struct {
	vm        *js.VM
	url, name string
}

// url is a template's tag: http.url`/users/${id}`.
func (s *state) url(c goja.FunctionCall) goja.Value {
	strs, ok := c.Argument(0).(*goja.Object)
	if !ok || strs.ClassName() != "Array" || strs.Get("raw") == nil {
		s.throw("http.url", "it is the tag of a template, as in http.url`/users/${id}`, not a function to call")
	}
	n := int(strs.Get("length").ToInteger())
	var url, name strings.Builder
	for i := range n {
		text := strs.Get(strconv.Itoa(i)).String()
		url.WriteString(text)
		name.WriteString(text)
		if i == n-1 || i+1 >= len(c.Arguments) {
			continue
		}
		v := c.Arguments[i+1].String()
		url.WriteString(v)
		if i == 0 && text == "" && strings.Contains(v, "://") {
			name.WriteString(v) // where the server is makes no other endpoint of it
		} else {
			name.WriteString("{}")
		}
	}
	// What follows ? is no part of a name, as with other URLs.
	base, _, _ := strings.Cut(name.String(), "?")
	return s.vm.Runtime().NewDynamicObject(&namedURL{vm: s.vm, url: url.String(), name: base})
}

// namedURLOf is nil for what http.url did not make.
func namedURLOf(v goja.Value) *namedURL {
	if o, ok := v.(*goja.Object); ok {
		if u, ok := o.Export().(*namedURL); ok {
			return u
		}
	}
	return nil
}

func (u *namedURL) Get(key string) goja.Value {
	rt := u.vm.Runtime()
	switch key {
	case "href":
		return rt.ToValue(u.url)
	case "name":
		return rt.ToValue(u.name)
	case "toString", "toJSON":
		return u.vm.Func(key, func(goja.FunctionCall) goja.Value { return rt.ToValue(u.url) })
	}
	return nil
}

func (u *namedURL) Set(string, goja.Value) bool { return false }
func (u *namedURL) Delete(string) bool          { return false }
func (u *namedURL) Has(key string) bool         { return key == "href" || key == "name" }
func (u *namedURL) Keys() []string              { return []string{"href", "name"} }
