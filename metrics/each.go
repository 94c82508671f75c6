package metrics

// EachPacked calls fn for every series of a delta, sorted by metric, then tags, without unpacking it.
// The tags must not be changed.
func (d *Delta) EachPacked(fn func(m Metric, tags []Tag, p Packed)) {
	if d == nil {
		return
	}
	for i := range d.series {
		s := &d.series[i]
		fn(*s.metric, s.tags, Packed{kind: s.metric.Kind, figures: s.figures, zero: s.zero, positive: s.positive, negative: s.negative})
	}
}

// Last is the latest value of a Gauge.
func (p Packed) Last() float64 { return p.last }

// Kind is the kind of metric that the values are of.
func (p Packed) Kind() Kind { return p.kind }

// IsBuiltin says whether the engine or a module that comes with it records the metric, and no script.
func IsBuiltin(name string) bool {
	for _, m := range builtin {
		if m.Name == name {
			return true
		}
	}
	return false
}
