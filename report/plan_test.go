package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"runner/loadmodels"
)

var plans = map[string][]loadmodels.Segment{
	"ramp-hold-ramp": {
		{Label: "ramp", Duration: time.Minute, ToUsers: 30},
		{Label: "hold", Duration: 3 * time.Minute, FromUsers: 30, ToUsers: 30},
		{Label: "down", Duration: time.Minute, FromUsers: 30},
	},
	"open-and-unknown": {
		{Label: "warm-up", Duration: 30 * time.Second, FromUsers: 20, ToUsers: 20, FromRate: 10, ToRate: 10, Open: true, Iterations: 300},
		{Label: "ramp", Duration: 2 * time.Minute, FromUsers: 20, ToUsers: 20, FromRate: 10, ToRate: 250.5, Open: true, Iterations: 15630},
		{Label: "threshold", Duration: -1, FromUsers: 20, ToUsers: 40, Note: "until the threshold is passed"},
		{Label: "down", Duration: 30 * time.Second, FromUsers: 20},
	},
	"once":    {{Duration: -1, FromUsers: 1, ToUsers: 1, Iterations: 1, Note: "until one iteration succeeds"}},
	"forever": {{Label: "steady", Duration: loadmodels.Forever, FromRate: 0.5, ToRate: 0.5, Open: true}},
	"nothing": nil,
	"peak":    {{Duration: time.Hour, FromUsers: 1, ToUsers: 1}, {Duration: time.Second, FromUsers: 100, ToUsers: 100}, {Duration: time.Hour, FromUsers: 1, ToUsers: 1}},
}

func TestPlanLooksAsDrawn(t *testing.T) {
	for name, segments := range plans {
		t.Run(name, func(t *testing.T) {
			golden(t, "plan-"+name, sheets(func(o Options) []line { return planLines("stress", segments, o) }))
		})
	}
}

func TestPlanFitsAnyWidth(t *testing.T) {
	for _, segments := range plans {
		for columns := minWidth; columns <= maxWidth; columns += 1 + columns/50 {
			sound(t, planLines("stress", segments, Options{Width: columns}), columns)
		}
	}
}

func TestPlanOfOddSegments(t *testing.T) {
	for name, segments := range map[string][]loadmodels.Segment{
		"no length":    {{FromUsers: 3, ToUsers: 3}, {Duration: 0, ToRate: 1}},
		"no users":     {{Duration: time.Second}},
		"hostile name": {{Label: "a\x1b[31m\nb", Note: "\x07", Duration: time.Second, ToUsers: 1}},
		"many":         make([]loadmodels.Segment, 300),
	} {
		t.Run(name, func(t *testing.T) { sound(t, planLines("x\x1b", segments, Options{Width: 60}), 60) })
	}
}

func TestPlanNeverLosesAShortPeak(t *testing.T) {
	var b bytes.Buffer
	if err := WritePlan(&b, "peak", plans["peak"], Options{Width: 80}); err != nil {
		t.Fatal(err)
	}
	top := strings.Split(b.String(), "\n")[3]
	full := strings.Count(top, "█") // two if it lies between two columns
	if !strings.HasPrefix(strings.TrimSpace(top), "100 ┤") || full < 1 || full > 2 {
		t.Errorf("a second of 100 users in two hours of one is not a full column: %q", top)
	}
}

func TestPlanWords(t *testing.T) {
	for name, want := range map[string]string{
		"ramp-hold-ramp":   "ramp, 0 → 30 users, 1m; hold, 30 users, 3m; down, 30 → 0 users, 1m",
		"open-and-unknown": "warm-up, 20 users, 10/s, 300 iterations, 30s; ramp, 20 users, 10 → 250.5/s, 15,630 iterations, 2m; threshold, 20 → 40 users, until the threshold is passed; down, 20 → 0 users, 30s",
		"once":             "1 user, 1 iteration, until one iteration succeeds",
		"forever":          "steady, 0.5/s",
		"nothing":          "",
	} {
		if got := planWords(plans[name]); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}
