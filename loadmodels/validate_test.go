package loadmodels_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/value"
)

func TestParametersThatCannotBeAreRefused(t *testing.T) {
	never := func(value.Value) (bool, error) { return false, nil }
	for _, tt := range []struct {
		model any
		want  []string
	}{
		{loadmodels.RunOnce{Timeout: -s, WaitPeriod: loadmodels.Forever}, []string{
			"runOnce: timeout must not be negative, got -1s", "runOnce: waitPeriod must end, got Infinity"}},
		{loadmodels.NIterations{Iterations: 0, Users: -3}, []string{
			"nIterations: iterations must be a whole number from 1 to 1,000,000,000, got 0",
			"nIterations: users must be a whole number from 1 to 10,000,000, got -3"}},
		{loadmodels.NIterations{Iterations: 5, Users: 10_000_001}, []string{
			"nIterations: users must be a whole number from 1 to 10,000,000, got 10,000,001"}},
		{loadmodels.NSeconds(0, -1), []string{
			"nSeconds: users must be a whole number from 0 to 10,000,000, got -1",
			"nSeconds: seconds must be longer than 0"}},
		{loadmodels.ConstantUsers{Users: 1}, []string{"constantUsers: duration must be longer than 0"}},
		{loadmodels.RampUsers{Duration: loadmodels.Forever, Target: -1}, []string{
			"rampUsers: seconds must end, got Infinity",
			"rampUsers: target must be a whole number from 0 to 10,000,000, got -1"}},
		{loadmodels.RampUsersToThreshold{InitialUsers: -1, PeriodLimit: -2, Period: -s}, []string{
			"rampUsersToThreshold: initialUsers must be a whole number from 0 to 10,000,000, got -1",
			"rampUsersToThreshold: threshold must be a function of the aggregate",
			"rampUsersToThreshold: period must not be negative, got -1s",
			"rampUsersToThreshold: periodLimit must be a whole number from 0 to 1,000,000,000, got -2"}},
		{loadmodels.RampUsersToThreshold{Threshold: never, WaitPeriod: -1}, []string{
			"rampUsersToThreshold: waitPeriod must not be negative, got -1ns"}},
		{loadmodels.ConstantArrivalRate{Rate: math.NaN(), Duration: s}, []string{
			"constantArrivalRate: rate must be a number from 0 to 10,000,000 a second, got NaN"}},
		{loadmodels.ConstantArrivalRate{Rate: math.Inf(1), Duration: s}, []string{
			"constantArrivalRate: rate must be a number from 0 to 10,000,000 a second, got +Inf"}},
		{loadmodels.ConstantArrivalRate{Duration: -s, Users: 5, MaxUsers: 2}, []string{
			"constantArrivalRate: rate must be more than 0",
			"constantArrivalRate: duration must not be negative, got -1s",
			"constantArrivalRate: users (5) must not be more than maxUsers (2)"}},
		{loadmodels.RampingArrivalRate{StartRate: -1}, []string{
			"rampingArrivalRate: startRate must be a number from 0 to 10,000,000 a second, got -1",
			"rampingArrivalRate: stages must have at least one { target, duration }"}},
		{loadmodels.RampingArrivalRate{Stages: []loadmodels.RateStage{{Target: -4, Duration: -s}}}, []string{
			"rampingArrivalRate: stages[0].target must be a number from 0 to 10,000,000 a second, got -4",
			"rampingArrivalRate: stages[0].duration must not be negative, got -1s"}},
		{loadmodels.RampingArrivalRate{Stages: []loadmodels.RateStage{{Duration: s}}}, []string{
			"rampingArrivalRate: no arrival is due in its stages"}},
		{loadmodels.Stages{}, []string{"stages: needs at least one load model"}},
		{loadmodels.Sequence{Models: []loadmodels.Model{nil}}, []string{"sequence: load model 1 is missing"}},
		{loadmodels.Stages{Models: []loadmodels.Model{loadmodels.RunOnce{}, loadmodels.NSeconds(-s, 1)}}, []string{
			"nSeconds: seconds must not be negative, got -1s"}},
		{loadmodels.WhileHasWork{PollingTimeout: -1}, []string{"whileHasWork: pollingTimeout must not be negative"}},
		{loadmodels.IterationsPerSecondLimited{}, []string{"iterationsPerSecondLimited: limit must be more than 0"}},
		{loadmodels.IterationsPerSecondLimited{PerSecond: -1}, []string{
			"iterationsPerSecondLimited: limit must be a number from 0 to 10,000,000 a second, got -1"}},
		{loadmodels.Paced{}, []string{"paced: period must be longer than 0"}},
		{loadmodels.RepeatAfter{Pause: loadmodels.Forever, Times: -1}, []string{
			"repeatAfter: pause must end, got Infinity",
			"repeatAfter: times must be a whole number from 0 to 1,000,000,000, got -1"}},
	} {
		err := tt.model.(interface{ Validate() error }).Validate()
		if err == nil {
			t.Errorf("%#v was accepted", tt.model)
			continue
		}
		got := strings.Split(err.Error(), "\n")
		if len(got) != len(tt.want) {
			t.Errorf("%#v: got %q, want %q", tt.model, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], tt.want[i]) {
				t.Errorf("%#v: got %q, want %q", tt.model, got[i], tt.want[i])
			}
		}
		// Nor does it run.
		switch m := tt.model.(type) {
		case loadmodels.Model:
			sim := &simulation.Scenario{}
			wantError(t, m.Run(sim), got[0])
			check(t, "users were scaled", sim.Scaled, nil)
		case loadmodels.UserLoop:
			u := &simulation.User{}
			wantError(t, m.Run(u), got[0])
			check(t, "iterations", u.Starts, nil)
		}
	}
}

func TestPlans(t *testing.T) {
	never := func(value.Value) (bool, error) { return false, nil }
	for _, tt := range []struct {
		name  string
		model loadmodels.Model
		want  []loadmodels.Segment
		total time.Duration
	}{
		{"run once", loadmodels.Default(), []loadmodels.Segment{{
			Label: "run once", Duration: -1, FromUsers: 1, ToUsers: 1, Iterations: 1,
			Note: "until an iteration succeeds, 15s at most"}}, -1},
		{"iterations", loadmodels.NIterations{Iterations: 1000, Users: 2, Timeout: loadmodels.Forever}, []loadmodels.Segment{{
			Label: "1,000 iterations over 2 users", Duration: -1, FromUsers: 2, ToUsers: 2, Iterations: 1000,
			Note: "until all have ended"}}, -1},
		{"Cicada's stages", loadmodels.Stages{Models: []loadmodels.Model{
			loadmodels.RampUsers{Duration: time.Minute, Target: 30},
			loadmodels.NSeconds(3*time.Minute, 30),
			loadmodels.RampUsers{Duration: time.Minute},
		}}, []loadmodels.Segment{
			{Label: "ramp to 30 users", Duration: time.Minute, ToUsers: 30},
			{Label: "hold 30 users", Duration: 3 * time.Minute, FromUsers: 30, ToUsers: 30},
			{Label: "ramp to 0 users", Duration: time.Minute, FromUsers: 30},
		}, 5 * time.Minute},
		{"an end that is not known", loadmodels.Sequence{Models: []loadmodels.Model{
			loadmodels.ConstantUsers{Users: 1, Duration: loadmodels.Forever}, script(nil),
		}}, []loadmodels.Segment{
			{Label: "hold 1 user", Duration: -1, FromUsers: 1, ToUsers: 1, Note: "until the scenario is stopped"},
			{Label: "script", Duration: -1, FromUsers: 1, ToUsers: 1, Note: "decided by the script"},
		}, -1},
		{"periods with a limit", loadmodels.RampUsersToThreshold{InitialUsers: 10, Threshold: never, PeriodLimit: 2}, []loadmodels.Segment{
			{Label: "10 users", Duration: 30 * s, FromUsers: 10, ToUsers: 10, Note: "unless the threshold is crossed before"},
			{Label: "20 users", Duration: 30 * s, FromUsers: 20, ToUsers: 20, Note: "unless the threshold is crossed before"},
		}, time.Minute},
		{"an arrival rate", loadmodels.ConstantArrivalRate{Rate: 0.5, Duration: time.Minute}, []loadmodels.Segment{{
			Label: "hold 0.5 iterations/s", Duration: time.Minute, FromUsers: 1, ToUsers: 1, FromRate: 0.5, ToRate: 0.5,
			Open: true, Iterations: 30, Note: "up to 100 users as needed"}}, time.Minute},
		{"a changing arrival rate", loadmodels.RampingArrivalRate{Users: 50, MaxUsers: 200, Stages: []loadmodels.RateStage{
			{Target: 1000, Duration: 10 * s}, {Target: 1000, Duration: 50 * s}}}, []loadmodels.Segment{
			{Label: "ramp to 1,000 iterations/s", Duration: 10 * s, FromUsers: 50, ToUsers: 50, ToRate: 1000,
				Open: true, Iterations: 5000, Note: "up to 200 users as needed"},
			{Label: "hold 1,000 iterations/s", Duration: 50 * s, FromUsers: 50, ToUsers: 50, FromRate: 1000, ToRate: 1000,
				Open: true, Iterations: 50_000, Note: "up to 200 users as needed"},
		}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := tt.model.Plan()
			check(t, "plan", plan, tt.want)
			check(t, "length", loadmodels.PlannedDuration(plan), tt.total)
		})
	}
}

func TestAPlanWithoutALimitShowsItsFirstPeriods(t *testing.T) {
	plan := loadmodels.RampUsersToThreshold{InitialUsers: 10}.Plan()
	check(t, "segments", len(plan), 11)
	check(t, "the tenth", plan[9].ToUsers, 100.0)
	check(t, "the rest", plan[10], loadmodels.Segment{
		Label: "and so on", Duration: -1, FromUsers: 100, ToUsers: 100, Note: "until the threshold is crossed"})
}
