package throttle

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func rate(n float64, per time.Duration) Settings { return Settings{Permits: n, Interval: per} }

func mustNew(t testing.TB, s Settings) *Throttle {
	t.Helper()
	th, err := New("t", s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// take waits for a permit.
func take(th *Throttle) error {
	k, err := th.Ask()
	if err != nil || k == nil {
		return err
	}
	<-k.Done()
	return k.Err()
}

// saturate has users take one permit after another for d, and says when each left.
func saturate(th *Throttle, users int, d time.Duration) (leaves []leave) {
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := time.Now()
	for range users {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				if take(th) != nil {
					return
				}
				at := time.Since(begin)
				mu.Lock()
				leaves = append(leaves, leave{at})
				mu.Unlock()
				if at >= d {
					return
				}
			}
		}()
	}
	time.Sleep(d)
	th.Stop()
	all.Wait()
	return leaves
}

func TestRateIsExactInVirtualTime(t *testing.T) {
	for _, c := range []struct {
		says  string
		rate  Settings
		users int
		runs  time.Duration
		want  int
	}{
		{"1 a minute, one user", rate(1, time.Minute), 1, 10 * time.Minute, 10},
		{"1 a minute, ten thousand users", rate(1, time.Minute), 10_000, 10 * time.Minute, 10},
		{"20 a second, one user", rate(20, time.Second), 1, time.Minute, 1200},
		{"20 a second, ten users", rate(20, time.Second), 10, time.Minute, 1200},
		{"1 every 50 ms", Interarrival(50 * time.Millisecond), 1, time.Minute, 1200},
		{"1 every 90 s, which is less than one a minute", Interarrival(90 * time.Second), 3, 15 * time.Minute, 10},
		{"3000 a second, two thousand users", rate(3000, time.Second), 2000, 5 * time.Second, 15_000},
		{"6000 a second, one user", rate(6000, time.Second), 1, 5 * time.Second, 30_000},
		{"a million a second, ten thousand users", rate(1e6, time.Second), 10_000, 200 * time.Millisecond, 200_000},
		{"a million a second, one user", rate(1e6, time.Second), 1, 200 * time.Millisecond, 200_000},
	} {
		t.Run(c.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leaves := saturate(mustNew(t, c.rate), c.users, c.runs)
				in := 0
				for _, l := range leaves {
					if l.at < c.runs {
						in++
					}
				}
				if off := math.Abs(float64(in - c.want)); off > max(0.01*float64(c.want), 0) {
					t.Errorf("%d permits left in %v, want %d", in, c.runs, c.want)
				}
			})
		})
	}
}

// However many wait, whatever is changed meanwhile: the rate is kept.
func TestThrottleNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		interval := rapid.SampledFrom([]time.Duration{10 * time.Millisecond, time.Second, time.Minute}).Draw(rt, "interval")
		users := rapid.SampledFrom([]int{1, 2, 50}).Draw(rt, "users")
		first := float64(rapid.IntRange(1, 60).Draw(rt, "rate"))
		type event struct {
			after time.Duration
			kind  int
			rate  float64
			steps int
		}
		var script []event
		for range rapid.IntRange(0, 8).Draw(rt, "events") {
			script = append(script, event{
				time.Duration(rapid.Float64Range(0, 1.5).Draw(rt, "after") * float64(interval)),
				rapid.IntRange(0, 4).Draw(rt, "kind"), float64(rapid.IntRange(0, 60).Draw(rt, "new rate")),
				rapid.IntRange(1, 6).Draw(rt, "steps"),
			})
		}
		var leaves []leave
		rates := []inForce{{0, first}}
		synctest.Test(t, func(t *testing.T) {
			th := mustNew(t, rate(first, interval))
			begin := time.Now()
			// As the test writes them down: a gradual change is as high as its higher end, as long as it lasts.
			note := func(r float64) { rates = append(rates, inForce{time.Since(begin), r}) }
			go func() {
				for _, e := range script {
					time.Sleep(e.after)
					switch e.kind {
					case 0:
						note(e.rate)
						th.Change(rate(e.rate, interval))
					case 1:
						th.Pause()
					case 2:
						th.Resume()
					case 3:
						from := th.Status().Settings.Permits
						note(max(from, e.rate))
						th.ChangeGradually(Gradual{From: from, To: e.rate, Steps: e.steps, StepInterval: max(interval/4, time.Millisecond)})
					}
				}
			}()
			leaves = saturate(th, users, 15*interval)
		})
		checkWindows(rt, leaves, rates, interval)
	})
}

func TestWaitersAreServedInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := mustNew(t, rate(10, time.Second))
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range 50 {
			all.Add(1)
			go func() {
				defer all.Done()
				if err := take(th); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		all.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("user %d was served as number %d: %v", got, i, order)
			}
		}
	})
}

func TestParallelPermits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "parallel")
		jobs := rapid.IntRange(1, 60).Draw(rt, "jobs")
		var most, now int
		synctest.Test(t, func(t *testing.T) {
			th := mustNew(t, Settings{Parallel: n})
			var mu sync.Mutex
			var all sync.WaitGroup
			begin := time.Now()
			for range jobs {
				all.Add(1)
				go func() {
					defer all.Done()
					if take(th) != nil {
						return
					}
					mu.Lock()
					now++
					most = max(most, now)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					now--
					mu.Unlock()
					th.Release()
				}()
			}
			all.Wait()
			if want := time.Duration((jobs+n-1)/n) * time.Second; time.Since(begin) != want {
				t.Errorf("%d jobs of 1 s, %d at once, took %v, want %v", jobs, n, time.Since(begin), want)
			}
			if s := th.Status(); s.Held != 0 || s.Waiting != 0 || s.Permitted != int64(jobs) || s.Requested != int64(jobs) {
				t.Errorf("status at the end: %+v", s)
			}
		})
		if most != min(n, jobs) {
			rt.Fatalf("%d jobs ran at once, want %d", most, min(n, jobs))
		}
	})
}

func TestGradualChange(t *testing.T) {
	for _, c := range []struct {
		says string
		g    Gradual
		want string
	}{
		{"up", Gradual{From: 100, To: 1000, Steps: 3, StepInterval: 5 * time.Second}, "0s 100, 5s 400, 10s 700, 15s 1000"},
		{"down", Gradual{From: 10, To: 1, Steps: 3, StepInterval: time.Second}, "0s 10, 1s 7, 2s 4, 3s 1"},
		{"by less than one", Gradual{From: 1, To: 2, Steps: 4, StepInterval: time.Second}, "0s 1, 1s 1.25, 2s 1.5, 3s 1.75, 4s 2"},
		{"to nothing", Gradual{From: 4, To: 0, Steps: 2, StepInterval: time.Minute}, "0s 4, 1m0s 2, 2m0s 0"},
		{"nowhere", Gradual{From: 5, To: 5, Steps: 1, StepInterval: time.Second}, "0s 5, 1s 5"},
	} {
		t.Run(c.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				th := mustNew(t, rate(50, time.Second))
				if err := th.ChangeGradually(c.g); err != nil {
					t.Fatal(err)
				}
				var got []string
				for at := time.Duration(0); th.Status().Plan != nil || len(got) == 0; at += c.g.StepInterval {
					got = append(got, fmt.Sprintf("%v %s", at, formatRate(th.Status().Settings.Permits)))
					time.Sleep(c.g.StepInterval)
					synctest.Wait()
				}
				got = append(got, fmt.Sprintf("%v %s", time.Duration(c.g.Steps)*c.g.StepInterval, formatRate(th.Status().Settings.Permits)))
				if text := strings.Join(got, ", "); text != c.want {
					t.Errorf("got  %s\nwant %s", text, c.want)
				}
			})
		})
	}
}

func TestEveryCallHasAClearAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		th, err := New("logins", rate(10, time.Second), Options{Changed: func(m string) { said = append(said, m) }})
		if err != nil {
			t.Fatal(err)
		}
		other := mustNew(t, rate(3, time.Second))
		did := func(what string, got bool, err error, want bool) {
			t.Helper()
			if err != nil || got != want {
				t.Errorf("%s: %v, %v, want %v", what, got, err, want)
			}
		}
		ok, err := th.Resume()
		did("resume of one that runs", ok, err, false)
		ok, err = th.Pause()
		did("pause", ok, err, true)
		ok, err = th.Pause()
		did("pause twice", ok, err, false)
		if err := th.Change(rate(20, time.Second)); err != nil {
			t.Error(err)
		}
		k, err := th.Ask()
		if k == nil || err != nil {
			t.Fatalf("a permit left while the throttle was paused: %v", err)
		}
		time.Sleep(time.Minute)
		select {
		case <-k.Done():
			t.Error("a change of rate ended the pause")
		default:
		}
		ok, err = th.Resume()
		did("resume", ok, err, true)
		<-k.Done()

		if err := th.ChangeGradually(Gradual{From: 1, To: 10, Steps: 9, StepInterval: time.Second}); err != nil {
			t.Error(err)
		}
		time.Sleep(2500 * time.Millisecond)
		if err := th.Change(rate(5, time.Second)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if s := th.Status(); s.Settings != rate(5, time.Second) || s.Plan != nil {
			t.Errorf("a change during a gradual one left %+v", s)
		}
		if err := th.Change(Settings{Parallel: 3}); err == nil || !strings.Contains(err.Error(), "cannot be changed to a number of parallel permits") {
			t.Errorf("parallel for a rate: %v", err)
		}
		if err := th.Unlock(); err != nil {
			t.Error(err)
		}
		for range 1000 {
			if k, err := th.Ask(); k != nil || err != nil {
				t.Fatalf("an unlocked throttle lets wait: %v", err)
			}
		}
		if err := th.ChangeGradually(Gradual{From: 1, To: 10, Steps: 9, StepInterval: time.Minute}); err != nil {
			t.Error(err)
		}
		take(th)
		waiting, _ := th.Ask()
		if !th.Stop() || th.Stop() {
			t.Error("stop must be true once")
		}
		<-waiting.Done()
		var stopped *StoppedError
		if !errors.As(waiting.Err(), &stopped) || stopped.Error() != `throttle "logins" was stopped` {
			t.Errorf("a waiter of a stopped throttle got %v", waiting.Err())
		}
		for what, err := range map[string]error{
			"ask": take(th), "change": th.Change(rate(1, time.Second)), "unlock": th.Unlock(),
			"gradual": th.ChangeGradually(Gradual{From: 1, To: 2, Steps: 1, StepInterval: time.Second}),
		} {
			if !errors.As(err, &stopped) {
				t.Errorf("%s after stop: %v", what, err)
			}
		}
		if s := other.Status(); s.Settings != rate(3, time.Second) || s.Stopped || s.Paused {
			t.Errorf("another throttle was touched: %+v", s)
		}
		want := []string{
			"starts: 10 per second", "is paused", "changes to 20 per second", "is resumed: 20 per second",
			"changes gradually from 1 to 10 per second, in 9 steps of 1s", "step 1 of 9: 2 per second", "step 2 of 9: 3 per second",
			"changes to 5 per second, which ends the gradual change to 10 after 2 of 9 steps", "is unlocked",
			"changes gradually from 1 to 10 per second, in 9 steps of 1m0s", "is stopped, which ends the gradual change to 10 after 0 of 9 steps",
		}
		if strings.Join(said, "\n") != strings.Join(want, "\n") {
			t.Errorf("it said:\n%s\nwant:\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestSettingsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		s    Settings
		says string
	}{
		{rate(-1, time.Second), "the rate must be a number from 0 to 1000000000, or Infinity, not -1"},
		{rate(math.NaN(), time.Second), "not NaN"},
		{rate(2e9, time.Second), "not 2e+09"},
		{rate(1, 0), "the interval must be from 1ms to 24h0m0s, not 0s"},
		{rate(1e-9, time.Second), "take a longer interval"},
		{Settings{Parallel: -1}, "parallel must be a whole number from 1"},
		{Settings{Parallel: 1, Permits: 1}, "not both"},
	} {
		if _, err := New("x", c.s, Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.s, err, c.says)
		}
	}
}

func TestRateZeroPausesAndInfinityUnlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := mustNew(t, rate(0, time.Second))
		k, err := th.Ask()
		if err != nil || k == nil {
			t.Fatal("rate 0 gave a permit")
		}
		time.Sleep(time.Hour)
		select {
		case <-k.Done():
			t.Fatal("rate 0 gave a permit")
		default:
		}
		if err := th.Change(rate(math.Inf(1), time.Second)); err != nil {
			t.Fatal(err)
		}
		<-k.Done()
		if k.Err() != nil {
			t.Error(k.Err())
		}
		th.Stop()
	})
}

func TestAWaitThatIsGivenUpTakesNoPermit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := mustNew(t, rate(1, time.Second))
		take(th)
		a, _ := th.Ask()
		b, _ := th.Ask()
		begin := time.Now()
		if !a.Withdraw() || a.Withdraw() {
			t.Error("withdraw must be true once")
		}
		<-b.Done()
		if d := time.Since(begin); d != time.Second {
			t.Errorf("the next waiter waited %v, want 1s", d)
		}
		if b.Withdraw() {
			t.Error("a permit was withdrawn")
		}
		th.Stop()
	})
}

func BenchmarkUncontendedPermit(b *testing.B) {
	th := mustNew(b, rate(MaxPermits, time.Second))
	b.ReportAllocs()
	for b.Loop() {
		if k, _ := th.Ask(); k != nil {
			<-k.Done()
		}
	}
}

// BenchmarkContended is what a permit costs when ten thousand users wait all the time.
func BenchmarkContended(b *testing.B) {
	th := mustNew(b, rate(MaxPermits, time.Second))
	b.ReportAllocs()
	var all sync.WaitGroup
	each := b.N/10_000 + 1
	for range 10_000 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range each {
				if k, _ := th.Ask(); k != nil {
					<-k.Done()
				}
			}
		}()
	}
	all.Wait()
}
