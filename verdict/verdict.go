// Package verdict says how a run or a scenario ended, why, and with which exit code. The one table
// of exit codes of the program stands here.
package verdict

import "sort"

// Verdict is how a run or a scenario ended.
type Verdict string

const (
	Passed           Verdict = "passed"
	Failed           Verdict = "failed"
	Skipped          Verdict = "skipped" // a scenario only: one that it depends on failed
	Stopped          Verdict = "stopped" // an orderly end asked for by the script
	Interrupted      Verdict = "interrupted"
	GeneratorLimited Verdict = "generator-limited"
	Incomplete       Verdict = "incomplete"
	Error            Verdict = "error"
)

// Kind is what led to a verdict.
type Kind string

const (
	NoCause       Kind = ""
	Internal      Kind = "internal"       // a defect of runner
	Usage         Kind = "usage"          // wrong flags or arguments
	Threshold     Kind = "threshold"      // a threshold broke
	Timeout       Kind = "timeout"        // the run took longer than it may
	Verifier      Kind = "verifier"       // the verifier gave errors
	Unmet         Kind = "unmet"          // the load model did not get what it waited for in time
	NoIterations  Kind = "no-iterations"  // nothing completed
	Dependency    Kind = "dependency"     // a scenario that it depends on failed
	InitTimeout   Kind = "init-timeout"   // init took longer than it may
	Config        Kind = "config"         // a wrong option or variable, no such script
	Interrupt     Kind = "interrupt"      // Ctrl-C or SIGTERM
	Script        Kind = "script"         // the script cannot be loaded, or one of its functions threw
	ScriptFail    Kind = "script-fail"    // fail(…) or { fail: … }
	ScriptStop    Kind = "script-stop"    // stop(…) or { stop: … }: an orderly end
	UserLost      Kind = "user-lost"      // a virtual user died outside an iteration
	ResultsUnread Kind = "results-unread" // results were passed over before the load model read them
	NodeLost      Kind = "node-lost"
	Output        Kind = "output"     // what --out asks for could not be written
	Recording     Kind = "recording"  // the recording could not be written
	Overload      Kind = "overload"   // the generator was the bottleneck
	Regression    Kind = "regression" // a comparison: worse than the baseline, by more than may be
)

// Cause is one reason for a verdict, in the user's words.
type Cause struct {
	Kind     Kind   `json:"kind"`
	Scenario string `json:"scenario,omitempty"`
	Message  string `json:"message"`
}

// Row is one line of the table: what a cause makes of a run.
type Row struct {
	Kind    Kind
	Verdict Verdict
	Code    int
	Text    string // for the documentation and `runner help exit-codes`
}

// Table lists all causes, the worst first. The numbers are k6's where k6 has one; our own start at
// 110. A run with several causes ends with the verdict and code of the worst.
var Table = []Row{
	{Internal, Error, 1, "a defect of runner itself"},
	{Usage, Error, 2, "wrong flags or arguments"},
	{Config, Error, 104, "no such script, a wrong option or a wrong variable"},
	{Script, Error, 107, "the script cannot be loaded, or a function of it threw"},
	{InitTimeout, Error, 100, "init took longer than options.initTimeout"},
	{Recording, Incomplete, 111, "the recording could not be written"},
	{Output, Incomplete, 111, "what --out asks for could not be written"},
	{NodeLost, Incomplete, 111, "a node was lost"},
	{Interrupt, Interrupted, 105, "interrupted by Ctrl-C or SIGTERM"},
	{ScriptFail, Failed, 108, "the script called fail, or continue returned { fail }"},
	{Threshold, Failed, 99, "a threshold broke"},
	{Timeout, Failed, 99, "the run took longer than --timeout"},
	{Verifier, Failed, 99, "the verifier gave errors (by default: an iteration failed)"},
	{Unmet, Failed, 99, "the load model did not get what it waited for in time"},
	{NoIterations, Failed, 99, "no iteration succeeded"},
	{UserLost, Failed, 99, "a virtual user died outside an iteration"},
	{Dependency, Skipped, 99, "a scenario that this one depends on failed"},
	{Overload, GeneratorLimited, 112, "the generator was the bottleneck"},
	{Regression, Failed, 110, "a figure is worse than that of the baseline, by more than --max-regression"},
	{ResultsUnread, Passed, 0, "results were passed over unread (a warning)"},
	{ScriptStop, Stopped, 0, "an orderly end asked for by the script"},
	{NoCause, Passed, 0, "everything passed"},
}

// rank is a cause's place in the table.
func rank(k Kind) int {
	for i, r := range Table {
		if r.Kind == k {
			return i
		}
	}
	return 0
}

// Row gives the line of the table for a kind; an unknown one is an internal defect.
func (k Kind) Row() Row { return Table[rank(k)] }

// Sort puts the worst cause first and keeps the order of equal ones.
func Sort(causes []Cause) {
	sort.SliceStable(causes, func(i, j int) bool { return rank(causes[i].Kind) < rank(causes[j].Kind) })
}

// Of gives the verdict and the exit code of the worst cause, or passed and 0 if there is none.
func Of(causes []Cause) (Verdict, int) {
	worst := NoCause.Row()
	at := len(Table)
	for _, c := range causes {
		if r := rank(c.Kind); r < at {
			at, worst = r, Table[r]
		}
	}
	return worst.Verdict, worst.Code
}

// Err is an error with the kind that decides the exit code of a command.
type Err struct {
	Kind Kind
	Err  error
	Hint string // printed on its own line; may be empty
}

func (e *Err) Error() string { return e.Err.Error() }
func (e *Err) Unwrap() error { return e.Err }

// Wrap gives err a kind.
func Wrap(k Kind, err error) error { return &Err{Kind: k, Err: err} }
