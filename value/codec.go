package value

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
)

// Tags of the wire form. They are part of it: a number is never given another meaning.
const (
	tagNull byte = iota
	tagUndefined
	tagFalse
	tagTrue
	tagNumber
	tagInteger
	tagString
	tagBigInt
	tagDate
	tagRegExp
	tagArray
	tagObject
	tagMap
	tagSet
	tagBytes
	tagError
)

// wireVersion begins every encoded Value.
const wireVersion = 1

// Encode writes a Value in a binary form that Decode reads back without a loss. The error says that the
// Value is nested more than MaxDepth deep.
func Encode(v Value) ([]byte, error) {
	return appendValue([]byte{wireVersion}, v, 0)
}

func appendValue(b []byte, v Value, depth int) (_ []byte, err error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("a value nested more than %d deep cannot be encoded", MaxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(b, tagNull), nil
	case undefined:
		return append(b, tagUndefined), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case float64:
		if n := int64(v); float64(n) == v && n > -1<<53 && n < 1<<53 && !(n == 0 && math.Signbit(v)) {
			return binary.AppendVarint(append(b, tagInteger), n), nil
		}
		return binary.BigEndian.AppendUint64(append(b, tagNumber), math.Float64bits(v)), nil
	case string:
		return appendText(append(b, tagString), v), nil
	case *big.Int:
		sign := byte(0)
		if v.Sign() < 0 {
			sign = 1
		}
		return appendText(append(b, tagBigInt, sign), string(v.Bytes())), nil
	case Date:
		return binary.BigEndian.AppendUint64(append(b, tagDate), math.Float64bits(float64(v))), nil
	case *RegExp:
		return appendText(appendText(append(b, tagRegExp), v.Source), v.Flags), nil
	case *Bytes:
		return appendText(appendText(append(b, tagBytes), v.Kind), string(v.Data)), nil
	case *Error:
		b = appendText(appendText(appendText(append(b, tagError), v.Name), v.Message), v.Stack)
		return appendValue(b, v.Cause, depth+1)
	case *Array:
		return appendItems(append(b, tagArray), v.Items, depth)
	case *Set:
		return appendItems(append(b, tagSet), v.Items, depth)
	case *Object:
		b = binary.AppendUvarint(append(b, tagObject), uint64(len(v.keys)))
		for i, k := range v.keys {
			if b, err = appendValue(appendText(b, k), v.values[i], depth+1); err != nil {
				return nil, err
			}
		}
		return b, nil
	case *Map:
		b = binary.AppendUvarint(append(b, tagMap), uint64(len(v.Entries)))
		for _, e := range v.Entries {
			for _, part := range e {
				if b, err = appendValue(b, part, depth+1); err != nil {
					return nil, err
				}
			}
		}
		return b, nil
	}
	return nil, fmt.Errorf("a %T is not a value", v)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendItems(b []byte, items []Value, depth int) (_ []byte, err error) {
	b = binary.AppendUvarint(b, uint64(len(items)))
	for _, item := range items {
		if b, err = appendValue(b, item, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Decode reads what Encode wrote. Whatever the bytes are, it returns an error rather than panic, and makes
// no more than a few times what they take up.
func Decode(data []byte) (Value, error) {
	if len(data) == 0 {
		return nil, errors.New("an encoded value is empty")
	}
	if data[0] != wireVersion {
		return nil, fmt.Errorf("an encoded value is of version %d; this program reads version %d", data[0], wireVersion)
	}
	d := decoder{data: data[1:]}
	v := d.value(0)
	if d.err == nil && len(d.data) > 0 {
		d.fail("has %d bytes after its end", len(d.data))
	}
	if d.err != nil {
		return nil, d.err
	}
	return v, nil
}

type decoder struct {
	data []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("an encoded value "+format, args...)
	}
	d.data = nil
}

func (d *decoder) byte() byte {
	if len(d.data) == 0 {
		d.fail("ends too early")
		return tagNull
	}
	c := d.data[0]
	d.data = d.data[1:]
	return c
}

// count reads how many things follow; each takes at least size bytes.
func (d *decoder) count(size int) int {
	n, used := binary.Uvarint(d.data)
	if used <= 0 {
		d.fail("ends too early")
		return 0
	}
	d.data = d.data[used:]
	if n > uint64(len(d.data)/size) {
		d.fail("says that it holds more than its bytes can")
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.count(1)
	s := string(d.data[:n])
	d.data = d.data[n:]
	return s
}

func (d *decoder) float() float64 {
	if len(d.data) < 8 {
		d.fail("ends too early")
		return 0
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(d.data))
	d.data = d.data[8:]
	return f
}

func (d *decoder) items(depth int) []Value {
	n := d.count(1)
	if n == 0 {
		return nil
	}
	items := make([]Value, n)
	for i := range items {
		items[i] = d.value(depth + 1)
	}
	return items
}

func (d *decoder) value(depth int) Value {
	if depth > MaxDepth {
		d.fail("is nested more than %d deep", MaxDepth)
	}
	if d.err != nil {
		return nil
	}
	switch tag := d.byte(); tag {
	case tagNull:
		return nil
	case tagUndefined:
		return Undefined
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagNumber:
		return d.float()
	case tagInteger:
		n, used := binary.Varint(d.data)
		if used <= 0 {
			d.fail("ends too early")
			return nil
		}
		d.data = d.data[used:]
		return float64(n)
	case tagString:
		return d.text()
	case tagBigInt:
		negative := d.byte() == 1
		n := new(big.Int).SetBytes([]byte(d.text()))
		if negative {
			n.Neg(n)
		}
		return n
	case tagDate:
		return Date(d.float())
	case tagRegExp:
		return &RegExp{Source: d.text(), Flags: d.text()}
	case tagBytes:
		return &Bytes{Kind: d.text(), Data: []byte(d.text())}
	case tagError:
		return &Error{Name: d.text(), Message: d.text(), Stack: d.text(), Cause: d.value(depth + 1)}
	case tagArray:
		return &Array{Items: d.items(depth)}
	case tagSet:
		return &Set{Items: d.items(depth)}
	case tagObject:
		n := d.count(2)
		keys, values := make([]string, n), make([]Value, n)
		for i := range keys {
			keys[i], values[i] = d.text(), d.value(depth+1)
		}
		if kept, _ := lastWins(append([]string(nil), keys...), make([]Value, n)); len(kept) != n {
			d.fail("has a key twice")
			return nil
		}
		return NewObject(keys, values)
	case tagMap:
		n := d.count(2)
		m := &Map{Entries: make([][2]Value, n)}
		for i := range m.Entries {
			m.Entries[i] = [2]Value{d.value(depth + 1), d.value(depth + 1)}
		}
		return m
	default:
		d.fail("has the unknown tag %d", tag)
		return nil
	}
}
