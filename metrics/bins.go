package metrics

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// bins are the buckets of a sketch that hold something, packed: for each, in rising order, its
// distance from the one before (the first: its index, zigzag) and its count, as varints. Two or three
// bytes a bucket, against eight a bucket and every empty one between in a dense store: deltas, which
// wait in the store's window and travel, are kept so. They are never changed once made.
type bins []byte

// packer appends buckets in rising order.
type packer struct {
	out  bins
	last int
}

func (p *packer) add(index int, count uint64) {
	if len(p.out) == 0 {
		p.out = binary.AppendVarint(p.out, int64(index))
	} else {
		p.out = binary.AppendUvarint(p.out, uint64(index-p.last))
	}
	p.out = binary.AppendUvarint(p.out, count)
	p.last = index
}

// all yields the buckets in rising order.
func (b bins) all(yield func(index int, count uint64) bool) {
	index := 0
	for first := true; len(b) > 0; first = false {
		var n int
		if first {
			var start int64
			start, n = binary.Varint(b)
			index = int(start)
		} else {
			var gap uint64
			gap, n = binary.Uvarint(b)
			index += int(gap)
		}
		count, m := binary.Uvarint(b[n:])
		if n <= 0 || m <= 0 || !yield(index, count) {
			return
		}
		b = b[n+m:]
	}
}

// addTo adds the buckets to a dense store.
func (b bins) addTo(s *store.DenseStore) {
	for index, count := range b.all {
		s.AddWithCount(index, float64(count))
	}
}

// packIndices packs single values by their indices, which it sorts.
func packIndices(indices []int32) bins {
	if len(indices) == 0 {
		return nil
	}
	slices.Sort(indices)
	p := packer{out: make(bins, 0, 3*len(indices))}
	for i := 0; i < len(indices); {
		j := i + 1
		for j < len(indices) && indices[j] == indices[i] {
			j++
		}
		p.add(int(indices[i]), uint64(j-i))
		i = j
	}
	return p.out
}

// packStore packs a dense store; nil if it holds nothing.
func packStore(s *store.DenseStore) bins {
	if s == nil || s.IsEmpty() {
		return nil
	}
	p := packer{out: make(bins, 0, 64)}
	s.ForEach(func(index int, count float64) bool {
		p.add(index, uint64(count))
		return false
	})
	return slices.Clip(p.out)
}

// mergeBins gives the sum of both.
func mergeBins(a, b bins) bins {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	type bucket struct {
		index int
		count uint64
	}
	others := make([]bucket, 0, len(b)/2)
	for index, count := range b.all {
		others = append(others, bucket{index, count})
	}
	p := packer{out: make(bins, 0, len(a)+len(b))}
	for index, count := range a.all {
		for len(others) > 0 && others[0].index < index {
			p.add(others[0].index, others[0].count)
			others = others[1:]
		}
		if len(others) > 0 && others[0].index == index {
			count += others[0].count
			others = others[1:]
		}
		p.add(index, count)
	}
	for _, o := range others {
		p.add(o.index, o.count)
	}
	return slices.Clip(p.out)
}

// maxRunGap is how many empty buckets a run bridges: a zero costs two characters, a new run about
// eight.
const maxRunGap = 3

// appendRuns appends the buckets as JSON has them: a list of runs, each [start, count, count, …].
func (b bins) appendRuns(out []byte) []byte {
	out = append(out, '[')
	open := false
	next := 0
	for index, count := range b.all {
		if !open || index-next > maxRunGap {
			if open {
				out = append(out, "],"...)
			}
			open = true
			out = append(out, '[')
			out = strconv.AppendInt(out, int64(index), 10)
		} else {
			for ; next < index; next++ {
				out = append(out, ",0"...)
			}
		}
		out = append(out, ',')
		out = strconv.AppendUint(out, count, 10)
		next = index + 1
	}
	if open {
		out = append(out, ']')
	}
	return append(out, ']')
}

// binsFromRuns packs runs, refusing what no sketch can hold, and gives the number of values.
func binsFromRuns(runs [][]int64) (bins, int64, error) {
	var p packer
	var total int64
	next := int64(minIndex)
	for _, run := range runs {
		if len(run) < 2 || run[0] < next || run[0]+int64(len(run)-2) > maxIndex {
			return nil, 0, fmt.Errorf("a run of %d buckets from %v on is not in rising order within %d…%d",
				max(0, len(run)-1), run[:min(1, len(run))], minIndex, maxIndex)
		}
		for i, count := range run[1:] {
			if count < 0 || count > maxCount-total {
				return nil, 0, fmt.Errorf("a bucket cannot hold %d values", count)
			}
			if count > 0 {
				p.add(int(run[0])+i, uint64(count))
				total += count
			}
		}
		next = run[0] + int64(len(run)-1)
	}
	return p.out, total, nil
}

// maxCount is the largest number of values that the dense stores, which count in floats, count exactly.
const maxCount = 1 << 53
