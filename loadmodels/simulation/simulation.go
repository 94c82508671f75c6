// Package simulation has a scenario in virtual time, for the tests of load models and of what scripts
// do with them: users are numbers, iterations take as long as a function says, and an hour passes at
// once, exactly, on one goroutine.
package simulation

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"time"

	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// Scenario implements loadmodels.Commands. Set the fields before the first call.
type Scenario struct {
	// StartDelay is how long a user takes to be ready; users named in NeverStart fail to start.
	StartDelay time.Duration
	NeverStart map[int64]bool
	// Work has users run an iteration for each unit of work; otherwise they run one after another.
	Work bool
	// IterationsPerUser, if set, is after how many iterations a user ends by itself.
	IterationsPerUser int64
	// Latency is how long the n-th iteration of the scenario takes, from 1; nil: 100 ms.
	Latency func(n int64) time.Duration
	// Outcome is how the n-th iteration ends, from 1; nil: well, with its number as the output.
	Outcome func(n int64) (loadmodels.Status, value.Value)
	// Aggregator is nil for one that keeps the last output, Verifier for one that gives a string for
	// each result that did not succeed.
	Aggregator func(previous value.Value, latest []*loadmodels.Result) (value.Value, error)
	Verifier   func(latest []*loadmodels.Result) []string
	// EndAt is when the scenario must end; 0: never.
	EndAt time.Duration
	// Measured answers Metrics.
	Measured func(name string, tags map[string]string, window time.Duration) (metrics.Stats, error)

	// What happened.
	Scaled       []Step // each change of the number of users wanted
	Reported     []loadmodels.Progress
	Phases       []string
	Notes        []string
	Batches      []int // how many results the aggregator got each time
	Planned      []time.Duration
	Dropped      int64
	WorkAdded    int64
	Events       []Event
	Ended        value.Value // the reason given to Stop or Fail
	HasFailed    bool
	Interarrival time.Duration

	now        time.Duration
	queue      eventQueue
	seq        int64
	users      []*user // running or starting, oldest first
	nextID     int64
	target     int
	started    int64
	counts     loadmodels.Counts
	work       int
	unread     []*loadmodels.Result
	collected  int64
	aggregate  value.Value
	errs       []string
	schedule   loadmodels.Arrivals
	scheduleNo int
	pool       loadmodels.ArrivalOptions
	over       bool
}

// Step is a number of users wanted from a moment on.
type Step struct {
	At    time.Duration
	Users int
}

// Event is what SendUserEvents sent, and to how many users.
type Event struct {
	Kind    string
	Payload value.Value
	Users   int
}

type user struct {
	id                         int64
	running, busy, told, ended bool
	iterations                 int64
	unit                       bool // comes with a unit to run
}

type event struct {
	at  time.Duration
	seq int64
	do  func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Scenario) after(d time.Duration, do func()) {
	s.seq++
	heap.Push(&s.queue, event{s.now + d, s.seq, do})
}

// advance lets virtual time pass up to t, or until stop says so.
func (s *Scenario) advance(t time.Duration, stop func() bool) error {
	if s.over {
		return loadmodels.ErrEnded
	}
	ends := s.EndAt > 0 && t >= s.EndAt
	if ends {
		t = s.EndAt
	}
	for len(s.queue) > 0 && s.queue[0].at <= t {
		e := heap.Pop(&s.queue).(event)
		s.now = e.at
		e.do()
		// What happens at one moment happens together.
		if sameMoment := len(s.queue) > 0 && s.queue[0].at == e.at; !sameMoment && stop() {
			return nil
		}
	}
	s.now = t
	if ends {
		s.over = true
		return loadmodels.ErrEnded
	}
	return nil
}

func never() bool { return false }

// Settle lets time pass for d after the load model has returned, as an engine that drains does.
func (s *Scenario) Settle(d time.Duration) {
	s.over, s.EndAt = false, 0
	_ = s.advance(s.now+d, never)
}

// Unread are the results that nobody has read.
func (s *Scenario) Unread() []*loadmodels.Result { return s.unread }

func (s *Scenario) Context() context.Context { return context.Background() }

func (s *Scenario) Info() loadmodels.Info {
	return loadmodels.Info{Run: "run", Scenario: "simulated", Node: "local", Seed: 1}
}

func (s *Scenario) Elapsed() time.Duration { return s.now }

func (s *Scenario) Sleep(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("sleep of %v", d)
	}
	return s.advance(s.now+d, never)
}

func (s *Scenario) Users() int {
	n := 0
	for _, u := range s.users {
		if u.running {
			n++
		}
	}
	return n
}

func (s *Scenario) StartingUsers() int {
	n := 0
	for _, u := range s.users {
		if !u.running && !u.told {
			n++
		}
	}
	return n
}

func (s *Scenario) TargetUsers() int { return s.target }

func (s *Scenario) ScaleUsers(n int) error {
	if n < 0 {
		return fmt.Errorf("%d users", n)
	}
	if n != s.target {
		s.Scaled = append(s.Scaled, Step{s.now, n})
	}
	for s.target < n {
		s.launch(false, 0)
	}
	if n < s.target {
		s.stop(s.target - n)
		s.target = n // users that ended by themselves had been asked for too
	}
	return nil
}

func (s *Scenario) StartUsers(n int, o loadmodels.StartOptions) error {
	s.Interarrival = o.Interarrival
	for i := range n {
		s.launch(false, time.Duration(i)*o.Interarrival)
	}
	s.Scaled = append(s.Scaled, Step{s.now, s.target})
	return nil
}

func (s *Scenario) StopUsers(n int, _ loadmodels.StopOptions) (int, error) {
	n = s.stop(n)
	s.Scaled = append(s.Scaled, Step{s.now, s.target})
	return n, nil
}

func (s *Scenario) launch(unit bool, delay time.Duration) {
	s.nextID++
	u := &user{id: s.nextID, unit: unit}
	s.users = append(s.users, u)
	s.target++
	start := func() {
		if u.told || s.NeverStart[u.id] {
			s.gone(u)
			return
		}
		u.running = true
		s.next(u)
	}
	if delay += s.StartDelay; delay > 0 {
		s.after(delay, start)
	} else {
		start()
	}
}

func (s *Scenario) stop(n int) int {
	told := 0
	for i := len(s.users) - 1; i >= 0 && told < n; i-- {
		u := s.users[i]
		if u.told {
			continue
		}
		u.told = true
		told++
		if u.running && !u.busy {
			s.gone(u)
		}
	}
	s.target -= told
	return told
}

func (s *Scenario) gone(u *user) {
	if u.ended {
		return
	}
	u.ended = true
	for i, v := range s.users {
		if v == u {
			s.users = append(s.users[:i], s.users[i+1:]...)
			return
		}
	}
}

// next has an idle user do what it does next.
func (s *Scenario) next(u *user) {
	switch {
	case u.told, s.IterationsPerUser > 0 && u.iterations >= s.IterationsPerUser:
		s.gone(u)
	case u.unit:
		u.unit = false
		s.begin(u)
	case !s.Work && s.schedule == nil:
		s.begin(u)
	case s.work > 0:
		s.work--
		s.begin(u)
	}
}

func (s *Scenario) begin(u *user) {
	u.busy = true
	u.iterations++
	s.counts.Started++
	n := s.counts.Started
	took := 100 * time.Millisecond
	if s.Latency != nil {
		took = s.Latency(n)
	}
	s.after(took, func() {
		u.busy = false
		s.report(u, n, took)
		s.next(u)
	})
}

func (s *Scenario) report(u *user, n int64, took time.Duration) {
	r := &loadmodels.Result{
		ID: n, UserID: u.id, Iteration: u.iterations, Node: "local", Output: float64(n),
		Timestamp: epoch.Add(s.now), Duration: took,
	}
	if s.Outcome != nil {
		r.Status, r.Output = s.Outcome(n)
	}
	switch r.Status {
	case loadmodels.Succeeded:
		s.counts.Succeeded++
	case loadmodels.Failed:
		s.counts.Failed++
		r.Exception = &loadmodels.Exception{Name: "Error", Message: fmt.Sprintf("try %d", n)}
	case loadmodels.Aborted:
		s.counts.Aborted++
		r.Exception = &loadmodels.Exception{Name: "AbortError", Message: "stopped"}
	}
	s.unread = append(s.unread, r)
}

func (s *Scenario) AddWork(n int) error {
	if n < 0 {
		return fmt.Errorf("%d units of work", n)
	}
	s.work += n
	s.WorkAdded += int64(n)
	for _, u := range append([]*user(nil), s.users...) {
		if u.running && !u.busy {
			s.next(u)
		}
	}
	return nil
}

func (s *Scenario) WorkLeft() int { return s.work }

func (s *Scenario) SendUserEvents(kind string, payload value.Value) error {
	s.Events = append(s.Events, Event{kind, payload, s.Users()})
	return nil
}

func (s *Scenario) SetArrivals(a loadmodels.Arrivals, o loadmodels.ArrivalOptions) error {
	s.scheduleNo++
	s.schedule, s.pool = a, o
	for s.target < o.Users && a != nil {
		s.launch(false, 0)
	}
	if a != nil {
		s.arrive(s.scheduleNo, 0, s.now)
	}
	return nil
}

func (s *Scenario) arrive(no int, k int64, start time.Duration) {
	due, ok := s.schedule.Due(k)
	if !ok {
		return
	}
	s.after(start+due-s.now, func() {
		if s.scheduleNo != no {
			return
		}
		s.Planned = append(s.Planned, s.now-start)
		s.take()
		s.arrive(no, k+1, start)
	})
}

func (s *Scenario) take() {
	for _, u := range s.users {
		if u.running && !u.busy && !u.told {
			s.begin(u)
			return
		}
	}
	if len(s.users) < s.pool.MaxUsers {
		s.launch(true, 0)
		return
	}
	s.Dropped++
	s.counts.Dropped++
}

func (s *Scenario) LatestResults(o loadmodels.ResultOptions) ([]*loadmodels.Result, error) {
	if len(s.unread) == 0 && o.Timeout > 0 {
		if err := s.advance(s.now+o.Timeout, func() bool { return len(s.unread) > 0 }); err != nil {
			return nil, err
		}
	}
	if s.over {
		return nil, loadmodels.ErrEnded
	}
	n := len(s.unread)
	if o.Max > 0 {
		n = min(n, o.Max)
	}
	out := s.unread[:n:n]
	s.unread = s.unread[n:]
	s.collected += int64(n)
	return out, nil
}

func (s *Scenario) AggregateResults(results []*loadmodels.Result) (value.Value, error) {
	if len(results) == 0 {
		return s.aggregate, nil
	}
	s.Batches = append(s.Batches, len(results))
	if s.Aggregator == nil {
		s.aggregate = results[len(results)-1].Output
		return s.aggregate, nil
	}
	a, err := s.Aggregator(s.aggregate, results)
	if err == nil {
		s.aggregate = a
	}
	return s.aggregate, err
}

func (s *Scenario) VerifyResults(results []*loadmodels.Result, o loadmodels.VerifyOptions) ([]string, error) {
	var errs []string
	if s.Verifier != nil {
		errs = s.Verifier(results)
	} else {
		for _, r := range results {
			if r.Exception != nil {
				errs = append(errs, r.Exception.Error())
			}
		}
	}
	if o.Keep {
		s.errs = append(s.errs, errs...)
	}
	return errs, nil
}

func (s *Scenario) Aggregate() value.Value     { return s.aggregate }
func (s *Scenario) SetAggregate(v value.Value) { s.aggregate = v }
func (s *Scenario) Errors() []string           { return s.errs }
func (s *Scenario) ResultsCollected() int64    { return s.collected }
func (s *Scenario) Counts() loadmodels.Counts  { return s.counts }

func (s *Scenario) Metrics(name string, tags map[string]string, window time.Duration) (metrics.Stats, error) {
	if s.Measured == nil {
		return metrics.Stats{}, errors.New("no metric is called " + name)
	}
	return s.Measured(name, tags, window)
}

func (s *Scenario) Stop(reason value.Value) error {
	s.Ended, s.over = reason, true
	return loadmodels.ErrEnded
}

func (s *Scenario) Fail(reason value.Value) error {
	s.HasFailed = true
	return s.Stop(reason)
}

// Phase notes the phases, each once in a row.
func (s *Scenario) Phase(name string) error {
	if n := len(s.Phases); n == 0 || s.Phases[n-1] != name {
		s.Phases = append(s.Phases, name)
	}
	return nil
}

func (s *Scenario) Report(p loadmodels.Progress) { s.Reported = append(s.Reported, p) }
func (s *Scenario) Note(message string)          { s.Notes = append(s.Notes, message) }
