// Package runtime runs scenarios: it takes them from init to verdict, with their users, work, events
// and results, and writes everything that happens as events. A scenario is behind the interfaces of
// script.go; this package knows no JavaScript, no HTTP and no network.
package runtime

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
	"runner/verdict"
)

// RunOptions describe a run.
type RunOptions struct {
	ID      string
	Seed    uint64
	Started events.RunStarted // what the first event says; ID, Seed, Started and Scenarios are filled in
	Timeout time.Duration     // for the whole run; 0: none
	Sink    events.Sink
	// Generator tells once a second how this process and its machine fare; nil: nobody watches, and
	// nothing is marked.
	Generator Sampler

	// newPacer is the clock of arrivals; tests in virtual time have their own.
	newPacer func() pacer
}

// Run is one run of some scenarios. It runs once.
type Run struct {
	o         RunOptions
	scenarios []*Scenario
	registry  *metrics.Registry
	store     *metrics.Store

	began  time.Time
	stream *events.Stream
	kill   context.CancelFunc
	killed context.Context

	ticking sync.Mutex
	second  second // guarded by ticking

	mu     sync.Mutex
	why    ending
	active []*controller
	warned bool // by the preflight
}

// Outcome is how a run ended.
type Outcome struct {
	Verdict   verdict.Verdict
	ExitCode  int
	Causes    []verdict.Cause
	Scenarios map[string]events.ScenarioEnded
}

// New prepares a run of the scenarios, which must be in order: see Order.
func New(o RunOptions, scenarios []*Scenario) *Run {
	r := &Run{o: o, scenarios: scenarios, registry: metrics.NewRegistry(), store: metrics.NewStore()}
	if r.o.newPacer == nil {
		r.o.newPacer = newPacer
	}
	r.killed, r.kill = context.WithCancel(context.Background())
	return r
}

// Kill ends the run at once, within about a second. It may be called from any goroutine.
func (r *Run) Kill() { r.kill() }

// Do runs the scenarios to their end; it returns when nothing of them is left. When ctx is done, the run
// ends in an orderly way.
func (r *Run) Do(ctx context.Context) Outcome {
	defer r.kill()
	r.began = time.Now()
	r.stream = events.NewStream(r.began, r.o.Sink)
	r.why = ending{kind: interrupted, reason: "interrupted"}
	if r.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		t := time.AfterFunc(r.o.Timeout, func() {
			r.mu.Lock()
			if ctx.Err() == nil {
				r.why = ending{kind: timedOut, reason: "timeout"}
			}
			r.mu.Unlock()
			cancel()
		})
		defer t.Stop()
	}
	r.second.last = r.began
	r.emitStart()
	r.registry.OnWarning(func(message string) {
		r.emit("", events.Event{Kind: events.KindNote, Note: &events.Note{Level: "warn", Code: "metrics", Message: message}})
	})

	done := make(map[string]chan struct{}, len(r.scenarios))
	for _, s := range r.scenarios {
		done[s.Name] = make(chan struct{})
	}
	var mu sync.Mutex
	outcomes := map[string]outcome{}
	var all sync.WaitGroup
	for _, s := range r.scenarios {
		all.Add(1)
		go func() {
			defer all.Done()
			defer close(done[s.Name])
			deps := map[string]outcome{}
			for _, d := range s.DependsOn {
				<-done[d]
				mu.Lock()
				deps[d] = outcomes[d]
				mu.Unlock()
			}
			o := r.scenario(ctx, s, deps)
			r.emit(s.Name, events.Event{Kind: events.KindScenarioEnded, Ended: &o.ScenarioEnded})
			mu.Lock()
			outcomes[s.Name] = o
			mu.Unlock()
		}()
	}
	stopTicks := make(chan struct{})
	var ticks sync.WaitGroup
	ticks.Add(1)
	go func() {
		defer ticks.Done()
		r.tickLoop(stopTicks)
	}()
	all.Wait()
	close(stopTicks)
	ticks.Wait()
	r.tick()

	out := Outcome{Scenarios: map[string]events.ScenarioEnded{}}
	for _, s := range r.scenarios {
		o := outcomes[s.Name]
		out.Scenarios[s.Name] = o.ScenarioEnded
		out.Causes = append(out.Causes, o.Causes...)
	}
	verdict.Sort(out.Causes)
	out.Verdict, out.ExitCode = verdict.Of(out.Causes)
	if out.Verdict == verdict.Skipped {
		out.Verdict = verdict.Failed
	}
	r.emit("", events.Event{Kind: events.KindRunEnded, End: &events.RunEnded{Verdict: out.Verdict, ExitCode: out.ExitCode, Causes: out.Causes}})
	return out
}

func (r *Run) ending() ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

func (r *Run) emitStart() {
	e := r.o.Started
	e.ID, e.Seed, e.Started = r.o.ID, r.o.Seed, r.began
	for _, s := range r.scenarios {
		e.Scenarios = append(e.Scenarios, events.ScenarioInfo{Name: s.Name, Script: s.Script, DependsOn: s.DependsOn, Tags: s.Tags})
	}
	r.emit("", events.Event{Kind: events.KindRun, Run: &e})
}

func (r *Run) emit(scenario string, e events.Event) { r.stream.Emit(scenario, e) }

func (r *Run) log(scenario, node, level, message string, user, iteration int64) {
	r.emit(scenario, events.Event{Kind: events.KindLog, Log: &events.Log{
		Level: level, Message: message, User: user, Iteration: iteration, Node: node,
	}})
}

// scenario runs one scenario, or skips it when one that it depends on did not pass.
func (r *Run) scenario(ctx context.Context, s *Scenario, deps map[string]outcome) outcome {
	var causes []verdict.Cause
	known := map[string]loadmodels.Dependency{}
	for _, name := range s.DependsOn {
		d := deps[name]
		if d.Verdict != verdict.Passed && d.Verdict != verdict.Stopped && d.Verdict != verdict.GeneratorLimited {
			causes = append(causes, verdict.Cause{Kind: verdict.Dependency, Scenario: s.Name, Message: fmt.Sprintf("skipped: %s %s", name, d.Verdict)})
		}
		known[name] = loadmodels.Dependency{Verdict: string(d.Verdict), Output: d.value, Errors: d.Errors}
	}
	if len(causes) == 0 && ctx.Err() != nil {
		k := verdict.Interrupt
		if r.ending().kind == timedOut {
			k = verdict.Timeout
		}
		causes = append(causes, verdict.Cause{Kind: k, Scenario: s.Name, Message: "it had not begun"})
	}
	if len(causes) > 0 {
		r.emit(s.Name, events.Event{Kind: events.KindStatus, Status: &events.StatusChanged{From: string(Waiting), To: string(Ended)}})
		v, _ := verdict.Of(causes)
		return outcome{ScenarioEnded: events.ScenarioEnded{Verdict: v, Causes: causes}}
	}
	c := r.newController(s, known)
	r.mu.Lock()
	r.active = append(r.active, c)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, a := range r.active {
			if a == c {
				r.active = append(r.active[:i:i], r.active[i+1:]...)
				break
			}
		}
	}()
	return c.conduct(ctx)
}

// localNode is the name of the node in this process.
const localNode = "local"

func (r *Run) newController(s *Scenario, deps map[string]loadmodels.Dependency) *controller {
	c := &controller{
		run: r, scenario: s, options: s.Options.withDefaults(), state: Waiting,
		info:  loadmodels.Info{Run: r.o.ID, Scenario: s.Name, Node: "controller", Seed: r.o.Seed, Dependencies: deps},
		ready: make(chan Report, 1), finished: make(chan Report, 1), terminated: make(chan Report, 1),
	}
	c.results = newResults(c.options.MaxUnread)
	c.driving, c.stopDrive = context.WithCancel(context.Background())
	c.killed, c.kill = r.killed, r.kill
	info := c.info
	info.Node = localNode
	n := newNode(&node{
		name: localNode, info: info, options: c.options, newHost: s.NewHost, registry: r.registry,
		newPacer: r.o.newPacer, up: c.receive,
		log: func(level, message string, user, iteration int64) {
			r.log(s.Name, localNode, level, message, user, iteration)
		},
	})
	c.local = []*node{n}
	c.services = newServices(c, s.Services)
	n.services = c.services
	c.nodes = []Node{n}
	c.roster = newRoster(c.nodes)
	c.leased = make([]int, len(c.nodes))
	return c
}

// tickLoop writes the numbers once a second.
func (r *Run) tickLoop(stop <-chan struct{}) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.tick()
		case <-stop:
			return
		}
	}
}

func (r *Run) tick() {
	r.ticking.Lock()
	defer r.ticking.Unlock()
	r.drainMetrics()
	active := r.running()
	for _, c := range active {
		c.tick()
		c.judgeLive()
	}
	r.watch(active)
}

// running are the scenarios that run.
func (r *Run) running() []*controller {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*controller(nil), r.active...)
}

// tickScenario writes the last numbers of a scenario, whose users have gone.
func (r *Run) tickScenario(c *controller) {
	r.ticking.Lock()
	defer r.ticking.Unlock()
	r.drainMetrics()
	c.tick()
}

func (r *Run) drainMetrics() {
	for _, c := range r.running() {
		c.services.sample()
	}
	d := r.registry.Drain()
	at := time.Since(r.began)
	r.drained(at, d)
	if d.Empty() {
		return
	}
	r.store.Apply(at, d)
	r.emit("", events.Event{Kind: events.KindMetrics, Metrics: d})
}

// maxTickAggregate is how large an aggregate may be to be in every tick; a larger one is in the end
// only.
const maxTickAggregate = 64 << 10

func (c *controller) tick() {
	counts := c.counts()
	read := c.results.counts()
	c.mu.Lock()
	p := c.progress
	var aggregate value.Value
	fresh := c.aggregateNew
	if fresh {
		aggregate = c.aggregate
		c.aggregateNew = false
	}
	target := c.roster.len()
	running := c.state == Running
	c.mu.Unlock()
	t := events.Tick{
		Users: counts.Running, MostUsers: counts.Most, TargetUsers: target, WorkQueued: counts.WorkQueued,
		ResultsCollected: read.collected, ResultsUnread: read.unread, ResultsPassed: read.passed,
		Phase: p.Phase, Fraction: p.Fraction, Remaining: p.Remaining, PlannedRate: p.Rate,
	}
	if !running {
		t.Phase, t.Fraction, t.Remaining = "", -1, -1
	}
	if fresh {
		if j := toJSON(aggregate); len(j) <= maxTickAggregate {
			t.Aggregate = j
		}
	}
	c.emit(events.Event{Kind: events.KindTick, Tick: &t})
	for _, f := range c.failures.take() {
		c.emit(events.Event{Kind: events.KindFailure, Failure: f})
	}
	for _, n := range c.local {
		for _, f := range n.failures.take() {
			c.emit(events.Event{Kind: events.KindFailure, Failure: f})
		}
	}
}

// Order checks the scenarios' names and dependencies and sorts them so that each comes after those
// that it depends on. tagged says which were chosen; depending on one that was not is an error.
func Order(all []*Scenario, chosen func(*Scenario) bool) ([]*Scenario, error) {
	byName := map[string]*Scenario{}
	var names []string
	for _, s := range all {
		if byName[s.Name] != nil {
			return nil, fmt.Errorf("there are two scenarios named %q (%s and %s)", s.Name, byName[s.Name].Script, s.Script)
		}
		byName[s.Name] = s
		names = append(names, s.Name)
	}
	var sorted []*Scenario
	const (
		open = 1
		shut = 2
	)
	mark := map[string]int{}
	var path []string
	var visit func(s *Scenario) error
	visit = func(s *Scenario) error {
		switch mark[s.Name] {
		case shut:
			return nil
		case open:
			i := 0
			for path[i] != s.Name {
				i++
			}
			return fmt.Errorf("scenarios depend on each other in a circle: %s", strings.Join(append(path[i:], s.Name), " → "))
		}
		mark[s.Name] = open
		path = append(path, s.Name)
		for _, d := range s.DependsOn {
			dep := byName[d]
			if dep == nil {
				sort.Strings(names)
				return fmt.Errorf("scenario %q depends on %q, which does not exist; there are: %s", s.Name, d, strings.Join(names, ", "))
			}
			if chosen(s) && !chosen(dep) {
				return fmt.Errorf("scenario %q depends on %q, which --tag leaves out", s.Name, d)
			}
			if err := visit(dep); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		mark[s.Name] = shut
		if chosen(s) {
			sorted = append(sorted, s)
		}
		return nil
	}
	for _, s := range all {
		if err := visit(s); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}
