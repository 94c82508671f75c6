package report

import (
	"testing"
)

var inspected = map[string]InspectInfo{
	"one": {
		File: "stress.js", BundleSize: 12_345, Inputs: []string{"stress.js"}, Modules: []string{"runner/http", "runner/loadmodels"},
		Scenarios: []InspectScenario{{
			Name:    "stress",
			Exports: []Export{{"init", "function"}, {"start", "async function"}, {"loadModel", "load model"}, {"continue", "function"}},
			Plan:    plans["ramp-hold-ramp"], LoadModel: "stages(rampUsers(60, 30), nSeconds(180, 30), rampUsers(60, 0))",
			UserLoop: "whileAlive()", Tags: []string{"slow", "nightly"}, Options: []Setting{{"gracefulStop", "10s"}, {"iterationTimeout", "5s"}},
		}},
		Variables: []InspectVariable{{"host", "127.0.0.1", "default", "where the API is"}, {"users", "30", "--set", ""}},
	},
	"problems": {
		File: "lib/../flows.ts", BundleSize: 1_234_567, Inputs: []string{"flows.ts", "lib/users.ts", "node_modules/left-pad/index.js"},
		Scenarios: []InspectScenario{
			{Name: "create", Exports: []Export{{"start", "function"}}},
			{Name: "read-back", DependsOn: []string{"create"}, Exports: []Export{{"start", "number"}},
				Problems: []Problem{{File: "flows.ts", Line: 3, Column: 14, Message: "start is a number; it must be a function", Text: "export const start = 3;"}}},
		},
		Problems: []Problem{{Message: `unknown option "gracefullStop"; did you mean "gracefulStop"?`}},
	},
}

func TestInspectLooksAsDrawn(t *testing.T) {
	for name, info := range inspected {
		t.Run(name, func(t *testing.T) {
			golden(t, "inspect-"+name, sheets(func(o Options) []line { return inspectLines(info, o) }))
		})
	}
}
