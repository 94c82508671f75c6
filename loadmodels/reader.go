package loadmodels

import (
	"math"
	"time"
)

// DefaultWaitPeriod is how often a model gives results to the aggregator and looks at its conditions.
const DefaultWaitPeriod = time.Second

const (
	// readGap is left between two reads while results keep coming: each then brings many.
	readGap = 10 * time.Millisecond
	// maxBatch is how many results are given to the aggregator at once, so that a fast run keeps few
	// in memory.
	maxBatch = 10_000
)

// reader reads results as they come, without a limit on how many, and gives them to the aggregator
// and the verifier once a tick, or sooner when there are many. It holds a model's clock meanwhile.
type reader struct {
	c     Commands
	tick  time.Duration
	due   time.Duration // when the present tick ends
	batch []*Result
	seen  int64 // results read so far
}

func newReader(c Commands, tick time.Duration) *reader {
	if tick == 0 {
		tick = DefaultWaitPeriod
	}
	return &reader{c: c, tick: tick, due: later(c.Elapsed(), tick)}
}

// wait reads results until the clock reaches until, or until enough results have been seen in all (0:
// any number). What it read may still be in the batch when it returns without an error.
func (r *reader) wait(until time.Duration, enough int64) error {
	for {
		now := r.c.Elapsed()
		if now >= r.due {
			if err := r.fold(); err != nil {
				return err
			}
			// A tick that was missed is not made up for.
			r.due += r.tick * (1 + (now-r.due)/r.tick)
		}
		if now >= until || enough > 0 && r.seen >= enough {
			return nil
		}
		results, err := r.c.LatestResults(ResultOptions{Timeout: min(until, r.due) - now})
		if err != nil {
			return r.foldAfter(err)
		}
		r.batch = append(r.batch, results...)
		r.seen += int64(len(results))
		if len(r.batch) >= maxBatch {
			if err := r.fold(); err != nil {
				return err
			}
		}
		if len(results) == 0 || enough > 0 && r.seen >= enough {
			continue
		}
		if gap := min(readGap, min(until, r.due)-r.c.Elapsed()); gap > 0 {
			if err := r.c.Sleep(gap); err != nil {
				return r.foldAfter(err)
			}
		}
	}
}

// fold gives what was read to the aggregator and the verifier.
func (r *reader) fold() error {
	if len(r.batch) == 0 {
		return nil
	}
	batch := r.batch
	r.batch = nil
	if _, err := r.c.AggregateResults(batch); err != nil {
		return err
	}
	_, err := r.c.VerifyResults(batch, VerifyOptions{Keep: true})
	return err
}

// foldAfter folds what was read before a call failed, so that it is not lost.
func (r *reader) foldAfter(err error) error {
	if failed := r.fold(); failed != nil {
		return failed
	}
	return err
}

// drain reads what is there now and folds it.
func (r *reader) drain() error {
	results, err := r.c.LatestResults(ResultOptions{})
	if err != nil {
		return r.foldAfter(err)
	}
	r.batch = append(r.batch, results...)
	r.seen += int64(len(results))
	return r.fold()
}

// ready waits until no more users are coming.
func (r *reader) ready() error {
	const poll = 20 * time.Millisecond
	for r.c.StartingUsers() > 0 {
		if err := r.wait(r.c.Elapsed()+poll, 0); err != nil {
			return err
		}
	}
	return nil
}

// stopUsers tells all users to stop, waits until they have gone, and folds their last results.
func (r *reader) stopUsers() error {
	if err := r.c.ScaleUsers(0); err != nil {
		return err
	}
	return r.gone()
}

// stuckAfter is how long gone waits while no user ends and no result comes. The engine interrupts a
// user after the graceful time; one that is still there then is lost to a native call without end.
const stuckAfter = 90 * time.Second

// gone waits until no user runs, and folds the last results.
func (r *reader) gone() error {
	const poll = 20 * time.Millisecond
	users, seen, since := r.c.Users(), r.seen, r.c.Elapsed()
	for r.c.Users() > 0 || r.c.StartingUsers() > 0 {
		now := r.c.Elapsed()
		if n := r.c.Users(); n != users || r.seen != seen {
			users, seen, since = n, r.seen, now
		} else if now-since >= stuckAfter {
			break
		}
		if err := r.wait(now+poll, 0); err != nil {
			return err
		}
	}
	return r.drain()
}

// allGone says that every user that was asked for has come and gone.
func allGone(c Commands) bool {
	return c.TargetUsers() > 0 && c.Users() == 0 && c.StartingUsers() == 0
}

// later is t+d without overflow: past Forever there is nothing.
func later(t, d time.Duration) time.Duration {
	if d > math.MaxInt64-t {
		return Forever
	}
	return t + d
}

// progress makes the Progress of a phase that lasts d, of which elapsed is over.
func progress(phase string, elapsed, d time.Duration) Progress {
	if d == Forever {
		return Progress{Phase: phase, Fraction: -1, Remaining: -1}
	}
	if elapsed >= d {
		return Progress{Phase: phase, Fraction: 1}
	}
	return Progress{Phase: phase, Fraction: float64(elapsed) / float64(d), Remaining: d - elapsed}
}
