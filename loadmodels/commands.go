// Package loadmodels has the load models and user loops that ship, and the two interfaces that
// every load model and user loop is written against, ours and a script's alike.
//
// A schedule is a pure function of elapsed time; a model that looks at results is a short loop over
// Commands, which also holds its clock. The package starts no goroutine and reads no clock itself.
package loadmodels

import (
	"context"
	"time"

	"runner/metrics"
	"runner/value"
)

// Commands is the controller's side of a scenario, for the one load model that drives it. All calls
// come from the load model's goroutine. A call that is refused changes nothing and returns an error;
// once the scenario must end, waiting calls return ErrEnded.
type Commands interface {
	// Context is done when the load model must return.
	Context() context.Context
	Info() Info

	// Elapsed is the time since the load model was called.
	Elapsed() time.Duration
	// Sleep waits for d, or less if the scenario must end: then it returns ErrEnded.
	Sleep(d time.Duration) error

	// Users is the number of users running now, on all nodes.
	Users() int
	// StartingUsers is the number of users that were asked for and are still on their way; one that
	// was told to stop or failed to start is not. At 0 no more are coming.
	StartingUsers() int
	// TargetUsers is the number that was asked for.
	TargetUsers() int
	// ScaleUsers starts or stops the difference between n and TargetUsers.
	ScaleUsers(n int) error
	// StartUsers asks for n more users and returns without waiting for them.
	StartUsers(n int, o StartOptions) error
	// StopUsers tells the n newest users to stop, those that have not started first, all if there
	// are fewer; it returns how many it told and does not wait for them.
	StopUsers(n int, o StopOptions) (int, error)

	// AddWork puts n units of work into the scenario's queue.
	AddWork(n int) error
	// WorkLeft is the number of units, and of arrivals that are due, that no user has taken yet.
	WorkLeft() int
	// SendUserEvents delivers an event once to every user running at this moment.
	SendUserEvents(kind string, payload value.Value) error

	// SetArrivals replaces the arrival schedule, from now on; nil ends arrivals.
	SetArrivals(s Arrivals, o ArrivalOptions) error

	// LatestResults returns the results that nobody has read yet, oldest first, at once if there
	// are any, else those that come within the timeout, or none.
	LatestResults(o ResultOptions) ([]*Result, error)
	// AggregateResults folds the results into the aggregate by the script's aggregator and returns it.
	// No results change nothing.
	AggregateResults(results []*Result) (value.Value, error)
	// VerifyResults gives the results to the script's verifier, returns its errors, and adds them to
	// Errors unless o.Keep is false.
	VerifyResults(results []*Result, o VerifyOptions) ([]string, error)
	// Aggregate is the latest aggregate, nil (null) before the first.
	Aggregate() value.Value
	SetAggregate(v value.Value)
	Errors() []string
	ResultsCollected() int64

	// Counts are the iterations so far, as of the last second.
	Counts() Counts
	// Metrics looks up a metric; a window of 0 is the whole run so far.
	Metrics(name string, tags map[string]string, window time.Duration) (metrics.Stats, error)

	// Stop ends the scenario in an orderly way, Fail fails it too. Both return ErrEnded.
	Stop(reason value.Value) error
	Fail(reason value.Value) error

	// Phase begins a phase of the load, which has figures of its own: what ends from now on counts in
	// it. A phase that is named again goes on. Thresholds leave out the one that is named WarmUp.
	Phase(name string) error

	// Report tells the displays where the model is.
	Report(p Progress)
	// Note writes a finding of the model into the run's notes, which the summary shows.
	Note(message string)
}

// WarmUp is the phase that thresholds leave out unless they name it.
const WarmUp = "warm-up"

// UserCommands is a virtual user's side. All calls come from the user's goroutine.
type UserCommands interface {
	// Context is done when the user must be gone at once.
	Context() context.Context
	Info() Info
	UserID() int64

	// IsUp is true until the user is told to stop; from then on it stays false.
	IsUp() bool
	// HasWork takes the next unit of work, waiting for one up to the timeout. It is false when none
	// came or the user was told to stop. The unit is done once an iteration that began after it ends.
	HasWork(timeout time.Duration) bool
	// Iterate runs one iteration and reports its result. It never fails: a throw is in the result.
	Iterate()
	// Run runs one iteration. Its result is reported by Report, or by itself at the next Run or when
	// the user loop ends.
	Run(args []value.Value) *Result
	// Report reports the result of the last Run, as r says; without one it counts r as an iteration
	// of its own.
	Report(r *Result)
	// Sleep waits for d, or less if the user is told to stop: then it returns false.
	Sleep(d time.Duration) bool
	// Elapsed is the time since the user started.
	Elapsed() time.Duration
	// Events returns and forgets the events of a kind that have come, oldest first.
	Events(kind string) []value.Value
	// OnEvent has fn called for each event of a kind, those waiting first, on the user's goroutine
	// between iterations and in waits. Such events no longer show up in Events.
	OnEvent(kind string, fn func(payload value.Value))
	// Stop ends this user after its iteration.
	Stop()
}

// Model is a load model. Run drives the scenario and returns when it is done.
type Model interface {
	Run(c Commands) error
	// Plan is what can be known beforehand.
	Plan() []Segment
}

// UserLoop decides when a user's next iteration runs. Run returns when the user is done.
type UserLoop interface {
	Run(c UserCommands) error
}

// Info is what a script calls the context.
type Info struct {
	Run, Scenario, Node string
	Seed                uint64
	Dependencies        map[string]Dependency
}

// Dependency is what a scenario knows of one that it waited for.
type Dependency struct {
	Verdict string
	Output  value.Value
	Errors  []string
}

// Status of an iteration.
type Status uint8

const (
	Succeeded Status = iota
	Failed
	Aborted
)

func (s Status) String() string { return [...]string{"succeeded", "failed", "aborted"}[s] }

// Result is what one iteration gave. It is immutable once reported.
type Result struct {
	ID        int64 // from 1 on each node
	UserID    int64
	Iteration int64 // of this user, from 1
	Node      string
	Status    Status
	Output    value.Value
	Exception *Exception // nil if it succeeded
	Logs      string     // what the iteration wrote to the console
	Timestamp time.Time  // when it ended
	Duration  time.Duration
}

// Exception is a failure as a script sees it. Place is where it came from in the user's own source,
// as file:line:column, empty if that is not known.
type Exception struct {
	Name, Message, Stack string
	Place                string
	Cause                error `json:"-"` // the Go error that a native threw, if it was one; it stays in its process
}

// Unwrap is the Cause.
func (e *Exception) Unwrap() error { return e.Cause }

func (e *Exception) Error() string {
	if e.Name == "" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

type StartOptions struct {
	Interarrival time.Duration // between two starts; 0 starts all at once
	Node         string        // empty: spread evenly
}

type StopOptions struct {
	Force bool // interrupt at once, without the graceful time
}

type ResultOptions struct {
	Timeout time.Duration // how long to wait when there are none
	Max     int           // at most so many; 0: all there are
}

type VerifyOptions struct {
	Keep bool // add the errors to Errors
}

type ArrivalOptions struct {
	Users    int // at least so many are there from the start, to be ready for arrivals
	MaxUsers int // the pool may grow up to it; at least 1
}

// Counts are a scenario's iterations. Started = Succeeded + Failed + Aborted + those still running.
type Counts struct {
	Started, Succeeded, Failed, Aborted, Dropped int64
}

// Progress is where a load model stands. Fraction is in 0…1, or negative if it cannot be known;
// Remaining is negative if it cannot be known.
type Progress struct {
	Phase     string
	Fraction  float64
	Remaining time.Duration
	Rate      float64 // planned arrivals a second; 0 in a closed model
}

// Segment is a part of a plan in which users and rate change evenly.
type Segment struct {
	Label              string
	Duration           time.Duration // negative: not known beforehand
	FromUsers, ToUsers float64
	FromRate, ToRate   float64 // arrivals a second
	Open               bool
	Iterations         int64  // planned in it; 0: not known
	Note               string // what ends it, if not time
}
