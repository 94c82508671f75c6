package http

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// maxJSONDepth is how deep JSON may be nested. goja's own parser recurses without a limit and ends
// the process when an answer is five million brackets.
const maxJSONDepth = 1000

// json parses the body, or only the part that a path such as "users.0.name" points to; undefined if
// there is nothing there.
func (r *response) json(path goja.Value) goja.Value {
	rt := r.s.vm.Runtime()
	if r.Err != nil {
		r.s.vm.Throw(fmt.Errorf("there is no answer to read JSON from: %s", r.Err.Message))
	}
	b := r.bytes()
	if len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		b = b[3:]
	}
	p := &jsonParser{rt: rt, b: b}
	var v goja.Value
	var err error
	if goja.IsUndefined(path) {
		if v, err = p.value(0); err == nil {
			if p.space(); p.i < len(p.b) {
				err = p.wrong("the end of the text")
			}
		}
	} else {
		if !goja.IsString(path) {
			r.s.throw("json", "the path must be a string, as in \"users.0.name\", not %s", brief(path))
		}
		v, err = p.find(strings.Split(path.String(), "."))
	}
	if err != nil {
		message := fmt.Sprintf("the body of %s %s (%s) is not JSON: %s", r.plan.method, r.Request.Target, r.statusLine(), err)
		o, e := rt.New(rt.GlobalObject().Get("SyntaxError"), rt.ToValue(message))
		if e != nil {
			panic(e)
		}
		panic(o)
	}
	return v
}

// jsonParser builds JavaScript values straight from the bytes, several times faster than goja's
// JSON.parse, which goes through encoding/json's tokens.
type jsonParser struct {
	rt *goja.Runtime
	b  []byte
	i  int
}

func (p *jsonParser) wrong(want string) error {
	if p.i >= len(p.b) {
		return fmt.Errorf("it ends where %s should be", want)
	}
	from := max(0, p.i-10)
	to := min(len(p.b), p.i+20)
	return fmt.Errorf("want %s at byte %d, near %q", want, p.i, p.b[from:to])
}

func (p *jsonParser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *jsonParser) value(depth int) (goja.Value, error) {
	p.space()
	if p.i >= len(p.b) {
		return nil, p.wrong("a value")
	}
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("it is nested deeper than %d levels", maxJSONDepth)
	}
	switch c := p.b[p.i]; c {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		return p.str()
	case 't':
		return p.rt.ToValue(true), p.word("true")
	case 'f':
		return p.rt.ToValue(false), p.word("false")
	case 'n':
		return goja.Null(), p.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return p.number()
		}
	}
	return nil, p.wrong("a value")
}

func (p *jsonParser) word(w string) error {
	if !strings.HasPrefix(string(p.b[p.i:min(len(p.b), p.i+len(w))]), w) {
		return p.wrong("a value")
	}
	p.i += len(w)
	return nil
}

func (p *jsonParser) object(depth int) (goja.Value, error) {
	o := p.rt.NewObject()
	err := p.members(func(key string) error {
		v, err := p.value(depth + 1)
		if err == nil {
			setOwn(p.rt, o, key, v)
		}
		return err
	})
	return o, err
}

// members reads { "key": …, … } and calls f at each value.
func (p *jsonParser) members(f func(key string) error) error {
	p.i++
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		return nil
	}
	for {
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != '"' {
			return p.wrong("a key in quotes")
		}
		key, err := p.text()
		if err != nil {
			return err
		}
		p.space()
		if p.i >= len(p.b) || p.b[p.i] != ':' {
			return p.wrong("a colon")
		}
		p.i++
		if err := f(key); err != nil {
			return err
		}
		p.space()
		if p.i < len(p.b) && p.b[p.i] == ',' {
			p.i++
			continue
		}
		if p.i < len(p.b) && p.b[p.i] == '}' {
			p.i++
			return nil
		}
		return p.wrong("a comma or a closing brace")
	}
}

func (p *jsonParser) array(depth int) (goja.Value, error) {
	var room [16]any
	items := room[:0]
	err := p.items(func(int) error {
		v, err := p.value(depth + 1)
		items = append(items, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.rt.NewArray(items...), nil
}

func (p *jsonParser) items(f func(i int) error) error {
	p.i++
	p.space()
	if p.i < len(p.b) && p.b[p.i] == ']' {
		p.i++
		return nil
	}
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			return err
		}
		p.space()
		if p.i < len(p.b) && p.b[p.i] == ',' {
			p.i++
			continue
		}
		if p.i < len(p.b) && p.b[p.i] == ']' {
			p.i++
			return nil
		}
		return p.wrong("a comma or a closing bracket")
	}
}

func (p *jsonParser) number() (goja.Value, error) {
	start := p.i
	digits := func() bool {
		from := p.i
		for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
			p.i++
		}
		return p.i > from
	}
	if p.b[p.i] == '-' {
		p.i++
	}
	if p.i < len(p.b) && p.b[p.i] == '0' {
		p.i++
	} else if !digits() {
		return nil, p.wrong("a digit")
	}
	whole := true
	if p.i < len(p.b) && p.b[p.i] == '.' {
		whole = false
		p.i++
		if !digits() {
			return nil, p.wrong("a digit")
		}
	}
	if p.i < len(p.b) && p.b[p.i]|0x20 == 'e' {
		whole = false
		p.i++
		if p.i < len(p.b) && (p.b[p.i] == '+' || p.b[p.i] == '-') {
			p.i++
		}
		if !digits() {
			return nil, p.wrong("a digit")
		}
	}
	text := string(p.b[start:p.i])
	if whole && len(text) <= 15 && text != "-0" {
		n, err := strconv.ParseInt(text, 10, 64)
		return p.rt.ToValue(n), err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, err
	}
	return p.rt.ToValue(f), nil
}

// str reads a string value. A lone surrogate, which Go's strings cannot hold, stays one.
func (p *jsonParser) str() (goja.Value, error) {
	start := p.i
	s, err := p.text()
	if err == errLone {
		p.i = start
		units, err := p.units()
		return goja.StringFromUTF16(units), err
	}
	return p.rt.ToValue(s), err
}

var errLone = fmt.Errorf("a lone surrogate")

// text reads a string. As a key, a lone surrogate becomes U+FFFD.
func (p *jsonParser) text() (string, error) {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			s := string(p.b[start:p.i])
			p.i++
			if !utf8.ValidString(s) {
				s = strings.ToValidUTF8(s, "\uFFFD")
			}
			return s, nil
		case c == '\\':
			p.i = start - 1
			units, err := p.units()
			if err != nil {
				return "", err
			}
			for i := 0; i < len(units); i++ {
				if u := rune(units[i]); utf16.IsSurrogate(u) {
					if i+1 < len(units) && utf16.DecodeRune(u, rune(units[i+1])) != utf8.RuneError {
						i++
						continue
					}
					return string(utf16.Decode(units)), errLone
				}
			}
			return string(utf16.Decode(units)), nil
		case c < ' ':
			return "", p.wrong("no control character in a string")
		}
		p.i++
	}
	return "", p.wrong("the closing quote of a string")
}

// units reads a string with escapes into UTF-16.
func (p *jsonParser) units() ([]uint16, error) {
	p.i++
	var out []uint16
	for p.i < len(p.b) {
		c := p.b[p.i]
		switch {
		case c == '"':
			p.i++
			return out, nil
		case c < ' ':
			return nil, p.wrong("no control character in a string")
		case c == '\\':
			if p.i+1 >= len(p.b) {
				p.i++
				return nil, p.wrong("an escape")
			}
			e := p.b[p.i+1]
			if i := strings.IndexByte(`"\/bfnrt`, e); i >= 0 {
				out = append(out, uint16("\"\\/\b\f\n\r\t"[i]))
				p.i += 2
				continue
			}
			if e != 'u' || p.i+6 > len(p.b) {
				return nil, p.wrong("an escape")
			}
			n, err := strconv.ParseUint(string(p.b[p.i+2:p.i+6]), 16, 16)
			if err != nil {
				return nil, p.wrong("four hexadecimal digits")
			}
			out = append(out, uint16(n))
			p.i += 6
		case c < utf8.RuneSelf:
			out = append(out, uint16(c))
			p.i++
		default:
			r, n := utf8.DecodeRune(p.b[p.i:])
			out = utf16.AppendRune(out, r)
			p.i += n
		}
	}
	return nil, p.wrong("the closing quote of a string")
}

var errFound = fmt.Errorf("found")

// find goes down a path and builds only what is there. What stands before it is looked through, what
// comes after it is not looked at.
func (p *jsonParser) find(path []string) (goja.Value, error) {
	for len(path) > 0 {
		p.space()
		if p.i >= len(p.b) {
			return nil, p.wrong("a value")
		}
		want := path[0]
		path = path[1:]
		var err error
		switch p.b[p.i] {
		case '{':
			err = p.members(func(key string) error {
				if key == want {
					return errFound
				}
				return p.skip(0)
			})
		case '[':
			err = p.items(func(i int) error {
				if strconv.Itoa(i) == want {
					return errFound
				}
				return p.skip(0)
			})
		default:
			err = p.skip(0)
		}
		if err == nil {
			return goja.Undefined(), nil
		}
		if err != errFound {
			return nil, err
		}
	}
	return p.value(0)
}

// skip passes over one value, checking its form.
func (p *jsonParser) skip(depth int) error {
	p.space()
	if p.i >= len(p.b) {
		return p.wrong("a value")
	}
	if depth > maxJSONDepth {
		return fmt.Errorf("it is nested deeper than %d levels", maxJSONDepth)
	}
	switch p.b[p.i] {
	case '{':
		return p.members(func(string) error { return p.skip(depth + 1) })
	case '[':
		return p.items(func(int) error { return p.skip(depth + 1) })
	case '"':
		if _, err := p.text(); err != errLone {
			return err
		}
		return nil
	}
	_, err := p.value(depth)
	return err
}

func itoa(n int) string { return strconv.Itoa(n) }
