package js

import (
	"math"
	"time"

	"github.com/dop251/goja"
)

// Seconds reads a time as sleep takes it: a bare number of seconds, or a duration with a unit.
// Infinity is Infinite.
func (vm *VM) Seconds(v goja.Value, what string) (time.Duration, error) {
	if !goja.IsNumber(v) || goja.IsInfinity(v) {
		d, err := vm.ParseDuration(v, what)
		return time.Duration(d), err
	}
	s := v.ToFloat()
	switch {
	case math.IsNaN(s) || s < 0:
		return 0, RangeErrorf("%s must be a number of seconds of at least 0, not %v", what, v)
	case s >= time.Duration(Infinite).Seconds():
		return time.Duration(Infinite), nil
	}
	return time.Duration(s * float64(time.Second)), nil
}
