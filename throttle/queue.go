package throttle

// Ticket is somebody's wait for a permit.
type Ticket struct {
	throttle *Throttle
	done     chan struct{}
	err      error // once done

	// Guarded by the throttle.
	queued     bool
	prev, next *Ticket
}

// Done is closed when the wait is over.
func (k *Ticket) Done() <-chan struct{} { return k.done }

// Err is nil if the ticket became a permit. Only for a ticket that is done.
func (k *Ticket) Err() error { return k.err }

// Withdraw gives the wait up. It is false if it was over already: a permit is then the caller's.
func (k *Ticket) Withdraw() bool {
	t := k.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	if !k.queued {
		return false
	}
	t.queue.remove(k)
	k.end(errWithdrawn)
	return true
}

// end tells the holder. The ticket is not in the queue any more.
func (k *Ticket) end(err error) {
	k.err = err
	close(k.done)
}

// queue is the tickets in the order in which they came.
type queue struct {
	first, last *Ticket
	n           int
}

func (q *queue) add(k *Ticket) {
	k.queued, k.prev = true, q.last
	if q.last == nil {
		q.first = k
	} else {
		q.last.next = k
	}
	q.last = k
	q.n++
}

func (q *queue) pop() *Ticket {
	k := q.first
	q.remove(k)
	return k
}

func (q *queue) remove(k *Ticket) {
	if k.prev == nil {
		q.first = k.next
	} else {
		k.prev.next = k.next
	}
	if k.next == nil {
		q.last = k.prev
	} else {
		k.next.prev = k.prev
	}
	k.queued, k.prev, k.next = false, nil, nil
	q.n--
}
