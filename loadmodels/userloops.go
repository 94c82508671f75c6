package loadmodels

import "time"

// up says whether a user may begin another iteration.
func up(c UserCommands) bool { return c.IsUp() && c.Context().Err() == nil }

// WhileHasWork runs an iteration for each unit of work that it gets, until the user is told to stop.
type WhileHasWork struct {
	PollingTimeout time.Duration // how long one wait for work lasts; 0: until there is some
}

// Validate reports every parameter that is not acceptable.
func (l WhileHasWork) Validate() error {
	p := problems{model: "whileHasWork"}
	p.duration("pollingTimeout", l.PollingTimeout, true)
	return p.err()
}

// Run is the loop.
func (l WhileHasWork) Run(c UserCommands) error {
	if err := l.Validate(); err != nil {
		return err
	}
	timeout := l.PollingTimeout
	if timeout == 0 {
		timeout = Forever
	}
	for up(c) {
		if c.HasWork(timeout) {
			c.Iterate()
		}
	}
	return nil
}

// WhileAlive runs one iteration after another until the user is told to stop.
type WhileAlive struct{}

// Run is the loop.
func (WhileAlive) Run(c UserCommands) error {
	for up(c) {
		c.Iterate()
	}
	return nil
}

// IterationsPerSecondLimited runs iterations evenly spaced, so that a user starts no more than
// PerSecond of them a second, a fraction of one included. Iterations that take longer follow each
// other at once; what was missed is never made up for.
type IterationsPerSecondLimited struct{ PerSecond float64 }

// Validate reports every parameter that is not acceptable.
func (l IterationsPerSecondLimited) Validate() error {
	p := problems{model: "iterationsPerSecondLimited"}
	p.rate("limit", l.PerSecond, false)
	return p.err()
}

// Run is the loop.
func (l IterationsPerSecondLimited) Run(c UserCommands) error {
	if err := l.Validate(); err != nil {
		return err
	}
	begin := c.Elapsed()
	k := 0.0
	// The k-th start is counted from the first, so that rounding 1/PerSecond adds up to nothing.
	at := func() time.Duration { return begin + secondsOf(k/l.PerSecond) }
	for up(c) {
		c.Iterate()
		k++
		if now := c.Elapsed(); now > at() {
			begin, k = now, 0
		} else if !c.Sleep(at() - now) {
			break
		}
	}
	return nil
}

// secondsOf makes a duration of seconds; what is too long for one is Forever.
func secondsOf(s float64) time.Duration {
	if s >= Forever.Seconds() {
		return Forever
	}
	return time.Duration(s * float64(time.Second))
}

// Paced starts an iteration every Period. One that takes longer is followed at once by the next, from
// whose start the period then counts.
type Paced struct{ Period time.Duration }

// Validate reports every parameter that is not acceptable.
func (l Paced) Validate() error {
	p := problems{model: "paced"}
	p.finite("period", l.Period, false)
	return p.err()
}

// Run is the loop.
func (l Paced) Run(c UserCommands) error {
	if err := l.Validate(); err != nil {
		return err
	}
	next := c.Elapsed()
	for up(c) {
		c.Iterate()
		next += l.Period
		if now := c.Elapsed(); now > next {
			next = now
		} else if !c.Sleep(next - now) {
			break
		}
	}
	return nil
}

// RepeatAfter runs an iteration, pauses, and runs the next, counting the pause from the end of the
// one before.
type RepeatAfter struct {
	Pause time.Duration
	Times int // how many iterations in all; 0: no limit
}

// Validate reports every parameter that is not acceptable.
func (l RepeatAfter) Validate() error {
	p := problems{model: "repeatAfter"}
	p.finite("pause", l.Pause, true)
	p.count("times", l.Times, 0, MaxCount)
	return p.err()
}

// Run is the loop.
func (l RepeatAfter) Run(c UserCommands) error {
	if err := l.Validate(); err != nil {
		return err
	}
	for n := 1; up(c); n++ {
		c.Iterate()
		if n == l.Times || !c.Sleep(l.Pause) {
			break
		}
	}
	return nil
}
