package loadmodels

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// ConstantArrivalRate is an open model: iterations start on their planned times whatever the server
// does. An arrival that finds no idle user starts one, up to MaxUsers; beyond it is dropped.
type ConstantArrivalRate struct {
	Rate       float64       // arrivals per Per
	Per        time.Duration // 0: a second
	Duration   time.Duration // Forever: until the scenario is stopped
	Users      int           // ready from the start; 0: as many as a second brings, 1,000 at most
	MaxUsers   int           // 0: as many as 10 seconds bring, from 100 to 10,000, not below Users
	WaitPeriod time.Duration // between two calls of the aggregator; 0: DefaultWaitPeriod
}

// RampingArrivalRate is an open model whose rate changes evenly from stage to stage.
type RampingArrivalRate struct {
	StartRate  float64       // arrivals per Per
	Per        time.Duration // of all rates; 0: a second
	Stages     []RateStage
	Users      int           // as of ConstantArrivalRate
	MaxUsers   int           // as of ConstantArrivalRate, by the highest rate
	WaitPeriod time.Duration // between two calls of the aggregator; 0: DefaultWaitPeriod
}

// RateStage brings the rate evenly to Target; a Duration of 0 does so at once.
type RateStage struct {
	Target   float64
	Duration time.Duration
}

// Validate reports every parameter that is not acceptable.
func (m ConstantArrivalRate) Validate() error {
	p := problems{model: "constantArrivalRate"}
	p.finite("per", m.Per, true)
	p.rate("rate", m.Rate/perSeconds(m.Per), false)
	p.duration("duration", m.Duration, false)
	p.pool(m.Users, m.MaxUsers)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

// Validate reports every parameter that is not acceptable.
func (m RampingArrivalRate) Validate() error {
	p := problems{model: "rampingArrivalRate"}
	p.finite("per", m.Per, true)
	p.rate("startRate", m.StartRate/perSeconds(m.Per), true)
	if len(m.Stages) == 0 {
		p.add("stages must have at least one { target, duration }")
	}
	for i, s := range m.Stages {
		p.rate(fmt.Sprintf("stages[%d].target", i), s.Target/perSeconds(m.Per), true)
		p.finite(fmt.Sprintf("stages[%d].duration", i), s.Duration, true)
	}
	p.pool(m.Users, m.MaxUsers)
	p.finite("waitPeriod", m.WaitPeriod, true)
	if p.errs == nil {
		if a := m.arrivals(); a.Count(a.Duration()) == 0 {
			p.add("no arrival is due in its stages")
		}
	}
	return p.err()
}

func (p *problems) pool(users, maxUsers int) {
	p.count("users", users, 0, MaxUsers)
	p.count("maxUsers", maxUsers, 0, MaxUsers)
	if maxUsers > 0 && users > maxUsers {
		p.add("users (%s) must not be more than maxUsers (%s)", grouped(users), grouped(maxUsers))
	}
}

func perSeconds(per time.Duration) float64 {
	if per == 0 {
		return 1
	}
	return per.Seconds()
}

func (m ConstantArrivalRate) arrivals() Arrivals {
	r := m.Rate / perSeconds(m.Per)
	return Arrivals{{Duration: m.Duration, From: r, To: r}}
}

func (m RampingArrivalRate) arrivals() Arrivals {
	per := perSeconds(m.Per)
	rate := m.StartRate / per
	var a Arrivals
	for _, s := range m.Stages {
		next := s.Target / per
		if s.Duration > 0 {
			a = append(a, ArrivalPart{Duration: s.Duration, From: rate, To: next})
		}
		rate = next
	}
	return a
}

// peak is the highest rate of a schedule.
func (a Arrivals) peak() float64 {
	var high float64
	for _, p := range a {
		high = max(high, p.From, p.To)
	}
	return high
}

// Pool gives the sizes of a schedule's pool of users, with defaults for those that are 0. A user is
// needed for each iteration that runs, so by Little's law 10 seconds' arrivals are enough as long as an
// iteration takes less than that.
func (a Arrivals) Pool(users, maxUsers int) ArrivalOptions {
	peak := a.peak()
	if maxUsers == 0 {
		maxUsers = max(users, min(10_000, max(100, int(math.Ceil(10*peak)))))
	}
	if users == 0 {
		users = min(maxUsers, 1000, max(1, int(math.Ceil(peak))))
	}
	return ArrivalOptions{Users: users, MaxUsers: maxUsers}
}

// Run drives the scenario.
func (m ConstantArrivalRate) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return c.ScaleUsers(0)
}

func (m ConstantArrivalRate) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	return m.arrivals().drive(c, m.Users, m.MaxUsers, m.WaitPeriod)
}

// Run drives the scenario.
func (m RampingArrivalRate) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return c.ScaleUsers(0)
}

func (m RampingArrivalRate) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	return m.arrivals().drive(c, m.Users, m.MaxUsers, m.WaitPeriod)
}

// drive has the pool ready, then lets the arrivals come, and returns when all that were planned have
// been taken by a user or dropped.
func (a Arrivals) drive(c Commands, users, maxUsers int, tick time.Duration) error {
	pool := a.Pool(users, maxUsers)
	r := newReader(c, tick)
	if pool.Users > c.TargetUsers() {
		if err := c.ScaleUsers(pool.Users); err != nil {
			return err
		}
	}
	total := a.Duration()
	c.Report(Progress{Phase: "starting " + plural(pool.Users, "user"), Fraction: 0, Remaining: knownDuration(total)})
	if err := r.ready(); err != nil {
		return err
	}
	if err := c.SetArrivals(a, pool); err != nil {
		return err
	}
	start := c.Elapsed()
	end := later(start, total)
	for now := start; now < end; now = c.Elapsed() {
		c.Report(a.progress(now - start))
		if err := r.wait(min(end, later(now, min(r.tick, time.Second))), 0); err != nil {
			return err
		}
	}
	c.Report(a.progress(total))
	// Ends the open model; what was due before is still handed out.
	if err := c.SetArrivals(nil, pool); err != nil {
		return err
	}
	return r.taken()
}

// taken waits until users have taken what was due, which is a matter of moments, and folds.
func (r *reader) taken() error {
	const (
		poll    = 10 * time.Millisecond
		atMost  = 5 * time.Second
		settled = 2 // looks that must find nothing left
	)
	end := r.c.Elapsed() + atMost
	for clear := 0; clear < settled && r.c.Elapsed() < end; {
		if err := r.wait(r.c.Elapsed()+poll, 0); err != nil {
			return err
		}
		if r.c.WorkLeft() == 0 && r.c.StartingUsers() == 0 {
			clear++
		} else {
			clear = 0
		}
	}
	return r.drain()
}

func (a Arrivals) progress(elapsed time.Duration) Progress {
	rate := a.Rate(elapsed)
	phase := perSecond(rate)
	if elapsed >= a.Duration() {
		phase = "all iterations have started"
	}
	p := progress(phase, elapsed, a.Duration())
	p.Rate = rate
	return p
}

// perSecond writes a rate with three significant digits, or as a whole number from 100 on.
func perSecond(rate float64) string {
	if rate >= 100 {
		return grouped(int(math.Round(rate))) + " iterations/s"
	}
	return strconv.FormatFloat(rate, 'g', 3, 64) + " iterations/s"
}

func knownDuration(d time.Duration) time.Duration {
	if d == Forever {
		return -1
	}
	return d
}

// Plan is what can be known beforehand.
func (m ConstantArrivalRate) Plan() []Segment { return m.arrivals().plan(m.Users, m.MaxUsers) }

func (m ConstantArrivalRate) plan(float64) []Segment { return m.Plan() }

// Plan is what can be known beforehand.
func (m RampingArrivalRate) Plan() []Segment { return m.arrivals().plan(m.Users, m.MaxUsers) }

func (m RampingArrivalRate) plan(float64) []Segment { return m.Plan() }

func (a Arrivals) plan(users, maxUsers int) []Segment {
	pool := a.Pool(users, maxUsers)
	u := float64(pool.Users)
	var plan []Segment
	var before time.Duration
	for _, p := range a {
		s := Segment{
			Label: "hold " + perSecond(p.From), Duration: knownDuration(p.Duration), Open: true,
			FromUsers: u, ToUsers: u, FromRate: p.From, ToRate: p.To,
			Note: fmt.Sprintf("up to %s as needed", plural(pool.MaxUsers, "user")),
		}
		if p.From != p.To {
			s.Label = "ramp to " + perSecond(p.To)
		}
		if p.Duration == Forever {
			s.Note += ", until the scenario is stopped"
		} else {
			s.Iterations = a.Count(before+p.Duration) - a.Count(before)
		}
		before = later(before, p.Duration)
		plan = append(plan, s)
	}
	return plan
}
