package loadmodels_test

import (
	"errors"
	"testing"
	"time"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
)

// script is a load model that is none of ours.
type script func(c loadmodels.Commands) error

func (f script) Run(c loadmodels.Commands) error { return f(c) }
func (f script) Plan() []loadmodels.Segment {
	return []loadmodels.Segment{{Label: "script", Duration: -1, Note: "decided by the script"}}
}

func TestStagesRampHoldAndRampDown(t *testing.T) {
	sim := &simulation.Scenario{Latency: takes(250 * ms), Aggregator: total}
	m := loadmodels.Stages{Models: []loadmodels.Model{
		loadmodels.RampUsers{Duration: time.Minute, Target: 30},
		loadmodels.NSeconds(3*time.Minute, 30),
		loadmodels.RampUsers{Duration: time.Minute, Target: 0},
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "ends", sim.Elapsed(), 5*time.Minute)
	check(t, "steps", len(sim.Scaled), 60)
	for i, step := range sim.Scaled {
		want := simulation.Step{At: s + time.Duration(i)*2*s, Users: i + 1}
		if i >= 30 {
			want = simulation.Step{At: 4*time.Minute + s + time.Duration(i-30)*2*s, Users: 59 - i}
		}
		check(t, "step", step, want)
	}
	check(t, "results read", sim.ResultsCollected(), sim.Counts().Started)
	// 30 users for 3 min and on average 15 for 2 min, at 4 iterations a second, and for each user the
	// one that it was about to begin when it was told to stop.
	check(t, "aggregate", sim.Aggregate().(float64), 28_830.0)

	var phases []string
	last := -1.0
	for _, p := range sim.Reported {
		if n := len(phases); n == 0 || phases[n-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
		if p.Fraction < last {
			t.Errorf("progress went back from %v to %v", last, p.Fraction)
		}
		last = p.Fraction
		left := time.Duration(float64(5*time.Minute) * (1 - p.Fraction))
		if d := p.Remaining - left; d < -ms || d > ms {
			t.Errorf("%v left at %v, want %v", p.Remaining, p.Fraction, left)
		}
	}
	check(t, "phases", phases, []string{
		"stage 1/3: ramping from 0 to 30 users", "stage 2/3: starting 30 users",
		"stage 2/3: holding 30 users", "stage 3/3: ramping from 30 to 0 users",
	})
	check(t, "progress at the end", last, 1.0)
}

func TestStagesKeepUsersAndStopThemAtTheEnd(t *testing.T) {
	sim := &simulation.Scenario{}
	m := loadmodels.Stages{Models: []loadmodels.Model{
		loadmodels.ConstantUsers{Users: 3, Duration: s},
		loadmodels.Sequence{Models: []loadmodels.Model{script(func(c loadmodels.Commands) error {
			check(t, "users in the second stage", c.Users(), 3)
			return c.Sleep(s)
		})}},
		loadmodels.ConstantUsers{Users: 5, Duration: s},
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "users", sim.Scaled, []simulation.Step{{At: 0, Users: 3}, {At: 2 * s, Users: 5}, {At: 3 * s, Users: 0}})
}

func TestSequenceRunsModelsAsIfAlone(t *testing.T) {
	sim := &simulation.Scenario{Work: true, Latency: takes(700 * ms), Aggregator: total}
	m := loadmodels.Sequence{Models: []loadmodels.Model{
		loadmodels.NIterations{Iterations: 4, Users: 4},
		loadmodels.ConstantUsers{Users: 2, Duration: s, SkipScaleDown: true},
		loadmodels.RunOnce{},
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "users", sim.Scaled, []simulation.Step{
		{At: 0, Users: 4}, {At: 700 * ms, Users: 0}, // the first stops its users,
		{At: 700 * ms, Users: 2}, // the second leaves them to the third.
		{At: 1700 * ms, Users: 1}, {At: 2400 * ms, Users: 0},
	})
}

func TestSequenceWaitsForUsersThatStillFinish(t *testing.T) {
	sim := &simulation.Scenario{Latency: takes(900 * ms), Aggregator: total}
	first := true
	m := loadmodels.Sequence{Models: []loadmodels.Model{
		loadmodels.ConstantUsers{Users: 2, Duration: s},
		script(func(c loadmodels.Commands) error {
			first = false
			check(t, "users before the second model", c.Users(), 0)
			check(t, "results before the second model", c.Aggregate().(float64), 4.0)
			return nil
		}),
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "the second model was skipped", first, false)
}

func TestSequenceGivesUpOnUsersThatNeverEnd(t *testing.T) {
	sim := &simulation.Scenario{Latency: takes(1000 * time.Hour)}
	ran := false
	m := loadmodels.Sequence{Models: []loadmodels.Model{
		loadmodels.ConstantUsers{Users: 2, Duration: s},
		script(func(loadmodels.Commands) error { ran = true; return nil }),
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "the second model ran", ran, true)
	check(t, "ends", sim.Elapsed(), 91*s)
}

func TestAFailingStageEndsAllStages(t *testing.T) {
	boom := errors.New("boom")
	for name, models := range map[string]func(...loadmodels.Model) loadmodels.Model{
		"stages":   func(m ...loadmodels.Model) loadmodels.Model { return loadmodels.Stages{Models: m} },
		"sequence": func(m ...loadmodels.Model) loadmodels.Model { return loadmodels.Sequence{Models: m} },
	} {
		t.Run(name, func(t *testing.T) {
			m := models(
				script(func(loadmodels.Commands) error { return boom }),
				script(func(loadmodels.Commands) error { t.Error("the second ran"); return nil }),
			)
			if err := m.Run(&simulation.Scenario{}); !errors.Is(err, boom) {
				t.Errorf("failed with %v, want boom", err)
			}
		})
	}
}
