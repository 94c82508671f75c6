package value

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxJSONDepth is how deep arrays and objects may stand in one another in JSON text.
const MaxJSONDepth = 512

// JSONBuilder makes values of some kind from JSON text; V is that kind. The
// slices that its methods are given are theirs only until they return.
type JSONBuilder[V any] interface {
	Null() V
	Bool(bool) V
	Number(float64) V
	// String is given UTF-8.
	String([]byte) V
	// StringUTF16 makes a string that holds surrogates without their other half.
	StringUTF16([]uint16) V
	Array([]V) V
	// Object may be given a key twice: the last value holds.
	Object(keys []string, values []V) V
}

// JSONError is JSON text that cannot be read.
type JSONError struct {
	Message      string
	Offset       int // in bytes
	Line, Column int // from 1, in characters
}

func (e *JSONError) Error() string {
	return fmt.Sprintf("%s at line %d, column %d of the JSON text", e.Message, e.Line, e.Column)
}

// ParseJSON reads JSON text (RFC 8259) and has b make its values. What is not UTF-8 in a string is left as
// it is. The error is a *JSONError.
func ParseJSON[V any](data []byte, b JSONBuilder[V]) (V, error) {
	p := jsonParser[V]{data: data, b: b}
	p.space()
	v, ok := p.value(0)
	if ok {
		if p.space(); p.at < len(p.data) {
			ok = p.unexpected("after the value")
		}
	}
	if !ok {
		var none V
		return none, p.err
	}
	return v, nil
}

type jsonParser[V any] struct {
	data []byte
	at   int
	b    JSONBuilder[V]
	keys [keptKeys]string // the latest of each hash
	err  error
	// Parts of the arrays and objects that are still open: the innermost one's are last.
	values []V
	names  []string
	buf    []byte
}

// keptKeys is how many keys are kept to be shared, a power of two, and maxKeptLength how long they may be.
const (
	keptKeys      = 64
	maxKeptLength = 32
)

func (p *jsonParser[V]) fail(message string) bool {
	if p.err == nil {
		e := &JSONError{Message: message, Offset: p.at, Line: 1, Column: 1}
		for _, r := range string(p.data[:min(p.at, len(p.data))]) {
			if e.Column++; r == '\n' {
				e.Line, e.Column = e.Line+1, 1
			}
		}
		p.err = e
	}
	return false
}

// unexpected names what stands where something else should.
func (p *jsonParser[V]) unexpected(where string) bool {
	if p.at >= len(p.data) {
		return p.fail("unexpected end " + where)
	}
	r, _ := utf8.DecodeRune(p.data[p.at:])
	return p.fail(fmt.Sprintf("unexpected %q %s", r, where))
}

func (p *jsonParser[V]) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonParser[V]) value(depth int) (v V, ok bool) {
	if p.at >= len(p.data) {
		return v, p.unexpected("where a value should be")
	}
	switch c := p.data[p.at]; {
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		s, wide, ok := p.text()
		switch {
		case !ok:
			return v, false
		case wide != nil:
			return p.b.StringUTF16(wide), true
		}
		return p.b.String(s), true
	case c == '-' || c >= '0' && c <= '9':
		f, ok := p.number()
		if !ok {
			return v, false
		}
		return p.b.Number(f), true
	case c == 't' && p.word("true"):
		return p.b.Bool(true), true
	case c == 'f' && p.word("false"):
		return p.b.Bool(false), true
	case c == 'n' && p.word("null"):
		return p.b.Null(), true
	}
	return v, p.unexpected("where a value should be")
}

func (p *jsonParser[V]) word(w string) bool {
	if len(p.data)-p.at < len(w) || string(p.data[p.at:p.at+len(w)]) != w {
		return false
	}
	p.at += len(w)
	return true
}

func (p *jsonParser[V]) array(depth int) (v V, ok bool) {
	if depth > MaxJSONDepth {
		return v, p.fail(fmt.Sprintf("arrays and objects nested more than %d deep", MaxJSONDepth))
	}
	p.at++
	from := len(p.values)
	if p.space(); p.at < len(p.data) && p.data[p.at] == ']' {
		p.at++
		return p.b.Array(nil), true
	}
	for {
		item, ok := p.value(depth)
		if !ok {
			return v, false
		}
		p.values = append(p.values, item)
		p.space()
		switch {
		case p.at < len(p.data) && p.data[p.at] == ',':
			p.at++
			p.space()
		case p.at < len(p.data) && p.data[p.at] == ']':
			p.at++
			v = p.b.Array(p.values[from:])
			clear(p.values[from:])
			p.values = p.values[:from]
			return v, true
		default:
			return v, p.unexpected(`where "," or "]" should be`)
		}
	}
}

func (p *jsonParser[V]) object(depth int) (v V, ok bool) {
	if depth > MaxJSONDepth {
		return v, p.fail(fmt.Sprintf("arrays and objects nested more than %d deep", MaxJSONDepth))
	}
	p.at++
	from, fromName := len(p.values), len(p.names)
	if p.space(); p.at < len(p.data) && p.data[p.at] == '}' {
		p.at++
		return p.b.Object(nil, nil), true
	}
	for {
		if p.at >= len(p.data) || p.data[p.at] != '"' {
			return v, p.unexpected("where a key in double quotes should be")
		}
		key, ok := p.key()
		if !ok {
			return v, false
		}
		if p.space(); p.at >= len(p.data) || p.data[p.at] != ':' {
			return v, p.unexpected(`where ":" should be`)
		}
		p.at++
		p.space()
		item, ok := p.value(depth)
		if !ok {
			return v, false
		}
		p.values, p.names = append(p.values, item), append(p.names, key)
		p.space()
		switch {
		case p.at < len(p.data) && p.data[p.at] == ',':
			p.at++
			p.space()
		case p.at < len(p.data) && p.data[p.at] == '}':
			p.at++
			v = p.b.Object(p.names[fromName:], p.values[from:])
			clear(p.values[from:])
			p.values, p.names = p.values[:from], p.names[:fromName]
			return v, true
		default:
			return v, p.unexpected(`where "," or "}" should be`)
		}
	}
}

// key reads a key. Lists of objects have the same ones again and again.
func (p *jsonParser[V]) key() (string, bool) {
	text, wide, ok := p.text()
	if !ok {
		return "", false
	}
	if wide != nil {
		return string(utf16.Decode(wide)), true
	}
	if len(text) > maxKeptLength {
		return string(text), true
	}
	slot := &p.keys[Hash(text)%keptKeys]
	if *slot != string(text) {
		*slot = string(text)
	}
	return *slot, true
}

// Hash is a quick hash of a short text, for tables that may forget.
func Hash(text []byte) uint32 {
	h := uint32(2166136261) // FNV-1a
	for _, c := range text {
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>15
}

// text reads a string, without its quotes: as bytes that are good until the next one, or in UTF-16 if it
// holds half a surrogate pair.
func (p *jsonParser[V]) text() (s []byte, wide []uint16, ok bool) {
	p.at++
	from := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			s = p.data[from:p.at]
			p.at++
			return s, nil, true
		case c == '\\':
			return p.escaped(from)
		case c < ' ':
			return nil, nil, p.fail(fmt.Sprintf("unexpected control character %q in a string", c))
		}
		p.at++
	}
	return nil, nil, p.unexpected("of a string")
}

// escaped reads on in a string from its first backslash.
func (p *jsonParser[V]) escaped(from int) (s []byte, wide []uint16, ok bool) {
	p.buf = append(p.buf[:0], p.data[from:p.at]...)
	// What was read so far moves to units once half a pair turns up.
	var units []uint16
	flush := func() {
		units = utf16.AppendRune(units, 0)[:len(units)]
		for _, r := range string(p.buf) {
			units = utf16.AppendRune(units, r)
		}
		p.buf = p.buf[:0]
	}
	halves := false
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			if halves {
				flush()
				return nil, units, true
			}
			return p.buf, nil, true
		case c < ' ':
			return nil, nil, p.fail(fmt.Sprintf("unexpected control character %q in a string", c))
		case c != '\\':
			p.buf = append(p.buf, c)
			p.at++
			continue
		}
		p.at++
		if p.at >= len(p.data) {
			break
		}
		c := p.data[p.at]
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			unit, ok := p.hex(p.at + 1)
			if !ok {
				return nil, nil, p.fail(`a \u in a string takes four hexadecimal digits`)
			}
			p.at += 5
			r := rune(unit)
			if utf16.IsSurrogate(r) {
				if low, ok := p.hex(p.at + 2); ok && p.data[p.at] == '\\' && p.data[p.at+1] == 'u' {
					if full := utf16.DecodeRune(r, rune(low)); full != utf8.RuneError {
						p.at += 6
						p.buf = utf8.AppendRune(p.buf, full)
						continue
					}
				}
				halves = true
				flush()
				units = append(units, unit)
				continue
			}
			p.buf = utf8.AppendRune(p.buf, r)
			continue
		default:
			return nil, nil, p.unexpected("after a backslash in a string")
		}
		p.buf = append(p.buf, c)
		p.at++
	}
	return nil, nil, p.unexpected("of a string")
}

// hex reads four hexadecimal digits.
func (p *jsonParser[V]) hex(at int) (uint16, bool) {
	if at+4 > len(p.data) {
		return 0, false
	}
	var unit uint16
	for _, c := range p.data[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | uint16(c)
	}
	return unit, true
}

func (p *jsonParser[V]) digits() int {
	from := p.at
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
		p.at++
	}
	return p.at - from
}

func (p *jsonParser[V]) number() (float64, bool) {
	from := p.at
	negative := p.data[p.at] == '-'
	if negative {
		p.at++
	}
	first := p.at
	switch n := p.digits(); {
	case n == 0:
		return 0, p.unexpected("where a digit should be")
	case n > 1 && p.data[first] == '0':
		p.at = first + 1
		return 0, p.fail("a number with a leading zero")
	}
	whole := true
	if p.at < len(p.data) && p.data[p.at] == '.' {
		whole = false
		p.at++
		if p.digits() == 0 {
			return 0, p.unexpected("where a digit should be")
		}
	}
	if p.at < len(p.data) && (p.data[p.at] == 'e' || p.data[p.at] == 'E') {
		whole = false
		p.at++
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		if p.digits() == 0 {
			return 0, p.unexpected("where a digit should be")
		}
	}
	if whole && p.at-first <= 15 {
		n := 0
		for _, c := range p.data[first:p.at] {
			n = n*10 + int(c-'0')
		}
		if negative {
			return math.Copysign(float64(n), -1), true
		}
		return float64(n), true
	}
	// Out of range is infinity or zero, as in JavaScript.
	f, _ := strconv.ParseFloat(string(p.data[from:p.at]), 64)
	return f, true
}
