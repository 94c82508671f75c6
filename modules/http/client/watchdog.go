package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// sweepEvery is how often deadlines are looked at, and so how late a timeout may be.
const sweepEvery = 20 * time.Millisecond

var base = time.Now()

// now is monotonic time in nanoseconds since the process began; never 0.
func now() int64 { return int64(time.Since(base)) + 1 }

// slot is one connection's deadline: positive while an exchange runs, negative while it is idle, 0
// when there is none. Setting one is an atomic store; a timer per request would cost ten times that.
// Whoever takes a deadline out of the slot (by Swap or CompareAndSwap) decides what it meant: the
// exchange that ended in time, or the watchdog that ends it.
type slot struct {
	deadline atomic.Int64
	conn     atomic.Pointer[conn]
	_        [48]byte // one to a cache line: users on other cores write their own
}

// watchdog sweeps the slots of all open connections. Its goroutine runs while there are any.
type watchdog struct {
	mu      sync.Mutex
	chunks  []*[128]slot
	free    []*slot
	used    int
	running bool
}

var dog watchdog

func (w *watchdog) take(c *conn) *slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.free) == 0 {
		chunk := new([128]slot)
		w.chunks = append(w.chunks, chunk)
		for i := len(chunk) - 1; i >= 0; i-- {
			w.free = append(w.free, &chunk[i])
		}
	}
	s := w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	s.conn.Store(c)
	w.used++
	if !w.running {
		w.running = true
		go w.run()
	}
	return s
}

func (w *watchdog) give(s *slot) {
	s.deadline.Store(0)
	s.conn.Store(nil)
	w.mu.Lock()
	w.free = append(w.free, s)
	w.used--
	w.mu.Unlock()
}

func (w *watchdog) run() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for range tick.C {
		w.mu.Lock()
		chunks := w.chunks
		if w.used == 0 {
			w.running = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		t := now()
		for _, chunk := range chunks {
			for i := range chunk {
				s := &chunk[i]
				d := s.deadline.Load()
				if d == 0 || d > t || d < 0 && -d > t || !s.deadline.CompareAndSwap(d, 0) {
					continue
				}
				if c := s.conn.Load(); c != nil {
					if d < 0 {
						c.nc.Close()
					} else {
						c.kill(killTimeout)
					}
				}
			}
		}
	}
}
