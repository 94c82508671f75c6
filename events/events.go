// Package events is the stream of everything that happens in a run: the records, the append-only
// recording that keeps them, and the State that they fold into. Displays, reports and exports read
// events and nothing else.
package events

import (
	"encoding/json"
	"time"

	"runner/metrics"
	"runner/verdict"
)

// Event is one record of the stream. Exactly one of the pointers is set; Kind names it.
type Event struct {
	// At is the time since the run began.
	At       time.Duration `json:"at"` // nanoseconds
	Kind     Kind          `json:"kind"`
	Scenario string        `json:"scenario,omitempty"`

	Run     *RunStarted    `json:"run,omitempty"`
	Status  *StatusChanged `json:"status,omitempty"`
	Tick    *Tick          `json:"tick,omitempty"`
	Metrics *metrics.Delta `json:"metrics,omitempty"`
	Failure *Failure       `json:"failure,omitempty"`
	Log     *Log           `json:"log,omitempty"`
	Note    *Note          `json:"note,omitempty"`
	Ended   *ScenarioEnded `json:"ended,omitempty"`
	End     *RunEnded      `json:"end,omitempty"`

	Threshold *Threshold `json:"threshold,omitempty"`
	Phase     *Phase     `json:"phase,omitempty"`
	Generator *Generator `json:"generator,omitempty"`
}

type Kind string

const (
	KindRun           Kind = "run"            // the run began
	KindStatus        Kind = "status"         // a scenario's status changed
	KindTick          Kind = "tick"           // a scenario's numbers, once a second and at its end
	KindMetrics       Kind = "metrics"        // what was recorded since the last such event, once a second
	KindFailure       Kind = "failure"        // failures of one sort since the last such event
	KindLog           Kind = "log"            // a line that a script wrote
	KindNote          Kind = "note"           // something the user should know: a warning, a command, a phase
	KindScenarioEnded Kind = "scenario-ended" // the verdict of a scenario
	KindRunEnded      Kind = "run-ended"      // the verdict of the run: the last event
)

// Sink takes events. It must not block for long: it is called from the engine's own goroutines, one
// call at a time.
type Sink func(Event)

type RunStarted struct {
	ID        string         `json:"id"`
	Started   time.Time      `json:"started"`
	Scripts   []string       `json:"scripts"`
	Version   string         `json:"version"`
	Seed      uint64         `json:"seed"`
	Host      Host           `json:"host"`
	Flags     []string       `json:"flags,omitempty"`
	Scenarios []ScenarioInfo `json:"scenarios"`
	Variables []Setting      `json:"variables,omitempty"`
	Sources   []SourceInfo   `json:"sources,omitempty"`
}

type Host struct {
	Name, OS, Arch, GoVersion string
	CPUs                      int
}

type ScenarioInfo struct {
	Name      string   `json:"name"`
	Script    string   `json:"script"`
	DependsOn []string `json:"dependsOn,omitempty"`
	Tags      []string `json:"tags,omitempty"`

	LoadModel string    `json:"loadModel,omitempty"` // as its call in a script would read
	UserLoop  string    `json:"userLoop,omitempty"`
	Options   []Setting `json:"options,omitempty"` // those that the script sets
}

type StatusChanged struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Tick is a scenario at one moment. Counts of iterations stand in the metrics.
type Tick struct {
	Users            int             `json:"users"`
	MostUsers        int             `json:"mostUsers"` // at once, so far
	TargetUsers      int             `json:"targetUsers"`
	WorkQueued       int             `json:"workQueued"`
	ResultsCollected int64           `json:"resultsCollected"`
	ResultsUnread    int64           `json:"resultsUnread"`
	ResultsPassed    int64           `json:"resultsPassedOver"`
	Phase            string          `json:"phase,omitempty"`
	Fraction         float64         `json:"fraction"`  // negative: not known
	Remaining        time.Duration   `json:"remaining"` // nanoseconds; negative: not known
	PlannedRate      float64         `json:"plannedRate,omitempty"`
	Aggregate        json.RawMessage `json:"aggregate,omitempty"` // only when it changed
}

// Failure is a group of failures of one sort.
type Failure struct {
	Source  string `json:"source"` // iteration, init, userLoop, user, loadModel, aggregator, verifier, continue, terminate, outputTransformer, request
	Name    string `json:"name"`
	Message string `json:"message"`
	Place   string `json:"place,omitempty"` // file:line:column in the user's source
	Count   int64  `json:"count"`           // since the last such event
	// The first one of the group only:
	Stack     string `json:"stack,omitempty"`
	User      int64  `json:"user,omitempty"`
	Iteration int64  `json:"iteration,omitempty"`
	Node      string `json:"node,omitempty"`
}

type Log struct {
	Level     string `json:"level"` // debug, info, warn, error
	Message   string `json:"message"`
	User      int64  `json:"user,omitempty"` // 0: not a user's
	Iteration int64  `json:"iteration,omitempty"`
	Node      string `json:"node,omitempty"`
}

type Note struct {
	Level   string `json:"level"` // info, warn
	Code    string `json:"code"`  // phase, scale, results-unread, users-stuck, …
	Message string `json:"message"`
}

type ScenarioEnded struct {
	Verdict   verdict.Verdict `json:"verdict"`
	Causes    []verdict.Cause `json:"causes,omitempty"`
	Aggregate json.RawMessage `json:"aggregate,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"` // the transformed aggregate, if there is a transformer
	Errors    []string        `json:"errors,omitempty"` // the verifier's
	Duration  time.Duration   `json:"duration"`
}

type RunEnded struct {
	Verdict  verdict.Verdict `json:"verdict"`
	ExitCode int             `json:"exitCode"`
	Causes   []verdict.Cause `json:"causes,omitempty"`
}
