package value

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
)

// FromGo makes a Value of Go's data: numbers, strings, booleans, slices, maps with string keys (whose keys
// are then sorted), structs by their exported fields and json tags, pointers to these, []byte, time.Time,
// *big.Int, json.Number, error. A Value is itself. What was given must not be changed afterwards only
// if it was a Value. The error names the path of what is none of these.
func FromGo(v any) (Value, error) { return fromGo(reflect.ValueOf(v), "value", 0) }

func fromGo(v reflect.Value, path string, depth int) (Value, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%s is nested more than %d deep", path, MaxDepth)
	}
	if !v.IsValid() {
		return nil, nil
	}
	switch x := v.Interface().(type) {
	case undefined, Date, *RegExp, *Array, *Object, *Map, *Set, *Bytes, *Error, *big.Int:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, nil
		}
		return x, nil
	case []byte:
		return &Bytes{Kind: "Uint8Array", Data: slices.Clone(x)}, nil
	case time.Time:
		return Date(x.UnixMilli()), nil
	case json.Number:
		f, err := x.Float64()
		if err != nil && !math.IsInf(f, 0) {
			return nil, fmt.Errorf("%s is not a number: %q", path, string(x))
		}
		return f, nil
	case error:
		return &Error{Name: "Error", Message: x.Error(), Cause: Undefined}, nil
	case encoding.TextMarshaler:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, nil
		}
		text, err := x.MarshalText()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return string(text), nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return float64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return fromGo(v.Elem(), path, depth+1)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil, nil
		}
		items := make([]Value, v.Len())
		for i := range items {
			item, err := fromGo(v.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
			if err != nil {
				return nil, err
			}
			items[i] = item
		}
		return &Array{Items: items}, nil
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%s is a %s: keys must be strings", path, v.Type())
		}
		if v.IsNil() {
			return nil, nil
		}
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		keys, values := make([]string, len(names)), make([]Value, len(names))
		for i, n := range names {
			part, err := fromGo(v.MapIndex(n), path+"."+n.String(), depth+1)
			if err != nil {
				return nil, err
			}
			keys[i], values[i] = n.String(), part
		}
		return NewObject(keys, values), nil
	case reflect.Struct:
		return fromStruct(v, path, depth)
	}
	return nil, fmt.Errorf("%s is a %s: only data can be handed over", path, v.Type())
}

func fromStruct(v reflect.Value, path string, depth int) (Value, error) {
	var keys []string
	var values []Value
	for _, f := range reflect.VisibleFields(v.Type()) {
		if !f.IsExported() || len(f.Index) > 1 {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		field := v.FieldByIndex(f.Index)
		if strings.Contains(","+options+",", ",omitempty,") && field.IsZero() {
			continue
		}
		part, err := fromGo(field, path+"."+name, depth+1)
		if err != nil {
			return nil, err
		}
		keys, values = append(keys, name), append(values, part)
	}
	keys, values = lastWins(keys, values)
	return NewObject(keys, values), nil
}
