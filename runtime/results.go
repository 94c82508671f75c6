package runtime

import (
	"context"
	"sync"

	"runner/loadmodels"
	"runner/value"
)

// maxUnreadBytes bounds the memory that unread results hold, whatever their number.
const maxUnreadBytes = 256 << 20

// results is the controller's queue of results that the load model has not read. It is bounded: what
// comes beyond the bound pushes out the oldest, which is counted and said.
type results struct {
	max int

	mu        sync.Mutex
	queue     []*loadmodels.Result
	bytes     int
	collected int64 // ever received
	passed    int64 // pushed out unread
	failed    int64 // of those pushed out
	signal    chan struct{}
}

func newResults(maxUnread int) *results {
	return &results{max: maxUnread, signal: make(chan struct{}, 1)}
}

func (r *results) put(batch []*loadmodels.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collected += int64(len(batch))
	r.queue = append(r.queue, batch...)
	for _, b := range batch {
		r.bytes += sizeOf(b)
	}
	over := 0
	for len(r.queue)-over > r.max || r.bytes > maxUnreadBytes && len(r.queue)-over > 1 {
		old := r.queue[over]
		r.bytes -= sizeOf(old)
		if old.Status == loadmodels.Failed {
			r.failed++
		}
		r.passed++
		r.queue[over] = nil
		over++
	}
	r.queue = r.queue[over:]
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

// sizeOf is about what a result holds in memory.
func sizeOf(r *loadmodels.Result) int { return 200 + len(r.Logs) + value.Size(r.Output) }

func (r *results) take(limit int) []*loadmodels.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.queue)
	if limit > 0 {
		n = min(n, limit)
	}
	got := r.queue[:n:n]
	r.queue = r.queue[n:]
	if len(r.queue) == 0 {
		r.queue = nil
	}
	for _, g := range got {
		r.bytes -= sizeOf(g)
	}
	return got
}

// await is take, but waits up to the timeout for the first result.
func (r *results) await(ctx context.Context, o loadmodels.ResultOptions) []*loadmodels.Result {
	expired, stop := timerC(o.Timeout)
	defer stop()
	for {
		if got := r.take(o.Max); len(got) > 0 || o.Timeout <= 0 {
			return got
		}
		select {
		case <-r.signal:
		case <-expired:
			return r.take(o.Max)
		case <-ctx.Done():
			return r.take(o.Max)
		}
	}
}

type resultCounts struct{ collected, unread, passed, failedPassed int64 }

func (r *results) counts() resultCounts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return resultCounts{r.collected, int64(len(r.queue)), r.passed, r.failed}
}
