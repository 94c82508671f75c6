package loadmodels_test

import (
	"testing"
	"time"

	"runner/loadmodels"
)

func TestDescribeReadsAsTheCall(t *testing.T) {
	for _, tt := range []struct {
		what any
		want string
	}{
		{loadmodels.Default(), "runOnce()"},
		{loadmodels.NIterations{Iterations: 10, Users: 2}, "nIterations(10, 2)"},
		{loadmodels.NSeconds(90*s, 4), "nSeconds(90, 4)"},
		{loadmodels.ConstantUsers{Users: 3, Duration: 2 * time.Minute}, "constantUsers(3, 2m)"},
		{loadmodels.ConstantUsers{Users: 3, Duration: loadmodels.Forever}, "constantUsers(3, Infinity)"},
		{loadmodels.RampUsers{Duration: 500 * ms, Target: 5}, "rampUsers(0.5, 5)"},
		{loadmodels.RampUsersToThreshold{InitialUsers: 10}, "rampUsersToThreshold(from 10 users, every 30s)"},
		{loadmodels.ConstantArrivalRate{Rate: 6, Per: time.Minute, Duration: time.Hour}, "constantArrivalRate(0.1/s, 1h)"},
		{loadmodels.RampingArrivalRate{Stages: []loadmodels.RateStage{{Target: 50, Duration: 10 * s}}}, "rampingArrivalRate(0/s, 50/s in 10s)"},
		{loadmodels.Stages{Models: []loadmodels.Model{loadmodels.RunOnce{}, script(nil)}}, "stages(runOnce(), a function of the script)"},
		{loadmodels.Sequence{Models: []loadmodels.Model{loadmodels.RunOnce{}}}, "sequence(runOnce())"},
		{loadmodels.WhileHasWork{}, "whileHasWork()"},
		{loadmodels.WhileAlive{}, "whileAlive()"},
		{loadmodels.IterationsPerSecondLimited{PerSecond: 0.25}, "iterationsPerSecondLimited(0.25)"},
		{loadmodels.Paced{Period: 90 * s}, "paced(1m30s)"},
		{loadmodels.RepeatAfter{Pause: time.Minute}, "repeatAfter(1m)"},
	} {
		check(t, "description", loadmodels.Describe(tt.what), tt.want)
	}
}
