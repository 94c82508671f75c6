package loadmodels

import (
	"errors"
	"math"
	"time"
)

// ErrEnded is what a waiting call returns when the scenario must end.
var ErrEnded = errors.New("the scenario is ending")

// Unmet is the error of a load model that did not get what it was made for in time: a failure of the
// test, not of the script.
type Unmet struct{ Message string }

func (e *Unmet) Error() string { return e.Message }

// Arrivals is an open model's schedule: a list of parts in each of which the arrival rate changes
// evenly. It is pure; which arrival is due when follows from it alone.
type Arrivals []ArrivalPart

// ArrivalPart has rates in arrivals a second. Only the last part may last for ever, at one rate:
// then its Duration is Forever.
type ArrivalPart struct {
	Duration time.Duration
	From, To float64
}

// Forever is the Duration of a part that does not end.
const Forever = time.Duration(math.MaxInt64)

// Count is the number of arrivals due before elapsed, whose k-th (from 0) is due at the time at which
// the integral of the rate reaches k.
func (a Arrivals) Count(elapsed time.Duration) int64 {
	return int64(math.Ceil(a.integral(elapsed) - countTolerance))
}

// countTolerance keeps a sum such as 0.1 × 600 s from rounding up into one arrival too many.
const countTolerance = 1e-6

func (a Arrivals) integral(elapsed time.Duration) float64 {
	var sum float64
	for _, p := range a {
		if elapsed <= 0 {
			break
		}
		if p.Duration <= 0 {
			continue
		}
		d := min(elapsed, p.Duration)
		s := d.Seconds()
		if p.Duration == Forever {
			sum += p.From * s
		} else {
			slope := (p.To - p.From) / p.Duration.Seconds()
			sum += p.From*s + slope*s*s/2
		}
		elapsed -= d
	}
	return sum
}

// Rate is the arrival rate at elapsed, 0 after the end.
func (a Arrivals) Rate(elapsed time.Duration) float64 {
	for _, p := range a {
		if elapsed < p.Duration {
			if p.Duration == Forever {
				return p.From
			}
			return p.From + (p.To-p.From)*float64(elapsed)/float64(p.Duration)
		}
		elapsed -= p.Duration
	}
	return 0
}

// Duration is the length of the schedule, Forever if it does not end.
func (a Arrivals) Duration() time.Duration {
	var sum time.Duration
	for _, p := range a {
		if p.Duration == Forever {
			return Forever
		}
		sum += p.Duration
	}
	return sum
}

// Due is the time at which the k-th arrival (from 0) is planned; false if the schedule has no such
// arrival. The rate r(t) = r₀ + s·t of a part gives the integral r₀t + st²/2, whose root is taken in
// the form that stays exact as s goes to 0.
func (a Arrivals) Due(k int64) (time.Duration, bool) {
	need := float64(k)
	total := a.Duration()
	// What Count leaves out for its tolerance is not due either.
	if total != Forever && k >= a.Count(total) {
		return 0, false
	}
	var start time.Duration
	for _, p := range a {
		if p.Duration == Forever {
			if p.From <= 0 {
				return 0, false
			}
			return start + time.Duration(need/p.From*float64(time.Second)), true
		}
		if p.Duration <= 0 {
			continue
		}
		s := p.Duration.Seconds()
		area := (p.From + p.To) / 2 * s
		if need < area {
			slope := (p.To - p.From) / s
			root := math.Sqrt(max(0, p.From*p.From+2*slope*need))
			var t float64
			if need > 0 {
				t = 2 * need / (p.From + root)
			}
			return start + min(p.Duration, time.Duration(t*float64(time.Second))), true
		}
		need -= area
		start += p.Duration
	}
	// Only rounding leads here.
	return total, true
}
