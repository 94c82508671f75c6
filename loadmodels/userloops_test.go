package loadmodels_test

import (
	"testing"
	"time"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
)

func TestUserLoopsStartIterations(t *testing.T) {
	// slowly has the n-th iteration take d, others 10 ms.
	slowly := func(n int, d time.Duration) func(int) time.Duration {
		return func(i int) time.Duration {
			if i == n {
				return d
			}
			return 10 * ms
		}
	}
	for _, tt := range []struct {
		name   string
		loop   loadmodels.UserLoop
		user   simulation.User
		starts []time.Duration
	}{
		{
			name: "whileHasWork runs one for each unit of work",
			loop: loadmodels.WhileHasWork{},
			user: simulation.User{StopAt: 5 * s, WorkAt: []time.Duration{0, 0, 300 * ms, 2500 * ms, 6 * s}},
			// The second waits for the first to end.
			starts: []time.Duration{0, 100 * ms, 300 * ms, 2500 * ms},
		},
		{
			name:   "whileHasWork waits for ever for work",
			loop:   loadmodels.WhileHasWork{PollingTimeout: 20 * ms},
			user:   simulation.User{StopAt: 100 * time.Hour, WorkAt: []time.Duration{99 * time.Hour}},
			starts: []time.Duration{99 * time.Hour},
		},
		{
			name:   "whileAlive runs one after another until the user is told to stop",
			loop:   loadmodels.WhileAlive{},
			user:   simulation.User{StopAt: 350 * ms},
			starts: []time.Duration{0, 100 * ms, 200 * ms, 300 * ms},
		},
		{
			name:   "a limit of 4 a second spaces them evenly",
			loop:   loadmodels.IterationsPerSecondLimited{PerSecond: 4},
			user:   simulation.User{StopAt: 1200 * ms, Latency: slowly(0, 0)},
			starts: []time.Duration{0, 250 * ms, 500 * ms, 750 * ms, s},
		},
		{
			name:   "a limit of a third of one a second",
			loop:   loadmodels.IterationsPerSecondLimited{PerSecond: 1.0 / 3},
			user:   simulation.User{StopAt: 10 * s},
			starts: []time.Duration{0, 3 * s, 6 * s, 9 * s},
		},
		{
			name:   "after a slow one the limit makes up for nothing",
			loop:   loadmodels.IterationsPerSecondLimited{PerSecond: 4},
			user:   simulation.User{StopAt: 1700 * ms, Latency: slowly(2, 700*ms)},
			starts: []time.Duration{0, 250 * ms, 950 * ms, 1200 * ms, 1450 * ms},
		},
		{
			name:   "late timers do not make a limit drift",
			loop:   loadmodels.IterationsPerSecondLimited{PerSecond: 4},
			user:   simulation.User{StopAt: 1300 * ms, Latency: slowly(0, 0), Oversleep: 2 * ms},
			starts: []time.Duration{0, 252 * ms, 502 * ms, 752 * ms, 1002 * ms, 1252 * ms},
		},
		{
			name:   "paced starts one every period",
			loop:   loadmodels.Paced{Period: 2 * s},
			user:   simulation.User{StopAt: 7 * s},
			starts: []time.Duration{0, 2 * s, 4 * s, 6 * s},
		},
		{
			name:   "paced follows a slow one at once and counts from its start",
			loop:   loadmodels.Paced{Period: 2 * s},
			user:   simulation.User{StopAt: 10 * s, Latency: slowly(2, 3*s)},
			starts: []time.Duration{0, 2 * s, 5 * s, 7 * s, 9 * s},
		},
		{
			name:   "repeatAfter pauses from the end of one to the start of the next",
			loop:   loadmodels.RepeatAfter{Pause: s},
			user:   simulation.User{StopAt: 3 * s, Latency: slowly(1, 500*ms)},
			starts: []time.Duration{0, 1500 * ms, 2510 * ms},
		},
		{
			name:   "repeatAfter ends after so many",
			loop:   loadmodels.RepeatAfter{Pause: time.Minute, Times: 3},
			user:   simulation.User{},
			starts: []time.Duration{0, 60100 * ms, 120200 * ms},
		},
		{
			name: "a user that was told to stop before does nothing",
			loop: loadmodels.RepeatAfter{Times: 3},
			user: simulation.User{Stopped: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.loop.Run(&tt.user); err != nil {
				t.Fatal(err)
			}
			check(t, "starts", tt.user.Starts, tt.starts)
			check(t, "results", len(tt.user.Reported), len(tt.starts))
		})
	}
}

func TestALimitIsNeverExceeded(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 7, 1000.0 / 3} {
		u := simulation.User{StopAt: time.Minute, Latency: func(int) time.Duration { return ms }}
		if err := (loadmodels.IterationsPerSecondLimited{PerSecond: rate}).Run(&u); err != nil {
			t.Fatal(err)
		}
		if got, want := len(u.Starts), int(rate*60); got < want || got > want+1 {
			t.Errorf("%d iterations in a minute at %v a second, want %d", got, rate, want)
		}
		n := int(rate)
		for i := n; n > 0 && i < len(u.Starts); i++ {
			// The n-th start after one may at the earliest fall on the end of its second.
			if d := u.Starts[i] - u.Starts[i-n]; float64(d) < float64(n)/rate*1e9-2 {
				t.Fatalf("starts %d and %d at %v a second are %v apart", i-n, i, rate, d)
			}
		}
	}
}
