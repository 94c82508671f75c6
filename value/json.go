package value

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep a Value may be nested to be encoded, decoded or written as JSON.
const MaxDepth = 1000

// JSON writes a Value as JSON.stringify would if it held plain data: keys in order, members that are
// undefined left out. What JSON has no form for takes the nearest: a BigInt is a string of digits, Bytes
// are base64, NaN and infinities null, a Date as in JavaScript, a RegExp its literal, a Set a list, a Map
// whose keys are strings an object and any other a list of pairs, an Error {name, message}. The error says
// that the Value is nested too deep.
func JSON(v Value) ([]byte, error) { return appendJSON(nil, v, 0) }

func appendJSON(b []byte, v Value, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("a value nested more than %d deep cannot be written as JSON", MaxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case undefined:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case float64:
		return appendNumber(b, v), nil
	case string:
		return appendString(b, v), nil
	case *big.Int:
		b = append(b, '"')
		b = v.Append(b, 10)
		return append(b, '"'), nil
	case Date:
		if text := v.String(); text != "" {
			return appendString(b, text), nil
		}
		return append(b, "null"...), nil
	case *RegExp:
		return appendString(b, v.String()), nil
	case *Bytes:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Data)
		return append(b, '"'), nil
	case *Error:
		b = append(b, `{"name":`...)
		b = appendString(b, v.Name)
		b = append(b, `,"message":`...)
		b = appendString(b, v.Message)
		return append(b, '}'), nil
	case *Array:
		return appendList(b, v.Items, depth)
	case *Set:
		return appendList(b, v.Items, depth)
	case *Object:
		return appendMembers(b, v.keys, v.values, depth)
	case *Map:
		keys, values := make([]string, len(v.Entries)), make([]Value, len(v.Entries))
		for i, e := range v.Entries {
			key, ok := e[0].(string)
			if !ok {
				return appendPairs(b, v.Entries, depth)
			}
			keys[i], values[i] = key, e[1]
		}
		return appendMembers(b, keys, values, depth)
	}
	return nil, fmt.Errorf("a %T is not a value", v)
}

func appendList(b []byte, items []Value, depth int) (_ []byte, err error) {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendPairs(b []byte, entries [][2]Value, depth int) (_ []byte, err error) {
	b = append(b, '[')
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendList(b, e[:], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMembers(b []byte, keys []string, values []Value, depth int) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for i, v := range values {
		if v == Undefined {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(b, keys[i])
		b = append(b, ':')
		if b, err = appendJSON(b, v, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendNumber writes a number as JavaScript does: with an exponent from 1e21 on and below 1e-6.
func appendNumber(b []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(b, "null"...)
	case f == 0: // -0 too
		return append(b, '0')
	case abs < 1e-6 || abs >= 1e21:
		b = strconv.AppendFloat(b, f, 'e', -1, 64)
		// JavaScript has no leading zero in an exponent.
		if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-2] == '0' {
			b[n-2] = b[n-1]
			b = b[:n-1]
		}
		return b
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[from:i]...)
				b = append(b, "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// String is the date as Date.prototype.toISOString gives it, empty for an invalid one.
func (d Date) String() string {
	ms := float64(d)
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		return ""
	}
	t := time.UnixMilli(int64(ms)).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Sprintf("%+07d%s", y, t.Format("-01-02T15:04:05.000Z"))
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// String is the literal.
func (r *RegExp) String() string { return "/" + r.Source + "/" + r.Flags }

// FromJSON reads JSON text as JSON.parse does; keys keep their order, and of a key that stands twice the
// last value holds. The error is a *JSONError.
func FromJSON(data []byte) (Value, error) { return ParseJSON[Value](data, treeBuilder{}) }

type treeBuilder struct{}

func (treeBuilder) Null() Value                  { return nil }
func (treeBuilder) Bool(b bool) Value            { return b }
func (treeBuilder) Number(f float64) Value       { return f }
func (treeBuilder) String(s []byte) Value        { return string(s) }
func (treeBuilder) StringUTF16(u []uint16) Value { return string(utf16.Decode(u)) }
func (treeBuilder) Array(items []Value) Value    { return &Array{Items: slices.Clone(items)} }
func (treeBuilder) Object(keys []string, values []Value) Value {
	return NewObject(lastWins(slices.Clone(keys), slices.Clone(values)))
}

// lastWins drops keys that stand again: each keeps its first place and its last value.
func lastWins(keys []string, values []Value) ([]string, []Value) {
	if len(keys) < indexFrom {
		for i := 1; i < len(keys); i++ {
			for j := 0; j < i; j++ {
				if keys[i] == keys[j] {
					values[j] = values[i]
					keys = append(keys[:i], keys[i+1:]...)
					values = append(values[:i], values[i+1:]...)
					i--
					break
				}
			}
		}
		return keys, values
	}
	place := make(map[string]int, len(keys))
	n := 0
	for i, k := range keys {
		if j, ok := place[k]; ok {
			values[j] = values[i]
			continue
		}
		place[k] = n
		keys[n], values[n] = k, values[i]
		n++
	}
	return keys[:n], values[:n]
}
