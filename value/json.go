package value

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"
)

// JSON writes a Value for people and other programs, as JSON.stringify would where JSON has the type,
// in the order of the keys. A Map is an object if its keys are strings, else a list of pairs; a Set is
// a list; a BigInt is a string; bytes are base64; an error is { name, message }; NaN and the
// infinities are null; undefined is left out of objects and null elsewhere.
func JSON(v Value) ([]byte, error) {
	return appendJSON(nil, v)
}

func appendJSON(b []byte, v Value) ([]byte, error) {
	switch v := v.(type) {
	case nil, undefined:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case float64:
		return appendNumber(b, v), nil
	case string:
		return appendString(b, v), nil
	case *big.Int:
		return appendString(b, v.String()), nil
	case Date:
		if math.IsNaN(float64(v)) {
			return append(b, "null"...), nil
		}
		return appendString(b, time.UnixMilli(int64(v)).UTC().Format("2006-01-02T15:04:05.000Z")), nil
	case *RegExp:
		return appendString(b, "/"+v.Source+"/"+v.Flags), nil
	case *Array:
		return appendList(b, v.Items)
	case *Set:
		return appendList(b, v.Items)
	case *Map:
		return appendMap(b, v)
	case *Object:
		return appendObject(b, v)
	case *Bytes:
		return appendString(b, base64.StdEncoding.EncodeToString(v.Data)), nil
	case *Error:
		return appendObject(b, NewObject([]string{"name", "message"}, []Value{v.Name, v.Message}))
	}
	return nil, fmt.Errorf("value: %T is no Value", v)
}

// appendNumber writes a number as ECMAScript does (Number::toString): plain up to 1e21 and down to
// 1e-6, else with an exponent.
func appendNumber(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if f == 0 {
		return append(b, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	// e-09 is written e-9.
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string cannot fail
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})...)
}

func appendList(b []byte, items []Value) (_ []byte, err error) {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, item); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, o *Object) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for i, key := range o.keys {
		if o.values[i] == Undefined {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, key), ':')
		if b, err = appendJSON(b, o.values[i]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendMap(b []byte, m *Map) ([]byte, error) {
	keys := make([]string, len(m.Entries))
	values := make([]Value, len(m.Entries))
	for i, e := range m.Entries {
		s, ok := e[0].(string)
		if !ok {
			pairs := make([]Value, len(m.Entries))
			for j, p := range m.Entries {
				pairs[j] = &Array{Items: []Value{p[0], p[1]}}
			}
			return appendList(b, pairs)
		}
		keys[i], values[i] = s, e[1]
	}
	return appendObject(b, NewObject(keys, values))
}

// FromJSON reads a JSON text, keeping the order of the keys; of a key that stands twice the last holds.
func FromJSON(data []byte) (Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	v, err := readJSON(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more after the value, at byte %d", d.InputOffset())
	}
	return v, nil
}

func readJSON(d *json.Decoder) (Value, error) {
	t, err := d.Token()
	if err != nil {
		if err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			items := []Value{}
			for d.More() {
				item, err := readJSON(d)
				if err != nil {
					return nil, err
				}
				items = append(items, item)
			}
			_, err := d.Token()
			return &Array{Items: items}, err
		}
		var keys []string
		var values []Value
		at := map[string]int{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readJSON(d)
			if err != nil {
				return nil, err
			}
			key := k.(string)
			if i, twice := at[key]; twice {
				values[i] = v
				continue
			}
			at[key] = len(keys)
			keys, values = append(keys, key), append(values, v)
		}
		_, err := d.Token()
		return NewObject(keys, values), err
	}
	return t, nil // nil, bool, float64 or string
}
