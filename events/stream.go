package events

import (
	"sync"
	"time"
)

// Tee gives every event to each of the sinks, in their order. Nil sinks are left out.
func Tee(sinks ...Sink) Sink {
	var all []Sink
	for _, s := range sinks {
		if s != nil {
			all = append(all, s)
		}
	}
	return func(e Event) {
		for _, s := range all {
			s(e)
		}
	}
}

// Stream stamps events and hands them to a sink one at a time, in the order in which Emit was
// called. Any goroutine may call it.
type Stream struct {
	start time.Time
	mu    sync.Mutex
	sink  Sink
}

// NewStream makes a stream whose events count their time from start.
func NewStream(start time.Time, sink Sink) *Stream {
	return &Stream{start: start, sink: sink}
}

// Emit sets the event's time, its scenario (empty: none) and, if it is not set, its kind, and hands it
// on. It returns when the sink has. The sink must not call Emit.
func (s *Stream) Emit(scenario string, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.At = time.Since(s.start)
	e.Scenario = scenario
	if e.Kind == "" {
		e.Kind = e.kind()
	}
	s.sink(e)
}

// kind tells the kind by what the event holds.
func (e *Event) kind() Kind {
	switch {
	case e.Run != nil:
		return KindRun
	case e.Status != nil:
		return KindStatus
	case e.Tick != nil:
		return KindTick
	case e.Metrics != nil:
		return KindMetrics
	case e.Failure != nil:
		return KindFailure
	case e.Log != nil:
		return KindLog
	case e.Note != nil:
		return KindNote
	case e.Ended != nil:
		return KindScenarioEnded
	case e.End != nil:
		return KindRunEnded
	case e.Threshold != nil:
		return KindThreshold
	case e.Phase != nil:
		return KindPhase
	case e.Generator != nil:
		return KindGenerator
	}
	return ""
}
