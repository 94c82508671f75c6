package demo

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestLine(t *testing.T) {
	type request struct {
		at      time.Duration
		waits   time.Duration // negative: refused
		waiting int           // in line afterwards
	}
	for _, test := range []struct {
		name          string
		workers, room int
		requests      []request
	}{
		{"a free worker serves at once", 1, 5, []request{{0, 0, 0}, {10 * ms, 0, 0}, {25 * ms, 0, 0}}},
		{"two workers serve two at once, the third waits for the first", 2, 5,
			[]request{{0, 0, 0}, {4 * ms, 0, 0}, {5 * ms, 5 * ms, 1}, {6 * ms, 8 * ms, 2}}},
		{"those in line come one after the other", 1, 5,
			[]request{{0, 0, 0}, {0, 10 * ms, 1}, {0, 20 * ms, 2}, {15 * ms, 15 * ms, 2}}},
		{"a full line refuses until one of it is served", 1, 1,
			[]request{{0, 0, 0}, {1 * ms, 9 * ms, 1}, {2 * ms, -1, 1}, {9 * ms, -1, 1}, {10 * ms, 10 * ms, 1}}},
		{"without a line only free workers serve", 2, 0,
			[]request{{0, 0, 0}, {0, 0, 0}, {9 * ms, -1, 0}, {10 * ms, 0, 0}, {10 * ms, 0, 0}, {10 * ms, -1, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLine(test.workers, test.room)
			for i, r := range test.requests {
				start, ok := l.start(r.at)
				if ok != (r.waits >= 0) {
					t.Fatalf("request %d at %v: served is %v", i, r.at, ok)
				}
				if ok {
					if got := start - r.at; got != r.waits {
						t.Errorf("request %d at %v waits %v, want %v", i, r.at, got, r.waits)
					}
					l.take(r.at, start, 10*ms)
				}
				if got := l.waiting(r.at); got != r.waiting {
					t.Errorf("after request %d at %v %d wait, want %d", i, r.at, got, r.waiting)
				}
			}
		})
	}
}

func TestLineNeverServesMoreThanItsWorkersAtOnceNorLeavesOneIdle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		workers := rapid.IntRange(1, 6).Draw(t, "workers")
		room := rapid.IntRange(0, 8).Draw(t, "room")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 8), 1, 60).Draw(t, "gaps")
		services := rapid.SliceOfN(rapid.IntRange(1, 20), len(gaps), len(gaps)).Draw(t, "services")

		type span struct{ came, start, end time.Duration }
		var served []span
		l := newLine(workers, room)
		var now time.Duration
		for i, gap := range gaps {
			now += time.Duration(gap)
			busy, waiting := 0, 0
			for _, s := range served {
				if s.start <= now && now < s.end {
					busy++
				}
				if s.start > now {
					waiting++
				}
			}
			start, ok := l.start(now)
			switch {
			case !ok && (busy < workers || waiting < room):
				t.Fatalf("refused at %d with %d of %d busy and %d of %d in line", now, busy, workers, waiting, room)
			case !ok:
				continue
			case busy < workers && start != now:
				t.Fatalf("waits until %d at %d with %d of %d busy", start, now, busy, workers)
			case busy == workers && waiting >= room:
				t.Fatalf("taken at %d with %d in line of %d", now, waiting, room)
			}
			l.take(now, start, time.Duration(services[i]))
			served = append(served, span{now, start, start + time.Duration(services[i])})
		}
		for i, s := range served {
			if i > 0 && s.start < served[i-1].start {
				t.Fatalf("request %d overtakes", i)
			}
			busy := 0
			for _, o := range served {
				if o.start <= s.start && s.start < o.end {
					busy++
				}
			}
			if busy > workers {
				t.Fatalf("%d served at %d by %d workers", busy, s.start, workers)
			}
		}
	})
}

// closedLoop has users ask again and again for 10 s, and returns how many were served, how many were
// refused, and the mean time that a served one took.
func closedLoop(o Options, users int) (served, refused int64, mean time.Duration) {
	const length = 10 * time.Second
	s := newServer(o)
	began := time.Now()
	var mu sync.Mutex
	var sum time.Duration
	var wait sync.WaitGroup
	for range users {
		wait.Go(func() {
			for {
				asked := time.Now()
				f := s.serve()
				if time.Since(began) > length {
					return
				}
				mu.Lock()
				if f.served {
					served++
					sum += time.Since(asked)
				} else {
					refused++
				}
				mu.Unlock()
				if !f.served {
					time.Sleep(f.retry)
				}
			}
		})
	}
	wait.Wait()
	return served, refused, sum / time.Duration(served)
}

func TestBreakingPointIsExact(t *testing.T) {
	for _, test := range []struct {
		name     string
		workers  int
		service  time.Duration
		queue    int
		users    int
		perSec   int64         // served
		mean     time.Duration // of the first 10 s, those who found the line empty at first included
		refusals bool
	}{
		{"one user has a worker for itself", 4, 10 * ms, 1000, 1, 100, 10 * ms, false},
		{"four users keep four workers busy", 4, 10 * ms, 1000, 4, 400, 10 * ms, false},
		{"eight users are served no faster and wait as long as they are served", 4, 10 * ms, 1000, 8, 400, 20 * ms, false},
		{"forty users take 100 ms each", 4, 10 * ms, 1000, 40, 400, 100 * ms, false},
		{"twice the workers, twice the capacity", 8, 10 * ms, 1000, 40, 800, 50 * ms, false},
		{"twice the service time, half the capacity", 4, 20 * ms, 1000, 40, 200, 200 * ms, false},
		{"users that find the line full are sent away, the others served at capacity", 4, 10 * ms, 16, 40, 400, 50 * ms, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := DefaultOptions()
				o.Workers, o.ServiceTime, o.Queue = test.workers, test.service, test.queue
				served, refused, mean := closedLoop(o, test.users)
				if served != 10*test.perSec {
					t.Errorf("%d served in 10 s, want %d", served, 10*test.perSec)
				}
				if (refused > 0) != test.refusals {
					t.Errorf("%d refused", refused)
				}
				// The first round finds an empty line, so its waits are shorter: at most one round in ten
				// seconds' worth.
				if slack := test.mean / 50; mean > test.mean || mean < test.mean-slack {
					t.Errorf("mean %v, want %v (less at most %v)", mean, test.mean, slack)
				}
				if stated := o.Capacity(); test.users >= test.workers && float64(test.perSec) != stated {
					t.Errorf("%d served a second, but the stated capacity is %v", test.perSec, stated)
				}
			})
		})
	}
}

func TestFailuresAndJitterRepeatWithTheSeed(t *testing.T) {
	run := func(seed uint64) (fates []fate) {
		synctest.Test(t, func(t *testing.T) {
			o := DefaultOptions()
			o.Seed, o.FailureRate, o.Jitter, o.Workers = seed, 0.1, 0.5, 1
			s := newServer(o)
			for range 1000 {
				fates = append(fates, s.serve())
			}
		})
		return fates
	}
	first, again, others := run(7), run(7), run(8)
	failed, sum := 0, time.Duration(0)
	same := true
	for i, f := range first {
		if f != again[i] {
			t.Fatalf("request %d: %+v, then %+v with the same seed", i, f, again[i])
		}
		same = same && f == others[i]
		if f.failed {
			failed++
		}
		if f.took < 5*ms || f.took > 15*ms {
			t.Errorf("request %d took %v with 10ms ± 50 %%", i, f.took)
		}
		sum += f.took
	}
	if same {
		t.Error("another seed gave the same")
	}
	if failed < 70 || failed > 130 {
		t.Errorf("%d of 1000 failed, want about 100", failed)
	}
	if mean := sum / 1000; mean < 9700*time.Microsecond || mean > 10300*time.Microsecond {
		t.Errorf("mean service time %v, want about 10ms", mean)
	}
}
