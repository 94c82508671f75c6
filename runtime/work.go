package runtime

import (
	"container/list"
	"sync"
	"time"
)

// unit is one piece of work that a user took: a unit of the queue, or an arrival with its planned
// start.
type unit struct {
	held    bool
	planned time.Time // zero for a unit of the queue
}

// workQueue is the scenario's work on one node. Idle users wait in it, first come first served; a
// unit is never lost: what its user did not do goes back to the front.
type workQueue struct {
	mu     sync.Mutex
	queued int64
	// returned are arrivals whose user died before their iteration ran.
	returned []time.Time
	idle     list.List // of *user
}

// add puts n units into the queue and wakes as many idle users.
func (q *workQueue) add(n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ; n > 0; n-- {
		if !q.grant(unit{held: true}) {
			q.queued += n
			return
		}
	}
}

// grant hands a unit to the user that has waited longest. The caller holds mu.
func (q *workQueue) grant(w unit) bool {
	e := q.idle.Front()
	if e == nil {
		return false
	}
	u := q.idle.Remove(e).(*user)
	u.waiting = nil
	u.granted = w
	u.wake <- struct{}{}
	return true
}

// arrive hands an arrival to an idle user, if there is one.
func (q *workQueue) arrive(planned time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.grant(unit{held: true, planned: planned})
}

// giveBack returns a unit that was taken and not done.
func (q *workQueue) giveBack(w unit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.grant(w):
	case w.planned.IsZero():
		q.queued++
	default:
		q.returned = append(q.returned, w.planned)
	}
}

func (q *workQueue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int(q.queued) + len(q.returned)
}

// take takes a unit at once, or puts u among the idle users, whose wake channel then tells of a grant.
func (q *workQueue) take(u *user, wait bool) (unit, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.returned); n > 0 {
		w := unit{held: true, planned: q.returned[n-1]}
		q.returned = q.returned[:n-1]
		return w, true
	}
	if q.queued > 0 {
		q.queued--
		return unit{held: true}, true
	}
	if wait {
		u.waiting = q.idle.PushBack(u)
	}
	return unit{}, false
}

// leave takes u out of the idle users. If it was granted a unit meanwhile, that is its answer.
func (q *workQueue) leave(u *user) (unit, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if u.waiting != nil {
		q.idle.Remove(u.waiting)
		u.waiting = nil
		return unit{}, false
	}
	<-u.wake
	return u.granted, true
}

// dropArrivals forgets the arrivals that were given back, and says how many there were.
func (q *workQueue) dropArrivals() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.returned)
	q.returned = nil
	return n
}
