package js

import (
	"sort"
	"strings"
	"unicode/utf16"

	"github.com/dop251/goja"
	whatwg "github.com/nlnwa/whatwg-url/url"
)

// urlParts are the properties of a URL that can be set, with how; a nil setter is a property that cannot.
var urlParts = map[string]struct {
	get func(*whatwg.Url) string
	set func(*whatwg.Url, string)
}{
	"href":     {func(u *whatwg.Url) string { return u.Href(false) }, nil}, // set by parsing anew
	"origin":   {urlOrigin, nil},
	"protocol": {(*whatwg.Url).Protocol, (*whatwg.Url).SetProtocol},
	"username": {(*whatwg.Url).Username, (*whatwg.Url).SetUsername},
	"password": {(*whatwg.Url).Password, (*whatwg.Url).SetPassword},
	"host":     {(*whatwg.Url).Host, (*whatwg.Url).SetHost},
	"hostname": {(*whatwg.Url).Hostname, (*whatwg.Url).SetHostname},
	"port":     {(*whatwg.Url).Port, (*whatwg.Url).SetPort},
	"pathname": {(*whatwg.Url).Pathname, (*whatwg.Url).SetPathname},
	"search":   {(*whatwg.Url).Search, (*whatwg.Url).SetSearch},
	"hash":     {(*whatwg.Url).Hash, (*whatwg.Url).SetHash},
}

// urlKeys are a URL's properties in the order of the standard.
var urlKeys = []string{"href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"}

// urlOrigin is scheme, host and port for the schemes that have such a thing.
func urlOrigin(u *whatwg.Url) string {
	switch u.Scheme() {
	case "http", "https", "ws", "wss", "ftp":
		return u.Protocol() + "//" + u.Host()
	case "blob":
		if inner, err := whatwg.Parse(u.Pathname()); err == nil && (inner.Scheme() == "http" || inner.Scheme() == "https") {
			return urlOrigin(inner)
		}
	}
	return "null"
}

// urlObject is a script's URL.
type urlObject struct {
	vm     *VM
	url    *whatwg.Url
	params *goja.Object // made when searchParams is read
	list   *searchParams
}

func (u *urlObject) Get(key string) goja.Value {
	if part, ok := urlParts[key]; ok {
		return u.vm.rt.ToValue(part.get(u.url))
	}
	if key != "searchParams" {
		return nil
	}
	if u.params == nil {
		u.list = &searchParams{vm: u.vm, pairs: parseQuery(u.url.Query()), owner: u}
		u.params = u.vm.rt.NewDynamicObject(u.list)
		u.params.SetPrototype(u.vm.searchParamsProto())
	}
	return u.params
}

func (u *urlObject) Has(key string) bool { return key == "searchParams" || urlParts[key].get != nil }

func (u *urlObject) Set(key string, v goja.Value) bool {
	text := v.String()
	part, ok := urlParts[key]
	switch {
	case key == "href":
		parsed, err := whatwg.Parse(text)
		if err != nil {
			u.vm.throwInvalidURL(text)
		}
		u.url = parsed
	case !ok || part.set == nil:
		u.vm.Throw(TypeErrorf("cannot set %s of a URL", key))
	default:
		part.set(u.url, text)
	}
	if u.list != nil && (key == "href" || key == "search") {
		u.list.pairs = parseQuery(u.url.Query())
	}
	return true
}

func (u *urlObject) Delete(string) bool { return false }
func (u *urlObject) Keys() []string     { return urlKeys }

func (vm *VM) throwInvalidURL(text string) {
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	vm.Throw(TypeErrorf("invalid URL: %q", text))
}

// parseURL resolves a URL against a base, if one is given.
func parseURL(call func(int) goja.Value) (u *whatwg.Url, shown string, err error) {
	input := call(0).String()
	if base := call(1); !goja.IsUndefined(base) {
		u, err = whatwg.ParseRef(base.String(), input)
		return u, input + " against " + base.String(), err
	}
	u, err = whatwg.Parse(input)
	return u, input, err
}

func (vm *VM) newURL(u *whatwg.Url, proto *goja.Object) *goja.Object {
	o := vm.rt.NewDynamicObject(&urlObject{vm: vm, url: u})
	o.SetPrototype(proto)
	return o
}

func (vm *VM) urlClass() goja.Value {
	class := vm.class("URL", func(call goja.ConstructorCall) *goja.Object {
		u, shown, err := parseURL(call.Argument)
		if err != nil {
			vm.throwInvalidURL(shown)
		}
		return vm.newURL(u, call.This.Prototype())
	}, []string{"toString", "toJSON"}, func(name string) goja.Value {
		return method(vm, "URL", name, func(u *urlObject, _ goja.FunctionCall) goja.Value {
			return vm.rt.ToValue(u.url.Href(false))
		})
	})
	class.Set("canParse", vm.Func("canParse", func(call goja.FunctionCall) goja.Value {
		_, _, err := parseURL(call.Argument)
		return vm.rt.ToValue(err == nil)
	}))
	class.Set("parse", vm.Func("parse", func(call goja.FunctionCall) goja.Value {
		u, _, err := parseURL(call.Argument)
		if err != nil {
			return goja.Null()
		}
		return vm.newURL(u, class.Get("prototype").(*goja.Object))
	}))
	return class
}

// searchParams is a list of names and values, alone or as the query of a URL that follows it.
type searchParams struct {
	vm    *VM
	pairs [][2]string
	owner *urlObject
}

func (p *searchParams) Get(key string) goja.Value {
	if key == "size" {
		return p.vm.rt.ToValue(len(p.pairs))
	}
	return nil
}
func (p *searchParams) Has(key string) bool         { return key == "size" }
func (p *searchParams) Set(string, goja.Value) bool { return false }
func (p *searchParams) Delete(string) bool          { return false }
func (p *searchParams) Keys() []string              { return nil }

// changed writes the list back to its URL.
func (p *searchParams) changed() {
	if p.owner != nil {
		p.owner.url.SetSearch(formQuery(p.pairs))
	}
}

// parseQuery reads application/x-www-form-urlencoded.
func parseQuery(query string) [][2]string {
	var pairs [][2]string
	for _, part := range strings.Split(query, "&") {
		if part == "" {
			continue
		}
		name, text, _ := strings.Cut(part, "=")
		pairs = append(pairs, [2]string{formDecode(name), formDecode(text)})
	}
	return pairs
}

func formDecode(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return decodeUTF8(out)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// formQuery writes application/x-www-form-urlencoded.
func formQuery(pairs [][2]string) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		formEncode(&b, p[0])
		b.WriteByte('=')
		formEncode(&b, p[1])
	}
	return b.String()
}

func formEncode(b *strings.Builder, s string) {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('+')
		case c == '*' || c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
}

var searchParamsNames = []string{"append", "delete", "entries", "forEach", "get", "getAll", "has", "keys", "set", "sort", "toString", "values"}

func (vm *VM) searchParamsProto() *goja.Object {
	class := vm.rt.GlobalObject().Get("URLSearchParams").(*goja.Object)
	return class.Get("prototype").(*goja.Object)
}

func (vm *VM) searchParamsClass() goja.Value {
	class := vm.class("URLSearchParams", func(call goja.ConstructorCall) *goja.Object {
		p := &searchParams{vm: vm, pairs: vm.searchPairs(call.Argument(0))}
		o := vm.rt.NewDynamicObject(p)
		o.SetPrototype(call.This.Prototype())
		return o
	}, searchParamsNames, func(name string) goja.Value {
		return method(vm, "URLSearchParams", name, searchParamsMethods[name])
	})
	proto := class.Get("prototype").(*goja.Object)
	proto.DefineDataPropertySymbol(goja.SymIterator, proto.Get("entries"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return class
}

// searchPairs reads what a URLSearchParams is made of: text, a list of pairs, or an object.
func (vm *VM) searchPairs(v goja.Value) [][2]string {
	o, ok := v.(*goja.Object)
	if !ok {
		if goja.IsUndefined(v) {
			return nil
		}
		return parseQuery(strings.TrimPrefix(v.String(), "?"))
	}
	var pairs [][2]string
	if o.GetSymbol(goja.SymIterator) == nil {
		for _, key := range o.Keys() {
			pairs = append(pairs, [2]string{key, o.Get(key).String()})
		}
		return pairs
	}
	vm.rt.ForOf(o, func(item goja.Value) bool {
		var pair []string
		if list, ok := item.(*goja.Object); ok && list.GetSymbol(goja.SymIterator) != nil {
			vm.rt.ForOf(list, func(part goja.Value) bool {
				pair = append(pair, part.String())
				return len(pair) < 3
			})
		}
		if len(pair) != 2 {
			vm.Throw(TypeErrorf("URLSearchParams takes pairs of a name and a value, not %s", vm.inspect(item)))
		}
		pairs = append(pairs, [2]string{pair[0], pair[1]})
		return true
	})
	return pairs
}

var searchParamsMethods map[string]func(p *searchParams, call goja.FunctionCall) goja.Value

func init() {
	list := func(pick func(p *searchParams, pair [2]string) any) func(*searchParams, goja.FunctionCall) goja.Value {
		return func(p *searchParams, _ goja.FunctionCall) goja.Value {
			items := make([]any, len(p.pairs))
			for i, pair := range p.pairs {
				items[i] = pick(p, pair)
			}
			array := p.vm.rt.NewArray(items...)
			values, _ := goja.AssertFunction(array.Get("values"))
			return p.vm.must(values(array))
		}
	}
	searchParamsMethods = map[string]func(p *searchParams, call goja.FunctionCall) goja.Value{
		"entries": list(func(p *searchParams, pair [2]string) any { return p.vm.rt.NewArray(pair[0], pair[1]) }),
		"keys":    list(func(_ *searchParams, pair [2]string) any { return pair[0] }),
		"values":  list(func(_ *searchParams, pair [2]string) any { return pair[1] }),
		"append": func(p *searchParams, call goja.FunctionCall) goja.Value {
			p.pairs = append(p.pairs, [2]string{call.Argument(0).String(), call.Argument(1).String()})
			p.changed()
			return goja.Undefined()
		},
		"delete": func(p *searchParams, call goja.FunctionCall) goja.Value {
			match, kept := matcher(call), p.pairs[:0]
			for _, pair := range p.pairs {
				if !match(pair) {
					kept = append(kept, pair)
				}
			}
			p.pairs = kept
			p.changed()
			return goja.Undefined()
		},
		"forEach": func(p *searchParams, call goja.FunctionCall) goja.Value {
			fn, ok := goja.AssertFunction(call.Argument(0))
			if !ok {
				p.vm.Throw(TypeErrorf("URLSearchParams.forEach takes a function, not %s", inspectShort(call.Argument(0))))
			}
			for i := 0; i < len(p.pairs); i++ {
				p.vm.must(fn(call.Argument(1), p.vm.rt.ToValue(p.pairs[i][1]), p.vm.rt.ToValue(p.pairs[i][0]), call.This))
			}
			return goja.Undefined()
		},
		"get": func(p *searchParams, call goja.FunctionCall) goja.Value {
			name := call.Argument(0).String()
			for _, pair := range p.pairs {
				if pair[0] == name {
					return p.vm.rt.ToValue(pair[1])
				}
			}
			return goja.Null()
		},
		"getAll": func(p *searchParams, call goja.FunctionCall) goja.Value {
			var items []any
			for _, pair := range p.pairs {
				if pair[0] == call.Argument(0).String() {
					items = append(items, pair[1])
				}
			}
			return p.vm.rt.NewArray(items...)
		},
		"has": func(p *searchParams, call goja.FunctionCall) goja.Value {
			match := matcher(call)
			for _, pair := range p.pairs {
				if match(pair) {
					return p.vm.rt.ToValue(true)
				}
			}
			return p.vm.rt.ToValue(false)
		},
		"set": func(p *searchParams, call goja.FunctionCall) goja.Value {
			name, text := call.Argument(0).String(), call.Argument(1).String()
			kept, found := p.pairs[:0], false
			for _, pair := range p.pairs {
				if pair[0] == name {
					if found {
						continue
					}
					found, pair[1] = true, text
				}
				kept = append(kept, pair)
			}
			if p.pairs = kept; !found {
				p.pairs = append(p.pairs, [2]string{name, text})
			}
			p.changed()
			return goja.Undefined()
		},
		"sort": func(p *searchParams, _ goja.FunctionCall) goja.Value {
			sort.SliceStable(p.pairs, func(i, j int) bool { return lessUTF16(p.pairs[i][0], p.pairs[j][0]) })
			p.changed()
			return goja.Undefined()
		},
		"toString": func(p *searchParams, _ goja.FunctionCall) goja.Value {
			return p.vm.rt.ToValue(formQuery(p.pairs))
		},
	}
}

// matcher finds the pairs of a name, and of a value if one is given.
func matcher(call goja.FunctionCall) func([2]string) bool {
	name, text := call.Argument(0).String(), call.Argument(1)
	if goja.IsUndefined(text) {
		return func(pair [2]string) bool { return pair[0] == name }
	}
	want := text.String()
	return func(pair [2]string) bool { return pair[0] == name && pair[1] == want }
}

// lessUTF16 orders by code units, as the standard does.
func lessUTF16(a, b string) bool {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return len(x) < len(y)
}
