package metrics

import (
	"slices"
	"strings"
)

// Metrics lists the metrics that are known, sorted by name.
func (r *Registry) Metrics() []*Metric {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]*Metric, 0, len(r.metrics))
	for _, known := range r.metrics {
		list = append(list, known.metric)
	}
	slices.SortFunc(list, func(a, b *Metric) int { return strings.Compare(a.Name, b.Name) })
	return list
}
