package runtime

import (
	"time"

	"runner/generator"
	"runner/loadmodels"
	"runner/metrics"
	"runner/thresholds"
	"runner/value"
)

// Scenario is one scenario that can be run: what package script makes of a file, or what a test
// writes by hand.
type Scenario struct {
	Name      string
	Script    string // the file it came from, for the recording
	DependsOn []string
	Tags      []string
	Options   Options

	// NewDirector makes the controller's side. It is called once, on the controller's goroutine.
	NewDirector func(env DirectorEnv) (Director, error)
	// NewHost makes a node's side. It is called once on each node.
	NewHost func(env HostEnv) (Host, error)
	// Services make what the scenario's users share, by the names that they ask for.
	Services map[string]func(env ServiceEnv) Service
}

// Options are the engine's settings of one scenario. Zero fields take the defaults.
type Options struct {
	GracefulStop     time.Duration // how long a user that is told to stop may finish its iteration; 30 s
	InitTimeout      time.Duration // 60 s
	TerminateTimeout time.Duration // 60 s
	// ScriptTimeout is how long one call of aggregator, verifier, outputTransformer or continue may
	// take, and how long the load model may run without calling a command; 60 s.
	ScriptTimeout    time.Duration
	IterationTimeout time.Duration // 0: none
	ContinueInterval time.Duration // 60 s
	MaxUnread        int           // results kept for a load model that has not read them; 250,000

	Thresholds []*thresholds.Threshold // which Resolve has accepted
	// WarmUp is how long, from the load model's beginning, the phase is loadmodels.WarmUp whatever the
	// load model names; 0: not at all.
	WarmUp    time.Duration
	Generator generator.Limits
}

// withDefaults fills the fields that are zero.
func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.GracefulStop, 30*time.Second)
	def(&o.InitTimeout, time.Minute)
	def(&o.TerminateTimeout, time.Minute)
	def(&o.ScriptTimeout, time.Minute)
	def(&o.ContinueInterval, time.Minute)
	if o.MaxUnread == 0 {
		o.MaxUnread = 250_000
	}
	return o
}

// DirectorEnv is what the controller's side of a script may use.
type DirectorEnv struct {
	Info     loadmodels.Info
	Recorder *metrics.Recorder
	Log      Logger
	Services loadmodels.Services
}

// Director is the controller's side of a scenario. Drive, Aggregate, Verify and Transform are called
// from one goroutine (Aggregate and Verify also from within Drive, when a load model asks for them);
// Continue from another; Interrupt from any.
type Director interface {
	// Drive runs the load model and returns when it is done.
	Drive(c loadmodels.Commands) error
	Aggregate(previous value.Value, latest []*loadmodels.Result) (value.Value, error)
	// Verify returns what is wrong with the results.
	Verify(latest []*loadmodels.Result) ([]string, error)
	// Verifies is false if the script switched the verifier off.
	Verifies() bool
	// Transform gives what is printed, stored and handed to dependents; HasTransform says whether
	// the script has such a function (else the aggregate itself is).
	Transform(aggregate value.Value) (value.Value, error)
	HasTransform() bool
	// Continues says whether the script has continue and terminate, and so wants Continue called.
	Continues() bool
	Continue(state value.Value) (Decision, error)
	// Interrupt ends what runs now of all but Continue, with the cause as its error; InterruptContinue
	// ends Continue.
	Interrupt(cause error)
	InterruptContinue(cause error)
	Close()
}

// Decision is what continue answers.
type Decision struct {
	Stop, Fail bool
	Reason     value.Value
}

// HostEnv is what a node's side of a script may use.
type HostEnv struct {
	Info     loadmodels.Info
	Recorder *metrics.Recorder
	Log      Logger
	Services loadmodels.Services
	// Registry records for users, each on the shard of its id.
	Registry *metrics.Registry
}

// Host is a node's side of a scenario: it prepares the node and makes users. Init, Terminate and
// Interrupt as for Director; NewUser is called from many goroutines.
type Host interface {
	Init() (value.Value, error)
	Terminate(reason, state value.Value) error
	NewUser(env UserEnv) (User, error)
	Interrupt(cause error)
	Close()
}

// UserEnv is what one user may use.
type UserEnv struct {
	ID       int64
	Commands loadmodels.UserCommands
	State    value.Value
	Recorder *metrics.Recorder
	Services loadmodels.Services
	Log      Logger // writes with the user's id and its present iteration
}

// User is one virtual user. Loop and Iterate are called from the user's goroutine, Interrupt and
// Poke from any.
type User interface {
	// Loop runs the user loop and returns when the user is done.
	Loop(c loadmodels.UserCommands) error
	// Iterate runs start once. planned is when the iteration was due, the zero time in a closed model.
	Iterate(args []value.Value) (output value.Value, logs string, exception *loadmodels.Exception)
	// Interrupt ends what the user runs now.
	Interrupt(cause error)
	Close()
}

// Logger writes a script's line to the run's log.
type Logger func(level, message string)
