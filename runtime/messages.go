package runtime

import (
	"time"

	"runner/loadmodels"
	"runner/value"
)

// The controller of a scenario and its nodes speak in the messages of this file: commands down,
// reports up. They are plain data, so that a node may be in another process or on another machine.

// Node takes commands. Do returns at once, in the order of the calls; what comes of a command comes
// back as a report.
type Node interface {
	Name() string
	Do(cmd Command)
	// Counts is the node's latest word on its users and its work.
	Counts() NodeCounts
}

// NodeCounts are a node's users and work at one moment.
type NodeCounts struct {
	Running    int // users in their loop
	Most       int // the most that there ever were of them
	Starting   int // told to start, not in their loop yet
	WorkQueued int
}

// Command is one of its fields.
type Command struct {
	Init      *InitNode
	Start     *StartUsers
	Stop      *StopUsers
	Work      *AddWork
	Event     *UserEvent
	Arrivals  *SetArrivals
	Finish    *FinishUsers
	Terminate *TerminateNode
	Close     *CloseNode
}

// InitNode runs init.
type InitNode struct{ Timeout time.Duration }

// StartUsers starts one user for each id, Interarrival apart, the first at once.
type StartUsers struct {
	IDs          []int64
	Interarrival time.Duration
}

// StopUsers tells users to stop; those that have not started never will.
type StopUsers struct {
	IDs   []int64
	Grace time.Duration // how long they may finish their iteration; 0: none
}

// AddWork puts units into the node's queue.
type AddWork struct{ Units int64 }

// UserEvent goes to every user that runs on the node.
type UserEvent struct {
	Kind    string
	Payload value.Value
}

// SetArrivals replaces the node's arrivals, from now on. Of all arrivals the node takes those whose
// number is Index modulo Of. Beyond the users that are there, the pool may grow to MaxUsers, with the
// ids of IDs.
type SetArrivals struct {
	Schedule  loadmodels.Arrivals
	Index, Of int64
	MaxUsers  int
	IDs       []int64
}

// FinishUsers ends arrivals and stops all users; Finished is the answer.
type FinishUsers struct{ Grace time.Duration }

// TerminateNode runs terminate.
type TerminateNode struct {
	Reason  value.Value
	Timeout time.Duration
}

// CloseNode interrupts whatever runs.
type CloseNode struct{}

// Report is one or several of its fields. Results of one node come in the order in which its
// iterations ended.
type Report struct {
	Node       string
	Ready      *Answer
	Started    []int64 // users that the node started of its own for arrivals
	Ended      []UserEnd
	Results    []*loadmodels.Result
	Finished   bool
	Terminated *Answer
}

// Answer is the outcome of a function of the script on a node.
type Answer struct {
	Err   error
	State value.Value // of init
}

// UserEnd is a user that is gone.
type UserEnd struct {
	ID  int64
	How EndKind
}

// EndKind is how a user ended.
type EndKind uint8

const (
	EndStopped EndKind = iota // told to stop, or its loop returned
	EndDied                   // by an error outside an iteration
	EndStuck                  // it did not answer an interrupt
)
