package events

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"
	"unicode/utf8"

	"runner/metrics"
)

const (
	maxGroups   = 1000 // of failures
	maxNotes    = 1000
	maxLogLines = 500     // at least so many are kept
	maxHistory  = 200     // changes of a scenario's status
	maxText     = 4 << 10 // bytes of a message that the state keeps
	maxStack    = 16 << 10
)

// State is what a run has come to: the fold of its events. The same events give the same State,
// live or from a recording, and what it holds does not grow with the length of the run.
//
// Apply and View may be called from any goroutine. The fields may be read only within View; nothing
// but Apply changes them.
type State struct {
	mu sync.RWMutex

	Now       time.Duration // of the last event
	Run       *RunStarted   // nil before the run began
	End       *RunEnded     // nil before it ended
	Scenarios []*Scenario   // in the order of Run
	// Metrics has the figures of all scenarios: their series have the tag "scenario". It may be used
	// outside View too.
	Metrics *metrics.Store

	Failures      []*FailureGroup // in the order in which they came
	OtherFailures int64           // in more groups than are kept
	Notes         []StampedNote   // the first ones
	OtherNotes    int             // more than are kept
	Logs          []StampedLog    // the last lines, oldest first
	LogLines      map[string]int64
	Generator     GeneratorState

	groups      map[failureKey]*FailureGroup
	step        time.Duration // of the scenarios' points
	lastMetrics time.Duration
}

// Scenario is one scenario's part of the State.
type Scenario struct {
	ScenarioInfo
	Status  string
	History []StatusAt    // how the status changed
	Began   time.Duration // when its status first changed
	Tick    Tick          // the latest
	Ticked  bool          // there was one
	// Aggregate is the latest; nil if there was none.
	Aggregate json.RawMessage
	Ended     *ScenarioEnded // nil before its end
	EndedAt   time.Duration
	// Points are its numbers over time, at most MaxPoints of them, evenly spaced.
	Points []Point
	// Thresholds are what each has come to, in the order in which they are declared.
	Thresholds []Threshold
	// Phases have figures of their own, in the order in which they were entered.
	Phases []*PhaseFigures
	phase  *PhaseFigures
}

// StatusAt is a change of status.
type StatusAt struct {
	At time.Duration
	To string
}

// StampedNote is a note with its time and scenario.
type StampedNote struct {
	At       time.Duration
	Scenario string
	Note
}

// StampedLog is a log line with its time and scenario.
type StampedLog struct {
	At       time.Duration
	Scenario string
	Log
}

// FailureGroup is all failures of one sort. The stack and what follows it are of the first.
type FailureGroup struct {
	Scenario string
	Failure
	First, Last time.Duration
}

type failureKey struct{ scenario, source, name, message, place string }

// NewState is the state before the first event.
func NewState() *State {
	return &State{
		Metrics:  metrics.NewStore(),
		LogLines: make(map[string]int64),
		groups:   make(map[failureKey]*FailureGroup),
		step:     firstStep,
	}
}

// View calls fn while nothing changes. fn must not keep what State points to, call Apply, View or
// Summary, or take long: the engine waits for it.
func (s *State) View(fn func(*State)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(s)
}

// Apply takes in an event. It is a Sink.
func (s *State) Apply(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Now = max(s.Now, e.At)
	switch {
	case e.Run != nil:
		s.Run = e.Run
		for _, info := range e.Run.Scenarios {
			s.scenario(info.Name).ScenarioInfo = info
		}
	case e.Status != nil:
		sc := s.scenario(e.Scenario)
		if len(sc.History) == 0 {
			sc.Began = e.At
		}
		sc.Status = e.Status.To
		if sc.Status == "terminating" || sc.Status == "ended" {
			sc.leave(e.At)
		}
		if len(sc.History) < maxHistory {
			sc.History = append(sc.History, StatusAt{e.At, e.Status.To})
		}
	case e.Tick != nil:
		sc := s.scenario(e.Scenario)
		sc.Tick, sc.Ticked = *e.Tick, true
		sc.Tick.Phase = clip(sc.Tick.Phase, maxText)
		sc.aggregate(e.Tick.Aggregate)
		sc.Tick.Aggregate = nil
		s.pointOfTick(sc, e.At)
	case e.Metrics != nil:
		s.Metrics.Apply(e.At, e.Metrics)
		s.pointsOfMetrics(e.At, e.Metrics)
		s.phasesOfMetrics(e.Metrics)
	case e.Failure != nil:
		s.failure(e)
	case e.Log != nil:
		s.log(e)
	case e.Note != nil:
		if len(s.Notes) < maxNotes {
			n := *e.Note
			n.Message = clip(n.Message, maxText)
			s.Notes = append(s.Notes, StampedNote{e.At, e.Scenario, n})
		} else {
			s.OtherNotes++
		}
	case e.Ended != nil:
		sc := s.scenario(e.Scenario)
		ended := *e.Ended
		ended.Aggregate, ended.Output = compact(ended.Aggregate), compact(ended.Output)
		sc.Ended, sc.EndedAt = &ended, e.At
		sc.aggregate(ended.Aggregate)
	case e.End != nil:
		s.End = e.End
	case e.Threshold != nil:
		s.threshold(e)
	case e.Phase != nil:
		s.enter(e)
	case e.Generator != nil:
		s.Generator.apply(e.At, e.Generator)
	}
}

// Scenario finds a scenario by name, nil if there is none.
func (s *State) Scenario(name string) *Scenario {
	for _, sc := range s.Scenarios {
		if sc.Name == name {
			return sc
		}
	}
	return nil
}

func (s *State) scenario(name string) *Scenario {
	sc := s.Scenario(name)
	if sc == nil {
		sc = &Scenario{ScenarioInfo: ScenarioInfo{Name: name}}
		s.Scenarios = append(s.Scenarios, sc)
	}
	return sc
}

func (sc *Scenario) aggregate(latest json.RawMessage) {
	if len(latest) > 0 {
		sc.Aggregate = compact(latest)
	}
}

func (s *State) failure(e Event) {
	f := *e.Failure
	f.Message, f.Stack = clip(f.Message, maxText), clip(f.Stack, maxStack)
	f.Name, f.Place = clip(f.Name, maxText), clip(f.Place, maxText)
	key := failureKey{e.Scenario, f.Source, f.Name, f.Message, f.Place}
	g := s.groups[key]
	if g == nil {
		if len(s.groups) >= maxGroups {
			s.OtherFailures += f.Count
			return
		}
		g = &FailureGroup{Scenario: e.Scenario, Failure: f, First: e.At}
		g.Count = 0
		s.groups[key] = g
		s.Failures = append(s.Failures, g)
	}
	g.Count += f.Count
	g.Last = e.At
}

func (s *State) log(e Event) {
	l := *e.Log
	l.Message = clip(l.Message, maxText)
	s.LogLines[l.Level]++
	if len(s.Logs) == 2*maxLogLines { // seldom, so that a line costs little
		copy(s.Logs, s.Logs[maxLogLines:])
		clear(s.Logs[maxLogLines:])
		s.Logs = s.Logs[:maxLogLines]
	}
	s.Logs = append(s.Logs, StampedLog{e.At, e.Scenario, l})
}

// clip cuts a text to so many bytes and makes it what JSON would: a State from a recording is equal
// to the live one.
func clip(text string, size int) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	if len(text) <= size {
		return text
	}
	cut := size - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// compact is JSON without what is only for the eye, as a recording has it.
func compact(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}

// Counts are a scenario's iterations and users.
type Counts struct {
	Started, Succeeded, Failed, Aborted, Dropped int64
	UsersStarted, UsersEnded, UsersDied          int64
}

// Running is how many iterations have started and not ended.
func (c Counts) Running() int64 { return c.Started - c.Succeeded - c.Failed - c.Aborted }

// Completed is how many iterations have ended in any way.
func (c Counts) Completed() int64 { return c.Succeeded + c.Failed + c.Aborted }

// Counts are the iterations and users of a scenario ("": of all) so far.
func (s *State) Counts(scenario string) Counts { return countsOf(s.Metrics, scenario) }

func countsOf(store *metrics.Store, scenario string) Counts {
	sum := func(m *metrics.Metric) int64 {
		stats, _ := store.Query(m.Name, scenarioTags(scenario), 0)
		return int64(stats.Sum)
	}
	return Counts{
		Started: sum(metrics.IterationsStarted), Succeeded: sum(metrics.IterationsSucceeded),
		Failed: sum(metrics.IterationsFailed), Aborted: sum(metrics.IterationsAborted), Dropped: sum(metrics.IterationsDropped),
		UsersStarted: sum(metrics.UsersStarted), UsersEnded: sum(metrics.UsersEnded), UsersDied: sum(metrics.UsersDied),
	}
}

const (
	// ScenarioTag is the tag of all series that says which scenario they belong to.
	ScenarioTag = "scenario"
	// CheckTag is the tag of the metric checks that has the check's name.
	CheckTag = "check"
)

func scenarioTags(scenario string) map[string]string {
	if scenario == "" {
		return nil
	}
	return map[string]string{ScenarioTag: scenario}
}
