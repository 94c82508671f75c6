package metrics

import "slices"

// Packed are the figures of Stats in little space, to be kept in numbers: a few bytes a bucket. The
// zero value has no values. A Packed does not change but by Merge.
type Packed struct {
	kind Kind
	figures
	zero               int64
	positive, negative bins
}

// Count is how many values there are.
func (p Packed) Count() int64 { return p.count }

// Sum is the sum of all values; of a Rate, how many were true.
func (p Packed) Sum() float64 { return p.sum }

// Merge adds other values of the same kind of metric.
func (p *Packed) Merge(o Packed) {
	if o.count == 0 {
		return
	}
	p.kind = o.kind
	p.figures.merge(&o.figures)
	p.zero += o.zero
	p.positive = mergeBins(p.positive, o.positive)
	p.negative = mergeBins(p.negative, o.negative)
}

// Stats unpacks the figures; their Span is left 0.
func (p Packed) Stats() Stats {
	s := Stats{Kind: p.kind}
	s.addFigures(&p.figures)
	s.sketch.addBins(p.zero, p.positive, p.negative)
	return s
}

// Query merges the series of a metric that have all the given tags.
func (d *Delta) Query(metric string, tags ...Tag) Packed {
	var p Packed
	if d == nil {
		return p
	}
	from, _ := slices.BinarySearchFunc(d.series, metric, func(s deltaSeries, name string) int {
		if s.metric.Name < name {
			return -1
		}
		return 1 // the first of the name, not any
	})
	for i := from; i < len(d.series) && d.series[i].metric.Name == metric; i++ {
		s := &d.series[i]
		if !hasAll(s.tags, tags) {
			continue
		}
		p.Merge(Packed{kind: s.metric.Kind, figures: s.figures, zero: s.zero, positive: s.positive, negative: s.negative})
	}
	return p
}

func hasAll(tags, wanted []Tag) bool {
	for _, w := range wanted {
		if !slices.Contains(tags, w) {
			return false
		}
	}
	return true
}

// Values lists the values that a tag has in the delta, each once.
func (d *Delta) Values(key string) []string {
	if d == nil {
		return nil
	}
	var values []string
	seen := make(map[string]bool)
	for i := range d.series {
		for _, t := range d.series[i].tags {
			if t.Key == key && !seen[t.Value] {
				seen[t.Value] = true
				values = append(values, t.Value)
			}
		}
	}
	return values
}
