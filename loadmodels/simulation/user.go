package simulation

import (
	"context"
	"fmt"
	"time"

	"runner/loadmodels"
	"runner/value"
)

// User implements loadmodels.UserCommands in virtual time. Set the fields before the first call.
type User struct {
	ID int64
	// StopAt is when the user is told to stop; 0: never.
	StopAt time.Duration
	// Oversleep is how much longer than asked each sleep takes.
	Oversleep time.Duration
	// WorkAt is when units of work come.
	WorkAt []time.Duration
	// Latency is how long the n-th iteration takes, from 1; nil: 100 ms.
	Latency func(n int) time.Duration
	// Iteration, if set, runs as the iteration and gives its result.
	Iteration func(args []value.Value) *loadmodels.Result
	// Waiting are events that nobody has taken.
	Waiting []Event

	// What happened.
	Starts   []time.Duration
	Args     [][]value.Value
	Reported []*loadmodels.Result
	Stopped  bool

	now      time.Duration
	handlers map[string]func(value.Value)
}

func (u *User) Context() context.Context { return context.Background() }

func (u *User) Info() loadmodels.Info {
	return loadmodels.Info{Run: "run", Scenario: "simulated", Node: "local", Seed: 1}
}

func (u *User) UserID() int64 { return u.ID }

func (u *User) IsUp() bool { return !u.Stopped && (u.StopAt == 0 || u.now < u.StopAt) }

// pass lets time pass to t, or to the moment at which the user is told to stop.
func (u *User) pass(t time.Duration) bool {
	if !u.IsUp() {
		return false
	}
	if u.StopAt > 0 && t >= u.StopAt {
		u.now = u.StopAt
		return false
	}
	u.now = t
	return true
}

func (u *User) HasWork(timeout time.Duration) bool {
	if !u.IsUp() {
		return false
	}
	end := loadmodels.Forever
	if timeout < loadmodels.Forever-u.now {
		end = u.now + timeout
	}
	if len(u.WorkAt) == 0 || u.WorkAt[0] > end {
		u.pass(end)
		return false
	}
	if !u.pass(max(u.now, u.WorkAt[0])) {
		return false
	}
	u.WorkAt = u.WorkAt[1:]
	return true
}

func (u *User) Iterate() { u.Report(u.Run(nil)) }

func (u *User) Run(args []value.Value) *loadmodels.Result {
	u.Starts = append(u.Starts, u.now)
	u.Args = append(u.Args, args)
	took := 100 * time.Millisecond
	if u.Latency != nil {
		took = u.Latency(len(u.Starts))
	}
	// An iteration is finished even if the user is told to stop meanwhile.
	u.now += took
	if u.Iteration != nil {
		return u.Iteration(args)
	}
	return &loadmodels.Result{
		ID: int64(len(u.Starts)), UserID: u.ID, Iteration: int64(len(u.Starts)), Node: "local",
		Output: fmt.Sprintf("output %d", len(u.Starts)), Logs: "", Timestamp: epoch.Add(u.now), Duration: took,
	}
}

func (u *User) Report(r *loadmodels.Result) { u.Reported = append(u.Reported, r) }

func (u *User) Sleep(d time.Duration) bool { return u.pass(u.now + d + u.Oversleep) }

func (u *User) Elapsed() time.Duration { return u.now }

func (u *User) Events(kind string) []value.Value {
	var out []value.Value
	var rest []Event
	for _, e := range u.Waiting {
		if e.Kind == kind {
			out = append(out, e.Payload)
		} else {
			rest = append(rest, e)
		}
	}
	u.Waiting = rest
	return out
}

func (u *User) OnEvent(kind string, fn func(value.Value)) {
	if u.handlers == nil {
		u.handlers = map[string]func(value.Value){}
	}
	for _, p := range u.Events(kind) {
		fn(p)
	}
	u.handlers[kind] = fn
}

// Deliver gives the user an event.
func (u *User) Deliver(kind string, payload value.Value) {
	if fn := u.handlers[kind]; fn != nil {
		fn(payload)
		return
	}
	u.Waiting = append(u.Waiting, Event{Kind: kind, Payload: payload})
}

func (u *User) Stop() { u.Stopped = true }
