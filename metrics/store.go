package metrics

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// Store folds deltas into whole-run figures and sliding windows (up to MaxWindow, bounded). Safe for
// concurrent use. What it holds depends on the number of series, not on the length of the run.
type Store struct {
	mu      sync.RWMutex
	metrics map[string]*storeMetric
	series  map[string]*total
	now     time.Duration // of the last delta
	window  window
}

type storeMetric struct {
	metric Metric
	series []*total // in the order in which they came
}

// total is the whole run of one series.
type total struct {
	*identity
	figures
	sketch
	position int // in its metric's list
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{metrics: make(map[string]*storeMetric), series: make(map[string]*total)}
}

// Apply adds a delta that was drained at the given time since the run began and holds what was
// recorded since the last one. An empty or nil delta says that nothing was: it moves time on.
func (s *Store) Apply(at time.Duration, d *Delta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.now
	s.now = max(s.now, at)
	sl := &slot{from: from, to: s.now, metrics: make(map[*storeMetric][]slotSeries)}
	if d != nil {
		for i := range d.series {
			ds := &d.series[i]
			m, t := s.find(ds.identity)
			t.figures.merge(&ds.figures)
			t.sketch.addBins(ds.zero, ds.positive, ds.negative)
			sl.add(m, slotSeries{position: t.position, figures: ds.figures, zero: ds.zero, positive: ds.positive, negative: ds.negative})
		}
	}
	s.window.push(sl)
}

// find gives the metric and the whole-run figures of a series; s.mu is held. A metric whose kind is
// not what it was before (two nodes cannot differ, but a recording may have been tampered with) keeps
// the first.
func (s *Store) find(id *identity) (*storeMetric, *total) {
	m := s.metrics[id.metric.Name]
	if m == nil {
		m = &storeMetric{metric: *id.metric}
		s.metrics[id.metric.Name] = m
	}
	t := s.series[id.key]
	if t == nil {
		t = &total{identity: id, position: len(m.series)}
		m.series = append(m.series, t)
		s.series[id.key] = t
	}
	return m, t
}

// Query merges all series of a metric whose tags contain the given ones, over the whole run (window
// 0) or the last window, which is covered in steps of a second, from a minute back in steps of five;
// Stats.Span says how long a time it really was. Known says whether the metric has any series at all.
func (s *Store) Query(metric string, tags map[string]string, window time.Duration) (stats Stats, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := s.metrics[metric]
	if m == nil {
		return Stats{}, false
	}
	stats.Kind = m.metric.Kind
	matching := m.matching(tags)
	if window <= 0 {
		stats.Span = s.now
		for _, t := range m.series {
			if matching[t.position] {
				stats.addFigures(&t.figures)
				stats.sketch.add(&t.sketch)
			}
		}
		return stats, true
	}
	stats.Span = s.window.last(s.now, window, func(sl *slot) {
		for i := range sl.metrics[m] {
			if c := &sl.metrics[m][i]; matching[c.position] {
				stats.addFigures(&c.figures)
				stats.sketch.addBins(c.zero, c.positive, c.negative)
			}
		}
	})
	return stats, true
}

// matching says of each series whether it has all the tags.
func (m *storeMetric) matching(tags map[string]string) []bool {
	wanted := make([]Tag, 0, len(tags))
	for k, v := range tags {
		wanted = append(wanted, Tag{k, v})
	}
	match := make([]bool, len(m.series))
	for i, t := range m.series {
		match[i] = hasAll(t.tags, wanted)
	}
	return match
}

// SeriesStats is one series with its figures.
type SeriesStats struct {
	Tags  []Tag // sorted by key; must not be changed
	Stats Stats
}

// Tag gives the value of a tag, "" if the series has none.
func (s SeriesStats) Tag(key string) string {
	for _, t := range s.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// Series lists a metric's series over the whole run, sorted by their tags.
func (s *Store) Series(metric string) []SeriesStats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := s.metrics[metric]
	if m == nil {
		return nil
	}
	list := make([]SeriesStats, len(m.series))
	for i, t := range m.series {
		stats := Stats{Kind: m.metric.Kind, Span: s.now}
		stats.addFigures(&t.figures)
		stats.sketch.add(&t.sketch)
		list[i] = SeriesStats{Tags: t.tags, Stats: stats}
	}
	slices.SortFunc(list, func(a, b SeriesStats) int { return compareTags(a.Tags, b.Tags) })
	return list
}

// Names lists the metrics that have series, sorted.
func (s *Store) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := make([]string, 0, len(s.metrics))
	for name := range s.metrics {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Metric gives the kind and unit of a metric that has series.
func (s *Store) Metric(name string) (Metric, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if m := s.metrics[name]; m != nil {
		return m.metric, true
	}
	return Metric{}, false
}

// Now is the time of the last delta since the run began.
func (s *Store) Now() time.Duration {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.now
}
