package events

import (
	"time"

	"runner/metrics"
)

// RunThreshold is what a threshold came to.
type RunThreshold struct {
	Metric   string   `json:"metric"` // with its tags
	Check    string   `json:"check"`
	OK       bool     `json:"ok"`
	Observed *float64 `json:"observed,omitempty"` // left out: no samples
	Unit     string   `json:"unit,omitempty"`
	Text     string   `json:"text"`

	Optional     bool     `json:"optional,omitempty"`
	Abort        bool     `json:"abort,omitempty"`
	Aborted      bool     `json:"aborted,omitempty"` // it ended the scenario
	WindowMs     float64  `json:"windowMs,omitempty"`
	Phases       []string `json:"phases,omitempty"`
	ExceptPhases []string `json:"exceptPhases,omitempty"`
	BrokeAtMs    *float64 `json:"brokeAtMs,omitempty"` // when it first did
}

// RunPhase has the figures of one phase of a scenario.
type RunPhase struct {
	Name       string  `json:"name"`
	WarmUp     bool    `json:"warmUp,omitempty"`
	FromMs     float64 `json:"fromMs"` // since the run began
	DurationMs float64 `json:"durationMs"`

	Started   int64 `json:"started"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Aborted   int64 `json:"aborted"`
	Dropped   int64 `json:"dropped"`

	ResponseTime RunDistribution  `json:"responseTime"`
	Requests     int64            `json:"requests"`
	ReqFailed    int64            `json:"requestsFailed"`
	HTTP         *RunDistribution `json:"httpResponseTime,omitempty"`
}

// RunGenerator is how the machine that made the load fared: each figure the highest of any second.
type RunGenerator struct {
	Seconds    int     `json:"seconds"`
	MeanCPU    float64 `json:"meanCpu"` // a share of what the process may use
	CPU        float64 `json:"cpu"`
	MachineCPU float64 `json:"machineCpu"`

	LatenessMs *float64 `json:"latenessMs,omitempty"` // the 99th percentile of the worst second
	RunQueueMs float64  `json:"runQueueMs"`
	StallMs    float64  `json:"stallMs"`
	PauseMs    float64  `json:"pauseMs"`
	Goroutines int      `json:"goroutines"`
	HeapBytes  int64    `json:"heapBytes"`

	Descriptors     int   `json:"descriptors"`
	DescriptorLimit int   `json:"descriptorLimit"`
	Ports           int   `json:"ports"`
	PortLimit       int   `json:"portLimit"`
	Dropped         int64 `json:"dropped"`
	Errors          int64 `json:"errors"`

	Limited int            `json:"limitedSeconds"`  // in which figures are not the server's
	Rules   map[string]int `json:"rules,omitempty"` // seconds by rule
	Marks   []RunMark      `json:"marks,omitempty"`
}

// RunMark is a span in which figures are not the server's.
type RunMark struct {
	FromMs float64  `json:"fromMs"`
	ToMs   float64  `json:"toMs"`
	Rules  []string `json:"rules"`
}

func (sc *Scenario) thresholdList() []RunThreshold {
	var list []RunThreshold
	for _, t := range sc.Thresholds {
		r := RunThreshold{
			Metric: t.Metric, Check: t.Check, OK: !t.Broken(), Observed: t.Observed, Unit: t.Unit, Text: t.Text,
			Optional: t.Optional, Abort: t.Abort, Aborted: t.Aborting, WindowMs: ms(t.Window),
			Phases: t.Phases, ExceptPhases: t.Except,
		}
		if t.Broke != nil {
			at := ms(*t.Broke)
			r.BrokeAtMs = &at
		}
		list = append(list, r)
	}
	return list
}

func (sc *Scenario) phaseList(now time.Duration) []RunPhase {
	var list []RunPhase
	for _, p := range sc.Phases {
		f := &p.Figures
		r := RunPhase{
			Name: p.Name, WarmUp: p.WarmUp, FromMs: ms(p.From), DurationMs: ms(p.Duration(now)),
			Started: f.Started, Succeeded: f.Succeeded, Failed: f.Failed, Aborted: f.Aborted, Dropped: f.Dropped,
			ResponseTime: distributionOf(f.ResponseTime.Stats()), Requests: f.Requests, ReqFailed: f.RequestsFailed,
		}
		if f.HTTPResponseTime.Count() > 0 {
			d := distributionOf(f.HTTPResponseTime.Stats())
			r.HTTP = &d
		}
		list = append(list, r)
	}
	return list
}

func (g *GeneratorState) summary() *RunGenerator {
	if g.Seconds == 0 {
		return nil
	}
	w := g.Worst
	r := &RunGenerator{
		Seconds: g.Seconds, MeanCPU: g.MeanCPU(), CPU: w.CPU, MachineCPU: w.MachineCPU,
		LatenessMs: w.LatenessMs, RunQueueMs: w.RunQueueMs, StallMs: w.StallMs, PauseMs: w.PauseMs,
		Goroutines: w.Goroutines, HeapBytes: w.HeapBytes, Descriptors: w.Descriptors, DescriptorLimit: w.DescriptorLimit,
		Ports: w.Ports, PortLimit: w.PortLimit, Dropped: w.Dropped, Errors: w.Errors, Limited: g.Limited,
	}
	if len(g.Rules) > 0 {
		r.Rules = make(map[string]int)
		for rule, n := range g.Rules {
			r.Rules[rule] = n
		}
	}
	for _, m := range g.Marks {
		r.Marks = append(r.Marks, RunMark{FromMs: ms(m.From), ToMs: ms(m.To), Rules: m.Rules})
	}
	return r
}

// phasesOfMetrics adds what a delta counts to the phases that the scenarios are in.
func (s *State) phasesOfMetrics(d *metrics.Delta) {
	for _, sc := range s.Scenarios {
		if sc.phase != nil {
			sc.phase.Figures.count(d, metrics.Tag{Key: ScenarioTag, Value: sc.Name})
		}
	}
}
