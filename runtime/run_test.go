package runtime

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
	"runner/verdict"
)

func TestRunsEndWithTheirVerdict(t *testing.T) {
	counts := func(started, succeeded, failed, aborted, dropped int64) loadmodels.Counts {
		return loadmodels.Counts{Started: started, Succeeded: succeeded, Failed: failed, Aborted: aborted, Dropped: dropped}
	}
	for _, test := range []struct {
		name    string
		fake    *fake
		during  func(cancel func(), r *Run)
		options RunOptions
		verdict verdict.Verdict
		code    int
		counts  loadmodels.Counts
		says    string
	}{
		{
			name: "one iteration passes", fake: &fake{model: loadmodels.RunOnce{}.Run, start: taking(time.Second)},
			verdict: verdict.Passed, counts: counts(1, 1, 0, 0, 0),
		},
		{
			name:    "100 iterations of 5 users are 100",
			fake:    &fake{model: loadmodels.NIterations{Iterations: 100, Users: 5}.Run, start: taking(100 * time.Millisecond)},
			verdict: verdict.Passed, counts: counts(100, 100, 0, 0, 0),
		},
		{
			name:    "every failure is the verifier's error",
			fake:    &fake{model: loadmodels.NIterations{Iterations: 10, Users: 2}.Run, start: failing("broken")},
			verdict: verdict.Failed, code: 99, counts: counts(10, 0, 10, 0, 0), says: "the verifier found 10 errors, the first: Error: broken",
		},
		{
			name: "a scenario whose iterations all fail never passes, whatever its aggregate and without a verifier",
			fake: &fake{model: loadmodels.NIterations{Iterations: 3, Users: 1}.Run, start: failing("broken"), noVerify: true,
				aggregate: func(value.Value, []*loadmodels.Result) (value.Value, error) { return "fine", nil }},
			verdict: verdict.Failed, code: 99, counts: counts(3, 0, 3, 0, 0), says: "3 iterations, none succeeded",
		},
		{
			name:    "a load model that returns at once fails: nothing ran",
			fake:    &fake{model: func(loadmodels.Commands) error { return nil }, start: taking(0)},
			verdict: verdict.Failed, code: 99, says: "no iteration ran",
		},
		{
			name:    "a load model that throws fails the run as a script error",
			fake:    &fake{model: func(loadmodels.Commands) error { return errors.New("oh no") }, start: taking(0)},
			verdict: verdict.Error, code: 107, says: "loadModel: Error: oh no",
		},
		{
			name:    "init that throws ends the run before any user",
			fake:    &fake{model: loadmodels.RunOnce{}.Run, start: taking(0), init: func() (value.Value, error) { return nil, errors.New("no base") }},
			verdict: verdict.Error, code: 107, says: "init: Error: no base",
		},
		{
			name: "an aggregator that throws is a script error",
			fake: &fake{model: loadmodels.RunOnce{}.Run, start: taking(0),
				aggregate: func(value.Value, []*loadmodels.Result) (value.Value, error) { return nil, errors.New("cannot fold") }},
			verdict: verdict.Error, code: 107, counts: counts(1, 1, 0, 0, 0), says: "aggregator: Error: cannot fold",
		},
		{
			name: "fail in the load model",
			fake: &fake{model: func(c loadmodels.Commands) error {
				c.ScaleUsers(1)
				c.AddWork(1)
				c.Sleep(time.Second)
				return c.Fail("too slow")
			}, start: taking(time.Millisecond)},
			verdict: verdict.Failed, code: 108, counts: counts(1, 1, 0, 0, 0), says: "failed by the script: too slow",
		},
		{
			name: "stop in the load model is an orderly end",
			fake: &fake{model: func(c loadmodels.Commands) error {
				c.ScaleUsers(1)
				c.AddWork(1)
				c.Sleep(time.Second)
				return c.Stop("enough")
			}, start: taking(time.Millisecond)},
			verdict: verdict.Stopped, counts: counts(1, 1, 0, 0, 0), says: "enough",
		},
		{
			name: "continue stops the run",
			fake: &fake{model: loadmodels.ConstantUsers{Users: 2, Duration: time.Hour}.Run, loop: loadmodels.WhileAlive{}.Run,
				start: taking(time.Second), options: Options{ContinueInterval: 10500 * time.Millisecond},
				next: func() (Decision, error) { return Decision{Stop: true, Reason: "seen it"}, nil }},
			verdict: verdict.Stopped, counts: counts(22, 22, 0, 0, 0), says: "seen it",
		},
		{
			name: "continue that throws fails the run",
			fake: &fake{model: loadmodels.ConstantUsers{Users: 1, Duration: time.Hour}.Run, loop: loadmodels.WhileAlive{}.Run,
				start: taking(time.Second), options: Options{ContinueInterval: 10500 * time.Millisecond},
				next: func() (Decision, error) { return Decision{}, errors.New("bad") }},
			verdict: verdict.Failed, code: 108, counts: counts(11, 11, 0, 0, 0), says: "continue: Error: bad",
		},
		{
			name: "an iteration that does not end in its graceful time is aborted, not lost",
			fake: &fake{model: func(c loadmodels.Commands) error {
				c.ScaleUsers(3)
				c.AddWork(3)
				return c.Sleep(5 * time.Second)
			}, start: func(u *fakeUser) (value.Value, error) {
				if u.env.ID == 2 {
					return nil, u.work(time.Hour)
				}
				return nil, u.work(time.Second)
			}, options: Options{GracefulStop: 7 * time.Second}},
			verdict: verdict.Passed, counts: counts(3, 2, 0, 1, 0),
		},
		{
			name: "an iteration past its limit is interrupted and failed",
			fake: &fake{model: loadmodels.NIterations{Iterations: 2, Users: 1, Timeout: time.Minute}.Run, start: taking(time.Hour),
				options: Options{IterationTimeout: 3 * time.Second}},
			verdict: verdict.Failed, code: 99, counts: counts(2, 0, 2, 0, 0), says: "longer than 3s",
		},
		{
			name: "an iteration that does not even answer its interrupt is given up",
			fake: &fake{model: loadmodels.NIterations{Iterations: 2, Users: 2, Timeout: time.Minute}.Run, start: func(u *fakeUser) (value.Value, error) {
				if u.env.ID == 1 {
					time.Sleep(time.Hour)
				}
				return nil, u.work(100 * time.Millisecond)
			}, options: Options{IterationTimeout: time.Second}},
			verdict: verdict.Passed, counts: counts(2, 1, 0, 1, 0),
		},
		{
			name:    "an interrupt ends in an orderly way",
			fake:    &fake{model: loadmodels.ConstantUsers{Users: 4, Duration: time.Hour}.Run, loop: loadmodels.WhileAlive{}.Run, start: taking(time.Second)},
			during:  func(cancel func(), _ *Run) { time.Sleep(10*time.Second + time.Millisecond); cancel() },
			verdict: verdict.Interrupted, code: 105, counts: counts(44, 44, 0, 0, 0),
		},
		{
			name:    "a kill aborts what runs",
			fake:    &fake{model: loadmodels.ConstantUsers{Users: 4, Duration: time.Hour}.Run, loop: loadmodels.WhileAlive{}.Run, start: taking(time.Minute)},
			during:  func(cancel func(), r *Run) { time.Sleep(90 * time.Second); cancel(); time.Sleep(time.Second); r.Kill() },
			verdict: verdict.Interrupted, code: 105, counts: counts(8, 4, 0, 4, 0),
		},
		{
			name:    "a run that takes longer than its timeout fails",
			fake:    &fake{model: loadmodels.ConstantUsers{Users: 1, Duration: time.Hour}.Run, loop: loadmodels.WhileAlive{}.Run, start: taking(time.Second)},
			options: RunOptions{Timeout: 5500 * time.Millisecond},
			verdict: verdict.Failed, code: 99, counts: counts(6, 6, 0, 0, 0), says: "--timeout",
		},
		{
			name: "a user loop that fails is seen",
			fake: &fake{model: func(c loadmodels.Commands) error { c.ScaleUsers(2); return c.Sleep(time.Second) }, start: taking(0),
				loop: func(c loadmodels.UserCommands) error { c.Iterate(); return errors.New("lost") }},
			verdict: verdict.Failed, code: 99, counts: counts(2, 2, 0, 0, 0), says: "2 users died outside an iteration",
		},
		{
			name: "a user loop that panics is seen",
			fake: &fake{model: func(c loadmodels.Commands) error { c.ScaleUsers(1); return c.Sleep(time.Second) }, start: taking(0),
				loop: func(c loadmodels.UserCommands) error { c.Iterate(); panic("boom") }},
			verdict: verdict.Failed, code: 99, counts: counts(1, 1, 0, 0, 0), says: "1 user died",
		},
		{
			name: "200 users all give results",
			fake: &fake{model: loadmodels.ConstantUsers{Users: 200, Duration: 30 * time.Second}.Run, loop: loadmodels.WhileAlive{}.Run,
				start: taking(999 * time.Millisecond)},
			verdict: verdict.Passed, counts: counts(200*31, 200*31, 0, 0, 0),
		},
		{
			name:    "600 arrivals in a minute at 10 a second",
			fake:    &fake{model: loadmodels.ConstantArrivalRate{Rate: 10, Duration: time.Minute, Users: 1, MaxUsers: 100}.Run, start: taking(50 * time.Millisecond)},
			verdict: verdict.Passed, counts: counts(600, 600, 0, 0, 0),
		},
		{
			name:    "arrivals that find no user are dropped and counted",
			fake:    &fake{model: loadmodels.ConstantArrivalRate{Rate: 10, Duration: 10 * time.Second, Users: 5, MaxUsers: 5}.Run, start: taking(5 * time.Second)},
			verdict: verdict.Passed, counts: counts(10, 10, 0, 0, 90),
		},
		{
			name: "a ramp from 0 to 100 a second in 10 s is 500 arrivals",
			fake: &fake{model: loadmodels.RampingArrivalRate{Stages: []loadmodels.RateStage{{Target: 100, Duration: 10 * time.Second}}, Users: 50, MaxUsers: 500}.Run,
				start: taking(time.Second)},
			verdict: verdict.Passed, counts: counts(500, 500, 0, 0, 0),
		},
		{
			name: "work that comes before any user waits",
			fake: &fake{model: func(c loadmodels.Commands) error {
				c.AddWork(100_000)
				c.SendUserEvents("nobody", nil)
				c.Sleep(time.Second)
				c.ScaleUsers(1)
				for c.WorkLeft() > 0 {
					c.Sleep(time.Second)
				}
				return nil
			}, start: taking(time.Millisecond)},
			verdict: verdict.Passed, counts: counts(100_000, 100_000, 0, 0, 0),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := play(t, test.during, test.options, test.fake)
			wantVerdict(t, p, test.verdict, test.code)
			wantCounts(t, p, "s", test.counts)
			said := ""
			for _, c := range p.Causes {
				said += c.Message + "\n"
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("the causes are %q, they do not say %q", said, test.says)
			}
		})
	}
}

func TestEventsReachEveryRunningUserOnceAndInOrder(t *testing.T) {
	var mu sync.Mutex
	got := map[int64][]float64{}
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.SendUserEvents("tick", float64(-1)) // before any user: reaches nobody, breaks nothing
			c.ScaleUsers(3)
			c.Sleep(time.Second)
			for i := range 4 {
				c.SendUserEvents("tick", float64(i))
			}
			c.SendUserEvents("other", float64(9))
			c.Sleep(time.Second)
			return nil
		},
		loop: func(c loadmodels.UserCommands) error {
			for c.Sleep(100 * time.Millisecond) {
				c.Iterate()
			}
			for _, e := range c.Events("tick") {
				mu.Lock()
				got[c.UserID()] = append(got[c.UserID()], e.(float64))
				mu.Unlock()
			}
			return nil
		},
		start: taking(0),
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Passed, 0)
	n := 0
	for id, list := range got {
		for i, v := range list {
			if v != float64(i) {
				t.Errorf("user %d got %v", id, list)
			}
			n++
		}
	}
	if n != 12 {
		t.Errorf("4 events to 3 users were delivered %d times, want 12", n)
	}
}

func TestOnEventIsCalledInWaits(t *testing.T) {
	var mu sync.Mutex
	var at []time.Duration
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.ScaleUsers(1)
			c.Sleep(time.Second)
			c.SendUserEvents("go", "x")
			c.Sleep(time.Second)
			c.AddWork(1)
			return c.Sleep(time.Second)
		},
		loop: func(c loadmodels.UserCommands) error {
			c.OnEvent("go", func(value.Value) {
				mu.Lock()
				at = append(at, c.Elapsed())
				mu.Unlock()
			})
			return loadmodels.WhileHasWork{}.Run(c)
		},
		start: taking(0),
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Passed, 0)
	if len(at) != 1 || at[0] != time.Second {
		t.Errorf("the handler was called at %v, want once at 1s", at)
	}
}

func TestAHandlerOfEventsMayRunIterations(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.ScaleUsers(3)
			c.Sleep(time.Second)
			for range 4 {
				c.SendUserEvents("go", nil)
			}
			c.AddWork(6)
			return c.Sleep(time.Second)
		},
		loop: func(c loadmodels.UserCommands) error {
			c.OnEvent("go", func(value.Value) { c.Run(nil) })
			for c.IsUp() {
				c.Sleep(10 * time.Millisecond)
				if c.HasWork(0) {
					c.Run(nil)
				}
			}
			return nil
		},
		start: taking(time.Millisecond),
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Passed, 0)
	wantCounts(t, p, "s", loadmodels.Counts{Started: 18, Succeeded: 18})
}

func TestAnIterationWhoseUserDiesInItHasAnEnd(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.ScaleUsers(2)
			c.AddWork(2)
			return c.Sleep(time.Second)
		},
		start: func(u *fakeUser) (value.Value, error) {
			if u.env.ID == 1 {
				panic("a defect of a module")
			}
			return nil, u.work(time.Millisecond)
		},
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Failed, 99)
	// The unit went back and the other user did it.
	wantCounts(t, p, "s", loadmodels.Counts{Started: 3, Succeeded: 2, Failed: 1})
}

func TestALedgerThatDoesNotCloseIsNeverPassed(t *testing.T) {
	f := &fake{
		model: loadmodels.RunOnce{}.Run,
		start: func(u *fakeUser) (value.Value, error) {
			u.env.Recorder.Add(u.env.Recorder.Series(metrics.IterationsStarted), 1)
			return nil, nil
		},
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Error, 1)
}

func TestAUnitWhoseUserDiesGoesBack(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.AddWork(5)
			c.ScaleUsers(1)
			c.Sleep(time.Second)
			c.ScaleUsers(1)
			return c.Sleep(10 * time.Second)
		},
		loop: func(c loadmodels.UserCommands) error {
			if c.UserID() == 1 {
				c.HasWork(time.Second)
				return errors.New("dies with a unit in hand")
			}
			return loadmodels.WhileHasWork{}.Run(c)
		},
		start: taking(time.Millisecond),
	}
	p := play(t, nil, RunOptions{}, f)
	wantCounts(t, p, "s", loadmodels.Counts{Started: 5, Succeeded: 5})
	wantVerdict(t, p, verdict.Failed, 99)
}

func TestStoppingUsersThatStillStartLeavesEveryCountRight(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.StartUsers(100, loadmodels.StartOptions{Interarrival: time.Second})
			c.Sleep(9*time.Second + time.Millisecond)
			if c.Users() != 10 || c.StartingUsers() != 90 || c.TargetUsers() != 100 {
				t.Errorf("users %d, starting %d, target %d", c.Users(), c.StartingUsers(), c.TargetUsers())
			}
			n, err := c.StopUsers(95, loadmodels.StopOptions{})
			if n != 95 || err != nil {
				t.Errorf("stopped %d, %v", n, err)
			}
			c.Sleep(2 * time.Second)
			if c.Users() != 5 || c.StartingUsers() != 0 || c.TargetUsers() != 5 {
				t.Errorf("users %d, starting %d, target %d", c.Users(), c.StartingUsers(), c.TargetUsers())
			}
			n, err = c.StopUsers(1000, loadmodels.StopOptions{Force: true})
			if n != 5 || err != nil {
				t.Errorf("stopped %d, %v", n, err)
			}
			c.Sleep(time.Millisecond)
			if c.Users() != 0 {
				t.Errorf("%d users left", c.Users())
			}
			return nil
		},
		loop: loadmodels.WhileAlive{}.Run, start: taking(time.Second),
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Passed, 0)
}

func TestCountsOutOfRangeAreRefusedAndChangeNothing(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			for _, err := range []error{
				c.ScaleUsers(-1), c.StartUsers(-2, loadmodels.StartOptions{}), c.AddWork(-1), c.AddWork(MaxCount + 1), c.ScaleUsers(MaxUsers + 1),
				c.SetArrivals(loadmodels.Arrivals{{Duration: time.Second, From: -1, To: 1}}, loadmodels.ArrivalOptions{MaxUsers: 1}),
			} {
				if err == nil {
					t.Error("a count out of range was accepted")
				}
			}
			if _, err := c.StopUsers(-1, loadmodels.StopOptions{}); err == nil {
				t.Error("stopUsers(-1) was accepted")
			}
			if c.TargetUsers() != 0 || c.WorkLeft() != 0 {
				t.Errorf("target %d, work %d", c.TargetUsers(), c.WorkLeft())
			}
			return loadmodels.RunOnce{}.Run(c)
		},
		start: taking(0),
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Passed, 0)
}

func TestResultsNobodyReadsAreBoundedCountedAndJudged(t *testing.T) {
	f := &fake{
		model: func(c loadmodels.Commands) error {
			c.AddWork(1000)
			c.ScaleUsers(1)
			return c.Sleep(time.Minute)
		},
		start:   func(u *fakeUser) (value.Value, error) { return nil, errors.New("fails") },
		options: Options{MaxUnread: 100},
	}
	p := play(t, nil, RunOptions{}, f)
	wantVerdict(t, p, verdict.Failed, 99)
	var said []string
	for _, c := range p.Causes {
		said = append(said, c.Message)
	}
	all := strings.Join(said, "\n")
	if !strings.Contains(all, "900 of 1000 results were passed over") || !strings.Contains(all, "the verifier found 101 errors") {
		t.Errorf("causes: %s", all)
	}
}

func TestTerminateGetsTheReason(t *testing.T) {
	for _, test := range []struct {
		name string
		fake *fake
		want value.Value
	}{
		{"null at a normal end", &fake{model: loadmodels.RunOnce{}.Run, start: taking(0)}, nil},
		{"what stop gave", &fake{model: func(c loadmodels.Commands) error { return c.Stop("done") }, start: taking(0)}, "done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, nil, RunOptions{}, test.fake)
			if len(test.fake.terminated) != 1 || test.fake.terminated[0] != test.want {
				t.Errorf("terminate was called with %v, want %v once", test.fake.terminated, test.want)
			}
		})
	}
}

func TestDependentsWaitAndSeeTheOutput(t *testing.T) {
	var seen loadmodels.Dependency
	first := &fake{name: "first", model: loadmodels.RunOnce{}.Run, start: func(u *fakeUser) (value.Value, error) {
		return strings.Repeat("x", 10<<20), u.work(time.Second)
	}}
	second := &fake{name: "second", dependsOn: []string{"first"}, start: taking(0), model: func(c loadmodels.Commands) error {
		seen = c.Info().Dependencies["first"]
		return loadmodels.RunOnce{}.Run(c)
	}}
	p := play(t, nil, RunOptions{}, second, first)
	wantVerdict(t, p, verdict.Passed, 0)
	if s, _ := seen.Output.(string); len(s) != 10<<20 || seen.Verdict != "passed" {
		t.Errorf("the dependent saw %d bytes, verdict %s", len(s), seen.Verdict)
	}
}

func TestDependentsOfAFailedScenarioAreSkipped(t *testing.T) {
	first := &fake{name: "first", model: loadmodels.NIterations{Iterations: 1, Users: 1}.Run, start: failing("x")}
	second := &fake{name: "second", dependsOn: []string{"first"}, start: taking(0), model: loadmodels.RunOnce{}.Run}
	third := &fake{name: "third", dependsOn: []string{"second"}, start: taking(0), model: loadmodels.RunOnce{}.Run}
	p := play(t, nil, RunOptions{}, first, second, third)
	wantVerdict(t, p, verdict.Failed, 99)
	for _, name := range []string{"second", "third"} {
		if v := p.Scenarios[name].Verdict; v != verdict.Skipped {
			t.Errorf("%s is %s, want skipped", name, v)
		}
		wantCounts(t, p, name, loadmodels.Counts{})
	}
}

func TestOrder(t *testing.T) {
	s := func(name string, deps ...string) *Scenario { return &Scenario{Name: name, DependsOn: deps} }
	for _, test := range []struct {
		name string
		all  []*Scenario
		tag  string
		want string
	}{
		{"dependencies come first", []*Scenario{s("c", "b"), s("b", "a"), s("a")}, "", "a b c"},
		{"a circle is named", []*Scenario{s("a", "b"), s("b", "c"), s("c", "b")}, "", "scenarios depend on each other in a circle: b → c → b"},
		{"an unknown name", []*Scenario{s("a", "z")}, "", `scenario "a" depends on "z", which does not exist; there are: a`},
		{"two of a name", []*Scenario{s("a"), s("a")}, "", `there are two scenarios named "a" ( and )`},
		{"a dependency that a tag leaves out", []*Scenario{s("a", "b"), s("b")}, "a", `scenario "a" depends on "b", which --tag leaves out`},
	} {
		t.Run(test.name, func(t *testing.T) {
			order, err := Order(test.all, func(s *Scenario) bool { return test.tag == "" || s.Name == test.tag })
			got := ""
			for _, o := range order {
				got += o.Name + " "
			}
			if err != nil {
				got = err.Error()
			}
			if strings.TrimSpace(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
