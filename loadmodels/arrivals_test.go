package loadmodels_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
)

func part(d time.Duration, from, to float64) loadmodels.ArrivalPart {
	return loadmodels.ArrivalPart{Duration: d, From: from, To: to}
}

func TestArrivalsCount(t *testing.T) {
	for _, tt := range []struct {
		name     string
		arrivals loadmodels.Arrivals
		at       time.Duration
		want     int64
	}{
		{"0.1 a second for 10 minutes", loadmodels.Arrivals{part(10*time.Minute, 0.1, 0.1)}, 10 * time.Minute, 60},
		{"a ramp from 0 to 100 a second over 10 s", loadmodels.Arrivals{part(10*s, 0, 100)}, 10 * s, 500},
		{"a ramp down from 100 to 0", loadmodels.Arrivals{part(10*s, 100, 0)}, 10 * s, 500},
		{"the first arrival is due at once", loadmodels.Arrivals{part(10*s, 1, 1)}, ms, 1},
		{"nothing is due before the begin", loadmodels.Arrivals{part(10*s, 1, 1)}, 0, 0},
		{"nothing more comes after the end", loadmodels.Arrivals{part(10*s, 1, 1)}, time.Hour, 10},
		{"parts add up", loadmodels.Arrivals{part(10*s, 0, 10), part(60*s, 10, 10), part(10*s, 10, 0)}, 80 * s, 700},
		{"a part of no length is passed over", loadmodels.Arrivals{part(0, 5, 5), part(10*s, 1, 1)}, 10 * s, 10},
		{"a part that never ends", loadmodels.Arrivals{part(10*s, 1, 1), part(loadmodels.Forever, 2, 2)}, 20 * s, 30},
		{"a third of one a second for a day", loadmodels.Arrivals{part(24*time.Hour, 1.0/3, 1.0/3)}, 24 * time.Hour, 28_800},
		{"a million a second for an hour", loadmodels.Arrivals{part(time.Hour, 1e6, 1e6)}, time.Hour, 3_600_000_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "arrivals", tt.arrivals.Count(tt.at), tt.want)
		})
	}
}

func TestArrivalsDue(t *testing.T) {
	ramp := loadmodels.Arrivals{part(0, 9, 9), part(10*s, 0, 100), part(s, 50, 50)}
	for k, want := range map[int64]time.Duration{
		0: 0, 5: s, 20: 2 * s, 125: 5 * s, 500: 10 * s, 525: 10500 * ms,
	} {
		got, ok := ramp.Due(k)
		if !ok || (got-want).Abs() > time.Microsecond {
			t.Errorf("arrival %d is due after %v (%v), want %v", k, got, ok, want)
		}
	}
	if at, ok := ramp.Due(550); ok {
		t.Errorf("an arrival after the last is due after %v", at)
	}
	if _, ok := (loadmodels.Arrivals{part(loadmodels.Forever, 0, 0)}).Due(0); ok {
		t.Error("a rate of 0 has an arrival")
	}
}

// Which arrivals are due by Count is what Due says, in order, for any schedule.
func TestCountAndDueAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a loadmodels.Arrivals
		rate := rapid.Float64Range(0, 1000)
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			d := time.Duration(rapid.Int64Range(0, int64(20*time.Minute)).Draw(t, "duration"))
			a = append(a, loadmodels.ArrivalPart{Duration: d, From: rate.Draw(t, "from"), To: rate.Draw(t, "to")})
		}
		total := a.Count(a.Duration())
		if _, ok := a.Due(total); ok {
			t.Fatalf("arrival %d is due, but only %d are", total, total)
		}
		if total == 0 {
			return
		}
		if _, ok := a.Due(total - 1); !ok {
			t.Fatalf("the last of %d arrivals is never due", total)
		}
		k := rapid.Int64Range(0, total-1).Draw(t, "k")
		due, ok := a.Due(k)
		if !ok || due < 0 || due > a.Duration() {
			t.Fatalf("arrival %d of %d is due after %v (%v)", k, total, due, ok)
		}
		if n := a.Count(due); n > k {
			t.Errorf("arrival %d is due after %v, when %d have been", k, due, n)
		}
		if before, ok := a.Due(max(0, k-1)); !ok || before > due {
			t.Errorf("arrival %d is due after %v, the one before after %v", k, due, before)
		}
		// A thousandth of an arrival later it counts; where the rate is next to nothing that takes long.
		if r := a.Rate(due); r > 0.1 {
			later := due + time.Duration(math.Ceil(2e-3/r*1e9))
			if n := a.Count(later); later < a.Duration() && a.Rate(later) > r/2 && n < k+1 {
				t.Errorf("arrival %d is due after %v, but %v later only %d have been", k, due, later-due, n)
			}
		}
	})
}

func TestConstantArrivalRate(t *testing.T) {
	for _, tt := range []struct {
		name             string
		model            loadmodels.ConstantArrivalRate
		sim              simulation.Scenario
		started, dropped int64
		users            int // the pool at the end
		ends             time.Duration
	}{
		{
			name:  "50 a second for 10 s, whatever an iteration takes",
			model: loadmodels.ConstantArrivalRate{Rate: 50, Duration: 10 * s},
			sim:   simulation.Scenario{Latency: takes(2990 * ms)}, started: 500, users: 150, ends: 10020 * ms,
		},
		{
			name:    "6 a minute for 10 minutes",
			model:   loadmodels.ConstantArrivalRate{Rate: 6, Per: time.Minute, Duration: 10 * time.Minute},
			started: 60, users: 1, ends: 10*time.Minute + 20*ms,
		},
		{
			name:  "what finds no user is dropped and counted",
			model: loadmodels.ConstantArrivalRate{Rate: 10, Duration: 10 * s, Users: 2, MaxUsers: 5},
			sim:   simulation.Scenario{Latency: takes(950 * ms)}, started: 50, dropped: 50, users: 5, ends: 10020 * ms,
		},
		{
			name:  "the clock starts when the pool is ready",
			model: loadmodels.ConstantArrivalRate{Rate: 10, Duration: s, Users: 4},
			sim:   simulation.Scenario{StartDelay: 2 * s}, started: 10, users: 4, ends: 3020 * ms,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &tt.sim
			sim.Work = true
			if err := tt.model.Run(stopCounter{sim, &tt.users, t}); err != nil {
				t.Fatal(err)
			}
			check(t, "started", sim.Counts().Started, tt.started)
			check(t, "dropped", sim.Dropped, tt.dropped)
			check(t, "ends", sim.Elapsed(), tt.ends)
			check(t, "users wanted", sim.TargetUsers(), 0)
		})
	}
}

// stopCounter looks at the users wanted when they are stopped.
type stopCounter struct {
	*simulation.Scenario
	users *int
	t     *testing.T
}

func (c stopCounter) ScaleUsers(n int) error {
	if n == 0 {
		check(c.t, "users in the pool", c.Scenario.TargetUsers(), *c.users)
	}
	return c.Scenario.ScaleUsers(n)
}

func TestRampingArrivalRate(t *testing.T) {
	sim := &simulation.Scenario{Work: true}
	m := loadmodels.RampingArrivalRate{
		StartRate: 0, Stages: []loadmodels.RateStage{
			{Target: 100, Duration: 10 * s}, {Target: 100, Duration: 20 * s},
			{Target: 10, Duration: 0}, {Target: 10, Duration: 10 * s}, {Target: 0, Duration: 10 * s},
		},
	}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "arrivals", len(sim.Planned), 500+2000+100+50)
	for i, want := range map[int]time.Duration{
		0: 0, 125: 5 * s, 500: 10 * s, 2499: 29990 * ms, 2500: 30 * s, 2599: 39900 * ms, 2600: 40 * s,
	} {
		if d := (sim.Planned[i] - want).Abs(); d > time.Microsecond {
			t.Errorf("arrival %d came after %v, want %v", i, sim.Planned[i], want)
		}
	}
	for _, p := range sim.Reported {
		if p.Phase == "55 iterations/s" {
			check(t, "planned rate", math.Round(p.Rate), 55.0)
		}
	}
}

func TestOpenStageFollowsAClosedOne(t *testing.T) {
	sim := &simulation.Scenario{Work: true}
	m := loadmodels.Stages{Models: []loadmodels.Model{
		loadmodels.ConstantUsers{Users: 20, Duration: s},
		loadmodels.ConstantArrivalRate{Rate: 10, Duration: 5 * s, MaxUsers: 20},
		loadmodels.NIterations{Iterations: 40, Users: 20},
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "iterations", sim.Counts().Succeeded, int64(90))
	check(t, "ends", sim.Elapsed(), 6220*ms)
}
