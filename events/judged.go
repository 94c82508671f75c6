package events

import (
	"slices"
	"time"
)

const (
	// KindThreshold is what a threshold came to: when it is first judged, when that changes, now and then
	// while it does not, and at the end.
	KindThreshold Kind = "threshold"
	// KindPhase says that a scenario enters a phase of its load.
	KindPhase Kind = "phase"
)

// Threshold is what a threshold came to at one moment.
type Threshold struct {
	Index  int    `json:"index"`  // among the scenario's thresholds, from 0
	Metric string `json:"metric"` // with its tags
	Check  string `json:"check"`
	// Observed is in Unit, which is that of a metric or "share" for a part of a whole; nil: no samples.
	Observed *float64 `json:"observed,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Text     string   `json:"text"` // the figure as a person reads it
	OK       bool     `json:"ok"`
	Final    bool     `json:"final,omitempty"` // judged at the end

	Optional bool          `json:"optional,omitempty"`
	Abort    bool          `json:"abort,omitempty"`
	Aborting bool          `json:"aborting,omitempty"` // it ends the scenario
	Window   time.Duration `json:"window,omitempty"`   // nanoseconds
	Phases   []string      `json:"phases,omitempty"`
	Except   []string      `json:"exceptPhases,omitempty"`
	// Broke is when it first broke, since the run began; nil: it never has.
	Broke *time.Duration `json:"broke,omitempty"` // nanoseconds
}

// Broken says whether the threshold has failed: in the end, or, with a window, ever.
func (t Threshold) Broken() bool { return !t.OK || t.Window > 0 && t.Broke != nil }

// Phase is a part of a scenario's load that has figures of its own.
type Phase struct {
	Name   string `json:"name"`
	WarmUp bool   `json:"warmUp,omitempty"` // thresholds leave it out unless they name it
}

// OtherPhases takes in what comes past MaxPhases.
const (
	OtherPhases = "(other phases)"
	MaxPhases   = 100
)

// PhaseFigures are the figures of one phase. What ends in a phase counts in it, wherever it began. A phase
// that is entered again goes on.
type PhaseFigures struct {
	Phase
	From    time.Duration // when it was first entered
	Lasted  time.Duration // up to when it was last left, or now
	Figures Point         // of which the counts and distributions are meant
	entered time.Duration
}

func (s *State) threshold(e Event) {
	sc := s.scenario(e.Scenario)
	i := e.Threshold.Index
	if i < 0 || i > 10_000 {
		return
	}
	for len(sc.Thresholds) <= i {
		sc.Thresholds = append(sc.Thresholds, Threshold{Index: len(sc.Thresholds)})
	}
	sc.Thresholds[i] = *e.Threshold
}

// enter begins a phase.
func (s *State) enter(e Event) {
	sc := s.scenario(e.Scenario)
	sc.leave(e.At)
	name := clip(e.Phase.Name, maxText)
	at := slices.IndexFunc(sc.Phases, func(p *PhaseFigures) bool { return p.Name == name })
	if at < 0 && len(sc.Phases) >= MaxPhases {
		name = OtherPhases
		at = slices.IndexFunc(sc.Phases, func(p *PhaseFigures) bool { return p.Name == name })
	}
	if at < 0 {
		at = len(sc.Phases)
		sc.Phases = append(sc.Phases, &PhaseFigures{Phase: Phase{Name: name, WarmUp: e.Phase.WarmUp}, From: e.At})
	}
	sc.phase = sc.Phases[at]
	sc.phase.entered = e.At
}

// leave ends the time of the present phase; what still ends counts in it.
func (sc *Scenario) leave(at time.Duration) {
	if p := sc.phase; p != nil && p.entered >= 0 {
		p.Lasted += max(0, at-p.entered)
		p.entered = -1
	}
}

// Duration is how long the phase has lasted at a moment.
func (p *PhaseFigures) Duration(now time.Duration) time.Duration {
	if p.entered >= 0 {
		return p.Lasted + max(0, now-p.entered)
	}
	return p.Lasted
}
