package throttle

import (
	"math"
	"math/bits"
	"time"
)

// never is the planned time of a permit that nothing plans: the rate is 0.
const never = time.Duration(math.MaxInt64)

// maxCatchUp bounds how far permits may leave behind their planned times and still count from those.
const maxCatchUp = 10 * time.Millisecond

// schedule plans when permits leave, as points on the limiter's own clock. It never reads a clock.
//
// Permits come in blocks of ⌈permits⌉, which last one interval (a little more for a rate with a
// fraction), evenly spread: the j-th of a block is planned at base + j·interval/permits. One leaves at
// its planned time or up to catchUp later, since no timer is exact; permits that follow count from the
// plan, so that lateness does not lower the rate. What would then be wrong is that a late permit and
// an exact one, a block further, are less than an interval apart. So each block begins later by the
// largest lateness of the block before:
//
//	left(k+block) ≥ planned(k+block) = planned(k) + interval + late(block of k) ≥ left(k) + interval
//
// which is the promise: no window of one interval sees more than ⌈permits⌉ of them. The price is the
// largest lateness of a block, once an interval; without lateness the rate is exact.
//
// Since each permit has a planned time of its own, several of them can be given away in advance as a
// range of times, to be used somewhere else.
type schedule struct {
	micros   uint64 // millionths of a permit in an interval, so that all arithmetic is exact; 0: none
	interval time.Duration
	catchUp  time.Duration

	block uint64        // permits of a block
	base  time.Duration // when the block's first is planned
	index uint64        // the next of the block
	late  time.Duration // the largest lateness in the block

	last time.Duration // when the last that left was planned, give or take the lateness before
	used bool          // one has left
}

// offset is ⌈index·interval/permits⌉: how long after its block's first a permit is planned.
func (s *schedule) offset(index uint64) time.Duration {
	hi, lo := bits.Mul64(index*1e6, uint64(s.interval))
	if hi >= s.micros {
		return never
	}
	q, rest := bits.Div64(hi, lo, s.micros)
	if rest > 0 {
		q++
	}
	if q > math.MaxInt64 {
		return never
	}
	return time.Duration(q)
}

// after is a point in time so much later; never stays never.
func after(t, d time.Duration) time.Duration {
	if d > never-t {
		return never
	}
	return t + d
}

// next is when the next permit is planned.
func (s *schedule) next() time.Duration {
	if s.micros == 0 {
		return never
	}
	return after(s.base, s.offset(s.index))
}

// take lets the permit leave that next has planned, which must not be later than now. waited says that
// somebody waited for it at that time: it then leaves late by no fault of its own.
func (s *schedule) take(now time.Duration, waited bool) {
	planned := s.next()
	if now-planned > s.catchUp {
		// What is further behind than that is lost: making up for it would be a burst.
		from := now
		if waited {
			from -= s.catchUp
		}
		planned = max(from, planned+s.late)
		s.begin(planned)
	}
	s.late = max(s.late, now-planned)
	s.last, s.used = planned, true
	s.index++
	if s.index == s.block {
		s.begin(after(s.base, max(s.offset(s.block), s.interval)+s.late))
	}
}

// begin begins a block.
func (s *schedule) begin(base time.Duration) {
	s.last += s.late // what follows keeps its distance to the latest there was
	s.base, s.index, s.late = base, 0, 0
}

// change sets another rate. The permit after the last one comes at the new distance.
func (s *schedule) change(now time.Duration, permits float64, interval time.Duration) {
	s.micros, s.interval = uint64(math.Round(permits*1e6)), interval
	s.block = (s.micros + 1e6 - 1) / 1e6
	s.catchUp = min(interval/100, maxCatchUp)
	if s.micros == 0 {
		return
	}
	base := now
	if s.used {
		base = max(base, after(s.last+s.late, s.offset(1)))
	}
	s.begin(base)
}

// resume forgets the permits that were planned before now and did not leave.
func (s *schedule) resume(now time.Duration) {
	if next := s.next(); next < now {
		s.begin(max(now, next+s.late))
	}
}

// mark notes that something left outside of the plan.
func (s *schedule) mark(now time.Duration) { s.last, s.late, s.used = now, 0, true }
