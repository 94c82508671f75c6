package loadmodels_test

import (
	"errors"
	"testing"
	"time"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/value"
)

func step(at time.Duration, users int) simulation.Step { return simulation.Step{At: at, Users: users} }

func TestRampUsersToThreshold(t *testing.T) {
	never := func(value.Value) (bool, error) { return false, nil }
	atLeast := func(limit float64) func(value.Value) (bool, error) {
		return func(a value.Value) (bool, error) {
			n, ok := a.(float64)
			return ok && n >= limit, nil
		}
	}
	plus5 := func(n int) (int, error) { return n + 5, nil }
	for _, tt := range []struct {
		name      string
		model     loadmodels.RampUsersToThreshold
		sim       simulation.Scenario
		fails     string
		ends      time.Duration
		steps     []simulation.Step
		note      string
		aggregate value.Value
	}{
		{
			// 10 users give 100 a second: 3,000 in the first period, 150 a second in the second.
			name:  "the threshold is looked at every second, within a period too",
			model: loadmodels.RampUsersToThreshold{InitialUsers: 10, NextUsers: plus5, Threshold: atLeast(3300)},
			ends:  32100 * ms, steps: []simulation.Step{step(0, 10), step(30*s, 15), step(32*s, 0)},
			note: "threshold crossed at 15 users after 32s", aggregate: 3315.0,
		},
		{
			name:  "ten more users each period unless it says otherwise",
			model: loadmodels.RampUsersToThreshold{Threshold: never, Period: 5 * s, PeriodLimit: 4},
			ends:  20100 * ms, steps: []simulation.Step{step(5*s, 10), step(10*s, 20), step(15*s, 30), step(20*s, 0)},
			note: "threshold not crossed by 30 users after 20s", aggregate: 3030.0,
		},
		{
			name:  "it ends after the limit of periods, not before",
			model: loadmodels.RampUsersToThreshold{InitialUsers: 1, Threshold: never, PeriodLimit: 3, SkipScaleDown: true},
			ends:  90 * s, steps: []simulation.Step{step(0, 1), step(30*s, 11), step(60*s, 21)},
			note: "threshold not crossed by 21 users after 1m30s", aggregate: 9900.0,
		},
		{
			name: "the aggregate is replaced after the last results were aggregated",
			model: loadmodels.RampUsersToThreshold{
				InitialUsers: 10, Threshold: atLeast(95),
				UpdateAggregate: func(users int, a value.Value) (value.Value, error) {
					return &value.Array{Items: []value.Value{float64(users), a}}, nil
				},
			},
			ends: 1100 * ms, steps: []simulation.Step{step(0, 10), step(s, 0)},
			note:      "threshold crossed at 10 users after 1s",
			aggregate: &value.Array{Items: []value.Value{10.0, 110.0}},
		},
		{
			name: "a threshold that fails fails the model",
			model: loadmodels.RampUsersToThreshold{InitialUsers: 1, Threshold: func(value.Value) (bool, error) {
				return false, errors.New("cannot read meanMs of null")
			}},
			ends: s, steps: []simulation.Step{step(0, 1)}, fails: "cannot read meanMs of null", aggregate: 10.0,
		},
		{
			name: "a number of users that cannot be fails the model",
			model: loadmodels.RampUsersToThreshold{InitialUsers: 1, Period: s, Threshold: never,
				NextUsers: func(int) (int, error) { return -2, nil }},
			ends: s, steps: []simulation.Step{step(0, 1)}, aggregate: 10.0,
			fails: "nextUsers(1) must be a whole number from 0 to 10,000,000, got -2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sim := &tt.sim
			sim.Aggregator = total
			wantError(t, tt.model.Run(sim), tt.fails)
			if tt.fails == "" {
				check(t, "notes", sim.Notes, []string{tt.note})
			}
			check(t, "ends", sim.Elapsed().Round(100*ms), tt.ends)
			check(t, "users", sim.Scaled, tt.steps)
			check(t, "aggregate", sim.Aggregate(), tt.aggregate)
		})
	}
}

func TestThresholdSeesNullBeforeTheFirstAggregate(t *testing.T) {
	sim := &simulation.Scenario{Latency: takes(2500 * ms)}
	var seen []value.Value
	m := loadmodels.RampUsersToThreshold{InitialUsers: 1, Threshold: func(a value.Value) (bool, error) {
		seen = append(seen, a)
		return a != nil, nil
	}}
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	check(t, "aggregates", seen, []value.Value{nil, nil, 1.0})
}

func TestAThresholdAsAStage(t *testing.T) {
	sim := &simulation.Scenario{Aggregator: total}
	m := loadmodels.Stages{Models: []loadmodels.Model{
		loadmodels.RampUsersToThreshold{InitialUsers: 4, Period: 2 * s, PeriodLimit: 1,
			Threshold: func(value.Value) (bool, error) { return false, nil }},
		loadmodels.RampUsers{Duration: 4 * s, Target: 2},
	}}
	check(t, "plan", loadmodels.PlannedDuration(m.Plan()), 6*s)
	if err := m.Run(sim); err != nil {
		t.Fatal(err)
	}
	// The users of the first stage stay, and the ramp begins with them.
	check(t, "users", sim.Scaled, []simulation.Step{step(0, 4), step(3*s, 3), step(5*s, 2), step(6*s, 0)})
}

func TestAPlanStopsWhereNextUsersFails(t *testing.T) {
	m := loadmodels.RampUsersToThreshold{InitialUsers: 4, NextUsers: func(n int) (int, error) {
		if n == 5 {
			return 0, errors.New("no more\nsecond line")
		}
		return n + 1, nil
	}}
	plan := m.Plan()
	check(t, "segments", len(plan), 3)
	check(t, "the last", plan[2], loadmodels.Segment{Label: "then", Duration: -1, FromUsers: 5, ToUsers: 5, Note: "no more"})
}
