// Package throttle limits how often things happen, or how many at once: a throttle hands out permits to
// whoever asks, first come first served. A throttle with a rate never lets more permits leave in any
// window of one interval than its rate allows, spreads them evenly, and reaches its rate when enough
// ask; one with a number of parallel permits has exactly so many out at once.
//
// The package knows no script and no network; modules/throttle shows throttles to scripts.
package throttle

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Settings say what a throttle limits: a rate, or how many permits are out at once.
type Settings struct {
	// Permits in each Interval; 0 pauses, +Inf unlocks.
	Permits  float64
	Interval time.Duration
	// Parallel is how many permits may be out at once; 0 for a throttle with a rate.
	Parallel int
}

// Bounds of what can be asked for.
const (
	MaxPermits  = 1e9
	MaxInterval = 24 * time.Hour
	MaxParallel = 10_000_000
)

// DefaultInterval is what a rate is counted in.
const DefaultInterval = time.Second

// Interarrival are the settings of a rate that is given as the distance between two permits. It is
// counted in seconds, or in that distance if it is longer. 0 unlocks; Forever, and nothing else so long,
// pauses.
func Interarrival(d time.Duration) Settings {
	switch {
	case d == 0:
		return Settings{Permits: math.Inf(1), Interval: DefaultInterval}
	case d == Forever:
		return Settings{Permits: 0, Interval: DefaultInterval}
	}
	interval := max(d, DefaultInterval)
	return Settings{Permits: float64(interval) / float64(d), Interval: interval}
}

// Forever is a time without end.
const Forever = time.Duration(math.MaxInt64)

// Validate says what is wrong with the settings.
func (s Settings) Validate() error {
	if s.Parallel != 0 {
		if s.Permits != 0 || s.Interval != 0 {
			return errors.New("a throttle has either a rate or a number of parallel permits, not both")
		}
		if s.Parallel < 0 || s.Parallel > MaxParallel {
			return fmt.Errorf("parallel must be a whole number from 1 to %d, not %d", MaxParallel, s.Parallel)
		}
		return nil
	}
	if err := checkPermits("the rate", s.Permits); err != nil {
		return err
	}
	return checkInterval(s.Interval)
}

func checkPermits(what string, n float64) error {
	if math.IsInf(n, 1) || n >= 0 && n <= MaxPermits {
		if n > 0 && n < 1e-3 {
			return fmt.Errorf("%s must be 0, at least 0.001, or Infinity, not %g: take a longer interval", what, n)
		}
		return nil
	}
	return fmt.Errorf("%s must be a number from 0 to %.0f, or Infinity, not %g", what, MaxPermits, n)
}

func checkInterval(d time.Duration) error {
	if d < time.Millisecond || d > MaxInterval {
		return fmt.Errorf("the interval must be from 1ms to %v, not %v", MaxInterval, d)
	}
	return nil
}

// String is how the settings are told to people.
func (s Settings) String() string {
	switch {
	case s.Parallel > 0:
		return fmt.Sprintf("%d in parallel", s.Parallel)
	case math.IsInf(s.Permits, 1):
		return "unlocked"
	case s.Permits == 0:
		return "0, paused"
	}
	return formatRate(s.Permits) + " per " + shortDuration(s.Interval)
}

func formatRate(n float64) string {
	return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64)
}

// shortDuration writes 1s as "second" and so on.
func shortDuration(d time.Duration) string {
	switch d {
	case time.Second:
		return "second"
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	}
	return d.String()
}

// Gradual is a change of rate in steps: Steps+1 rates, from From, at once, to To, evenly.
type Gradual struct {
	From, To     float64
	Interval     time.Duration // of both rates; 0: that of the throttle
	Steps        int
	StepInterval time.Duration // between two rates
}

// MaxSteps bounds a plan.
const MaxSteps = 1_000_000

// StepEvery is how often the rate changes in a plan that is given by its duration alone.
const StepEvery = 100 * time.Millisecond

// Validate says what is wrong with the plan.
func (g Gradual) Validate() error {
	for what, n := range map[string]float64{"from": g.From, "to": g.To} {
		if !(n >= 0 && n <= MaxPermits) {
			return fmt.Errorf("%s must be a number from 0 to %.0f, not %g", what, MaxPermits, n)
		}
	}
	if g.Interval != 0 {
		if err := checkInterval(g.Interval); err != nil {
			return err
		}
	}
	if g.Steps < 1 || g.Steps > MaxSteps {
		return fmt.Errorf("steps must be a whole number from 1 to %d, not %d", MaxSteps, g.Steps)
	}
	if g.StepInterval < time.Millisecond || g.StepInterval > MaxInterval {
		return fmt.Errorf("the time between two steps must be from 1ms to %v, not %v", MaxInterval, g.StepInterval)
	}
	return nil
}

// rate is that of a step, from 0 to Steps; both ends are exact.
func (g Gradual) rate(step int) float64 {
	if step >= g.Steps {
		return g.To
	}
	return g.From + (g.To-g.From)*float64(step)/float64(g.Steps)
}
