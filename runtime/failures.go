package runtime

import (
	"errors"
	"sync"

	"runner/events"
	"runner/loadmodels"
)

// maxFailureGroups bounds the groups between two drains: messages that differ in each failure must not
// fill the recording.
const maxFailureGroups = 1000

// failures groups what failed by where it came from and what it says.
type failures struct {
	mu     sync.Mutex
	groups map[failureKey]*events.Failure
	order  []*events.Failure
	// seen are the groups whose first example was sent already.
	seen map[failureKey]bool
	node string
}

type failureKey struct{ source, name, message, place string }

func (f *failures) add(source string, e *loadmodels.Exception, user, iteration int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := failureKey{source, e.Name, e.Message, e.Place}
	if g := f.groups[k]; g != nil {
		g.Count++
		return
	}
	if f.groups == nil {
		f.groups = map[failureKey]*events.Failure{}
	}
	if f.seen == nil {
		f.seen = map[failureKey]bool{}
	}
	if len(f.seen) >= maxFailureGroups && !f.seen[k] {
		k = failureKey{source: source, message: "other failures, each with a message of its own"}
		if g := f.groups[k]; g != nil {
			g.Count++
			return
		}
	}
	g := &events.Failure{Source: k.source, Name: k.name, Message: k.message, Place: k.place, Count: 1}
	if !f.seen[k] {
		f.seen[k] = true
		g.Stack, g.User, g.Iteration, g.Node = e.Stack, user, iteration, f.node
	}
	f.groups[k] = g
	f.order = append(f.order, g)
}

// take returns the groups since the last call, in the order in which they first came.
func (f *failures) take() []*events.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := f.order
	f.order, f.groups = nil, nil
	return got
}

// exceptionOf makes an exception of any error; a script's own keeps its stack and place.
func exceptionOf(err error) *loadmodels.Exception {
	var e *loadmodels.Exception
	if errors.As(err, &e) {
		return e
	}
	var i *Interruption
	if errors.As(err, &i) {
		return &loadmodels.Exception{Name: i.Name, Message: i.Message}
	}
	return &loadmodels.Exception{Name: "Error", Message: err.Error()}
}
