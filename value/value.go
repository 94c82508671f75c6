// Package value is the data that crosses between virtual users, the controller and the outside:
// what init returns, an iteration's output, an aggregate, an event's payload.
//
// A Value is an immutable tree of Go values with the types of the structured clone algorithm
// (HTML Living Standard §2.7), so that it can be shared between goroutines without a copy and
// sent to another machine without a loss. It knows no JavaScript engine: package js makes Values
// from a script's objects and shows them to scripts again.
package value

import "math/big"

// Value is one of: nil (null), Undefined, bool, float64, string, *big.Int, Date, *RegExp, *Array,
// *Object, *Map, *Set, *Bytes, *Error. Nothing may change a Value after it was made.
type Value any

// Undefined is JavaScript's undefined. A nil Value is null.
var Undefined Value = undefined{}

type undefined struct{}

// Date is a point in time in milliseconds since the Unix epoch; NaN for an invalid one.
type Date float64

// RegExp is a regular expression by its source and flags.
type RegExp struct{ Source, Flags string }

// Array is a list. A hole in a script's array is Undefined here.
type Array struct{ Items []Value }

// Map keeps its entries in the order of insertion.
type Map struct{ Entries [][2]Value }

// Set keeps its items in the order of insertion.
type Set struct{ Items []Value }

// Bytes is an ArrayBuffer or a view of one; Kind is the constructor's name ("ArrayBuffer",
// "Uint8Array", "DataView", …).
type Bytes struct {
	Kind string
	Data []byte
}

// Error is a thrown or returned error object.
type Error struct {
	Name, Message, Stack string
	Cause                Value // Undefined when there is none
}

// BigInt is how a script's BigInt is held.
type BigInt = *big.Int

// indexFrom is the number of keys from which an Object is searched by map, not by scan.
const indexFrom = 9

// Object is a plain object; its keys stay in the script's order.
type Object struct {
	keys   []string
	values []Value
	index  map[string]int
}

// NewObject makes an object of the keys and their values, which it then owns. A key must not stand
// twice.
func NewObject(keys []string, values []Value) *Object {
	o := &Object{keys: keys, values: values}
	if len(keys) >= indexFrom {
		o.index = make(map[string]int, len(keys))
		for i, k := range keys {
			o.index[k] = i
		}
	}
	return o
}

// Len is the number of keys.
func (o *Object) Len() int { return len(o.keys) }

// Keys are the keys in order; the caller must not change the slice.
func (o *Object) Keys() []string { return o.keys }

// At gives the i-th key and its value.
func (o *Object) At(i int) (string, Value) { return o.keys[i], o.values[i] }

// Get gives the value of a key, and whether the object has it.
func (o *Object) Get(key string) (Value, bool) {
	if o.index != nil {
		i, ok := o.index[key]
		if !ok {
			return Undefined, false
		}
		return o.values[i], true
	}
	for i, k := range o.keys {
		if k == key {
			return o.values[i], true
		}
	}
	return Undefined, false
}
