package loadmodels_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/value"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

func takes(d time.Duration) func(int64) time.Duration {
	return func(int64) time.Duration { return d }
}

// failsUntil has the first n-1 iterations fail.
func failsUntil(n int64) func(int64) (loadmodels.Status, value.Value) {
	return func(i int64) (loadmodels.Status, value.Value) {
		if i < n {
			return loadmodels.Failed, value.Undefined
		}
		return loadmodels.Succeeded, float64(i)
	}
}

// total is an aggregator that counts results.
func total(previous value.Value, latest []*loadmodels.Result) (value.Value, error) {
	n, _ := previous.(float64)
	return n + float64(len(latest)), nil
}

func TestRunOnce(t *testing.T) {
	never := int64(1 << 40)
	for _, tt := range []struct {
		name      string
		model     loadmodels.RunOnce
		sim       simulation.Scenario
		fails     string
		ends      time.Duration
		work      int64
		errors    []string
		aggregate value.Value
	}{
		{
			name: "an iteration that succeeds ends it at once",
			sim:  simulation.Scenario{Latency: takes(70 * ms)}, ends: 70 * ms, work: 1, aggregate: 1.0,
		},
		{
			name: "tries that fail are repeated after ever longer pauses and do not fail the scenario",
			// 100 ms a try; pauses of 100, 200, 400, 800, 1000 and 1000 ms.
			sim: simulation.Scenario{Outcome: failsUntil(7)}, ends: 4200 * ms, work: 7, aggregate: 7.0,
		},
		{
			name:  "a wait period of its own",
			model: loadmodels.RunOnce{WaitPeriod: 2 * s},
			sim:   simulation.Scenario{Outcome: failsUntil(3)}, ends: 4300 * ms, work: 3, aggregate: 3.0,
		},
		{
			name:  "when none succeeds it fails after 15 s with the errors of the last try",
			model: loadmodels.RunOnce{WaitPeriod: 900 * ms},
			sim:   simulation.Scenario{Outcome: failsUntil(never)},
			fails: "no iteration succeeded within 15s: Error: try 15", ends: 15 * s, work: 15,
			errors: []string{"Error: try 15"}, aggregate: value.Undefined,
		},
		{
			name:  "no result at all fails it too",
			model: loadmodels.RunOnce{Timeout: 3 * s}, sim: simulation.Scenario{Latency: takes(time.Hour)},
			fails: "no iteration succeeded within 3s: no result came", ends: 3 * s, work: 1,
		},
		{
			name:  "without a timeout it waits as long as it takes",
			model: loadmodels.RunOnce{Timeout: loadmodels.Forever},
			sim:   simulation.Scenario{Latency: takes(5 * time.Hour)}, ends: 5 * time.Hour, work: 1, aggregate: 1.0,
		},
		{
			name:  "what the verifier refuses is tried again",
			model: loadmodels.RunOnce{Timeout: s},
			sim: simulation.Scenario{Verifier: func(r []*loadmodels.Result) []string {
				if r[0].Output != 3.0 {
					return []string{fmt.Sprintf("got %v", r[0].Output)}
				}
				return nil
			}}, ends: 600 * ms, work: 3, aggregate: 3.0,
		},
		{
			name:  "what the verifier always refuses fails it",
			model: loadmodels.RunOnce{Timeout: 250 * ms},
			sim: simulation.Scenario{Verifier: func(r []*loadmodels.Result) []string {
				return []string{fmt.Sprintf("got %v", r[0].Output)}
			}}, ends: 250 * ms, work: 2, fails: "no iteration succeeded within 250ms: got 1",
			errors: []string{"got 1"}, aggregate: 1.0,
		},
		{
			name:  "an iteration that was aborted is no success, even without a verifier's error",
			model: loadmodels.RunOnce{Timeout: 150 * ms},
			sim: simulation.Scenario{
				Outcome:  func(int64) (loadmodels.Status, value.Value) { return loadmodels.Aborted, nil },
				Verifier: func([]*loadmodels.Result) []string { return nil },
			}, ends: 150 * ms, work: 1, fails: "no iteration succeeded within 150ms: AbortError: stopped",
		},
		{
			name: "a user that ends without success is not waited for",
			sim:  simulation.Scenario{IterationsPerUser: 2, Outcome: failsUntil(never)},
			ends: 500 * ms, work: 3, fails: "no iteration succeeded before the user ended: Error: try 2",
			errors: []string{"Error: try 2"}, aggregate: value.Undefined,
		},
		{
			name: "a user that fails to start is not waited for",
			sim:  simulation.Scenario{NeverStart: map[int64]bool{1: true}, StartDelay: 30 * ms},
			ends: s, work: 1, fails: "no iteration succeeded before the user ended: no result came",
		},
		{
			name: "an end from outside ends it",
			sim:  simulation.Scenario{Latency: takes(time.Hour), EndAt: 2 * s}, ends: 2 * s, work: 1,
			fails: "the scenario is ending",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &tt.sim
			sim.Work = true
			err := tt.model.Run(sim)
			wantError(t, err, tt.fails)
			check(t, "ends", sim.Elapsed(), tt.ends)
			check(t, "work added", sim.WorkAdded, tt.work)
			check(t, "errors", sim.Errors(), tt.errors)
			check(t, "aggregate", sim.Aggregate() == tt.aggregate, true)
			if tt.fails == "" {
				check(t, "users wanted", sim.TargetUsers(), 0)
			}
		})
	}
}

func TestNIterations(t *testing.T) {
	for _, tt := range []struct {
		name      string
		model     loadmodels.NIterations
		sim       simulation.Scenario
		fails     string
		ends      time.Duration
		aggregate value.Value
		users     int // wanted at the end
	}{
		{
			name:  "users share the work, and the last result ends it",
			model: loadmodels.NIterations{Iterations: 10, Users: 3}, ends: 400 * ms, aggregate: 10.0,
		},
		{
			name:  "users that start late still do all",
			model: loadmodels.NIterations{Iterations: 10, Users: 3},
			sim:   simulation.Scenario{StartDelay: 2 * s}, ends: 2400 * ms, aggregate: 10.0,
		},
		{
			name:  "128 units for one user are all done",
			model: loadmodels.NIterations{Iterations: 128, Users: 1}, ends: 12800 * ms, aggregate: 128.0,
		},
		{
			name:  "100,000 units for one user are all done",
			model: loadmodels.NIterations{Iterations: 100_000, Users: 1},
			sim:   simulation.Scenario{Latency: takes(100 * time.Microsecond)}, ends: 10 * s, aggregate: 100_000.0,
		},
		{
			name:  "200 users all give results",
			model: loadmodels.NIterations{Iterations: 200, Users: 200, SkipScaleDown: true},
			ends:  100 * ms, aggregate: 200.0, users: 200,
		},
		{
			name:  "what fails counts as well, and is aggregated",
			model: loadmodels.NIterations{Iterations: 6, Users: 2},
			sim:   simulation.Scenario{Outcome: failsUntil(4)}, ends: 300 * ms, aggregate: 6.0,
		},
		{
			name:  "a timeout says how many came",
			model: loadmodels.NIterations{Iterations: 1000, Users: 2, Timeout: 5 * s},
			fails: "nIterations: timed out after 5s: only 100 of 1,000 iterations ended", ends: 5 * s,
			aggregate: 100.0, users: 2,
		},
		{
			name:  "the timeout is 15 s unless set",
			model: loadmodels.NIterations{Iterations: 1, Users: 1}, sim: simulation.Scenario{Latency: takes(16 * s)},
			fails: "nIterations: timed out after 15s: only 0 of 1 iteration ended", ends: 15 * s, users: 1,
		},
		{
			name:  "without a timeout it goes on",
			model: loadmodels.NIterations{Iterations: 24, Users: 1, Timeout: loadmodels.Forever},
			sim:   simulation.Scenario{Latency: takes(time.Hour)}, ends: 24 * time.Hour, aggregate: 24.0,
		},
		{
			name:  "users that all ended are not waited for",
			model: loadmodels.NIterations{Iterations: 10, Users: 3, Timeout: loadmodels.Forever},
			sim:   simulation.Scenario{IterationsPerUser: 3},
			fails: "nIterations: only 9 of 10 iterations ended before the last user did", ends: s,
			aggregate: 9.0, users: 3,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &tt.sim
			sim.Work, sim.Aggregator = true, total
			wantError(t, tt.model.Run(sim), tt.fails)
			check(t, "ends", sim.Elapsed().Round(ms), tt.ends)
			check(t, "aggregate", sim.Aggregate() == tt.aggregate, true)
			check(t, "users wanted", sim.TargetUsers(), tt.users)
			if left := len(sim.Unread()); tt.fails == "" && left > 0 {
				t.Errorf("%d results were not read", left)
			}
		})
	}
}

func TestConstantUsers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		model   loadmodels.ConstantUsers
		sim     simulation.Scenario
		fails   string
		ends    time.Duration
		results float64
		batches int
		users   int
	}{
		{
			name: "10 users for 10 s at 10 iterations a second each", model: loadmodels.NSeconds(10*s, 10),
			ends: 10 * s, results: 1000, batches: 10,
		},
		{
			name: "the clock starts when the users are ready", model: loadmodels.NSeconds(10*s, 10),
			sim: simulation.Scenario{StartDelay: 4 * s}, ends: 14 * s, results: 1000, batches: 10,
		},
		{
			name: "a user that never starts is not waited for", model: loadmodels.NSeconds(10*s, 10),
			sim:  simulation.Scenario{StartDelay: 4 * s, NeverStart: map[int64]bool{7: true}},
			ends: 14 * s, results: 900, batches: 10,
		},
		{
			name:  "a tick of its own",
			model: loadmodels.ConstantUsers{Users: 1, Duration: 10 * s, WaitPeriod: 5 * s},
			ends:  10 * s, results: 100, batches: 2,
		},
		{
			name: "many results come in batches of 10,000", model: loadmodels.NSeconds(2*s, 100),
			sim:  simulation.Scenario{Latency: takes(ms)},
			ends: 2 * s, results: 200_000, batches: 21, // two ends of a second cut batches short
		},
		{
			name:  "no users at all make a pause",
			model: loadmodels.ConstantUsers{Duration: time.Minute}, ends: time.Minute,
		},
		{
			name:  "users may be left running",
			model: loadmodels.ConstantUsers{Users: 2, Duration: s, SkipScaleDown: true},
			ends:  s, results: 20, batches: 1, users: 2,
		},
		{
			name:  "without an end it runs until it must end",
			model: loadmodels.ConstantUsers{Users: 1, Duration: loadmodels.Forever},
			sim:   simulation.Scenario{EndAt: time.Hour}, ends: time.Hour, results: 35_999, batches: 3600, users: 1,
			fails: "the scenario is ending",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &tt.sim
			sim.Aggregator = total
			wantError(t, tt.model.Run(sim), tt.fails)
			check(t, "ends", sim.Elapsed(), tt.ends)
			got, _ := sim.Aggregate().(float64)
			if tt.fails != "" {
				// The last moment's results are the engine's to drain.
				got -= float64(int(got) - int(tt.results))
			}
			check(t, "results", got, tt.results)
			check(t, "calls of the aggregator", len(sim.Batches), tt.batches)
			check(t, "users wanted", sim.TargetUsers(), tt.users)
		})
	}
}

func TestRampUsersFollowsItsLine(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to int
		over     time.Duration
		at       map[time.Duration]int
		steps    int
	}{
		{
			name: "up by one a second", from: 0, to: 10, over: 10 * s, steps: 10,
			at: map[time.Duration]int{0: 0, 499 * ms: 0, 500 * ms: 1, 1499 * ms: 1, 5 * s: 5, 9499 * ms: 9, 9500 * ms: 10, 10 * s: 10},
		},
		{
			name: "down by one a second", from: 10, to: 0, over: 10 * s, steps: 10,
			at: map[time.Duration]int{0: 10, 499 * ms: 10, 500 * ms: 9, 5 * s: 5, 9499 * ms: 1, 9500 * ms: 0},
		},
		{
			name: "from where the users are", from: 5, to: 8, over: 3 * s, steps: 3,
			at: map[time.Duration]int{0: 5, 500 * ms: 6, 1500 * ms: 7, 2500 * ms: 8, 3 * s: 8},
		},
		{
			name: "one user over an hour comes in the middle", from: 0, to: 1, over: time.Hour, steps: 1,
			at: map[time.Duration]int{29 * time.Minute: 0, 30 * time.Minute: 1},
		},
		{
			name: "30 users over a second, faster than any tick", from: 0, to: 30, over: s, steps: 30,
			at: map[time.Duration]int{240 * ms: 7, 500 * ms: 15, s: 30},
		},
		{
			name: "100,000 users over 10 s, several at a time", from: 0, to: 100_000, over: 10 * s, steps: 1000,
			at: map[time.Duration]int{5 * s: 50_000, 10 * s: 100_000},
		},
		{name: "nothing to do takes its time", from: 4, to: 4, over: 20 * s, at: map[time.Duration]int{20 * s: 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &simulation.Scenario{Work: true}
			if err := sim.ScaleUsers(tt.from); err != nil {
				t.Fatal(err)
			}
			sim.Scaled = nil
			if err := (loadmodels.RampUsers{Duration: tt.over, Target: tt.to}).Run(sim); err != nil {
				t.Fatal(err)
			}
			check(t, "ends", sim.Elapsed(), tt.over)
			check(t, "users wanted", sim.TargetUsers(), tt.to)
			if n := len(sim.Scaled); n > tt.steps || tt.to-tt.from < 1000 && n != tt.steps {
				t.Errorf("scaled %d times, want %d", n, tt.steps)
			}
			for when, want := range tt.at {
				got := tt.from
				for _, step := range sim.Scaled {
					if step.At <= when {
						got = step.Users
					}
				}
				if got != want {
					t.Errorf("%d users after %v, want %d", got, when, want)
				}
			}
		})
	}
}

func TestRampUsersScalesDownWhenAsked(t *testing.T) {
	sim := &simulation.Scenario{}
	if err := (loadmodels.RampUsers{Duration: s, Target: 3, ScaleDown: true}).Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "users wanted", sim.TargetUsers(), 0)
}

// What was read before the end of the scenario still reaches the aggregator and the verifier.
func TestTheEndLosesNothingThatWasRead(t *testing.T) {
	sim := &simulation.Scenario{Aggregator: total, EndAt: 2500 * ms, Outcome: failsUntil(23)}
	wantError(t, loadmodels.NSeconds(10*s, 1).Run(sim), "the scenario is ending")
	check(t, "results read", sim.ResultsCollected(), int64(25))
	check(t, "aggregate", sim.Aggregate().(float64), 25.0)
	check(t, "errors", len(sim.Errors()), 22)
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("failed: %v", err)
	case want != "" && err == nil:
		t.Errorf("did not fail, want %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("failed with %q, want %q", err, want)
	}
	var unmet *loadmodels.Unmet
	if in := func(s string) bool { return strings.Contains(want, s) }; (in("no iteration succeeded") || in("ended")) && !errors.As(err, &unmet) {
		t.Errorf("%v is not Unmet", err)
	}
	if want == loadmodels.ErrEnded.Error() && !errors.Is(err, loadmodels.ErrEnded) {
		t.Errorf("%v is not ErrEnded", err)
	}
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
