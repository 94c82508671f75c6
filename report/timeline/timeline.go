// Package timeline folds a run's events into numbers over time, as pictures need them: by scenario,
// status, endpoint and sort of failure. What it holds is bounded, however long the run and however
// many series it has.
package timeline

import (
	"maps"
	"strings"
	"sync"
	"time"

	"runner/events"
	"runner/metrics"
)

const (
	// MaxPoints is how many steps of time there are at most: when the run is longer, two become one.
	MaxPoints = 300
	// MaxEndpoints, MaxCustom and MaxFailures are how many of each a scenario keeps over time: those
	// that came first. The figures of the whole run know the others.
	MaxEndpoints = 200
	MaxCustom    = 100
	MaxFailures  = 40
	// MaxPhases is how many changes of phase a scenario keeps.
	MaxPhases = 500

	firstStep = time.Second
)

// Timeline is the fold. Apply may be called from any goroutine; everything else is read within View.
type Timeline struct {
	mu sync.RWMutex

	Step      time.Duration
	Scenarios []*Scenario
	// Steps is how many steps have anything in them.
	Steps int

	last time.Duration // of the latest metrics
}

// Scenario is one scenario over time. Points[i] is the time from i·Step on, and so are the points of
// what it holds; they may be shorter than Steps.
type Scenario struct {
	Name      string
	Points    []Point
	Endpoints []*Endpoint
	Custom    []*Custom
	Failures  []*Failures
	Phases    []Phase
	// Began is when its status first changed, Ended when it ended; -1: it has not.
	Began, Ended time.Duration

	endpoints map[string]*Endpoint
	custom    map[string]*Custom
	failures  map[string]*Failures
	tick      events.Tick
	ticked    bool
	entered   bool // it tells its phases itself
}

// Point is one step of a scenario. Counts are of what was recorded in Span; users are those at its end.
type Point struct {
	Span                       time.Duration
	Ticked                     bool
	Users, TargetUsers, Queued int
	PlannedRate                float64

	Started, Succeeded, Failed, Aborted, Dropped int64
	Requests, RequestsFailed, BytesIn, BytesOut  int64
	// Answers counts requests by their status ("200"), or by the kind of error when there was no answer
	// ("error timeout").
	Answers map[string]int64

	Response, Service, Lateness, HTTP metrics.Packed // in ms
}

// Endpoint is one method and name.
type Endpoint struct {
	Method, Name string
	Points       []EndpointPoint
}

// EndpointPoint is one step of an endpoint.
type EndpointPoint struct {
	Requests, Failed int64
	Times            metrics.Packed
}

// Custom is one metric of the script, all its series together.
type Custom struct {
	Metric metrics.Metric
	Points []metrics.Packed
}

// Failures is one sort of failure: its message, whatever place it came from.
type Failures struct {
	Text   string
	Points []int64
}

// Phase is a change of the phase of the load; of a scenario that enters none, of what the load model says
// that it does, which is known to a second.
type Phase struct {
	At     time.Duration
	Text   string
	WarmUp bool
}

// New is the timeline before the first event.
func New() *Timeline { return &Timeline{Step: firstStep} }

// View calls fn while nothing changes; fn must not take long while a run goes on.
func (t *Timeline) View(fn func(*Timeline)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	fn(t)
}

// Apply takes in an event. It is an events.Sink.
func (t *Timeline) Apply(e events.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Run != nil:
		for _, s := range e.Run.Scenarios {
			t.scenario(s.Name)
		}
	case e.Status != nil:
		if s := t.scenario(e.Scenario); s.Began < 0 {
			s.Began = e.At
		}
	case e.Tick != nil:
		t.applyTick(e)
	case e.Metrics != nil:
		t.applyMetrics(e.At, e.Metrics)
	case e.Failure != nil:
		t.applyFailure(e)
	case e.Phase != nil:
		s := t.scenario(e.Scenario)
		if !s.entered {
			s.entered, s.Phases = true, nil
		}
		if len(s.Phases) < MaxPhases {
			s.Phases = append(s.Phases, Phase{e.At, e.Phase.Name, e.Phase.WarmUp})
		}
	case e.Ended != nil:
		t.scenario(e.Scenario).Ended = e.At
	}
}

// Scenario finds a scenario by name, nil if there is none.
func (t *Timeline) Scenario(name string) *Scenario {
	for _, s := range t.Scenarios {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (t *Timeline) scenario(name string) *Scenario {
	s := t.Scenario(name)
	if s == nil {
		s = &Scenario{Name: name, Began: -1, Ended: -1, endpoints: map[string]*Endpoint{}, custom: map[string]*Custom{}, failures: map[string]*Failures{}}
		t.Scenarios = append(t.Scenarios, s)
	}
	return s
}

// at gives a list a place for a step.
func at[T any](list *[]T, i int) *T {
	for len(*list) <= i {
		var zero T
		*list = append(*list, zero)
	}
	return &(*list)[i]
}

// step is the number of the step in which a time lies; it doubles all steps when there would be too
// many.
func (t *Timeline) step(when time.Duration) int {
	when = max(0, when)
	for when/t.Step >= MaxPoints {
		t.coarsen()
	}
	i := int(when / t.Step)
	t.Steps = max(t.Steps, i+1)
	return i
}

func (t *Timeline) applyTick(e events.Event) {
	s := t.scenario(e.Scenario)
	s.tick, s.ticked = *e.Tick, true
	s.tick.Aggregate = nil
	// A tick tells of the end of a step.
	p := at(&s.Points, t.step(e.At-firstStep/2))
	p.set(&s.tick)
	p.Ticked = true
	text, n := e.Tick.Phase, len(s.Phases)
	if !s.entered && n < MaxPhases && (n == 0 && text != "" || n > 0 && s.Phases[n-1].Text != text) {
		at := e.At - firstStep/2 // in the second before this tick
		if n == 0 {
			at = s.Began
		}
		s.Phases = append(s.Phases, Phase{At: max(0, at), Text: text})
	}
}

func (p *Point) set(k *events.Tick) {
	p.Users, p.TargetUsers, p.Queued, p.PlannedRate = k.Users, k.TargetUsers, k.WorkQueued, k.PlannedRate
}

// applyMetrics adds a delta to the step in which the middle of its time lies.
func (t *Timeline) applyMetrics(when time.Duration, d *metrics.Delta) {
	span := when - min(t.last, when)
	t.last = max(t.last, when)
	i := t.step(when - max(firstStep, span)/2)

	counted := map[*Scenario]bool{}
	d.EachPacked(func(m metrics.Metric, tags []metrics.Tag, p metrics.Packed) {
		if name := tag(tags, events.ScenarioTag); name != "" {
			s := t.scenario(name)
			counted[s] = true
			s.count(i, m, tags, p)
		}
	})
	for _, s := range t.Scenarios {
		if !counted[s] && (!s.ticked || s.Ended >= 0) {
			continue // not begun, or over
		}
		p := at(&s.Points, i)
		p.Span += span
		if !p.Ticked && s.ticked {
			p.set(&s.tick)
		}
	}
}

func tag(tags []metrics.Tag, key string) string {
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

func (s *Scenario) count(i int, m metrics.Metric, tags []metrics.Tag, v metrics.Packed) {
	p := at(&s.Points, i)
	sum := int64(v.Sum())
	switch m.Name {
	case metrics.IterationsStarted.Name:
		p.Started += sum
	case metrics.IterationsSucceeded.Name:
		p.Succeeded += sum
	case metrics.IterationsFailed.Name:
		p.Failed += sum
	case metrics.IterationsAborted.Name:
		p.Aborted += sum
	case metrics.IterationsDropped.Name:
		p.Dropped += sum
	case metrics.IterationResponseTime.Name:
		p.Response.Merge(v)
	case metrics.IterationServiceTime.Name:
		p.Service.Merge(v)
	case metrics.IterationLateness.Name:
		p.Lateness.Merge(v)
	case metrics.HTTPRequests.Name:
		p.Requests += sum
		if p.Answers == nil {
			p.Answers = map[string]int64{}
		}
		p.Answers[Answer(tags)] += sum
		if e := s.endpoint(tags); e != nil {
			at(&e.Points, i).Requests += sum
		}
	case metrics.HTTPFailed.Name:
		p.RequestsFailed += sum
		if e := s.endpoint(tags); e != nil {
			at(&e.Points, i).Failed += sum
		}
	case metrics.HTTPResponseTime.Name:
		p.HTTP.Merge(v)
		if e := s.endpoint(tags); e != nil {
			at(&e.Points, i).Times.Merge(v)
		}
	case metrics.HTTPBytesIn.Name:
		p.BytesIn += sum
	case metrics.HTTPBytesOut.Name:
		p.BytesOut += sum
	default:
		if !metrics.IsBuiltin(m.Name) {
			s.addCustom(i, m, v)
		}
	}
}

// Answer is what a request got: its status, or the kind of error.
func Answer(tags []metrics.Tag) string {
	if status := tag(tags, "status"); status != "" {
		return status
	}
	if kind := tag(tags, "error"); kind != "" {
		return "error " + kind
	}
	return "other"
}

// EndpointName is the method and name of an endpoint.
func EndpointName(tags []metrics.Tag) (method, name string) {
	if tag(tags, metrics.OverflowTag) != "" {
		return "", "(other endpoints)"
	}
	return tag(tags, "method"), tag(tags, "name")
}

func (s *Scenario) endpoint(tags []metrics.Tag) *Endpoint {
	method, name := EndpointName(tags)
	key := method + " " + name
	e := s.endpoints[key]
	if e == nil && len(s.endpoints) < MaxEndpoints {
		e = &Endpoint{Method: method, Name: name}
		s.endpoints[key] = e
		s.Endpoints = append(s.Endpoints, e)
	}
	return e
}

func (s *Scenario) addCustom(i int, m metrics.Metric, v metrics.Packed) {
	c := s.custom[m.Name]
	if c == nil {
		if len(s.custom) >= MaxCustom {
			return
		}
		c = &Custom{Metric: m}
		s.custom[m.Name] = c
		s.Custom = append(s.Custom, c)
	}
	at(&c.Points, i).Merge(v)
}

func (t *Timeline) applyFailure(e events.Event) {
	s := t.scenario(e.Scenario)
	i := t.step(e.At - firstStep/2)
	text := e.Failure.Message
	if e.Failure.Name != "" && e.Failure.Name != "Error" {
		text = e.Failure.Name + ": " + text
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	f := s.failures[text]
	if f == nil {
		if len(s.failures) >= MaxFailures {
			text = "other failures"
			f = s.failures[text]
		}
		if f == nil {
			f = &Failures{Text: text}
			s.failures[text] = f
			s.Failures = append(s.Failures, f)
		}
	}
	*at(&f.Points, i) += e.Failure.Count
}

// coarsen doubles the step: two points become one.
func (t *Timeline) coarsen() {
	t.Step *= 2
	t.Steps = (t.Steps + 1) / 2
	for _, s := range t.Scenarios {
		s.Points = halve(s.Points, (*Point).merge)
		for _, e := range s.Endpoints {
			e.Points = halve(e.Points, func(p *EndpointPoint, later EndpointPoint) {
				p.Requests += later.Requests
				p.Failed += later.Failed
				p.Times.Merge(later.Times)
			})
		}
		for _, c := range s.Custom {
			c.Points = halve(c.Points, func(p *metrics.Packed, later metrics.Packed) { p.Merge(later) })
		}
		for _, f := range s.Failures {
			f.Points = halve(f.Points, func(p *int64, later int64) { *p += later })
		}
	}
}

func halve[T any](list []T, merge func(p *T, later T)) []T {
	for i := 0; i < len(list); i += 2 {
		p := list[i]
		if i+1 < len(list) {
			merge(&p, list[i+1])
		}
		list[i/2] = p
	}
	n := (len(list) + 1) / 2
	clear(list[n:])
	return list[:n]
}

func (p *Point) merge(later Point) {
	if later.Ticked || !p.Ticked {
		p.Users, p.TargetUsers, p.Queued, p.PlannedRate = later.Users, later.TargetUsers, later.Queued, later.PlannedRate
	}
	p.Ticked = p.Ticked || later.Ticked
	p.Span += later.Span
	p.Started += later.Started
	p.Succeeded += later.Succeeded
	p.Failed += later.Failed
	p.Aborted += later.Aborted
	p.Dropped += later.Dropped
	p.Requests += later.Requests
	p.RequestsFailed += later.RequestsFailed
	p.BytesIn += later.BytesIn
	p.BytesOut += later.BytesOut
	if p.Answers == nil {
		p.Answers = later.Answers
	} else {
		for k, n := range later.Answers {
			p.Answers[k] += n
		}
	}
	p.Response.Merge(later.Response)
	p.Service.Merge(later.Service)
	p.Lateness.Merge(later.Lateness)
	p.HTTP.Merge(later.HTTP)
}

// PerSecond is what a count of this point comes to a second, 0 if nothing was recorded in it.
func (p Point) PerSecond(count int64) float64 {
	if p.Span <= 0 {
		return 0
	}
	return float64(count) / p.Span.Seconds()
}

// Join is a point with the one after it.
func Join(p, later Point) Point {
	if p.Answers != nil {
		p.Answers = maps.Clone(p.Answers)
	}
	p.merge(later)
	return p
}
