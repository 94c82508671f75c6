package http

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// maxJSONDepth is how deep JSON may be nested, as for JSON.parse. goja's own parser recurses without a
// limit and ends the process when an answer is five million brackets.
const maxJSONDepth = 512

// json looks through the body once, to see that it is JSON, and gives it to the script as objects and
// arrays whose members are made when they are read. With a path such as "users.0.name" it goes
// straight there and looks at nothing behind it; undefined if nothing is there.
func (r *response) json(path goja.Value) goja.Value {
	rt := r.s.vm.Runtime()
	if r.Err != nil {
		r.s.vm.Throw(fmt.Errorf("there is no answer to read JSON from: %s", r.Err.Message))
	}
	b := bytes.TrimPrefix(r.bytes(), []byte("\uFEFF"))
	p := &jsonParser{doc: &jsonDoc{s: r.s}, b: b}
	var v goja.Value
	var err error
	if goja.IsUndefined(path) {
		p.space()
		start := p.i
		if err = p.skip(0); err == nil {
			end := p.i
			if p.space(); p.i < len(p.b) {
				err = p.wrong("the end of the text")
			} else {
				v, err = p.doc.value(p.b[start:end])
			}
		}
	} else {
		if !goja.IsString(path) {
			r.s.throw("json", "the path must be a string, as in \"users.0.name\", not %s", brief(path))
		}
		v, err = p.find(path.String())
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

// jsonParser reads JSON text from a place on. skip checks the form of what it passes.
type jsonParser struct {
	doc *jsonDoc
	b   []byte
	i   int
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

// value makes a value of its text, which was checked before and has no space around it. An object or
// an array stays text until it is looked into.
func (d *jsonDoc) value(text []byte) (goja.Value, error) {
	rt := d.s.vm.Runtime()
	p := jsonParser{doc: d, b: text}
	switch text[0] {
	case '{':
		return rt.NewDynamicObject(&jsonObject{doc: d, text: text}), nil
	case '[':
		return rt.NewDynamicArray(&jsonArray{doc: d, text: text}), nil
	case '"':
		return p.str()
	case 't', 'f':
		return rt.ToValue(text[0] == 't'), nil
	case 'n':
		return goja.Null(), nil
	}
	return p.number()
}

// leap is skip for text that was checked before: it only looks for the end.
func (p *jsonParser) leap() {
	depth := 0
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case '"':
			for p.i++; ; p.i++ {
				p.i += bytes.IndexByte(p.b[p.i:], '"')
				// A quote is escaped if an odd number of backslashes stands before it.
				n := 0
				for p.b[p.i-1-n] == '\\' {
					n++
				}
				if n%2 == 0 {
					break
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // the end of what holds a number or a word
			}
			depth--
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
			p.i++
			continue
		default:
			p.i++
			continue
		}
		p.i++
		if depth == 0 {
			return
		}
	}
}

func (p *jsonParser) word(w string) error {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return p.wrong("a value")
	}
	p.i += len(w)
	return nil
}

// skip passes over one value.
func (p *jsonParser) skip(depth int) error {
	p.space()
	if p.i >= len(p.b) {
		return p.wrong("a value")
	}
	if depth > maxJSONDepth {
		return fmt.Errorf("it is nested deeper than %d levels", maxJSONDepth)
	}
	switch c := p.b[p.i]; c {
	case '{':
		p.i++
		for first := true; ; first = false {
			more, err := p.nextKey(first)
			if err != nil || !more {
				return err
			}
			if err := p.skipString(); err != nil {
				return err
			}
			if err := p.colon(); err != nil {
				return err
			}
			if err := p.skip(depth + 1); err != nil {
				return err
			}
		}
	case '[':
		p.i++
		for first := true; ; first = false {
			more, err := p.nextItem(first)
			if err != nil || !more {
				return err
			}
			if err := p.skip(depth + 1); err != nil {
				return err
			}
		}
	case '"':
		return p.skipString()
	case 't':
		return p.word("true")
	case 'f':
		return p.word("false")
	case 'n':
		return p.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			_, err := p.skipNumber()
			return err
		}
	}
	return p.wrong("a value")
}

// nextKey goes to an object's next key, or past its end.
func (p *jsonParser) nextKey(first bool) (bool, error) {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		return false, nil
	}
	if !first {
		if p.i >= len(p.b) || p.b[p.i] != ',' {
			return false, p.wrong("a comma or a closing brace")
		}
		p.i++
		p.space()
	}
	if p.i >= len(p.b) || p.b[p.i] != '"' {
		return false, p.wrong("a key in quotes")
	}
	return true, nil
}

func (p *jsonParser) colon() error {
	p.space()
	if p.i >= len(p.b) || p.b[p.i] != ':' {
		return p.wrong("a colon")
	}
	p.i++
	return nil
}

// nextItem goes to an array's next item, or past its end.
func (p *jsonParser) nextItem(first bool) (bool, error) {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == ']' {
		p.i++
		return false, nil
	}
	if !first {
		if p.i >= len(p.b) || p.b[p.i] != ',' {
			return false, p.wrong("a comma or a closing bracket")
		}
		p.i++
	}
	return true, nil
}

func (p *jsonParser) skipString() error {
	p.i++
	for p.i < len(p.b) {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return nil
		case c == '\\':
			if p.i+1 >= len(p.b) {
				p.i++
				return p.wrong("an escape")
			}
			switch p.b[p.i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				p.i += 2
			case 'u':
				for j := p.i + 2; j < p.i+6; j++ {
					if j >= len(p.b) || !isHex(p.b[j]) {
						return p.wrong("four hexadecimal digits")
					}
				}
				p.i += 6
			default:
				return p.wrong("an escape")
			}
		case c < ' ':
			return p.wrong("no control character in a string")
		default:
			p.i++
		}
	}
	return p.wrong("the closing quote of a string")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// skipNumber passes over a number, and says whether it is written as an integer.
func (p *jsonParser) skipNumber() (whole bool, err error) {
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
		return false, p.wrong("a digit")
	}
	whole = true
	if p.i < len(p.b) && p.b[p.i] == '.' {
		whole = false
		p.i++
		if !digits() {
			return false, p.wrong("a digit")
		}
	}
	if p.i < len(p.b) && p.b[p.i]|0x20 == 'e' {
		whole = false
		p.i++
		if p.i < len(p.b) && (p.b[p.i] == '+' || p.b[p.i] == '-') {
			p.i++
		}
		if !digits() {
			return false, p.wrong("a digit")
		}
	}
	return whole, nil
}

func (p *jsonParser) number() (goja.Value, error) {
	start := p.i
	whole, err := p.skipNumber()
	if err != nil {
		return nil, err
	}
	rt := p.doc.s.vm.Runtime()
	text := string(p.b[start:p.i])
	if whole && len(text) <= 15 && text != "-0" {
		n, err := strconv.ParseInt(text, 10, 64)
		return rt.ToValue(n), err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, err
	}
	return rt.ToValue(f), nil
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
	return p.doc.s.vm.Runtime().ToValue(s), err
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

// find goes down a path and makes only what is there.
func (p *jsonParser) find(path string) (goja.Value, error) {
	for more := true; more; {
		var want string
		want, path, more = strings.Cut(path, ".")
		p.space()
		if p.i >= len(p.b) {
			return nil, p.wrong("a value")
		}
		var found bool
		var err error
		switch p.b[p.i] {
		case '{':
			found, err = p.findKey(want)
		case '[':
			found, err = p.findItem(want)
		default:
			err = p.skip(0)
		}
		if err != nil {
			return nil, err
		}
		if !found {
			return goja.Undefined(), nil
		}
	}
	p.space()
	start := p.i
	if err := p.skip(0); err != nil {
		return nil, err
	}
	return p.doc.value(p.b[start:p.i])
}

func (p *jsonParser) findKey(want string) (bool, error) {
	p.i++
	for first := true; ; first = false {
		more, err := p.nextKey(first)
		if err != nil || !more {
			return false, err
		}
		start := p.i
		if err := p.skipString(); err != nil {
			return false, err
		}
		key := p.b[start+1 : p.i-1]
		same := string(key) == want
		if !same && bytes.IndexByte(key, '\\') >= 0 {
			end := p.i
			p.i = start
			text, _ := p.text()
			same = text == want
			p.i = end
		}
		if err := p.colon(); err != nil || same {
			return same, err
		}
		if err := p.skip(0); err != nil {
			return false, err
		}
	}
}

func (p *jsonParser) findItem(want string) (bool, error) {
	n, err := strconv.Atoi(want)
	if err != nil || strconv.Itoa(n) != want {
		n = -1
	}
	p.i++
	for i := 0; ; i++ {
		more, err := p.nextItem(i == 0)
		if err != nil || !more || i == n {
			return more && err == nil, err
		}
		if err := p.skip(0); err != nil {
			return false, err
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
