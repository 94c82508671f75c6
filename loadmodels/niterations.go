package loadmodels

import (
	"fmt"
	"time"
)

// NIterations has users share a number of iterations, and ends when so many results have come.
type NIterations struct {
	Iterations    int
	Users         int
	Timeout       time.Duration // for all of it; 0: DefaultTimeout, Forever: none
	WaitPeriod    time.Duration // between two calls of the aggregator; 0: DefaultWaitPeriod
	SkipScaleDown bool          // leave the users running
}

// Validate reports every parameter that is not acceptable.
func (m NIterations) Validate() error {
	p := problems{model: "nIterations"}
	p.count("iterations", m.Iterations, 1, MaxCount)
	p.count("users", m.Users, 1, MaxUsers)
	p.duration("timeout", m.Timeout, true)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

func (m NIterations) timeout() time.Duration {
	if m.Timeout == 0 {
		return DefaultTimeout
	}
	return m.Timeout
}

// Run drives the scenario.
func (m NIterations) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return scaleDown(c, m.SkipScaleDown)
}

func (m NIterations) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := c.ScaleUsers(m.Users); err != nil {
		return err
	}
	if err := c.AddWork(m.Iterations); err != nil {
		return err
	}
	r := newReader(c, m.WaitPeriod)
	start, want := c.Elapsed(), int64(m.Iterations)
	end := later(start, m.timeout())
	for r.seen < want {
		now := c.Elapsed()
		c.Report(m.progress(r.seen, now-start))
		gone := allGone(c)
		if now >= end || gone {
			if err := r.drain(); err != nil {
				return err
			}
			if r.seen >= want {
				break
			}
			return m.short(r.seen, gone)
		}
		if err := r.wait(min(end, later(now, min(r.tick, time.Second))), want); err != nil {
			return err
		}
	}
	c.Report(m.progress(r.seen, c.Elapsed()-start))
	return r.fold()
}

func (m NIterations) short(came int64, gone bool) error {
	of := fmt.Sprintf("%s of %s", grouped(int(came)), plural(m.Iterations, "iteration"))
	if gone {
		return &Unmet{fmt.Sprintf("nIterations: only %s ended before the last user did", of)}
	}
	return &Unmet{fmt.Sprintf("nIterations: timed out after %v: only %s ended", m.timeout(), of)}
}

// progress goes by iterations; the time left follows from their rate so far.
func (m NIterations) progress(came int64, elapsed time.Duration) Progress {
	p := Progress{
		Phase:     fmt.Sprintf("%s over %s", plural(m.Iterations, "iteration"), plural(m.Users, "user")),
		Fraction:  min(1, float64(came)/float64(m.Iterations)),
		Remaining: -1,
	}
	if came > 0 {
		left := float64(elapsed) * (1/p.Fraction - 1)
		if left < float64(m.timeout()-elapsed) {
			p.Remaining = time.Duration(left)
		}
	}
	return p
}

// Plan is what can be known beforehand.
func (m NIterations) Plan() []Segment {
	u := float64(m.Users)
	return []Segment{{
		Label:    fmt.Sprintf("%s over %s", plural(m.Iterations, "iteration"), plural(m.Users, "user")),
		Duration: -1, FromUsers: u, ToUsers: u, Iterations: int64(m.Iterations),
		Note: "until all have ended" + atMost(m.timeout()),
	}}
}

func (m NIterations) plan(float64) []Segment { return m.Plan() }

// scaleDown stops the users at the end of a model that does not leave them running.
func scaleDown(c Commands, skip bool) error {
	if skip {
		return nil
	}
	return c.ScaleUsers(0)
}
