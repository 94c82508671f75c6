// Package thresholds has the limits that a run's figures must keep to: their grammar, what they may
// be asked of which metric, and their evaluation. It is pure: figures come in, a judgement goes out;
// who asks when, and what follows, is the engine's.
//
//	http.response_time{name:login}: p(95) < 200ms
//	└────── metric ──┘└── tags ──┘  └── check ──┘
package thresholds

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"runner/metrics"
)

// Threshold is one check of one metric. It is immutable once made, and any goroutine may use it.
type Threshold struct {
	Key
	Check
	Terms
	metric metrics.Metric // what Resolve found
}

// Terms say when and of what a threshold is judged.
type Terms struct {
	// Abort ends the scenario in an orderly way as soon as the threshold breaks.
	Abort bool
	// After is how long the scenario must have run before the threshold is judged during the run.
	After time.Duration
	// Window is how far back the figures reach; 0: the whole of the run so far. A threshold with a
	// window must hold in every window, one without at the end.
	Window time.Duration
	// Optional lets a threshold hold that has no samples.
	Optional bool
	// Phases are those that count, ExceptPhases those that do not; both empty: all.
	Phases, ExceptPhases []string
}

// New makes a threshold of its texts. It is not judged before Resolve has accepted it.
func New(key, check string, terms Terms) (*Threshold, error) {
	k, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	c, err := ParseCheck(check)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	if len(terms.Phases) > 0 && len(terms.ExceptPhases) > 0 {
		return nil, fmt.Errorf("%s: %s: phase and exceptPhase do not go together", k, c)
	}
	return &Threshold{Key: k, Check: c, Terms: terms}, nil
}

// ParseFlag makes a threshold of the form metric{tag:value}: check.
func ParseFlag(text string) (*Threshold, error) {
	k, rest, err := scanKey(text)
	if err != nil {
		return nil, err
	}
	check, ok := strings.CutPrefix(strings.TrimSpace(rest), ":")
	if !ok {
		return nil, fmt.Errorf("%q: after the metric must come a colon and a check, as in %q", text, example)
	}
	c, err := ParseCheck(check)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	return &Threshold{Key: k, Check: c}, nil
}

const example = "http.response_time{name:login}: p(95) < 200ms"

// String is the threshold as it could be given on the command line.
func (t *Threshold) String() string { return t.Key.String() + ": " + t.Check.String() }

// Counts says whether what is recorded in a phase counts. warmUp is the name of the phase that counts
// only for a threshold that names it.
func (t *Threshold) Counts(phase, warmUp string) bool {
	switch {
	case len(t.Phases) > 0:
		return within(phase, t.Phases)
	case phase == warmUp:
		return false
	}
	return !within(phase, t.ExceptPhases)
}

// within says whether a phase is one of those named, or a part of one: "stage 2 › 30 users" is of stage 2.
func within(phase string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return phase == name || strings.HasPrefix(phase, name+" › ")
	})
}

// Source is where figures are looked up: a *metrics.Store is one.
type Source interface {
	Query(metric string, tags map[string]string, window time.Duration) (stats metrics.Stats, known bool)
}

// Judgement is what a threshold came to at one moment.
type Judgement struct {
	Observed float64 // in Unit
	Unit     string  // as of a metric; "share" for a part of a whole
	Samples  bool    // false: there is no figure, and Observed means nothing
	OK       bool    // without samples: whether the threshold is optional
}

// Judge evaluates the threshold on the figures of one scenario. covered is how long a time the figures
// cover; it bounds what a window covers.
func (t *Threshold) Judge(from Source, scenario string, covered time.Duration) Judgement {
	q := query{from: from, tags: map[string]string{"scenario": scenario}, window: t.Window, covered: covered}
	for _, tag := range t.Tags {
		q.tags[tag.Key] = tag.Value
	}
	j := Judgement{Unit: t.unit()}
	v := t.observe(&q, t.metric)
	if t.tagless() && math.IsNaN(v) && t.zero(t.metric) {
		v = 0 // a sum of nothing is 0, as long as no tag can be misspelt
	}
	if math.IsNaN(v) {
		j.OK = t.Optional
		return j
	}
	j.Observed, j.Samples = v, true
	j.OK = t.op.holds(v, t.limit)
	return j
}

// tagless says whether no tag but the scenario's narrows the figures down.
func (t *Threshold) tagless() bool {
	for _, tag := range t.Tags {
		if tag.Key != "scenario" {
			return false
		}
	}
	return true
}

// Text is the figure as a person reads it: "212 ms", "1.2 %", or "no samples".
func (j Judgement) Text() string {
	if !j.Samples {
		return "no samples"
	}
	return Format(j.Observed, j.Unit)
}

// query is one look-up.
type query struct {
	from    Source
	tags    map[string]string
	window  time.Duration
	covered time.Duration
}

func (q *query) stats(metric string) metrics.Stats {
	s, _ := q.from.Query(metric, q.tags, q.window)
	if q.covered > 0 && (q.window == 0 || s.Span > q.covered) {
		s.Span = q.covered
	}
	return s
}

// maxValues is how many of a tag's values an error names.
const maxValues = 5

// Missing says what stands in the way of a threshold that has no samples: the first tag that no series of
// its metric has, with the values that there are. It is empty if there is none.
func (t *Threshold) Missing(series []metrics.SeriesStats, scenario string) string {
	for _, tag := range t.Tags {
		if tag.Key == "scenario" {
			continue
		}
		var values []string
		for _, s := range series {
			if v := s.Tag(tag.Key); v != "" && s.Tag("scenario") == scenario && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		switch n := len(values); {
		case slices.Contains(values, tag.Value):
			continue
		case n == 0:
			return fmt.Sprintf(" (nothing was recorded with the tag %s)", tag.Key)
		case n > maxValues:
			return fmt.Sprintf(" (%s was %s and %d others)", tag.Key, strings.Join(values[:maxValues], ", "), n-maxValues)
		default:
			return fmt.Sprintf(" (%s was %s)", tag.Key, strings.Join(values, ", "))
		}
	}
	return ""
}
