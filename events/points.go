package events

import (
	"slices"
	"time"

	"runner/metrics"
)

const (
	// MaxPoints is how many points a scenario has at most: when the run is longer, two become one.
	MaxPoints = 600
	firstStep = time.Second
)

// Point is a scenario's numbers in one step of time. What is counted is what was recorded in Span,
// which differs a little from the step; users are those at the end of it.
type Point struct {
	At   time.Duration // when the step begins
	Step time.Duration // how long it is
	Span time.Duration // how much of it was recorded: 0 if only users are known

	Users, TargetUsers, WorkQueued int
	PlannedRate                    float64

	Started, Succeeded, Failed, Aborted, Dropped int64
	Requests, RequestsFailed                     int64

	ResponseTime     metrics.Packed // of iterations
	HTTPResponseTime metrics.Packed

	ticked bool
}

// PerSecond is what a count of this point comes to a second.
func (p Point) PerSecond(count int64) float64 {
	if p.Span <= 0 {
		return 0
	}
	return float64(count) / p.Span.Seconds()
}

// pointOfTick notes a tick, which tells of the end of a step, in the step before it.
func (s *State) pointOfTick(sc *Scenario, at time.Duration) {
	p := s.point(sc, max(0, at-firstStep/2))
	p.setTick(&sc.Tick)
	p.ticked = true
}

func (p *Point) setTick(t *Tick) {
	p.Users, p.TargetUsers, p.WorkQueued, p.PlannedRate = t.Users, t.TargetUsers, t.WorkQueued, t.PlannedRate
}

// pointsOfMetrics adds what a delta counts to the step in which the middle of its time lies. Deltas of
// several nodes come close together and are of the same second: for them the middle is taken to be
// half a second back.
func (s *State) pointsOfMetrics(at time.Duration, d *metrics.Delta) {
	span := at - min(s.lastMetrics, at)
	s.lastMetrics = max(s.lastMetrics, at)
	middle := max(0, at-max(firstStep, span)/2)

	recorded := d.Values(ScenarioTag)
	for _, name := range recorded {
		s.scenario(name)
	}
	for _, sc := range s.Scenarios {
		counted := slices.Contains(recorded, sc.Name)
		if !counted && (!sc.Ticked || sc.Ended != nil) {
			continue // not begun, or over: nothing to draw
		}
		p := s.point(sc, middle)
		p.Span += span
		if !p.ticked {
			p.setTick(&sc.Tick)
		}
		if counted {
			p.count(d, metrics.Tag{Key: ScenarioTag, Value: sc.Name})
		}
	}
}

func (p *Point) count(d *metrics.Delta, scenario metrics.Tag) {
	sum := func(m *metrics.Metric) int64 { return int64(d.Query(m.Name, scenario).Sum()) }
	p.Started += sum(metrics.IterationsStarted)
	p.Succeeded += sum(metrics.IterationsSucceeded)
	p.Failed += sum(metrics.IterationsFailed)
	p.Aborted += sum(metrics.IterationsAborted)
	p.Dropped += sum(metrics.IterationsDropped)
	p.Requests += sum(metrics.HTTPRequests)
	p.RequestsFailed += sum(metrics.HTTPFailed)
	p.ResponseTime.Merge(d.Query(metrics.IterationResponseTime.Name, scenario))
	p.HTTPResponseTime.Merge(d.Query(metrics.HTTPResponseTime.Name, scenario))
}

// point finds or makes a scenario's point at a time, and doubles the step of all points when the time
// is past the last.
func (s *State) point(sc *Scenario, at time.Duration) *Point {
	for at/s.step >= MaxPoints {
		s.step *= 2
		for _, other := range s.Scenarios {
			other.coarsen(s.step)
		}
	}
	begin := at.Truncate(s.step)
	i := len(sc.Points)
	for i > 0 && sc.Points[i-1].At > begin {
		i--
	}
	if i > 0 && sc.Points[i-1].At == begin {
		return &sc.Points[i-1]
	}
	sc.Points = slices.Insert(sc.Points, i, Point{At: begin, Step: s.step})
	return &sc.Points[i]
}

// coarsen merges the points that fall into one step.
func (sc *Scenario) coarsen(step time.Duration) {
	kept := sc.Points[:0]
	for _, p := range sc.Points {
		p.At, p.Step = p.At.Truncate(step), step
		if n := len(kept); n > 0 && kept[n-1].At == p.At {
			kept[n-1].merge(p)
		} else {
			kept = append(kept, p)
		}
	}
	clear(sc.Points[len(kept):])
	sc.Points = kept
}

// merge adds the later point of the same step.
func (p *Point) merge(later Point) {
	p.Span += later.Span
	p.Users, p.TargetUsers, p.WorkQueued, p.PlannedRate = later.Users, later.TargetUsers, later.WorkQueued, later.PlannedRate
	p.ticked = p.ticked || later.ticked
	p.Started += later.Started
	p.Succeeded += later.Succeeded
	p.Failed += later.Failed
	p.Aborted += later.Aborted
	p.Dropped += later.Dropped
	p.Requests += later.Requests
	p.RequestsFailed += later.RequestsFailed
	p.ResponseTime.Merge(later.ResponseTime)
	p.HTTPResponseTime.Merge(later.HTTPResponseTime)
}
