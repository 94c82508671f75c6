package runtime

import (
	"context"
	"fmt"
	"math"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// MaxCount bounds every count that a load model may ask for: a number above it is a mistake.
const MaxCount = 1_000_000_000

// MaxUsers bounds the users of one scenario.
const MaxUsers = 10_000_000

func checkCount(what string, n, limit int) error {
	if n < 0 || n > limit {
		return fmt.Errorf("%s: %d is out of range, it must be a whole number from 0 to %d", what, n, limit)
	}
	return nil
}

func (c *controller) Context() context.Context { return c.driving }
func (c *controller) Info() loadmodels.Info    { return c.info }

// begin is called by each command: it must come while the scenario runs, and it tells the watchdog
// that the load model is alive.
func (c *controller) begin(command string) error {
	c.lastCommand.Store(time.Now().UnixNano())
	if s := c.status(); s != Running {
		return &StatusError{command, s}
	}
	if c.driving.Err() != nil {
		return loadmodels.ErrEnded
	}
	return nil
}

// wait marks a command that waits, during which the watchdog does not bark.
func (c *controller) wait() func() {
	c.inCommand.Add(1)
	return func() {
		c.lastCommand.Store(time.Now().UnixNano())
		c.inCommand.Add(-1)
	}
}

func (c *controller) Elapsed() time.Duration { return time.Since(c.driveBegan) }

func (c *controller) Sleep(d time.Duration) error {
	if err := c.begin("sleep"); err != nil {
		return err
	}
	defer c.wait()()
	expired, stop := timerC(max(d, 0))
	defer stop()
	select {
	case <-expired:
		return nil
	case <-c.driving.Done():
		return loadmodels.ErrEnded
	}
}

func (c *controller) counts() NodeCounts {
	var sum NodeCounts
	for _, n := range c.nodes {
		k := n.Counts()
		sum.Running += k.Running
		sum.Most += k.Most // of one node; of several the sum is a bound
		sum.Starting += k.Starting
		sum.WorkQueued += k.WorkQueued
	}
	return sum
}

func (c *controller) Users() int         { return c.counts().Running }
func (c *controller) StartingUsers() int { return c.counts().Starting }
func (c *controller) WorkLeft() int      { return c.counts().WorkQueued }

func (c *controller) TargetUsers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.roster.len()
}

func (c *controller) ScaleUsers(n int) error {
	if err := checkCount("scaleUsers", n, MaxUsers); err != nil {
		return err
	}
	now := c.TargetUsers()
	if n >= now {
		return c.startUsers("scaleUsers", n-now, loadmodels.StartOptions{})
	}
	_, err := c.stopUsers("scaleUsers", now-n, loadmodels.StopOptions{})
	return err
}

func (c *controller) StartUsers(n int, o loadmodels.StartOptions) error {
	return c.startUsers("startUsers", n, o)
}

func (c *controller) startUsers(command string, n int, o loadmodels.StartOptions) error {
	if err := checkCount(command, n, MaxUsers); err != nil {
		return err
	}
	if o.Interarrival < 0 {
		return fmt.Errorf("%s: the interarrival time %v is negative", command, o.Interarrival)
	}
	if err := c.begin(command); err != nil {
		return err
	}
	c.preflight(c.TargetUsers() + n)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.roster.len()+n > MaxUsers {
		return fmt.Errorf("%s: %d more users would be more than %d", command, n, MaxUsers)
	}
	parts, err := c.roster.add(n, o.Node)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	for i, ids := range parts {
		if len(ids) > 0 {
			c.nodes[i].Do(Command{Start: &StartUsers{IDs: ids, Interarrival: o.Interarrival}})
		}
	}
	return nil
}

func (c *controller) StopUsers(n int, o loadmodels.StopOptions) (int, error) {
	return c.stopUsers("stopUsers", n, o)
}

func (c *controller) stopUsers(command string, n int, o loadmodels.StopOptions) (int, error) {
	if err := checkCount(command, n, MaxCount); err != nil {
		return 0, err
	}
	if err := c.begin(command); err != nil {
		return 0, err
	}
	grace := c.options.GracefulStop
	if o.Force {
		grace = 0
	}
	c.mu.Lock()
	parts, removed := c.roster.remove(n)
	c.mu.Unlock()
	for i, ids := range parts {
		if len(ids) > 0 {
			c.nodes[i].Do(Command{Stop: &StopUsers{IDs: ids, Grace: grace}})
		}
	}
	return removed, nil
}

func (c *controller) AddWork(n int) error {
	if err := checkCount("addWork", n, MaxCount); err != nil {
		return err
	}
	if err := c.begin("addWork"); err != nil {
		return err
	}
	each, rest := n/len(c.nodes), n%len(c.nodes)
	for i, node := range c.nodes {
		units := each
		if i < rest {
			units++
		}
		if units > 0 {
			node.Do(Command{Work: &AddWork{Units: int64(units)}})
		}
	}
	return nil
}

func (c *controller) SendUserEvents(kind string, payload value.Value) error {
	if err := c.begin("sendUserEvents"); err != nil {
		return err
	}
	for _, n := range c.nodes {
		n.Do(Command{Event: &UserEvent{Kind: kind, Payload: payload}})
	}
	return nil
}

// maxRate bounds arrival rates: a schedule above it is a mistake, and would not end.
const maxRate = 1e9

func (c *controller) SetArrivals(s loadmodels.Arrivals, o loadmodels.ArrivalOptions) error {
	for _, p := range s {
		if !(p.From >= 0 && p.From <= maxRate) || !(p.To >= 0 && p.To <= maxRate) {
			return fmt.Errorf("setArrivalRate: the rate must be from 0 to %g arrivals a second, it is %g…%g", maxRate, p.From, p.To)
		}
		if p.Duration < 0 {
			return fmt.Errorf("setArrivalRate: the duration %v is negative", p.Duration)
		}
	}
	if err := checkCount("setArrivalRate: users", o.Users, MaxUsers); err != nil {
		return err
	}
	if err := checkCount("setArrivalRate: maxUsers", o.MaxUsers, MaxUsers); err != nil {
		return err
	}
	if len(s) > 0 && (o.MaxUsers < 1 || o.Users > o.MaxUsers) {
		return fmt.Errorf("setArrivalRate: maxUsers must be at least 1 and not less than users (%d), it is %d", o.Users, o.MaxUsers)
	}
	if err := c.begin("setArrivalRate"); err != nil {
		return err
	}
	c.preflight(o.MaxUsers)
	if missing := o.Users - c.TargetUsers(); missing > 0 {
		if err := c.startUsers("setArrivalRate", missing, loadmodels.StartOptions{}); err != nil {
			return err
		}
	}
	of := len(c.nodes)
	cmds := make([]SetArrivals, of)
	c.mu.Lock()
	for i := range cmds {
		share := o.MaxUsers / of
		if i < o.MaxUsers%of {
			share++
		}
		cmds[i] = SetArrivals{Schedule: s, Index: int64(i), Of: int64(of), MaxUsers: share}
		// The pool keeps ids that it has not used.
		for ; c.leased[i] < share-c.roster.load[i]; c.leased[i]++ {
			cmds[i].IDs = append(cmds[i].IDs, c.roster.nextID())
		}
	}
	c.mu.Unlock()
	for i, n := range c.nodes {
		n.Do(Command{Arrivals: &cmds[i]})
	}
	return nil
}

func (c *controller) LatestResults(o loadmodels.ResultOptions) ([]*loadmodels.Result, error) {
	if err := c.begin("getLatestResults"); err != nil {
		return nil, err
	}
	if err := checkCount("getLatestResults: maxResults", o.Max, math.MaxInt32); err != nil {
		return nil, err
	}
	defer c.wait()()
	return c.results.await(c.driving, o), nil
}

func (c *controller) AggregateResults(results []*loadmodels.Result) (value.Value, error) {
	if len(results) == 0 {
		return c.Aggregate(), nil
	}
	defer c.wait()()
	var next value.Value
	err := c.call("aggregator", func() (err error) {
		next, err = c.director.Aggregate(c.Aggregate(), results)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.SetAggregate(next)
	return next, nil
}

func (c *controller) VerifyResults(results []*loadmodels.Result, o loadmodels.VerifyOptions) ([]string, error) {
	if len(results) == 0 || !c.director.Verifies() {
		return nil, nil
	}
	defer c.wait()()
	var found []string
	err := c.call("verifier", func() (err error) {
		found, err = c.director.Verify(results)
		return err
	})
	if err != nil {
		return nil, err
	}
	if o.Keep && len(found) > 0 {
		c.mu.Lock()
		c.verifierErrors.add(found)
		c.mu.Unlock()
	}
	return found, nil
}

func (c *controller) Aggregate() value.Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.aggregate
}

func (c *controller) SetAggregate(v value.Value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aggregate = v
	c.aggregateNew = true
}

func (c *controller) Errors() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.verifierErrors.kept...)
}

func (c *controller) ResultsCollected() int64 { return c.results.counts().collected }

func (c *controller) Counts() loadmodels.Counts {
	sum := func(m *metrics.Metric) int64 {
		s, _ := c.run.store.Query(m.Name, map[string]string{"scenario": c.info.Scenario}, 0)
		return int64(math.Round(s.Sum))
	}
	return loadmodels.Counts{
		Started: sum(metrics.IterationsStarted), Succeeded: sum(metrics.IterationsSucceeded),
		Failed: sum(metrics.IterationsFailed), Aborted: sum(metrics.IterationsAborted), Dropped: sum(metrics.IterationsDropped),
	}
}

func (c *controller) Metrics(name string, tags map[string]string, window time.Duration) (metrics.Stats, error) {
	merged := map[string]string{"scenario": c.info.Scenario}
	for k, v := range tags {
		merged[k] = v
	}
	s, known := c.run.store.Query(name, merged, window)
	if !known && c.run.registry.Lookup(name) == nil {
		return s, fmt.Errorf("there is no metric %q", name)
	}
	return s, nil
}

func (c *controller) Stop(reason value.Value) error {
	if err := c.begin("stop"); err != nil {
		return err
	}
	c.end(ending{kind: stopped, reason: reason})
	return loadmodels.ErrEnded
}

func (c *controller) Fail(reason value.Value) error {
	if err := c.begin("fail"); err != nil {
		return err
	}
	c.end(ending{kind: failed, reason: reason})
	return loadmodels.ErrEnded
}

func (c *controller) Report(p loadmodels.Progress) {
	c.lastCommand.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.progress = p
}

func (c *controller) Note(message string) {
	c.emit(events.Event{Kind: events.KindNote, Note: &events.Note{Level: "info", Code: "load-model", Message: message}})
}
