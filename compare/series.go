package compare

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"runner/metrics"
	"runner/report/timeline"
)

// series is a scenario since its first iteration, in steps of the wanted length.
type series struct {
	points []timeline.Point
	ends   []*endpoint
}

type endpoint struct {
	name     string
	requests int64
	points   []metrics.Packed
}

// mostEndpoints is how many endpoints are compared by themselves: those with most requests.
const mostEndpoints = 10

func seriesOf(s *timeline.Scenario, have, want time.Duration) *series {
	per := int(want / have)
	out := &series{}
	first := slices.IndexFunc(s.Points, func(p timeline.Point) bool { return p.Started > 0 })
	if first < 0 {
		return out
	}
	for i := first; i < len(s.Points); i += per {
		p := s.Points[i]
		for j := i + 1; j < min(i+per, len(s.Points)); j++ {
			p = timeline.Join(p, s.Points[j])
		}
		out.points = append(out.points, p)
	}
	names := make([]string, len(s.Endpoints))
	for i, e := range s.Endpoints {
		names[i] = e.Name
	}
	origin := timeline.Origin(names) // which may differ from run to run, as that of a demo does
	for _, e := range s.Endpoints {
		one := &endpoint{name: strings.TrimSpace(e.Method + " " + strings.TrimPrefix(e.Name, origin)), points: make([]metrics.Packed, len(out.points))}
		for i, p := range e.Points {
			one.requests += p.Requests
			if i >= first {
				one.points[(i-first)/per].Merge(p.Times)
			}
		}
		out.ends = append(out.ends, one)
	}
	return out
}

// trim leaves out steps at the end of which little was recorded.
func (s *series) trim() {
	for n := len(s.points); n > 0; n = len(s.points) {
		p := s.points[n-1]
		if p.Span >= s.points[0].Span*3/5 && p.Span > 0 && (p.Users > 0 || n == 1) {
			break
		}
		s.cut(n - 1)
	}
}

func (s *series) cut(n int) {
	s.points = s.points[:n]
	for _, e := range s.ends {
		e.points = e.points[:n]
	}
}

type endpointPair struct {
	name       string
	base, head []metrics.Packed
}

// endpoints are those of both runs, the most frequent first. One alone is what the scenario's own
// figures tell already.
func (s *series) endpoints(head *series) (list []endpointPair) {
	ends := slices.Clone(s.ends)
	slices.SortStableFunc(ends, func(x, y *endpoint) int { return cmp.Compare(y.requests, x.requests) })
	if len(ends) < 2 {
		return nil
	}
	for _, e := range ends {
		at := slices.IndexFunc(head.ends, func(h *endpoint) bool { return h.name == e.name })
		if at >= 0 && len(list) < mostEndpoints {
			list = append(list, endpointPair{e.name, e.points, head.ends[at].points})
		}
	}
	return list
}
