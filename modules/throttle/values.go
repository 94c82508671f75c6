package throttle

import (
	"errors"
	"math"
	"time"

	"runner/throttle"
	"runner/value"
)

// settingsValue is settings as a request has them.
func settingsValue(s throttle.Settings) value.Value {
	if s.Parallel != 0 {
		return value.NewObject([]string{"parallel"}, []value.Value{float64(s.Parallel)})
	}
	return value.NewObject([]string{"rate", "interval"}, []value.Value{s.Permits, float64(s.Interval)})
}

func settingsOf(v value.Value) (throttle.Settings, error) {
	o, ok := v.(*value.Object)
	if !ok {
		return throttle.Settings{}, errors.New("throttle: the settings must be { rate, interval } or { parallel }")
	}
	if p, ok := o.Get("parallel"); ok {
		n, _ := p.(float64)
		if n < 1 || n > throttle.MaxParallel || n != math.Trunc(n) {
			n = -1 // which Validate refuses
		}
		return throttle.Settings{Parallel: int(n)}, nil
	}
	s := throttle.Settings{Permits: math.NaN()}
	if r, _ := o.Get("rate"); r != nil {
		if n, ok := r.(float64); ok {
			s.Permits = n
		}
	}
	d, _ := o.Get("interval")
	s.Interval = toDuration(d)
	return s, nil
}

// toDuration reads nanoseconds; what is no such number is 0.
func toDuration(v value.Value) time.Duration {
	n, ok := v.(float64)
	switch {
	case !ok || math.IsNaN(n) || n < 0:
		return 0
	case n >= math.MaxInt64:
		return throttle.Forever
	}
	return time.Duration(n)
}

var statusKeys = []string{
	"name", "rate", "intervalMs", "parallel", "paused", "stopped", "plan", "requested", "permitted", "waiting", "held",
}

var planKeys = []string{"from", "to", "step", "steps", "stepIntervalMs"}

// statusValue is a throttle's status as scripts see it.
func statusValue(s throttle.Status) value.Value {
	var rate, interval, parallel, plan value.Value
	if s.Settings.Parallel > 0 {
		parallel = float64(s.Settings.Parallel)
	} else {
		rate, interval = s.Settings.Permits, milliseconds(s.Settings.Interval)
	}
	if g := s.Plan; g != nil {
		plan = value.NewObject(planKeys, []value.Value{g.From, g.To, float64(s.Step), float64(g.Steps), milliseconds(g.StepInterval)})
	}
	return value.NewObject(statusKeys, []value.Value{
		s.Name, rate, interval, parallel, s.Paused, s.Stopped, plan,
		float64(s.Requested), float64(s.Permitted), float64(s.Waiting), float64(s.Held),
	})
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
