package loadmodels

import (
	"fmt"
	"strings"
	"time"
)

// DefaultTimeout is how long RunOnce and NIterations wait for results.
const DefaultTimeout = 15 * time.Second

// Default is the load model of a script that exports none.
func Default() Model { return RunOnce{} }

// RunOnce gives one user one unit of work, and again until an iteration succeeds and the verifier
// finds nothing wrong with it. Tries that failed before are counted but do not fail the scenario; if
// none succeeds in time, it fails with the verifier's errors of the last try. The aggregator gets the
// one try that decides.
type RunOnce struct {
	Timeout    time.Duration // for all tries together; 0: DefaultTimeout, Forever: none
	WaitPeriod time.Duration // from a failed try to the next; 0: 100 ms at first, then twice as long each time, up to a second
}

// Validate reports every parameter that is not acceptable.
func (m RunOnce) Validate() error {
	p := problems{model: "runOnce"}
	p.duration("timeout", m.Timeout, true)
	p.finite("waitPeriod", m.WaitPeriod, true)
	return p.err()
}

func (m RunOnce) withDefaults() RunOnce {
	if m.Timeout == 0 {
		m.Timeout = DefaultTimeout
	}
	return m
}

// pause is the time from the n-th try to the next.
func (m RunOnce) pause(n int) time.Duration {
	if m.WaitPeriod > 0 {
		return m.WaitPeriod
	}
	return min(time.Second, 100*time.Millisecond<<min(n-1, 10))
}

// Run drives the scenario.
func (m RunOnce) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return c.ScaleUsers(0)
}

func (m RunOnce) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	m = m.withDefaults()
	if err := c.ScaleUsers(1); err != nil {
		return err
	}
	if err := c.AddWork(1); err != nil {
		return err
	}
	start := c.Elapsed()
	end := later(start, m.Timeout)
	var last *Result // the last try, which failed
	for tries := 1; ; {
		now := c.Elapsed()
		p := progress(fmt.Sprintf("try %d", tries), now-start, m.Timeout)
		p.Fraction = -1 // it may succeed at any moment
		c.Report(p)
		if now >= end {
			return m.fail(c, last, fmt.Sprintf("no iteration succeeded within %v", m.Timeout))
		}
		gone := allGone(c)
		wait := min(end-now, time.Second)
		if gone {
			wait = 0
		}
		// One at a time: what comes after the one that succeeded is judged as usual.
		results, err := c.LatestResults(ResultOptions{Timeout: wait, Max: 1})
		if err != nil {
			return err
		}
		for _, r := range results {
			wrong, err := c.VerifyResults(results, VerifyOptions{})
			if err != nil {
				return err
			}
			if r.Status == Succeeded && len(wrong) == 0 {
				_, err := c.AggregateResults(results)
				return err
			}
			last = r
		}
		switch {
		case len(results) > 0:
			if err := c.Sleep(max(0, min(m.pause(tries), end-c.Elapsed()))); err != nil {
				return err
			}
			if c.Elapsed() >= end {
				continue
			}
			if err := c.AddWork(1); err != nil {
				return err
			}
			tries++
		case gone:
			return m.fail(c, last, "no iteration succeeded before the user ended")
		}
	}
}

// fail keeps what the verifier says of the last try, and says why it is the last.
func (m RunOnce) fail(c Commands, last *Result, why string) error {
	if last == nil {
		return &Unmet{why + ": no result came"}
	}
	if _, err := c.AggregateResults([]*Result{last}); err != nil {
		return err
	}
	wrong, err := c.VerifyResults([]*Result{last}, VerifyOptions{Keep: true})
	if err != nil {
		return err
	}
	switch {
	case last.Exception != nil:
		why += ": " + last.Exception.Error()
	case len(wrong) > 0:
		why += ": " + strings.Join(wrong, "; ")
	default:
		why += ": the last was " + last.Status.String()
	}
	return &Unmet{why}
}

// Plan is what can be known beforehand.
func (m RunOnce) Plan() []Segment {
	m = m.withDefaults()
	return []Segment{{
		Label: "run once", Duration: -1, FromUsers: 1, ToUsers: 1, Iterations: 1,
		Note: "until an iteration succeeds" + atMost(m.Timeout),
	}}
}

func (m RunOnce) plan(float64) []Segment { return m.Plan() }

// atMost is the end of a note on a model that waits for something.
func atMost(d time.Duration) string {
	if d == Forever {
		return ""
	}
	return fmt.Sprintf(", %v at most", d)
}
