package loadmodels

import (
	"fmt"
	"math"
	"time"
)

// RampUsers brings the number of users evenly from what it is to a target, up or down.
type RampUsers struct {
	Duration   time.Duration
	Target     int
	WaitPeriod time.Duration // between two calls of the aggregator; 0: DefaultWaitPeriod
	ScaleDown  bool          // stop the users at the end; mostly another model takes them over
}

// Validate reports every parameter that is not acceptable.
func (m RampUsers) Validate() error {
	p := problems{model: "rampUsers"}
	p.finite("seconds", m.Duration, false)
	p.count("target", m.Target, 0, MaxUsers)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

// Run drives the scenario.
func (m RampUsers) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return scaleDown(c, !m.ScaleDown)
}

func (m RampUsers) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	r := newReader(c, m.WaitPeriod)
	ramp := ramp{from: c.TargetUsers(), to: m.Target, over: m.Duration}
	phase := fmt.Sprintf("ramping from %s to %s", grouped(ramp.from), plural(ramp.to, "user"))
	start := c.Elapsed()
	for {
		elapsed := c.Elapsed() - start
		if err := c.ScaleUsers(ramp.at(elapsed)); err != nil {
			return err
		}
		c.Report(progress(phase, elapsed, m.Duration))
		if elapsed >= m.Duration {
			return r.drain()
		}
		next := max(ramp.next(elapsed), elapsed+readGap)
		if err := r.wait(start+min(m.Duration, next, elapsed+time.Second), 0); err != nil {
			return err
		}
	}
}

// ramp is a straight line from one number of users to another: a pure function of elapsed time.
type ramp struct {
	from, to int
	over     time.Duration
}

// at is the whole number nearest to the line, which keeps the sum of users over time right; it is
// exact at the end.
func (r ramp) at(elapsed time.Duration) int {
	if elapsed >= r.over {
		return r.to
	}
	return r.from + int(math.Round(float64(r.to-r.from)*float64(elapsed)/float64(r.over)))
}

// next is when the number changes next: half a step before the line reaches it.
func (r ramp) next(elapsed time.Duration) time.Duration {
	steps := math.Abs(float64(r.to - r.from))
	if steps == 0 {
		return r.over
	}
	done := math.Abs(float64(r.at(elapsed) - r.from))
	return min(r.over, time.Duration(math.Ceil((done+0.5)/steps*float64(r.over))))
}

// Plan is what can be known beforehand; the ramp starts at no users.
func (m RampUsers) Plan() []Segment { return m.plan(0) }

func (m RampUsers) plan(users float64) []Segment {
	return []Segment{{
		Label:    fmt.Sprintf("ramp to %s", plural(m.Target, "user")),
		Duration: m.Duration, FromUsers: users, ToUsers: float64(m.Target),
	}}
}
