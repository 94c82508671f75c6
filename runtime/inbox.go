package runtime

import (
	"sync"
	"sync/atomic"

	"runner/value"
)

// inbox holds the events that came to a user. Events of a kind that has a handler wait for the user's
// goroutine to call it; others wait to be fetched.
type inbox struct {
	due atomic.Bool // a handler has something to do

	mu       sync.Mutex
	fetched  map[string][]value.Value
	handlers map[string]func(value.Value)
	handled  []event
	signal   chan struct{}
}

type event struct {
	kind    string
	payload value.Value
}

func (b *inbox) put(e event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.handlers[e.kind] != nil {
		b.handled = append(b.handled, e)
		b.raise()
		return
	}
	if b.fetched == nil {
		b.fetched = map[string][]value.Value{}
	}
	b.fetched[e.kind] = append(b.fetched[e.kind], e.payload)
}

func (b *inbox) raise() {
	b.due.Store(true)
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// notify tells that a handler has something to do; nil, which never does, if there is no handler.
func (b *inbox) notify() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.signal
}

func (u *user) Events(kind string) []value.Value {
	b := &u.inbox
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.fetched[kind]
	delete(b.fetched, kind)
	return got
}

func (u *user) OnEvent(kind string, fn func(value.Value)) {
	b := &u.inbox
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.handlers == nil {
		b.handlers = map[string]func(value.Value){}
		b.signal = make(chan struct{}, 1)
	}
	b.handlers[kind] = fn
	for _, payload := range b.fetched[kind] {
		b.handled = append(b.handled, event{kind, payload})
	}
	delete(b.fetched, kind)
	if len(b.handled) > 0 {
		b.raise()
	}
}

// serveEvents calls the handlers of the events that have come, in order. A handler may wait, and so
// serve later events itself.
func (u *user) serveEvents() {
	b := &u.inbox
	for b.due.Load() {
		b.mu.Lock()
		if len(b.handled) == 0 {
			b.due.Store(false)
			b.mu.Unlock()
			return
		}
		e := b.handled[0]
		b.handled = b.handled[1:]
		fn := b.handlers[e.kind]
		b.mu.Unlock()
		fn(e.payload)
	}
}
