package events

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"runner/metrics"
	"runner/verdict"
)

// SummarySchema is the version of what Run looks like: it rises when a field goes or changes its
// meaning, not when one comes.
const SummarySchema = 1

// Run is run.json: every figure of a run. All times are in milliseconds, all sizes in bytes. A figure
// that cannot be, as a percentile of nothing, is left out.
type Run struct {
	Schema   int             `json:"schema"`
	Finished bool            `json:"finished"` // false: the recording stops before the end of the run
	Verdict  verdict.Verdict `json:"verdict"`
	ExitCode int             `json:"exitCode"`
	Causes   []verdict.Cause `json:"causes"`

	ID         string    `json:"id"`
	Started    time.Time `json:"started"`
	DurationMs float64   `json:"durationMs"`
	Version    string    `json:"version"`
	Scripts    []string  `json:"scripts"`
	Seed       uint64    `json:"seed,string"` // a text: JSON readers round numbers above 2^53
	Flags      []string  `json:"flags,omitempty"`
	Host       RunHost   `json:"host"`

	Scenarios []RunScenario `json:"scenarios"`
	HTTP      *RunHTTP      `json:"http,omitempty"` // of all scenarios; left out if there was no request
	Checks    []RunCheck    `json:"checks"`
	Metrics   []RunMetric   `json:"metrics"`

	Failures      []RunFailure     `json:"failures"`                // by count
	OtherFailures int64            `json:"otherFailures,omitempty"` // of more sorts than are kept
	Notes         []RunNote        `json:"notes"`
	OtherNotes    int              `json:"otherNotes,omitempty"`
	LogLines      map[string]int64 `json:"logLines"` // by level

	Generator *RunGenerator `json:"generator,omitempty"`
}

// RunHost is the machine that the run was driven from.
type RunHost struct {
	Name      string `json:"name"`
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	GoVersion string `json:"goVersion"`
	CPUs      int    `json:"cpus"`
}

// RunScenario is one scenario.
type RunScenario struct {
	Name      string          `json:"name"`
	Script    string          `json:"script"`
	DependsOn []string        `json:"dependsOn,omitempty"`
	Tags      []string        `json:"tags,omitempty"`
	Status    string          `json:"status"`
	Verdict   verdict.Verdict `json:"verdict"`
	Causes    []verdict.Cause `json:"causes"`
	Errors    []string        `json:"errors,omitempty"` // the verifier's

	StartedAtMs float64 `json:"startedAtMs"` // since the run began
	DurationMs  float64 `json:"durationMs"`

	Ledger       RunLedger        `json:"ledger"`
	ResponseTime RunDistribution  `json:"responseTime"` // of iterations, from the planned start
	ServiceTime  RunDistribution  `json:"serviceTime"`  // of iterations, from the real start
	Lateness     *RunDistribution `json:"lateness,omitempty"`
	HTTP         *RunHTTP         `json:"http,omitempty"`
	Thresholds   []RunThreshold   `json:"thresholds,omitempty"`
	Phases       []RunPhase       `json:"phases,omitempty"`

	Aggregate json.RawMessage `json:"aggregate,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"`
}

// RunLedger is what a scenario counted. It is balanced if every iteration that started is one of
// those that ended or are running, and none runs after the end.
type RunLedger struct {
	Started   int64 `json:"started"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Aborted   int64 `json:"aborted"`
	Running   int64 `json:"running"`
	Dropped   int64 `json:"dropped"` // due, but not started for want of a user
	Balanced  bool  `json:"balanced"`

	UsersAtOnce  int64 `json:"usersAtOnce"` // the most that ran at the same time
	UsersStarted int64 `json:"usersStarted"`
	UsersEnded   int64 `json:"usersEnded"`
	UsersDied    int64 `json:"usersDied"`

	ResultsCollected  int64 `json:"resultsCollected"`
	ResultsUnread     int64 `json:"resultsUnread"`
	ResultsPassedOver int64 `json:"resultsPassedOver"`
	WorkLeft          int   `json:"workLeft"`
}

// RunDistribution are the figures of a distribution. Percentiles are right to ±0.3 %, the others
// exact.
type RunDistribution struct {
	Count int64    `json:"count"`
	Mean  *float64 `json:"mean,omitempty"`
	Min   *float64 `json:"min,omitempty"`
	P50   *float64 `json:"p50,omitempty"`
	P90   *float64 `json:"p90,omitempty"`
	P95   *float64 `json:"p95,omitempty"`
	P99   *float64 `json:"p99,omitempty"`
	P999  *float64 `json:"p99.9,omitempty"`
	Max   *float64 `json:"max,omitempty"`
}

// RunHTTP is what the HTTP client did.
type RunHTTP struct {
	Requests    int64           `json:"requests"` // exchanges as the script sees them
	Failed      int64           `json:"failed"`
	Attempts    int64           `json:"attempts"` // requests put on the wire
	BytesOut    int64           `json:"bytesOut"`
	BytesIn     int64           `json:"bytesIn"`
	Connections RunConnections  `json:"connections"`
	Response    RunDistribution `json:"responseTime"`
}

// RunConnections are how often connections were opened, used again, and closed by the peer.
type RunConnections struct {
	Opened       int64 `json:"opened"`
	Reused       int64 `json:"reused"`
	ClosedByPeer int64 `json:"closedByPeer"`
}

// RunCheck is one check of one scenario.
type RunCheck struct {
	Scenario string            `json:"scenario,omitempty"`
	Name     string            `json:"name"`
	Tags     map[string]string `json:"tags,omitempty"` // others
	Passed   int64             `json:"passed"`
	Failed   int64             `json:"failed"`
}

// RunMetric is one metric with all its series.
type RunMetric struct {
	Name   string       `json:"name"`
	Kind   metrics.Kind `json:"kind"`
	Unit   string       `json:"unit,omitempty"`
	Series []RunSeries  `json:"series"`
}

// RunSeries is one series. Sum is of a counter and a trend, True and Share of a rate, Last of a gauge.
type RunSeries struct {
	Tags  map[string]string `json:"tags"`
	Sum   *float64          `json:"sum,omitempty"`
	True  *int64            `json:"true,omitempty"`
	Share *float64          `json:"share,omitempty"`
	Last  *float64          `json:"last,omitempty"`
	RunDistribution
}

// RunFailure is a group of failures of one sort.
type RunFailure struct {
	Scenario  string  `json:"scenario,omitempty"`
	Source    string  `json:"source"`
	Name      string  `json:"name"`
	Message   string  `json:"message"`
	Place     string  `json:"place,omitempty"`
	Count     int64   `json:"count"`
	FirstAtMs float64 `json:"firstAtMs"`
	LastAtMs  float64 `json:"lastAtMs"`
	// of the first one:
	Stack     string `json:"stack,omitempty"`
	User      int64  `json:"user,omitempty"`
	Iteration int64  `json:"iteration,omitempty"`
	Node      string `json:"node,omitempty"`
}

// RunNote is something that the user should know.
type RunNote struct {
	AtMs     float64 `json:"atMs"`
	Scenario string  `json:"scenario,omitempty"`
	Level    string  `json:"level"`
	Code     string  `json:"code"`
	Message  string  `json:"message"`
}

// Summary gives every figure of a state. It must not be called within View.
func Summary(state *State) Run {
	state.mu.RLock()
	defer state.mu.RUnlock()
	s := state
	r := Run{
		Schema:        SummarySchema,
		DurationMs:    ms(s.Now),
		Causes:        []verdict.Cause{},
		Scripts:       []string{},
		Scenarios:     []RunScenario{},
		Checks:        s.checks(),
		Metrics:       s.metricList(),
		HTTP:          httpOf(s.Metrics, ""),
		Failures:      s.failureList(),
		OtherFailures: s.OtherFailures,
		Notes:         []RunNote{},
		OtherNotes:    s.OtherNotes,
		LogLines:      make(map[string]int64),
		Generator:     s.Generator.summary(),
	}
	if s.Run != nil {
		h := s.Run.Host
		r.ID, r.Started, r.Version, r.Seed = s.Run.ID, s.Run.Started, s.Run.Version, s.Run.Seed
		r.Scripts = append(r.Scripts, s.Run.Scripts...)
		r.Flags = slices.Clone(s.Run.Flags)
		r.Host = RunHost{Name: h.Name, OS: h.OS, Arch: h.Arch, GoVersion: h.GoVersion, CPUs: h.CPUs}
	}
	if s.End != nil {
		r.Finished, r.Verdict, r.ExitCode = true, s.End.Verdict, s.End.ExitCode
		r.Causes = append(r.Causes, s.End.Causes...)
	} else {
		r.Causes = append(r.Causes, verdict.Cause{Kind: verdict.Recording, Message: "the recording stops before the end of the run"})
		r.Verdict, r.ExitCode = verdict.Of(r.Causes)
	}
	for _, sc := range s.Scenarios {
		r.Scenarios = append(r.Scenarios, s.summaryOf(sc))
	}
	for _, n := range s.Notes {
		r.Notes = append(r.Notes, RunNote{AtMs: ms(n.At), Scenario: n.Scenario, Level: n.Level, Code: n.Code, Message: n.Message})
	}
	for level, n := range s.LogLines {
		r.LogLines[level] = n
	}
	return r
}

func (s *State) summaryOf(sc *Scenario) RunScenario {
	c := countsOf(s.Metrics, sc.Name)
	r := RunScenario{
		Name: sc.Name, Script: sc.Script, DependsOn: slices.Clone(sc.DependsOn), Tags: slices.Clone(sc.Tags),
		Status:      sc.Status,
		Causes:      []verdict.Cause{},
		StartedAtMs: ms(sc.Began),
		Ledger: RunLedger{
			Started: c.Started, Succeeded: c.Succeeded, Failed: c.Failed, Aborted: c.Aborted, Running: c.Running(),
			Dropped:      c.Dropped,
			UsersAtOnce:  int64(sc.Tick.MostUsers),
			UsersStarted: c.UsersStarted, UsersEnded: c.UsersEnded, UsersDied: c.UsersDied,
			ResultsCollected: sc.Tick.ResultsCollected, ResultsUnread: sc.Tick.ResultsUnread, ResultsPassedOver: sc.Tick.ResultsPassed,
			WorkLeft: sc.Tick.WorkQueued,
			Balanced: c.Running() == 0 || sc.Ended == nil && c.Running() > 0,
		},
		ResponseTime: distribution(s.Metrics, metrics.IterationResponseTime, sc.Name),
		ServiceTime:  distribution(s.Metrics, metrics.IterationServiceTime, sc.Name),
		HTTP:         httpOf(s.Metrics, sc.Name),
		Aggregate:    slices.Clone(sc.Aggregate),
		Thresholds:   sc.thresholdList(),
		Phases:       sc.phaseList(s.Now),
	}
	if lateness := distribution(s.Metrics, metrics.IterationLateness, sc.Name); lateness.Count > 0 {
		r.Lateness = &lateness
	}
	if sc.Ended != nil {
		r.Verdict = sc.Ended.Verdict
		r.Causes = append(r.Causes, sc.Ended.Causes...)
		r.Errors = slices.Clone(sc.Ended.Errors)
		r.DurationMs = ms(sc.Ended.Duration)
		r.Output = slices.Clone(sc.Ended.Output)
	} else {
		r.Verdict = verdict.Incomplete
		if len(sc.History) > 0 {
			r.DurationMs = ms(s.Now - sc.Began)
		}
	}
	return r
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// some is a figure that JSON can hold, or none.
func some(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func distribution(store *metrics.Store, m *metrics.Metric, scenario string) RunDistribution {
	stats, _ := store.Query(m.Name, scenarioTags(scenario), 0)
	return distributionOf(stats)
}

func distributionOf(s metrics.Stats) RunDistribution {
	return RunDistribution{
		Count: s.Count,
		Mean:  some(s.Mean()),
		Min:   some(s.Quantile(0)),
		P50:   some(s.Quantile(0.5)),
		P90:   some(s.Quantile(0.9)),
		P95:   some(s.Quantile(0.95)),
		P99:   some(s.Quantile(0.99)),
		P999:  some(s.Quantile(0.999)),
		Max:   some(s.Quantile(1)),
	}
}

func httpOf(store *metrics.Store, scenario string) *RunHTTP {
	sum := func(m *metrics.Metric) int64 {
		stats, _ := store.Query(m.Name, scenarioTags(scenario), 0)
		return int64(stats.Sum)
	}
	r := RunHTTP{
		Requests: sum(metrics.HTTPRequests), Failed: sum(metrics.HTTPFailed), Attempts: sum(metrics.HTTPAttempts),
		BytesOut: sum(metrics.HTTPBytesOut), BytesIn: sum(metrics.HTTPBytesIn),
		Connections: RunConnections{Opened: sum(metrics.HTTPConnsOpened), Reused: sum(metrics.HTTPConnsReused), ClosedByPeer: sum(metrics.HTTPConnsClosed)},
	}
	if r.Requests == 0 && r.Attempts == 0 {
		return nil
	}
	r.Response = distribution(store, metrics.HTTPResponseTime, scenario)
	return &r
}

func tagMap(tags []metrics.Tag, without ...string) map[string]string {
	m := make(map[string]string)
	for _, t := range tags {
		if !slices.Contains(without, t.Key) {
			m[t.Key] = t.Value
		}
	}
	return m
}

func (s *State) checks() []RunCheck {
	list := []RunCheck{}
	for _, series := range s.Metrics.Series(metrics.Checks.Name) {
		passed := int64(series.Stats.Sum)
		list = append(list, RunCheck{
			Scenario: series.Tag(ScenarioTag), Name: series.Tag(CheckTag),
			Tags:   tagMap(series.Tags, ScenarioTag, CheckTag),
			Passed: passed, Failed: series.Stats.Count - passed,
		})
	}
	return list
}

func (s *State) metricList() []RunMetric {
	list := []RunMetric{}
	for _, name := range s.Metrics.Names() {
		m, _ := s.Metrics.Metric(name)
		out := RunMetric{Name: m.Name, Kind: m.Kind, Unit: m.Unit}
		for _, series := range s.Metrics.Series(name) {
			stats := series.Stats
			rs := RunSeries{Tags: tagMap(series.Tags), RunDistribution: RunDistribution{Count: stats.Count}}
			switch m.Kind {
			case metrics.Counter:
				rs.Sum = some(stats.Sum)
			case metrics.Gauge:
				rs.Last, rs.Mean, rs.Min, rs.Max = some(stats.Last), some(stats.Mean()), some(stats.Min), some(stats.Max)
			case metrics.Rate:
				n := int64(stats.Sum)
				rs.True, rs.Share = &n, some(stats.Rate())
			case metrics.Trend:
				rs.Sum, rs.RunDistribution = some(stats.Sum), distributionOf(stats)
			}
			out.Series = append(out.Series, rs)
		}
		list = append(list, out)
	}
	return list
}

func (s *State) failureList() []RunFailure {
	list := []RunFailure{}
	for _, g := range s.Failures {
		list = append(list, RunFailure{
			Scenario: g.Scenario, Source: g.Source, Name: g.Name, Message: g.Message, Place: g.Place, Count: g.Count,
			FirstAtMs: ms(g.First), LastAtMs: ms(g.Last), Stack: g.Stack, User: g.User, Iteration: g.Iteration, Node: g.Node,
		})
	}
	slices.SortStableFunc(list, func(a, b RunFailure) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// WriteSummary writes run.json, whole or not at all.
func WriteSummary(path string, r Run) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	if err == nil {
		err = replaceFile(path, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// Load folds the recording at path. What an *Incomplete recording has is in the State all the same.
func Load(path string) (*State, error) {
	s := NewState()
	return s, ReadFile(path, s.Apply)
}
