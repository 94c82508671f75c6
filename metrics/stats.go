package metrics

import (
	"math"
	"time"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Stats are the figures of a query. They are a copy: nothing changes them, and any goroutine may
// read them.
type Stats struct {
	Kind                Kind
	Count               int64         // how many values; of a Rate, how many were asked
	Sum, Min, Max, Last float64       // of a Rate, Sum is how many were true; only a Gauge has a Last; counters and rates have no Min and Max
	Span                time.Duration // how long a time the figures really cover

	stamp  int64
	sketch sketch
}

// sketch are the buckets of a trend, merged. Its quantiles are right to ±0.27 %.
type sketch struct {
	zero               int64
	positive, negative *store.DenseStore // nil: nothing in them
}

func (k *sketch) addBins(zero int64, positive, negative bins) {
	k.zero += zero
	if len(positive) > 0 {
		if k.positive == nil {
			k.positive = store.NewDenseStore()
		}
		positive.addTo(k.positive)
	}
	if len(negative) > 0 {
		if k.negative == nil {
			k.negative = store.NewDenseStore()
		}
		negative.addTo(k.negative)
	}
}

func (k *sketch) add(o *sketch) {
	k.zero += o.zero
	k.positive = addStore(k.positive, o.positive)
	k.negative = addStore(k.negative, o.negative)
}

func addStore(to, from *store.DenseStore) *store.DenseStore {
	switch {
	case from == nil:
	case to == nil:
		to = from.Copy().(*store.DenseStore)
	default:
		to.MergeWith(from)
	}
	return to
}

func (s *Stats) figures() figures {
	return figures{count: s.Count, sum: s.Sum, min: s.Min, max: s.Max, last: s.Last, stamp: s.stamp}
}

func (s *Stats) addFigures(o *figures) {
	f := s.figures()
	f.merge(o)
	s.Count, s.Sum, s.Min, s.Max, s.Last, s.stamp = f.count, f.sum, f.min, f.max, f.last, f.stamp
}

// Merge adds the figures of other series of the same kind; Span becomes the longer of both.
func (s *Stats) Merge(o Stats) {
	f := o.figures()
	s.addFigures(&f)
	s.Kind = o.Kind
	s.Span = max(s.Span, o.Span)
	own := s.sketch
	s.sketch = sketch{zero: own.zero, positive: addStore(nil, own.positive), negative: addStore(nil, own.negative)}
	s.sketch.add(&o.sketch)
}

func (ds *deltaSeries) stats() Stats {
	s := Stats{Kind: ds.metric.Kind}
	s.addFigures(&ds.figures)
	s.sketch.addBins(ds.zero, ds.positive, ds.negative)
	return s
}

// Mean is Sum/Count, NaN without values.
func (s Stats) Mean() float64 {
	if s.Count == 0 {
		return math.NaN()
	}
	mean := s.Sum / float64(s.Count)
	if s.Kind == Trend || s.Kind == Gauge { // a rounded sum must not show a mean outside the values
		mean = min(max(mean, s.Min), s.Max)
	}
	return mean
}

// Rate is Sum/Count: of a Rate, the share that was true. NaN without values.
func (s Stats) Rate() float64 {
	if s.Count == 0 {
		return math.NaN()
	}
	return s.Sum / float64(s.Count)
}

// PerSecond is how much of Sum (of a Rate or a Trend: of Count) came a second in Span; 0 if nothing
// is covered.
func (s Stats) PerSecond() float64 {
	if s.Span <= 0 {
		return 0
	}
	if s.Kind == Counter {
		return s.Sum / s.Span.Seconds()
	}
	return float64(s.Count) / s.Span.Seconds()
}

// Quantile is the smallest value that at least the share q of all values do not exceed, to ±0.27 %:
// 0…1, exact min and max at the ends. It is NaN without values and for kinds that are no
// distribution (the ends of a Gauge excepted).
func (s Stats) Quantile(q float64) float64 {
	switch {
	case s.Count == 0 || math.IsNaN(q) || s.Kind == Counter || s.Kind == Rate:
		return math.NaN()
	case q <= 0:
		return s.Min
	case q >= 1:
		return s.Max
	case s.Kind == Gauge:
		return math.NaN()
	}
	// The rank from 0. The tolerance keeps 0.07 × 100 from rounding up to the eighth value.
	rank := max(0, math.Ceil(q*float64(s.Count)*(1-1e-14))-1)
	return min(max(s.sketch.valueAt(rank), s.Min), s.Max)
}

func (k *sketch) valueAt(rank float64) float64 {
	if k.negative != nil {
		n := k.negative.TotalCount()
		if rank < n {
			return -gridValue(k.negative.KeyAtRank(n - 1 - rank))
		}
		rank -= n
	}
	if rank < float64(k.zero) || k.positive == nil {
		return 0
	}
	return gridValue(k.positive.KeyAtRank(rank - float64(k.zero)))
}

// Bucket is a part of a distribution: Count values in (2^(Index/128), 2^((Index+1)/128)], as in an
// OpenTelemetry exponential histogram at scale 7.
type Bucket struct {
	Index int
	Count int64
}

// Bounds are the ends of the bucket: the lower is not in it, the upper is.
func (b Bucket) Bounds() (lower, upper float64) { return gridLower(b.Index), gridLower(b.Index + 1) }

// Buckets are the distribution of a Trend by rising index, without the empty ones: values of 0 (or
// within ±5.4e-20), those above, and, by their absolute value, those below.
func (s Stats) Buckets() (zero int64, positive, negative []Bucket) {
	list := func(d *store.DenseStore) (buckets []Bucket) {
		if d != nil {
			d.ForEach(func(index int, count float64) bool {
				buckets = append(buckets, Bucket{index, int64(count)})
				return false
			})
		}
		return buckets
	}
	return s.sketch.zero, list(s.sketch.positive), list(s.sketch.negative)
}
