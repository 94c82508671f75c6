package value

import (
	"bytes"
	"math/big"
)

// Equal compares two Values by content. NaN equals NaN, 0 equals -0, and the order of an object's keys
// does not matter, while that of a Map or a Set does.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && sameNumber(a, b)
	case Date:
		b, ok := b.(Date)
		return ok && sameNumber(float64(a), float64(b))
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	case *RegExp:
		b, ok := b.(*RegExp)
		return ok && *a == *b
	case *Bytes:
		b, ok := b.(*Bytes)
		return ok && a.Kind == b.Kind && bytes.Equal(a.Data, b.Data)
	case *Array:
		b, ok := b.(*Array)
		return ok && equalLists(a.Items, b.Items)
	case *Set:
		b, ok := b.(*Set)
		return ok && equalLists(a.Items, b.Items)
	case *Map:
		b, ok := b.(*Map)
		if !ok || len(a.Entries) != len(b.Entries) {
			return false
		}
		for i := range a.Entries {
			if !equalLists(a.Entries[i][:], b.Entries[i][:]) {
				return false
			}
		}
		return true
	case *Error:
		b, ok := b.(*Error)
		return ok && a.Name == b.Name && a.Message == b.Message && Equal(a.Cause, b.Cause)
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for i, key := range a.keys {
			other, has := b.Get(key)
			if !has || !Equal(a.values[i], other) {
				return false
			}
		}
		return true
	}
	return a == b // nil, undefined, bool, string
}

func sameNumber(a, b float64) bool { return a == b || a != a && b != b }

func equalLists(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
