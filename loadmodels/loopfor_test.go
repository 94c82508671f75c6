package loadmodels_test

import (
	"testing"

	"runner/loadmodels"
)

func TestLoopFor(t *testing.T) {
	hold, once := loadmodels.NSeconds(s, 1), loadmodels.RunOnce{}
	alive, hasWork := loadmodels.UserLoop(loadmodels.WhileAlive{}), loadmodels.UserLoop(loadmodels.WhileHasWork{})
	for _, tt := range []struct {
		name  string
		model loadmodels.Model
		want  loadmodels.UserLoop
	}{
		{"users of a model that only says how many run on", hold, alive},
		{"so do those of a ramp to a threshold", loadmodels.RampUsersToThreshold{}, alive},
		{"so do those of stages of such", loadmodels.Stages{Models: []loadmodels.Model{loadmodels.RampUsers{}, hold}}, alive},
		{"users of a model that adds work wait for it", once, hasWork},
		{"one part that adds work decides", loadmodels.Sequence{Models: []loadmodels.Model{hold, once}}, hasWork},
		{"arrivals are work", loadmodels.ConstantArrivalRate{}, hasWork},
		{"a script's own model may add work", script(nil), hasWork},
		{"nothing at all", loadmodels.Stages{}, hasWork},
	} {
		t.Run(tt.name, func(t *testing.T) { check(t, "loop", loadmodels.LoopFor(tt.model), tt.want) })
	}
}
