package demo

import "time"

// line is the requests that wait for a worker, and the workers, in virtual time: a worker is a
// moment at which it is free again. A request's start and end are fixed when it comes, so a served
// request needs one sleep, timers that fire late do not add up, and the capacity is exact.
type line struct {
	free   []time.Duration // when each worker is free, as a heap with the earliest on top
	starts []time.Duration // of the requests that wait, in order
	room   int             // how many may wait
}

func newLine(workers, room int) line { return line{free: make([]time.Duration, workers), room: room} }

// start says when a request that came at now can be served; false if too many wait. Calls come in
// order of now.
func (l *line) start(now time.Duration) (at time.Duration, ok bool) {
	l.advance(now)
	at = max(now, l.free[0])
	return at, at == now || len(l.starts) < l.room
}

// take gives the request that start was asked for to its worker, for the service time.
func (l *line) take(now, start, service time.Duration) {
	if start > now {
		// Those in line start in the order in which they came: the earliest moment at which a worker
		// is free never goes back.
		l.starts = append(l.starts, start)
	}
	l.free[0] = start + service
	l.sink()
}

// advance forgets those whose service has started.
func (l *line) advance(now time.Duration) {
	n := 0
	for n < len(l.starts) && l.starts[n] <= now {
		n++
	}
	l.starts = l.starts[n:]
}

// sink restores the heap after its top grew.
func (l *line) sink() {
	i := 0
	for {
		least := i
		for _, c := range [...]int{2*i + 1, 2*i + 2} {
			if c < len(l.free) && l.free[c] < l.free[least] {
				least = c
			}
		}
		if least == i {
			return
		}
		l.free[i], l.free[least] = l.free[least], l.free[i]
		i = least
	}
}

// waiting is how many wait at now.
func (l *line) waiting(now time.Duration) int {
	l.advance(now)
	return len(l.starts)
}

// nextPlace is how long it takes from now until somebody in the line is served.
func (l *line) nextPlace(now time.Duration) time.Duration {
	if len(l.starts) > 0 {
		return l.starts[0] - now
	}
	return max(0, l.free[0]-now)
}

// fate is what happens to a request that asks for a worker.
type fate struct {
	served  bool          // false: refused, because the line is full or the server closes
	failed  bool          // served, but to be answered 500
	waited  time.Duration // for a worker, in virtual time
	took    time.Duration // the worker's time
	closing bool          // refused: the server closes
	retry   time.Duration // refused: when there may be room
}

// serve takes a request through the line and returns when its service is over.
func (s *Server) serve() fate {
	s.mu.Lock()
	now := time.Since(s.began)
	start, ok := s.line.start(now)
	if !ok {
		f := fate{retry: s.line.nextPlace(now)}
		s.mu.Unlock()
		return f
	}
	f := fate{served: true, waited: start - now, took: s.serviceTime()}
	f.failed = s.options.FailureRate > 0 && s.chance.Float64() < s.options.FailureRate
	s.line.take(now, start, f.took)
	s.waits.add(f.waited, len(s.line.starts))
	s.mu.Unlock()

	timer := time.NewTimer(f.waited + f.took)
	defer timer.Stop()
	select {
	case <-timer.C:
		return f
	case <-s.closing:
		return fate{closing: true}
	}
}

// serviceTime is the next request's, with s.mu held.
func (s *Server) serviceTime() time.Duration {
	if s.options.Jitter == 0 {
		return s.options.ServiceTime
	}
	spread := s.options.Jitter * (2*s.chance.Float64() - 1)
	return time.Duration(float64(s.options.ServiceTime) * (1 + spread))
}
