package metrics

// Only gives the part of the delta whose series have all the tags. It shares the figures with d, which
// must not be merged into afterwards.
func (d *Delta) Only(tags ...Tag) *Delta {
	part := &Delta{}
	if d == nil {
		return part
	}
	for i := range d.series {
		if hasAll(d.series[i].tags, tags) {
			part.series = append(part.series, d.series[i])
		}
	}
	return part
}
