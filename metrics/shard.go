package metrics

import (
	"sync"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// shardsPerCore is how many shards there are for each core: enough that two users seldom meet in
// one, few enough that what they hold stays small.
const shardsPerCore = 4

// shard is what some of the users record into. It holds a cell only for the series that were
// touched since the last drain.
type shard struct {
	mu      sync.Mutex
	cells   []*cell // by series, nil where nothing was recorded
	touched []*cell
	spare   spares
	series  map[string]*Series // those that its recorders have asked for

	_ [64]byte // keeps neighbours off the line that mu is on
}

func newShard() *shard { return &shard{series: make(map[string]*Series)} }

// earlyValues is how many values a cell notes by index alone before it takes a dense store: with
// very many series most cells of a second hold fewer.
const earlyValues = 16

// cell is what was recorded into one series in one shard since the last drain.
type cell struct {
	series *Series
	next   *cell // the same series in another shard, while draining
	figures
	zero     int64 // values that count as zero; the buckets are of a trend only
	early    [earlyValues]int32
	earlies  int
	positive *store.DenseStore // nil until the early ones are full
	negative *store.DenseStore // nil until there is a negative value
}

// spares are cells and stores, emptied, to be used again.
type spares struct {
	cells  []*cell
	stores []*store.DenseStore
}

func (p *spares) cell() *cell {
	if n := len(p.cells); n > 0 {
		c := p.cells[n-1]
		p.cells[n-1] = nil
		p.cells = p.cells[:n-1]
		return c
	}
	return new(cell)
}

func (p *spares) store() *store.DenseStore {
	if n := len(p.stores); n > 0 {
		s := p.stores[n-1]
		p.stores[n-1] = nil
		p.stores = p.stores[:n-1]
		return s
	}
	return store.NewDenseStore()
}

// maxSpareWidth is the width in buckets from which a store is not kept: one outlier must not make
// every spare store wide for the rest of the run.
const maxSpareWidth = 20 * gridBuckets

func (p *spares) giveStore(s *store.DenseStore) {
	if s == nil {
		return
	}
	low, err := s.MinIndex()
	high, _ := s.MaxIndex()
	if err == nil && high-low >= maxSpareWidth {
		return
	}
	s.Clear()
	p.stores = append(p.stores, s)
}

func (p *spares) give(c *cell) {
	p.giveStore(c.positive)
	p.giveStore(c.negative)
	*c = cell{}
	p.cells = append(p.cells, c)
}

// refill takes spares from others until there are so many, and lets go of those above.
func (p *spares) refill(from *spares, cells, stores int) {
	for len(p.cells) < cells && len(from.cells) > 0 {
		p.cells = append(p.cells, from.cell())
	}
	for len(p.stores) < stores && len(from.stores) > 0 {
		p.stores = append(p.stores, from.store())
	}
	if len(p.cells) > cells {
		clear(p.cells[cells:])
		p.cells = p.cells[:cells]
	}
	if len(p.stores) > stores {
		clear(p.stores[stores:])
		p.stores = p.stores[:stores]
	}
}

// add records a finite value; the shard's lock is held.
func (sh *shard) add(s *Series, v float64) {
	var c *cell
	if s.index < len(sh.cells) {
		c = sh.cells[s.index]
	}
	if c == nil {
		c = sh.touch(s)
	}
	kind := s.metric.Kind
	c.figures.add(kind, v)
	if kind == Trend {
		c.place(v, &sh.spare)
	}
}

func (sh *shard) touch(s *Series) *cell {
	if s.index >= len(sh.cells) {
		grown := make([]*cell, s.index+1+s.index/4+16)
		copy(grown, sh.cells)
		sh.cells = grown
	}
	c := sh.spare.cell()
	c.series = s
	sh.cells[s.index] = c
	sh.touched = append(sh.touched, c)
	return c
}

// place puts a trend's value into its bucket.
func (c *cell) place(v float64, p *spares) {
	switch {
	case v > zeroThreshold:
		c.placeIndex(gridIndex(v), p)
	case v < -zeroThreshold:
		if c.negative == nil {
			c.negative = p.store()
		}
		c.negative.Add(gridIndex(-v))
	default:
		c.zero++
	}
}

func (c *cell) placeIndex(index int, p *spares) {
	if c.positive != nil {
		c.positive.Add(index)
		return
	}
	if c.earlies < earlyValues {
		c.early[c.earlies] = int32(index)
		c.earlies++
		return
	}
	c.positive = p.store()
	c.flushEarly()
	c.positive.Add(index)
}

func (c *cell) flushEarly() {
	for _, early := range c.early[:c.earlies] {
		c.positive.Add(int(early))
	}
	c.earlies = 0
}

// absorb takes in what another shard has of the same series.
func (c *cell) absorb(o *cell, p *spares) {
	c.figures.merge(&o.figures)
	c.zero += o.zero
	if o.positive != nil {
		if c.positive == nil {
			c.positive, o.positive = o.positive, nil
			c.flushEarly()
		} else {
			c.positive.MergeWith(o.positive)
		}
	}
	for _, early := range o.early[:o.earlies] {
		c.placeIndex(int(early), p)
	}
	if o.negative != nil {
		if c.negative == nil {
			c.negative, o.negative = o.negative, nil
		} else {
			c.negative.MergeWith(o.negative)
		}
	}
}

// drained is the cell as a part of a delta.
func (c *cell) drained() deltaSeries {
	d := deltaSeries{identity: c.series.identity, figures: c.figures, zero: c.zero, negative: packStore(c.negative)}
	d.sum = bounded(d.sum)
	if c.positive == nil {
		d.positive = packIndices(c.early[:c.earlies])
	} else {
		d.positive = packStore(c.positive)
	}
	return d
}

// Drain takes what was recorded since the last call, merged over the shards. Every value is in
// exactly one drain, and values recorded by one AddAll are in the same one. A shard is held only
// while its list of cells is taken away, not while they are merged.
func (r *Registry) Drain() *Delta {
	r.draining.Lock()
	defer r.draining.Unlock()

	var order []*cell // one a series, with those of other shards behind it
	counts := make([]struct{ cells, stores int }, len(r.shards))
	for i, sh := range r.shards {
		sh.mu.Lock()
		taken := sh.touched
		sh.touched = make([]*cell, 0, len(taken))
		for _, c := range taken {
			sh.cells[c.series.index] = nil
		}
		sh.mu.Unlock()

		counts[i].cells = len(taken)
		for _, c := range taken {
			if c.positive != nil {
				counts[i].stores++
			}
			if c.negative != nil {
				counts[i].stores++
			}
			for c.series.index >= len(r.first) {
				r.first = append(r.first, nil)
			}
			if first := r.first[c.series.index]; first != nil {
				c.next, first.next = first.next, c
			} else {
				r.first[c.series.index] = c
				order = append(order, c)
			}
		}
	}

	// Series by series, so that the stores needed for merging are few and used again at once.
	var spare spares
	d := &Delta{series: make([]deltaSeries, len(order))}
	for i, first := range order {
		r.first[first.series.index] = nil
		for first.next != nil {
			c := first.next
			first.next = c.next
			first.absorb(c, &spare)
			spare.give(c)
		}
		d.series[i] = first.drained()
		spare.give(first)
	}
	d.sort()

	for i, sh := range r.shards {
		sh.mu.Lock()
		sh.spare.refill(&spare, counts[i].cells, counts[i].stores)
		sh.mu.Unlock()
	}
	return d
}
