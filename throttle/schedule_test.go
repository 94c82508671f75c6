package throttle

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// leave is a permit that left.
type leave struct{ at time.Duration }

// inForce is the rate from a moment on.
type inForce struct {
	from    time.Duration
	permits float64
}

// checkWindows wants no half-open window of one interval to have more permits than the highest rate
// in force during it allows. Windows that begin with a permit are the fullest.
func checkWindows(t *rapid.T, leaves []leave, rates []inForce, interval time.Duration) {
	for i, first := range leaves {
		end := first.at + interval
		most, n := 0.0, 0
		for k, r := range rates {
			begins, ends := r.from, time.Duration(math.MaxInt64)
			if k+1 < len(rates) {
				ends = rates[k+1].from
			}
			if begins < end && ends >= first.at {
				most = max(most, r.permits)
			}
		}
		for _, l := range leaves[i:] {
			if l.at >= end {
				break
			}
			n++
		}
		if float64(n) > math.Ceil(most) {
			t.Fatalf("%d permits left from %v to %v, the rate was at most %g per %v", n, first.at, end, most, interval)
		}
	}
}

func drawInterval(t *rapid.T) time.Duration {
	return time.Duration(rapid.SampledFrom([]int64{
		int64(time.Millisecond), int64(7 * time.Millisecond), 99_999_999, int64(time.Second), int64(time.Minute), int64(24 * time.Hour),
	}).Draw(t, "interval"))
}

func drawPermits(t *rapid.T) float64 {
	if rapid.Bool().Draw(t, "whole") {
		return float64(rapid.IntRange(1, 300).Draw(t, "permits"))
	}
	return float64(rapid.IntRange(1, 300_000).Draw(t, "thousandths")) / 1000
}

// Whatever its lateness, its pauses and its changes, a schedule never exceeds its rate.
func TestScheduleNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := drawInterval(t)
		var s schedule
		var now time.Duration
		permits := drawPermits(t)
		s.change(now, permits, interval)
		rates := []inForce{{now, permits}}
		var leaves []leave
		// Lateness is drawn in parts of the interval: none, within the catch-up, far beyond it.
		lateness := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 0.01), rapid.Float64Range(0, 3))
		for range rapid.IntRange(50, 900).Draw(t, "permits that leave") {
			switch rapid.IntRange(0, 40).Draw(t, "event") {
			case 0:
				permits = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1, 300)).Draw(t, "new rate")
				s.change(now, permits, interval)
				rates = append(rates, inForce{now, permits})
			case 1:
				now += time.Duration(rapid.Float64Range(0, 2).Draw(t, "pause") * float64(interval))
				s.resume(now)
			}
			next := s.next()
			if next == never {
				now += interval / 3
				permits = drawPermits(t)
				s.change(now, permits, interval)
				rates = append(rates, inForce{now, permits})
				next = s.next()
			}
			now = max(now, next) + time.Duration(lateness.Draw(t, "late")*float64(interval))
			s.take(now, rapid.Bool().Draw(t, "waited"))
			leaves = append(leaves, leave{now})
		}
		checkWindows(t, leaves, rates, interval)
	})
}

// Without lateness the rate is exact, to the nanosecond.
func TestScheduleIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := drawInterval(t)
		permits := float64(rapid.IntRange(1, 5000).Draw(t, "permits"))
		var s schedule
		s.change(0, permits, interval)
		var gaps []time.Duration
		last := s.next()
		for range 3 * int(permits) {
			s.take(s.next(), true)
			gaps = append(gaps, s.next()-last)
			last = s.next()
		}
		if last != 3*interval {
			t.Errorf("%v permits took %v, want 3 intervals of %v", 3*permits, last, interval)
		}
		even := float64(interval) / permits
		for i, g := range gaps {
			if math.Abs(float64(g)-even) > 1.001 {
				t.Fatalf("gap %d is %v, want %v", i, g, time.Duration(even))
			}
		}
	})
}

// Lateness that timers have costs less than 1 % of the rate.
func TestScheduleReachesItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		permits := rapid.SampledFrom([]float64{1, 2.5, 20, 999, 50_000}).Draw(t, "permits")
		jitter := rapid.Int64Range(0, int64(5*time.Millisecond)).Draw(t, "jitter")
		var s schedule
		s.change(0, permits, time.Second)
		var now time.Duration
		n := 0
		for now < 20*time.Second {
			now = max(now, s.next()) + time.Duration(rapid.Int64Range(0, jitter).Draw(t, "late"))
			for s.next() <= now { // all that is due leaves at once
				s.take(now, true)
				n++
			}
		}
		if got := float64(n-1) / now.Seconds(); got < 0.99*permits || got > 1.01*permits+0.1 {
			t.Errorf("%g a second left, want %g within 1 %%", got, permits)
		}
	})
}

// With a rate per another interval, too, no two permits are closer than the higher rate allows.
func TestScheduleKeepsItsDistanceAcrossChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s schedule
		var now, last time.Duration
		closest := time.Duration(math.MaxInt64) // allowed since the last permit
		set := func() {
			permits, interval := drawPermits(t), drawInterval(t)
			s.change(now, permits, interval)
			closest = min(closest, time.Duration(float64(interval)/permits)-1)
		}
		set()
		for i := range 200 {
			if rapid.IntRange(0, 5).Draw(t, "event") == 0 {
				now += time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "later"))
				if next := s.next(); now > next { // nobody asked meanwhile
					s.resume(now)
				}
				set()
			}
			now = max(now, s.next())
			s.take(now, true)
			if i > 0 && now-last < closest {
				t.Fatalf("permit %d leaves %v after the one before, want at least %v", i, now-last, closest)
			}
			last = now
			closest = time.Duration(float64(s.interval)/(float64(s.micros)/1e6)) - 1
		}
	})
}

func TestAnIdleScheduleDoesNotSaveUp(t *testing.T) {
	var s schedule
	s.change(0, 100, time.Second)
	s.take(0, false)
	now := time.Hour
	n := 0
	for s.next() <= now {
		s.take(now, false)
		n++
	}
	if n != 1 {
		t.Errorf("%d permits left at once after an hour without demand, want 1", n)
	}
}
