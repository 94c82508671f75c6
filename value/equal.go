package value

import (
	"bytes"
	"math"
	"math/big"
)

// Equal says whether two Values hold the same: objects by their keys in any order, everything else in
// order; NaN is equal to NaN, and -0 to 0. Stacks of errors do not count.
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
	case *Error:
		b, ok := b.(*Error)
		return ok && (a == b || a.Name == b.Name && a.Message == b.Message && Equal(a.Cause, b.Cause))
	case *Array:
		b, ok := b.(*Array)
		return ok && (a == b || sameItems(a.Items, b.Items))
	case *Set:
		b, ok := b.(*Set)
		return ok && (a == b || sameItems(a.Items, b.Items))
	case *Map:
		b, ok := b.(*Map)
		if !ok || len(a.Entries) != len(b.Entries) {
			return false
		}
		for i, e := range a.Entries {
			if !sameItems(e[:], b.Entries[i][:]) {
				return false
			}
		}
		return true
	case *Object:
		b, ok := b.(*Object)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for i, k := range a.keys {
			if v, has := b.Get(k); !has || !Equal(a.values[i], v) {
				return false
			}
		}
		return true
	}
	return a == b
}

func sameNumber(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func sameItems(a, b []Value) bool {
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
