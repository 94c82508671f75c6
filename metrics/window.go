package metrics

import "time"

const (
	// MaxWindow is how far back a window reaches.
	MaxWindow = 5 * time.Minute

	fineWindow = time.Minute            // as far back, deltas are kept one by one
	coarseStep = 5 * time.Second        // before that, merged into steps of so long
	shortSlot  = 500 * time.Millisecond // a delta that follows sooner is merged with the one before

	// maxWindowBytes bounds what the window holds when there are very many series: the oldest are
	// forgotten sooner, and Stats.Span says so.
	maxWindowBytes = 64 << 20
)

// window holds the recent deltas, oldest first, without gaps.
type window struct {
	slots []*slot
	bytes int
}

// slot is what was recorded in a span of time.
type slot struct {
	from, to time.Duration
	metrics  map[*storeMetric][]slotSeries
	bytes    int
}

type slotSeries struct {
	position int // in the metric's list
	figures
	zero               int64
	positive, negative bins
}

// slotSeriesBytes is about what a slotSeries takes beside its buckets.
const slotSeriesBytes = 128

func (sl *slot) add(m *storeMetric, c slotSeries) {
	sl.metrics[m] = append(sl.metrics[m], c)
	sl.bytes += slotSeriesBytes + cap(c.positive) + cap(c.negative)
}

// absorb adds a later slot.
func (sl *slot) absorb(later *slot) {
	sl.to = later.to
	sl.bytes = 0
	for m, theirs := range later.metrics {
		mine := sl.metrics[m]
		at := make(map[int]int, len(mine))
		for i := range mine {
			at[mine[i].position] = i
		}
		for _, c := range theirs {
			i, ok := at[c.position]
			if !ok {
				mine = append(mine, c)
				continue
			}
			mine[i].figures.merge(&c.figures)
			mine[i].zero += c.zero
			mine[i].positive = mergeBins(mine[i].positive, c.positive)
			mine[i].negative = mergeBins(mine[i].negative, c.negative)
		}
		sl.metrics[m] = mine
	}
	for _, list := range sl.metrics {
		for i := range list {
			sl.bytes += slotSeriesBytes + cap(list[i].positive) + cap(list[i].negative)
		}
	}
}

// push adds the newest slot, coarsens what has become old and forgets what is too old.
func (w *window) push(sl *slot) {
	if n := len(w.slots); n > 0 && sl.to-w.slots[n-1].from < time.Second+shortSlot && sl.to-sl.from < shortSlot {
		last := w.slots[n-1]
		w.bytes -= last.bytes
		last.absorb(sl)
		w.bytes += last.bytes
	} else {
		w.slots = append(w.slots, sl)
		w.bytes += sl.bytes
	}
	w.coarsen(sl.to)
	for len(w.slots) > 1 && (sl.to-w.slots[0].to >= MaxWindow || w.bytes > maxWindowBytes) {
		w.bytes -= w.slots[0].bytes
		w.slots[0] = nil
		w.slots = w.slots[1:]
	}
}

// coarsen merges the slots that have left the fine window into steps.
func (w *window) coarsen(now time.Duration) {
	kept := w.slots[:0]
	for _, sl := range w.slots {
		if n := len(kept); n > 0 && now-sl.to >= fineWindow && sl.to-kept[n-1].from <= coarseStep+shortSlot {
			w.bytes -= kept[n-1].bytes + sl.bytes
			kept[n-1].absorb(sl)
			w.bytes += kept[n-1].bytes
			continue
		}
		kept = append(kept, sl)
	}
	clear(w.slots[len(kept):])
	w.slots = kept
}

// last calls fn for the slots of the last d before now and says how long a time they cover. A slot
// counts when more than half of it lies within, and the newest always does.
func (w *window) last(now, d time.Duration, fn func(*slot)) time.Duration {
	span := time.Duration(0)
	for i := len(w.slots) - 1; i >= 0; i-- {
		sl := w.slots[i]
		middle := sl.from + (sl.to-sl.from)/2
		if i < len(w.slots)-1 && now-middle > d {
			break
		}
		fn(sl)
		span = now - sl.from
	}
	return span
}
