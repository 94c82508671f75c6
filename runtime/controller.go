package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"runner/events"
	"runner/generator"
	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
	"runner/verdict"
)

// controller runs one scenario: it starts the nodes, lets the load model drive, reads and judges the
// results, and says how it ended. It is the load model's Commands.
type controller struct {
	run      *Run
	scenario *Scenario
	options  Options
	info     loadmodels.Info
	nodes    []Node
	local    []*node // those of nodes that run in this process
	services services
	director Director
	results  *results
	failures failures
	judging  judging
	watched  *generator.Watch // guarded by the run's ticking; nil until the first second

	driving    context.Context // done when the load model must return
	stopDrive  context.CancelFunc
	driveBegan time.Time
	lost       bool // the load model did not answer an interrupt: its VM cannot be used any more
	// killed is done when everything must end at once.
	killed context.Context
	kill   context.CancelFunc

	lastCommand atomic.Int64 // Unix nanoseconds of the last sign of life of the load model
	inCommand   atomic.Int32

	mu             sync.Mutex
	state          Status
	roster         *roster
	leased         []int // ids given to a node for arrivals, by node
	aggregate      value.Value
	aggregateNew   bool
	verifierErrors errorList
	progress       loadmodels.Progress
	ending         ending
	causes         []verdict.Cause
	reported       []error // script errors that are among the causes already
	began          time.Time

	ready, finished, terminated chan Report
}

// ending is why the load model was ended before it was done.
type ending struct {
	kind   endingKind
	reason value.Value
}

type endingKind uint8

const (
	notEnded endingKind = iota
	stopped
	failed
	interrupted
	timedOut
)

// errorList keeps the first errors and counts all.
type errorList struct {
	kept  []string
	total int
}

const maxErrorsKept = 10_000

func (l *errorList) add(more []string) {
	l.total += len(more)
	l.kept = append(l.kept, more[:min(len(more), max(0, maxErrorsKept-len(l.kept)))]...)
}

func (c *controller) emit(e events.Event) { c.run.emit(c.info.Scenario, e) }

func (c *controller) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *controller) become(next Status) {
	c.mu.Lock()
	from := c.state
	if !from.mayBecome(next) {
		c.mu.Unlock()
		panic(fmt.Sprintf("runtime: a scenario cannot go from %s to %s", from, next))
	}
	c.state = next
	c.mu.Unlock()
	c.emit(events.Event{Kind: events.KindStatus, Status: &events.StatusChanged{From: string(from), To: string(next)}})
}

func (c *controller) cause(k verdict.Kind, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.causes = append(c.causes, verdict.Cause{Kind: k, Scenario: c.info.Scenario, Message: fmt.Sprintf(format, args...)})
}

// scriptError records that a function of the script failed, once.
func (c *controller) scriptError(kind verdict.Kind, source string, err error) {
	c.mu.Lock()
	for _, known := range c.reported {
		if errors.Is(err, known) || exceptionOf(err).Message == exceptionOf(known).Message {
			c.mu.Unlock()
			return
		}
	}
	c.reported = append(c.reported, err)
	c.mu.Unlock()
	e := exceptionOf(err)
	c.failures.add(source, e, 0, 0)
	at := ""
	if e.Place != "" {
		at = " (" + e.Place + ")"
	}
	c.cause(kind, "%s: %s%s", source, e.Error(), at)
}

// end ends the load model; the first reason holds, but an interrupt beats a wish.
func (c *controller) end(e ending) {
	c.mu.Lock()
	if c.ending.kind == notEnded || e.kind == interrupted {
		c.ending = e
	}
	c.mu.Unlock()
	c.stopDrive()
}

// receive takes a node's report. Any goroutine may call it.
func (c *controller) receive(r Report) {
	if len(r.Results) > 0 {
		c.results.put(r.Results)
	}
	if len(r.Ended) > 0 || len(r.Started) > 0 {
		c.mu.Lock()
		at := c.nodeIndex(r.Node)
		for _, id := range r.Started {
			c.roster.want(id, at)
			c.leased[at]--
		}
		for _, e := range r.Ended {
			c.roster.forget(e.ID)
		}
		c.mu.Unlock()
		for _, e := range r.Ended {
			c.services.gone(Caller{r.Node, e.ID})
		}
	}
	switch {
	case r.Ready != nil:
		c.ready <- r
	case r.Finished:
		c.finished <- r
	case r.Terminated != nil:
		c.terminated <- r
	}
}

func (c *controller) nodeIndex(name string) int {
	for i, n := range c.nodes {
		if n.Name() == name {
			return i
		}
	}
	return 0
}

// outcome is how a scenario ended.
type outcome struct {
	events.ScenarioEnded
	value value.Value // what dependents get
}

// conduct runs the scenario from init to verdict. ctx is done at the first interrupt.
func (c *controller) conduct(ctx context.Context) outcome {
	c.began = time.Now()
	c.become(Starting)
	defer func() {
		for _, n := range c.local {
			n.release()
		}
		c.services.close()
		if c.director != nil {
			c.director.Close()
		}
	}()
	inited, state := c.start(ctx)
	if len(inited) == len(c.nodes) && ctx.Err() == nil {
		c.become(Running)
		c.lost = !c.drive(ctx, state)
		c.become(Stopping)
		c.finishUsers()
		c.drain()
	} else if ctx.Err() != nil {
		c.end(c.run.ending())
	}
	c.become(Terminating)
	output := c.transform()
	c.terminate(inited)
	c.services.close()
	c.run.tickScenario(c)
	c.judgeFigures()
	end := c.judge(output)
	c.become(Ended)
	return outcome{end, output}
}

// start makes the controller's side and runs init on all nodes. It returns the nodes where init
// succeeded.
func (c *controller) start(ctx context.Context) (inited []Node, state value.Value) {
	director, err := c.scenario.NewDirector(DirectorEnv{
		Info: c.info, Recorder: c.run.registry.Recorder(0, metrics.Tag{Key: "scenario", Value: c.info.Scenario}),
		Log: func(level, message string) { c.run.log(c.info.Scenario, "", level, message, 0, 0) }, Services: controllerAsker{c},
	})
	if err != nil {
		c.scriptError(verdict.Script, "script", err)
		return nil, nil
	}
	c.director = director
	for _, n := range c.nodes {
		n.Do(Command{Init: &InitNode{Timeout: c.options.InitTimeout}})
	}
	interrupt := ctx.Done()
	for range c.nodes {
		var r Report
		for got := false; !got; {
			select {
			case r = <-c.ready:
				got = true
			case <-interrupt:
				interrupt = nil
				for _, n := range c.nodes {
					n.Do(Command{Close: &CloseNode{}})
				}
			}
		}
		if err := r.Ready.Err; err != nil {
			if ctx.Err() != nil {
				continue
			}
			kind := verdict.Script
			var i *Interruption
			if errors.As(err, &i) {
				kind = verdict.InitTimeout
			}
			c.scriptError(kind, "init", err)
			continue
		}
		inited = append(inited, c.nodes[c.nodeIndex(r.Node)])
		if r.Node == c.nodes[0].Name() {
			state = r.Ready.State
		}
	}
	return inited, state
}

// Times of the watch over the load model.
const (
	watchEvery = 250 * time.Millisecond
	// endGrace is how long a load model that was told to end may take to return.
	endGrace = time.Second
)

// drive lets the load model drive until it returns. It is false if the load model's VM did not answer
// and cannot be used any more.
func (c *controller) drive(ctx context.Context, state value.Value) bool {
	c.driveBegan = time.Now()
	defer c.beginJudging()()
	c.lastCommand.Store(time.Now().UnixNano())
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- panicError(p)
			}
		}()
		done <- c.director.Drive(c)
	}()
	var checking sync.WaitGroup
	if c.director.Continues() {
		checking.Add(1)
		go func() {
			defer checking.Done()
			c.checkContinue(state)
		}()
	}
	err, answered := c.watch(ctx, done)
	c.stopDrive()
	checking.Wait()
	var unmet *loadmodels.Unmet
	switch {
	case !answered:
		c.cause(verdict.Script, "loadModel: it did not answer an interrupt and was given up")
	case err == nil, errors.Is(err, loadmodels.ErrEnded):
	case c.endedBy() != notEnded && isInterruption(err):
	case errors.As(err, &unmet):
		c.cause(verdict.Unmet, "%s", unmet.Message)
	default:
		c.scriptError(verdict.Script, "loadModel", err)
	}
	return answered
}

func isInterruption(err error) bool {
	var i *Interruption
	return errors.As(err, &i)
}

func (c *controller) endedBy() endingKind {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending.kind
}

// watch waits for the load model and interrupts it when it must end and does not, or shows no sign of
// life.
func (c *controller) watch(ctx context.Context, done <-chan error) (err error, answered bool) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	interrupt, killed := ctx.Done(), c.killed.Done()
	ended := c.driving.Done()
	var endBy, giveUpBy time.Time
	interruptDrive := func(why *Interruption) {
		c.director.Interrupt(why)
		if giveUpBy.IsZero() {
			giveUpBy = time.Now().Add(stuckAfter)
		}
	}
	abort := &Interruption{"AbortError", "the scenario is ending"}
	for {
		select {
		case err := <-done:
			return err, true
		case <-interrupt:
			interrupt = nil
			c.end(c.run.ending())
		case <-ended:
			ended = nil
			endBy = time.Now().Add(endGrace)
		case <-killed:
			killed = nil
			c.stopDrive()
			interruptDrive(abort)
		case now := <-tick.C:
			silent := now.Sub(time.Unix(0, c.lastCommand.Load()))
			switch {
			case !giveUpBy.IsZero():
				if now.After(giveUpBy) {
					return nil, false
				}
			case c.inCommand.Load() > 0:
			case !endBy.IsZero() && now.After(endBy):
				interruptDrive(abort)
			case silent > c.options.ScriptTimeout:
				interruptDrive(&Interruption{"TimeoutError", fmt.Sprintf("it ran for %v without calling a command (options.scriptTimeout)", c.options.ScriptTimeout)})
			}
		}
	}
}

// call runs a function of the script within its time limit, on the load model's goroutine.
func (c *controller) call(source string, fn func() error) error {
	limit := c.options.ScriptTimeout
	t := time.AfterFunc(limit, func() {
		c.director.Interrupt(&Interruption{"TimeoutError", fmt.Sprintf("it took longer than %v (options.scriptTimeout)", limit)})
	})
	defer t.Stop()
	err := fn()
	if err != nil && c.killed.Err() == nil {
		c.scriptError(verdict.Script, source, err)
	}
	return err
}

// checkContinue asks the script's continue again and again whether to go on.
func (c *controller) checkContinue(state value.Value) {
	tick := time.NewTicker(c.options.ContinueInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-c.driving.Done():
			return
		}
		d, err := c.askContinue(state)
		switch {
		case c.driving.Err() != nil:
			return
		case err != nil:
			c.scriptError(verdict.ScriptFail, "continue", err)
			c.end(ending{kind: failed, reason: exceptionOf(err).Error()})
			return
		case d.Fail:
			c.end(ending{kind: failed, reason: d.Reason})
			return
		case d.Stop:
			c.end(ending{kind: stopped, reason: d.Reason})
			return
		}
	}
}

func (c *controller) askContinue(state value.Value) (d Decision, err error) {
	limit := c.options.ScriptTimeout
	err = limited(limit, c.director.InterruptContinue, fmt.Sprintf("continue took longer than %v (options.scriptTimeout)", limit), func() (err error) {
		stop := context.AfterFunc(c.driving, func() { c.director.InterruptContinue(&Interruption{"AbortError", "the scenario is ending"}) })
		defer stop()
		d, err = c.director.Continue(state)
		return err
	})
	return d, err
}

// finishUsers stops all users and waits for the last.
func (c *controller) finishUsers() {
	grace := c.options.GracefulStop
	for _, n := range c.nodes {
		n.Do(Command{Finish: &FinishUsers{Grace: grace}})
	}
	killed := c.killed.Done()
	for range c.nodes {
		for got := false; !got; {
			select {
			case <-c.finished:
				got = true
			case <-killed:
				killed = nil
				for _, n := range c.nodes {
					n.Do(Command{Close: &CloseNode{}})
				}
			}
		}
	}
}

// drainChunk is how many results the aggregator gets at once at the end.
const drainChunk = 10_000

// drain gives the last results to the aggregator and the verifier.
func (c *controller) drain() {
	if c.lost {
		return
	}
	aggregates := true
	for {
		batch := c.results.take(drainChunk)
		if len(batch) == 0 {
			return
		}
		if aggregates {
			if _, err := c.AggregateResults(batch); err != nil {
				aggregates = false
			}
		}
		c.VerifyResults(batch, loadmodels.VerifyOptions{Keep: true})
	}
}

// transform makes the output of the aggregate.
func (c *controller) transform() value.Value {
	aggregate := c.Aggregate()
	if c.director == nil || c.lost || !c.director.HasTransform() || c.killed.Err() != nil {
		return aggregate
	}
	var output value.Value
	err := c.call("outputTransformer", func() (err error) {
		output, err = c.director.Transform(aggregate)
		return err
	})
	if err != nil {
		return aggregate
	}
	return output
}

// terminate runs terminate where init succeeded. What it throws is reported and changes nothing.
func (c *controller) terminate(inited []Node) {
	c.mu.Lock()
	reason := c.ending.reason
	if c.ending.kind == interrupted {
		reason = "interrupted"
	}
	c.mu.Unlock()
	for _, n := range inited {
		n.Do(Command{Terminate: &TerminateNode{Reason: reason, Timeout: c.options.TerminateTimeout}})
	}
	killed := c.killed.Done()
	for range inited {
		for got := false; !got; {
			select {
			case r := <-c.terminated:
				got = true
				if err := r.Terminated.Err; err != nil {
					c.failures.add("terminate", exceptionOf(err), 0, 0)
				}
			case <-killed:
				killed = nil
				for _, n := range c.nodes {
					n.Do(Command{Close: &CloseNode{}})
				}
			}
		}
	}
}

// judge gathers the causes and gives the verdict.
func (c *controller) judge(output value.Value) events.ScenarioEnded {
	counts := c.Counts()
	read := c.results.counts()
	if c.director != nil && c.director.Verifies() && read.failedPassed > 0 {
		c.mu.Lock()
		c.verifierErrors.add([]string{fmt.Sprintf("%d failed results were passed over unread", read.failedPassed)})
		c.mu.Unlock()
	}
	if read.passed > 0 {
		m := fmt.Sprintf("%d of %d results were passed over: the load model read too slowly, the aggregate does not have them", read.passed, read.collected)
		c.emit(events.Event{Kind: events.KindNote, Note: &events.Note{Level: "warn", Code: "results-unread", Message: m}})
		c.cause(verdict.ResultsUnread, "%s", m)
	}
	c.mu.Lock()
	end := c.ending
	errs := c.verifierErrors
	drove := !c.driveBegan.IsZero()
	c.mu.Unlock()
	switch end.kind {
	case interrupted:
		c.cause(verdict.Interrupt, "interrupted")
	case timedOut:
		c.cause(verdict.Timeout, "the run took longer than %v (--timeout)", c.run.o.Timeout)
	case stopped:
		c.cause(verdict.ScriptStop, "stopped by the script: %s", reasonText(end.reason))
	case failed:
		c.cause(verdict.ScriptFail, "failed by the script: %s", reasonText(end.reason))
	}
	if done := counts.Succeeded + counts.Failed + counts.Aborted; counts.Started != done {
		c.cause(verdict.Internal, "the ledger does not close: %d iterations started, %d ended", counts.Started, done)
	}
	if errs.total > 0 {
		c.cause(verdict.Verifier, "%s", summarise(errs))
	}
	if died := c.died(); died > 0 {
		c.cause(verdict.UserLost, "%s died outside an iteration", plural(died, "user"))
	}
	if drove && counts.Succeeded == 0 {
		switch {
		case counts.Started > 0:
			c.cause(verdict.NoIterations, "%s, none succeeded", plural(counts.Started, "iteration"))
		default:
			c.cause(verdict.NoIterations, "no iteration ran")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	verdict.Sort(c.causes)
	v, _ := verdict.Of(c.causes)
	e := events.ScenarioEnded{
		Verdict: v, Causes: c.causes, Errors: errs.kept, Duration: time.Since(c.began),
		Aggregate: toJSON(c.aggregate),
	}
	if c.director != nil && c.director.HasTransform() {
		e.Output = toJSON(output)
	}
	return e
}

func (c *controller) died() int64 {
	s, _ := c.run.store.Query(metrics.UsersDied.Name, map[string]string{"scenario": c.info.Scenario}, 0)
	return int64(s.Sum)
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func summarise(l errorList) string {
	if l.total == 1 {
		return "the verifier found an error: " + l.kept[0]
	}
	return fmt.Sprintf("the verifier found %d errors, the first: %s", l.total, l.kept[0])
}

func reasonText(v value.Value) string {
	switch r := v.(type) {
	case nil:
		return "no reason given"
	case string:
		return r
	}
	if v == value.Undefined {
		return "no reason given"
	}
	return string(toJSON(v))
}

func toJSON(v value.Value) json.RawMessage {
	if v == nil || v == value.Undefined {
		return nil
	}
	b, err := value.JSON(v)
	if err != nil {
		b, _ = json.Marshal(err.Error())
	}
	return b
}
