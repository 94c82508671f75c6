package loadmodels

import "time"

// ConstantUsers keeps a number of users running for a time. The clock starts when they are ready.
// Users need a loop that goes on, such as WhileAlive, or work that somebody adds.
type ConstantUsers struct {
	Users         int
	Duration      time.Duration // Forever: until the scenario is stopped
	WaitPeriod    time.Duration // between two calls of the aggregator; 0: DefaultWaitPeriod
	SkipScaleDown bool          // leave the users running

	name string // the model's name in messages; empty: constantUsers
}

// NSeconds is ConstantUsers under Cicada's name and parameters.
func NSeconds(d time.Duration, users int) ConstantUsers {
	return ConstantUsers{Users: users, Duration: d, name: "nSeconds"}
}

// Validate reports every parameter that is not acceptable.
func (m ConstantUsers) Validate() error {
	p, duration := problems{model: "constantUsers"}, "duration"
	if m.name != "" {
		p.model, duration = m.name, "seconds"
	}
	p.count("users", m.Users, 0, MaxUsers)
	p.duration(duration, m.Duration, false)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

// Run drives the scenario.
func (m ConstantUsers) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return scaleDown(c, m.SkipScaleDown)
}

func (m ConstantUsers) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := c.ScaleUsers(m.Users); err != nil {
		return err
	}
	r := newReader(c, m.WaitPeriod)
	c.Report(Progress{Phase: "starting " + plural(m.Users, "user"), Fraction: 0, Remaining: m.known()})
	if err := r.ready(); err != nil {
		return err
	}
	phase := "holding " + plural(m.Users, "user")
	start := c.Elapsed()
	end := later(start, m.Duration)
	for now := start; now < end; now = c.Elapsed() {
		c.Report(progress(phase, now-start, m.Duration))
		if err := r.wait(min(end, later(now, min(r.tick, time.Second))), 0); err != nil {
			return err
		}
	}
	c.Report(progress(phase, m.Duration, m.Duration))
	return r.drain()
}

func (m ConstantUsers) known() time.Duration {
	if m.Duration == Forever {
		return -1
	}
	return m.Duration
}

// Plan is what can be known beforehand.
func (m ConstantUsers) Plan() []Segment {
	u := float64(m.Users)
	s := Segment{Label: "hold " + plural(m.Users, "user"), Duration: m.known(), FromUsers: u, ToUsers: u}
	if m.Duration == Forever {
		s.Note = "until the scenario is stopped"
	}
	return []Segment{s}
}

func (m ConstantUsers) plan(float64) []Segment { return m.Plan() }
