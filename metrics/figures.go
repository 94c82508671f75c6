package metrics

import (
	"math"
	"sync/atomic"
	"time"
)

// figures are what is exact about the values of one series. Which fields mean something depends on
// the kind: of a counter and a rate count and sum, of a gauge all, of a trend all but the last two.
type figures struct {
	count    int64
	sum      float64
	min, max float64 // 0 when count is 0
	last     float64
	stamp    int64 // orders gauges' last values, see newStamp
}

// add takes in one finite value.
func (f *figures) add(kind Kind, v float64) {
	v += 0 // −0 becomes 0, which survives JSON
	switch kind {
	case Rate:
		if v != 0 {
			f.sum++
		}
	case Counter:
		f.sum += v
	case Gauge:
		f.last, f.stamp = v, newStamp()
		f.extend(v, v)
		f.sum += v
	case Trend:
		f.extend(v, v)
		f.sum += v
	}
	f.count++
}

func (f *figures) extend(low, high float64) {
	if f.count == 0 {
		f.min, f.max = low, high
		return
	}
	if low < f.min {
		f.min = low
	}
	if high > f.max {
		f.max = high
	}
}

// merge takes in the figures of another span or shard. Only the rounding of sums depends on the order.
func (f *figures) merge(o *figures) {
	if o.count == 0 {
		return
	}
	f.extend(o.min, o.max)
	if f.count == 0 || o.stamp > f.stamp || o.stamp == f.stamp && o.last > f.last {
		f.last, f.stamp = o.last, o.stamp
	}
	f.count += o.count
	f.sum = bounded(bounded(f.sum) + bounded(o.sum)) // never ∞ − ∞
}

// bounded keeps a sum of huge values a number that JSON can hold.
func bounded(sum float64) float64 {
	return max(-math.MaxFloat64, min(sum, math.MaxFloat64))
}

var lastStamp atomic.Int64

// newStamp gives rising numbers within a process that are also nanoseconds of the wall clock, so
// that the later of two nodes' gauges is known as well as their clocks agree.
func newStamp() int64 {
	now := time.Now().UnixNano()
	for {
		last := lastStamp.Load()
		next := max(now, last+1)
		if lastStamp.CompareAndSwap(last, next) {
			return next
		}
	}
}
