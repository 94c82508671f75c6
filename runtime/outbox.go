package runtime

import (
	"sync"

	"runner/loadmodels"
)

// outbox gathers a node's results in the order in which they came and sends them up in batches: at
// once when there are few, as many as came meanwhile when there are many.
type outbox struct {
	sending sync.Mutex // held from taking a batch until it is delivered, so that batches keep their order

	mu     sync.Mutex
	buf    []*loadmodels.Result
	lastID int64
	wake   chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

func (o *outbox) put(r *loadmodels.Result) {
	o.mu.Lock()
	o.lastID++
	r.ID = o.lastID
	o.buf = append(o.buf, r)
	first := len(o.buf) == 1
	o.mu.Unlock()
	if first {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// flush delivers what has come so far; when it returns, so has every earlier flush.
func (o *outbox) flush(deliver func([]*loadmodels.Result)) {
	o.sending.Lock()
	defer o.sending.Unlock()
	o.mu.Lock()
	batch := o.buf
	o.buf = nil
	o.mu.Unlock()
	if len(batch) > 0 {
		deliver(batch)
	}
}
