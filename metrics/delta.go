package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Delta is what was recorded in a span of time: mergeable and serialisable (JSON). It is not safe for
// concurrent use while Merge runs, and does not change otherwise.
type Delta struct {
	series []deltaSeries // sorted by metric, then tags
}

type deltaSeries struct {
	*identity
	figures
	zero               int64 // of a trend, as are the buckets
	positive, negative bins
}

// Empty says whether nothing was recorded. A nil Delta is empty.
func (d *Delta) Empty() bool { return d == nil || len(d.series) == 0 }

// Len is the number of series that something was recorded into.
func (d *Delta) Len() int {
	if d == nil {
		return 0
	}
	return len(d.series)
}

// Each calls fn for every series, sorted by metric, then tags. The tags must not be changed.
func (d *Delta) Each(fn func(m Metric, tags []Tag, s Stats)) {
	if d == nil {
		return
	}
	for i := range d.series {
		ds := &d.series[i]
		fn(*ds.metric, ds.tags, ds.stats())
	}
}

func compareTags(a, b []Tag) int {
	return slices.CompareFunc(a, b, func(x, y Tag) int {
		if c := strings.Compare(x.Key, y.Key); c != 0 {
			return c
		}
		return strings.Compare(x.Value, y.Value)
	})
}

func (id *identity) compare(o *identity) int {
	if id == o {
		return 0
	}
	if c := strings.Compare(id.metric.Name, o.metric.Name); c != 0 {
		return c
	}
	return compareTags(id.tags, o.tags)
}

func (d *Delta) sort() {
	sort.Slice(d.series, func(i, j int) bool { return d.series[i].compare(d.series[j].identity) < 0 })
}

func (ds *deltaSeries) merge(o *deltaSeries) {
	ds.figures.merge(&o.figures)
	ds.zero += o.zero
	ds.positive = mergeBins(ds.positive, o.positive)
	ds.negative = mergeBins(ds.negative, o.negative)
}

// Merge adds what another delta has, of another node or another span. The order of merging does not
// matter, but for the rounding of sums.
func (d *Delta) Merge(o *Delta) {
	if o.Empty() {
		return
	}
	merged := make([]deltaSeries, 0, max(len(d.series), len(o.series)))
	mine, theirs := d.series, o.series
	for len(mine) > 0 && len(theirs) > 0 {
		switch c := mine[0].compare(theirs[0].identity); {
		case c < 0:
			merged = append(merged, mine[0])
			mine = mine[1:]
		case c > 0:
			merged = append(merged, theirs[0])
			theirs = theirs[1:]
		default:
			both := mine[0]
			both.merge(&theirs[0])
			merged = append(merged, both)
			mine, theirs = mine[1:], theirs[1:]
		}
	}
	merged = append(merged, mine...)
	d.series = append(merged, theirs...)
}

// A delta in JSON: every set of tags once, as [key, value, key, value …]; under each metric its
// series, which name their tags by number. Figures that are 0 are left out.
type deltaJSON struct {
	Tags    [][]string   `json:"tags"`
	Metrics []metricJSON `json:"metrics"`
}

type metricJSON struct {
	Name   string       `json:"name"`
	Kind   Kind         `json:"kind"`
	Unit   string       `json:"unit,omitempty"`
	Series []seriesJSON `json:"series"`
}

type seriesJSON struct {
	Tags     int       `json:"t"`
	Count    int64     `json:"n"`
	Sum      float64   `json:"sum,omitempty"`
	Min      float64   `json:"min,omitempty"`
	Max      float64   `json:"max,omitempty"`
	Last     float64   `json:"last,omitempty"`
	Stamp    int64     `json:"at,omitempty"` // when Last was set, Unix nanoseconds
	Zero     int64     `json:"zero,omitempty"`
	Positive [][]int64 `json:"bins,omitempty"` // runs of [bucket, count, count …] on the scale-7 grid
	Negative [][]int64 `json:"negative,omitempty"`
}

// MarshalJSON writes the delta; UnmarshalJSON gives back an equal one. It is written by hand because
// it runs once a second for what can be thousands of series.
func (d *Delta) MarshalJSON() ([]byte, error) {
	known := make(map[string]int)
	tags := []byte(`{"tags":[`)
	list := []byte(`],"metrics":[`)
	var key []byte
	for i := range d.series {
		s := &d.series[i]
		key = appendKey(key[:0], "", s.tags)
		at, ok := known[string(key)]
		if !ok {
			at = len(known)
			known[string(key)] = at
			if at > 0 {
				tags = append(tags, ',')
			}
			tags = appendTags(tags, s.tags)
		}
		if i == 0 || d.series[i-1].metric.Name != s.metric.Name {
			if i > 0 {
				list = append(list, "]},"...)
			}
			list = append(list, `{"name":`...)
			list = appendText(list, s.metric.Name)
			list = append(list, `,"kind":"`...)
			list = append(list, s.metric.Kind.String()...)
			list = append(list, '"')
			if s.metric.Unit != "" {
				list = append(list, `,"unit":`...)
				list = appendText(list, s.metric.Unit)
			}
			list = append(list, `,"series":[`...)
		} else {
			list = append(list, ',')
		}
		list = s.appendJSON(list, at)
	}
	if len(d.series) > 0 {
		list = append(list, "]}"...)
	}
	return append(append(tags, list...), "]}"...), nil
}

func (ds *deltaSeries) appendJSON(out []byte, tags int) []byte {
	integer := func(name string, v int64) {
		if v != 0 {
			out = strconv.AppendInt(append(out, name...), v, 10)
		}
	}
	number := func(name string, v float64) {
		if v != 0 {
			format := byte('f')
			if a := math.Abs(v); a < 1e-6 || a >= 1e21 {
				format = 'e'
			}
			out = strconv.AppendFloat(append(out, name...), v, format, -1, 64)
		}
	}
	out = append(out, `{"t":`...)
	out = strconv.AppendInt(out, int64(tags), 10)
	integer(`,"n":`, ds.count)
	number(`,"sum":`, ds.sum)
	number(`,"min":`, ds.min)
	number(`,"max":`, ds.max)
	number(`,"last":`, ds.last)
	integer(`,"at":`, ds.stamp)
	integer(`,"zero":`, ds.zero)
	if len(ds.positive) > 0 {
		out = ds.positive.appendRuns(append(out, `,"bins":`...))
	}
	if len(ds.negative) > 0 {
		out = ds.negative.appendRuns(append(out, `,"negative":`...))
	}
	return append(out, '}')
}

func appendTags(out []byte, tags []Tag) []byte {
	out = append(out, '[')
	for i, t := range tags {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, t.Key), ',')
		out = appendText(out, t.Value)
	}
	return append(out, ']')
}

// appendText appends a JSON string. Marshalling a string cannot fail.
func appendText(out []byte, s string) []byte {
	text, _ := json.Marshal(s)
	return append(out, text...)
}

// UnmarshalJSON reads a delta and refuses one that no registry could have written.
func (d *Delta) UnmarshalJSON(data []byte) error {
	var in deltaJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("reading metrics: %w", err)
	}
	tagSets := make([][]Tag, len(in.Tags))
	for i, flat := range in.Tags {
		if len(flat)%2 != 0 {
			return fmt.Errorf("reading metrics: tags %q are not pairs of key and value", flat)
		}
		for j := 0; j < len(flat); j += 2 {
			tagSets[i] = append(tagSets[i], Tag{flat[j], flat[j+1]})
		}
	}
	var series []deltaSeries
	for _, m := range in.Metrics {
		metric := &Metric{Name: m.Name, Kind: m.Kind, Unit: m.Unit}
		for _, s := range m.Series {
			if s.Tags < 0 || s.Tags >= len(tagSets) {
				return fmt.Errorf("reading metrics: %q has tags number %d of %d", m.Name, s.Tags, len(tagSets))
			}
			ds, err := s.series(metric, tagSets[s.Tags])
			if err != nil {
				return fmt.Errorf("reading metrics: %q: %w", m.Name, err)
			}
			series = append(series, ds)
		}
	}
	read := Delta{series: series}
	read.sort()
	for i := 1; i < len(read.series); i++ {
		if read.series[i].compare(read.series[i-1].identity) == 0 {
			return fmt.Errorf("reading metrics: %q has the same series twice", read.series[i].metric.Name)
		}
	}
	*d = read
	return nil
}

func (s *seriesJSON) series(m *Metric, tags []Tag) (deltaSeries, error) {
	ds := deltaSeries{
		identity: newIdentity(m, tags),
		figures:  figures{count: s.Count, sum: s.Sum, min: s.Min, max: s.Max, last: s.Last, stamp: s.Stamp},
		zero:     s.Zero,
	}
	if s.Count < 1 || s.Count > maxCount || s.Zero < 0 || s.Min > s.Max {
		return ds, fmt.Errorf("%d values, %d of them 0, from %v to %v, cannot be", s.Count, s.Zero, s.Min, s.Max)
	}
	var above, below int64
	var err error
	if ds.positive, above, err = binsFromRuns(s.Positive); err != nil {
		return ds, err
	}
	if ds.negative, below, err = binsFromRuns(s.Negative); err != nil {
		return ds, err
	}
	want := float64(0)
	if m.Kind == Trend {
		want = float64(s.Count)
	}
	if inBuckets := float64(above) + float64(below) + float64(s.Zero); math.Abs(inBuckets-want) > 0 {
		return ds, fmt.Errorf("%d values, but %v in buckets, in a %v", s.Count, inBuckets, m.Kind)
	}
	return ds, nil
}
