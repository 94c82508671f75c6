package generator

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"runner/events"
)

// beat is how often the sampler looks whether the process runs at all.
const beat = 20 * time.Millisecond

// Sampler reads the figures of this process and its machine. Its methods are not safe for concurrent
// use, but may be called from any goroutine.
type Sampler struct {
	system system
	last   time.Time
	cpu    time.Duration // of the process, so far

	runtime []metrics.Sample
	queue   []uint64 // counts of the histograms at the last sample
	pauses  []uint64

	stall atomic.Int64 // the longest since the last sample, nanoseconds
	stop  chan struct{}
	beats sync.WaitGroup
}

const (
	metricQueue      = "/sched/latencies:seconds"
	metricPauses     = "/sched/pauses/total/gc:seconds"
	metricGoroutines = "/sched/goroutines:goroutines"
	metricHeap       = "/memory/classes/heap/objects:bytes"
)

// NewSampler begins to watch. Close ends that.
func NewSampler() *Sampler {
	s := &Sampler{stop: make(chan struct{}), last: time.Now(), cpu: processCPU()}
	for _, name := range []string{metricQueue, metricPauses, metricGoroutines, metricHeap} {
		s.runtime = append(s.runtime, metrics.Sample{Name: name})
	}
	metrics.Read(s.runtime)
	s.queue, _ = since(s.runtime[0], nil)
	s.pauses, _ = since(s.runtime[1], nil)
	s.system.begin()
	s.beats.Add(1)
	go s.listen()
	return s
}

// Close ends the watch.
func (s *Sampler) Close() {
	close(s.stop)
	s.beats.Wait()
}

// listen notes how much later than asked for it is woken.
func (s *Sampler) listen() {
	defer s.beats.Done()
	t := time.NewTimer(beat)
	defer t.Stop()
	due := time.Now().Add(beat)
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
		}
		now := time.Now()
		if late := int64(now.Sub(due)); late > s.stall.Load() {
			s.stall.Store(late)
		}
		due = now.Add(beat)
		t.Reset(beat)
	}
}

// Sample gives the figures since the last call.
func (s *Sampler) Sample() events.Generator {
	now := time.Now()
	elapsed := now.Sub(s.last)
	s.last = now
	metrics.Read(s.runtime)
	var g events.Generator
	var pauses, queue histogram
	s.queue, queue = since(s.runtime[0], s.queue)
	s.pauses, pauses = since(s.runtime[1], s.pauses)
	g.RunQueueMs = 1000 * queue.quantile(0.99)
	g.PauseMs = 1000 * pauses.quantile(1)
	g.Goroutines = int(s.runtime[2].Value.Uint64())
	g.HeapBytes = int64(s.runtime[3].Value.Uint64())
	g.StallMs = float64(s.stall.Swap(0)) / float64(time.Millisecond)
	cpu := processCPU()
	if processors := s.system.processors(); elapsed > 0 && processors > 0 {
		g.CPU = min(1, float64(cpu-s.cpu)/float64(elapsed)/processors)
	}
	s.cpu = cpu
	s.system.read(&g)
	return g
}

// histogram are the counts of one span of time.
type histogram struct {
	counts []uint64
	bounds []float64
	total  uint64
}

// since gives the counts so far, and what came after before.
func since(sample metrics.Sample, before []uint64) (now []uint64, h histogram) {
	if sample.Value.Kind() != metrics.KindFloat64Histogram {
		return nil, h
	}
	f := sample.Value.Float64Histogram()
	now = append([]uint64(nil), f.Counts...)
	h = histogram{counts: make([]uint64, len(now)), bounds: f.Buckets}
	for i, n := range now {
		h.counts[i] = n
		if i < len(before) {
			h.counts[i] -= before[i]
		}
		h.total += h.counts[i]
	}
	return now, h
}

// quantile is the lower end of the bucket that holds it: what is reported was at least so.
func (h histogram) quantile(q float64) float64 {
	if h.total == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(h.total)))
	seen := uint64(0)
	for i, n := range h.counts {
		seen += n
		if seen >= max(rank, 1) {
			return max(0, h.bounds[i])
		}
	}
	return 0
}

// goProcessors is how many processors Go uses.
func goProcessors() float64 { return float64(runtime.GOMAXPROCS(0)) }
