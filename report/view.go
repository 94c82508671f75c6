package report

import (
	"encoding/json"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/verdict"
)

// runView is all that the displays and the summary show of a run: figures that have been looked up,
// so that drawing is a pure function of it. Times are since the run began.
type runView struct {
	Seed      uint64
	Elapsed   time.Duration
	Scenarios []scenarioView
	Notes     []noteView
	Verdict   verdict.Verdict
	ExitCode  int
	Causes    []verdict.Cause
	Generator generatorView
}

type scenarioView struct {
	Name     string
	Status   string
	Began    time.Duration // negative: not yet
	Duration time.Duration // so far, or in all

	Phase       string
	Fraction    float64       // negative: not known
	Remaining   time.Duration // negative: not known
	PlannedRate float64

	Users, WantedUsers, MaxUsers int
	UsersStarted, UsersDied      int64
	WorkQueued                   int
	ResultsUnread, ResultsPassed int64

	Iterations iterationCounts
	Requests   int64
	ReqFailed  int64
	Recent     recentView // live display only

	Aggregate json.RawMessage
	Failures  []failureView // in the order in which they came; in the live display the two to show
	Notes     []noteView

	Ended   bool
	Verdict verdict.Verdict
	Causes  []verdict.Cause
	Output  json.RawMessage
	Errors  []string

	Thresholds []events.Threshold
	Phases     []phaseView // summary only

	Totals totalsView // summary only
}

type iterationCounts struct {
	Started, Succeeded, Failed, Aborted, Dropped int64
}

// Done is how many have ended.
func (c iterationCounts) Done() int64 { return c.Succeeded + c.Failed + c.Aborted }

// recentView has the figures of the last seconds.
type recentView struct {
	IterationRate, RequestRate float64
	P50, P95, P99              float64 // ms; NaN: no samples
	LatenessP99                float64
	UsersHistory               []float64 // one a second, the newest last
	RateHistory                []float64
	RequestHistory             []float64
	P95History                 []float64
}

type failureView struct {
	Source, Name, Message, Place, Stack string
	Count                               int64
	User, Iteration                     int64 // of the first; 0: not a user's
}

// title is what a failure says, on one line.
func (f failureView) title() string {
	switch {
	case f.Name == "":
		return f.Message
	case f.Message == "":
		return f.Name
	}
	return f.Name + ": " + f.Message
}

type noteView struct {
	At       time.Duration
	Scenario string
	Level    string
	Code     string
	Message  string
}

// totalsView has the figures of the whole run.
type totalsView struct {
	Response, Service, Lateness distribution
	HTTP                        httpTotals
	Endpoints                   []endpointView
	Checks                      []checkView
	Custom                      []customView
}

type httpTotals struct {
	Requests, Attempts, Failed            int64
	BytesOut, BytesIn                     float64
	ConnsOpened, ConnsReused, ConnsClosed int64
	Response                              distribution
}

type endpointView struct {
	Name     string
	Requests int64
	Failed   int64
	Response distribution
}

type checkView struct {
	Name          string
	Passed, Asked int64
}

// customView is a metric that a script made: which fields count depends on Kind.
type customView struct {
	Name, Unit          string
	Kind                metrics.Kind
	Count               int64
	Sum, Min, Max, Last float64
	Values              distribution // of a trend
}

// distribution has the figures of a trend in its unit. Without values Count is 0 and nothing else counts.
type distribution struct {
	Count                                    int64
	Min, Mean, P50, P90, P95, P99, P999, Max float64
}
