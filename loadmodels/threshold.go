package loadmodels

import (
	"fmt"
	"time"

	"runner/value"
)

// DefaultPeriod is how long RampUsersToThreshold stays at each number of users.
const DefaultPeriod = 30 * time.Second

// RampUsersToThreshold adds users period by period until the threshold is crossed, which is looked at
// after every tick. The summary says at how many users it was.
type RampUsersToThreshold struct {
	InitialUsers int
	// Threshold looks at the aggregate, nil (null) before the first, and says whether it is crossed.
	Threshold func(aggregate value.Value) (bool, error)
	// NextUsers gives the next period's number of users from the present one; nil: 10 more.
	NextUsers   func(users int) (int, error)
	Period      time.Duration // 0: DefaultPeriod
	PeriodLimit int           // ends after so many periods; 0: no limit
	WaitPeriod  time.Duration // the tick; 0: DefaultWaitPeriod
	// UpdateAggregate replaces the aggregate at the end, from the number of users reached; nil leaves
	// it as it is. Users are stopped and their last results aggregated before.
	UpdateAggregate func(users int, aggregate value.Value) (value.Value, error)
	SkipScaleDown   bool // leave the users running
}

// Validate reports every parameter that is not acceptable.
func (m RampUsersToThreshold) Validate() error {
	p := problems{model: "rampUsersToThreshold"}
	p.count("initialUsers", m.InitialUsers, 0, MaxUsers)
	if m.Threshold == nil {
		p.add("threshold must be a function of the aggregate")
	}
	p.finite("period", m.Period, true)
	p.count("periodLimit", m.PeriodLimit, 0, MaxCount)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

func (m RampUsersToThreshold) period() time.Duration {
	if m.Period == 0 {
		return DefaultPeriod
	}
	return m.Period
}

func (m RampUsersToThreshold) next(users int) (int, error) {
	if m.NextUsers == nil {
		return min(MaxUsers, users+10), nil
	}
	n, err := m.NextUsers(users)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > MaxUsers {
		return 0, fmt.Errorf("rampUsersToThreshold: nextUsers(%d) must be a whole number from 0 to %s, got %d",
			users, grouped(MaxUsers), n)
	}
	return n, nil
}

// Run drives the scenario.
func (m RampUsersToThreshold) Run(c Commands) error { return m.drive(c, m.SkipScaleDown) }

func (m RampUsersToThreshold) run(c Commands) error { return m.drive(c, true) }

func (m RampUsersToThreshold) drive(c Commands, keepUsers bool) error {
	if err := m.Validate(); err != nil {
		return err
	}
	r := newReader(c, m.WaitPeriod)
	start := c.Elapsed()
	users, crossed, err := m.ramp(c, r)
	if err != nil {
		return err
	}
	at := (c.Elapsed() - start).Round(time.Millisecond)
	found := fmt.Sprintf("threshold not crossed by %s after %v", plural(users, "user"), at)
	if crossed {
		found = fmt.Sprintf("threshold crossed at %s after %v", plural(users, "user"), at)
	}
	c.Report(Progress{Phase: found, Fraction: 1})
	c.Note(found)
	if !keepUsers {
		if err := r.stopUsers(); err != nil {
			return err
		}
	}
	if m.UpdateAggregate == nil {
		return nil
	}
	aggregate, err := m.UpdateAggregate(users, c.Aggregate())
	if err != nil {
		return err
	}
	c.SetAggregate(aggregate)
	return nil
}

// ramp goes on until the threshold is crossed or the periods are over, and says at how many users.
func (m RampUsersToThreshold) ramp(c Commands, r *reader) (users int, crossed bool, err error) {
	users = m.InitialUsers
	start := c.Elapsed()
	for n := 1; ; n++ {
		if err := enter(c, plural(users, "user")); err != nil {
			return users, false, err
		}
		if err := c.ScaleUsers(users); err != nil {
			return users, false, err
		}
		end := start + time.Duration(n)*m.period()
		for now := c.Elapsed(); now < end; now = c.Elapsed() {
			c.Report(m.progress(users, n, now-start))
			if err := r.wait(min(end, max(r.due, now)), 0); err != nil {
				return users, false, err
			}
			if err := r.fold(); err != nil {
				return users, false, err
			}
			crossed, err := m.Threshold(c.Aggregate())
			if crossed || err != nil {
				return users, crossed, err
			}
		}
		if m.PeriodLimit > 0 && n >= m.PeriodLimit {
			return users, false, nil
		}
		if users, err = m.next(users); err != nil {
			return users, false, err
		}
	}
}

// progress cannot tell a fraction: the threshold may be crossed at any moment.
func (m RampUsersToThreshold) progress(users, n int, elapsed time.Duration) Progress {
	p := Progress{Phase: fmt.Sprintf("period %d: %s", n, plural(users, "user")), Fraction: -1, Remaining: -1}
	if m.PeriodLimit > 0 {
		p.Phase = fmt.Sprintf("period %d/%d: %s", n, m.PeriodLimit, plural(users, "user"))
	}
	return p
}

// plannedPeriods is how many periods a plan without a limit shows.
const plannedPeriods = 10

// Plan is what can be known beforehand: the periods, as far as the threshold lets them come.
func (m RampUsersToThreshold) Plan() []Segment {
	const note = "unless the threshold is crossed before"
	n := plannedPeriods
	if m.PeriodLimit > 0 {
		n = min(m.PeriodLimit, 1000)
	}
	var plan []Segment
	users := m.InitialUsers
	for i := range n {
		u := float64(users)
		plan = append(plan, Segment{
			Label: plural(users, "user"), Duration: m.period(), FromUsers: u, ToUsers: u, Note: note,
		})
		if i == n-1 {
			break
		}
		next, err := m.next(users)
		if err != nil {
			return append(plan, Segment{
				Label: "then", Duration: -1, FromUsers: u, ToUsers: u, Note: firstLine(err),
			})
		}
		users = next
	}
	if m.PeriodLimit == 0 {
		u := float64(users)
		plan = append(plan, Segment{
			Label: "and so on", Duration: -1, FromUsers: u, ToUsers: u, Note: "until the threshold is crossed",
		})
	}
	return plan
}

func (m RampUsersToThreshold) plan(float64) []Segment { return m.Plan() }

func firstLine(err error) string {
	s := err.Error()
	for i := range len(s) {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}
