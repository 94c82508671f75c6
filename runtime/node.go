package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"runner/loadmodels"
	"runner/metrics"
	"runner/value"
)

// node runs the users of one scenario in this process.
type node struct {
	name     string
	info     loadmodels.Info
	options  Options
	newHost  func(HostEnv) (Host, error)
	registry *metrics.Registry
	newPacer func() pacer
	up       func(Report)
	log      func(level, message string, user, iteration int64)
	services services

	series   series
	work     workQueue
	outbox   *outbox
	failures failures

	host  Host
	state value.Value

	ctx    context.Context
	cancel context.CancelFunc
	// tasks are the goroutines that end by themselves; done closes for those that serve the node.
	tasks, servants sync.WaitGroup
	done            chan struct{}

	// Users come and go by the hundred thousand at once. None of them takes mu, on which they would
	// queue up: they count themselves, and tell of their end through a channel.
	starting, runs, most atomic.Int64
	ends                 chan userEnd
	builds               builds

	mu       sync.Mutex
	users    map[int64]*user
	waiting  map[int64]chan struct{} // told to start, still to wait: closed when told to stop instead
	pool     arrivalPool
	finished bool
	allGone  chan struct{} // closed when finished and the last user has gone
	recs     [16]*metrics.Recorder
}

// arrivalPool is what SetArrivals lets the node start of its own.
type arrivalPool struct {
	now *arrivals
	max int
	ids []int64
}

// series are resolved once a node, not once a user.
type series struct {
	started, dropped              *metrics.Series
	ends                          [3]*metrics.Series // by loadmodels.Status
	response, service, lateness   *metrics.Series
	usersStarted, usersEnded, die *metrics.Series
	events                        *metrics.Series
}

func newNode(n *node) *node {
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.outbox = newOutbox()
	n.users, n.waiting = map[int64]*user{}, map[int64]chan struct{}{}
	n.done, n.allGone, n.ends = make(chan struct{}), make(chan struct{}), make(chan userEnd, 1024)
	n.failures.node = n.name
	for i := range n.recs {
		n.recs[i] = n.registry.Recorder(int64(i), metrics.Tag{Key: "scenario", Value: n.info.Scenario})
	}
	rec := n.recorder(0)
	n.series = series{
		started: rec.Series(metrics.IterationsStarted), dropped: rec.Series(metrics.IterationsDropped),
		ends: [3]*metrics.Series{rec.Series(metrics.IterationsSucceeded), rec.Series(metrics.IterationsFailed),
			rec.Series(metrics.IterationsAborted)},
		response: rec.Series(metrics.IterationResponseTime), service: rec.Series(metrics.IterationServiceTime),
		lateness:     rec.Series(metrics.IterationLateness),
		usersStarted: rec.Series(metrics.UsersStarted), usersEnded: rec.Series(metrics.UsersEnded),
		die: rec.Series(metrics.UsersDied), events: rec.Series(metrics.EventsSent),
	}
	n.servants.Add(2)
	go n.sendResults()
	go n.collectEnds()
	if n.options.IterationTimeout > 0 {
		n.servants.Add(1)
		go n.watchOverdue()
	}
	return n
}

// recorder is shared by the users of a shard.
func (n *node) recorder(id int64) *metrics.Recorder {
	return n.recs[id%int64(len(n.recs))]
}

func (n *node) Name() string { return n.name }

func (n *node) Counts() NodeCounts {
	queued := n.work.len()
	n.mu.Lock()
	defer n.mu.Unlock()
	return NodeCounts{Running: int(n.runs.Load()), Most: int(n.most.Load()), Starting: int(n.starting.Load()) + len(n.waiting), WorkQueued: queued}
}

func (n *node) Do(cmd Command) {
	switch {
	case cmd.Init != nil:
		n.task(func() { n.up(Report{Node: n.name, Ready: n.init(cmd.Init.Timeout)}) })
	case cmd.Start != nil:
		n.start(*cmd.Start)
	case cmd.Stop != nil:
		n.stop(*cmd.Stop)
	case cmd.Work != nil:
		n.work.add(cmd.Work.Units)
	case cmd.Event != nil:
		n.send(*cmd.Event)
	case cmd.Arrivals != nil:
		n.setArrivals(*cmd.Arrivals)
	case cmd.Finish != nil:
		n.finish(cmd.Finish.Grace)
	case cmd.Terminate != nil:
		n.task(func() { n.up(Report{Node: n.name, Terminated: &Answer{Err: n.terminate(*cmd.Terminate)}}) })
	case cmd.Close != nil:
		n.closeNow()
	}
}

func (n *node) task(fn func()) {
	n.tasks.Add(1)
	go func() {
		defer n.tasks.Done()
		fn()
	}()
}

// release ends the node's own goroutines and waits for them.
func (n *node) release() {
	n.cancel()
	close(n.done)
	n.servants.Wait()
	n.tasks.Wait()
	if n.host != nil {
		n.host.Close()
	}
}

func (n *node) init(limit time.Duration) *Answer {
	host, err := n.newHost(HostEnv{
		Info: n.info, Recorder: n.recorder(0), Registry: n.registry, Services: nodeAsker{n},
		Log: func(level, message string) { n.log(level, message, 0, 0) },
	})
	if err != nil {
		return &Answer{Err: err}
	}
	n.mu.Lock()
	n.host = host
	n.mu.Unlock()
	var state value.Value
	err = limited(limit, host.Interrupt, fmt.Sprintf("init took longer than %v (options.initTimeout)", limit), func() (err error) {
		state, err = host.Init()
		return err
	})
	if err != nil {
		return &Answer{Err: err}
	}
	n.state = state
	return &Answer{State: state}
}

func (n *node) terminate(cmd TerminateNode) error {
	return limited(cmd.Timeout, n.host.Interrupt, fmt.Sprintf("terminate took longer than %v (options.terminateTimeout)", cmd.Timeout),
		func() error { return n.host.Terminate(cmd.Reason, n.state) })
}

// errStuck is what limited gives for a function that did not answer its interrupt.
var errStuck = errors.New("it did not answer the interrupt and was given up")

// stuckAfter is how long something that was interrupted may take to end before it is given up.
const stuckAfter = 500 * time.Millisecond

// limited runs fn on this goroutine's behalf and interrupts it when it takes longer than limit.
func limited(limit time.Duration, interrupt func(error), message string, fn func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- panicError(p)
			}
		}()
		done <- fn()
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
	}
	why := &Interruption{"TimeoutError", message}
	interrupt(why)
	t.Reset(stuckAfter)
	select {
	case err := <-done:
		if err == nil {
			return why
		}
		return err
	case <-t.C:
		return fmt.Errorf("%s; %w", message, errStuck)
	}
}

// start starts users, one for each id.
func (n *node) start(cmd StartUsers) {
	if cmd.Interarrival <= 0 {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, id := range cmd.IDs {
			n.launch(id, unit{})
		}
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.finished {
		return
	}
	cancelled := make(map[int64]chan struct{}, len(cmd.IDs))
	for _, id := range cmd.IDs {
		c := make(chan struct{})
		cancelled[id], n.waiting[id] = c, c
	}
	n.task(func() { n.startSpaced(cmd, cancelled) })
}

// startSpaced starts users at even distances, counted from the first so that delays do not add up.
func (n *node) startSpaced(cmd StartUsers, cancelled map[int64]chan struct{}) {
	begin := time.Now()
	for i, id := range cmd.IDs {
		t := time.NewTimer(time.Until(begin.Add(time.Duration(i) * cmd.Interarrival)))
		select {
		case <-t.C:
		case <-cancelled[id]:
		case <-n.ctx.Done():
		}
		t.Stop()
		n.mu.Lock()
		if _, still := n.waiting[id]; still {
			delete(n.waiting, id)
			n.launch(id, unit{})
		}
		n.mu.Unlock()
	}
}

// launch starts a user, with a first unit of work if it has one. The caller holds mu.
func (n *node) launch(id int64, first unit) {
	if n.finished {
		if first.held {
			n.work.giveBack(first)
		}
		return
	}
	u := &user{
		id: id, node: n, began: time.Now(), rec: n.recorder(id), unit: first,
		told: make(chan struct{}), gone: make(chan struct{}),
	}
	u.ctx, u.cancel = context.WithCancel(n.ctx)
	n.users[id] = u
	n.starting.Add(1)
	n.build(u)
}

// running is called by a user whose script is ready.
func (n *node) running(u *user) {
	now := n.runs.Add(1)
	for most := n.most.Load(); now > most && !n.most.CompareAndSwap(most, now); {
		most = n.most.Load()
	}
	n.starting.Add(-1)
	u.running.Store(true)
	u.rec.Add(n.series.usersStarted, 1)
}

// ended is called by a user's goroutine at its end.
func (n *node) ended(u *user, how EndKind, err error) {
	if u.abandoned.Load() {
		return
	}
	if how == EndDied {
		u.rec.Add(n.series.die, 1)
		source := "user"
		var ue *userError
		if errors.As(err, &ue) {
			source = ue.source
		}
		n.failures.add(source, exceptionOf(err), u.id, u.iteration)
	}
	n.forget(u, how)
}

// userEnd is a user that is gone from the node.
type userEnd struct {
	user *user
	how  EndKind
}

// forget counts a user out, once.
func (n *node) forget(u *user, how EndKind) {
	if !u.counted.CompareAndSwap(false, true) {
		return
	}
	if u.running.Swap(false) {
		n.runs.Add(-1)
		u.rec.Add(n.series.usersEnded, 1)
	} else {
		n.starting.Add(-1)
	}
	n.ends <- userEnd{u, how}
}

// collectEnds takes the users that are gone off the node's list and tells the controller, in batches.
func (n *node) collectEnds() {
	defer n.servants.Done()
	for {
		select {
		case e := <-n.ends:
			n.takeOff(e)
		case <-n.done:
			return
		}
	}
}

func (n *node) takeOff(e userEnd) {
	batch := []UserEnd{}
	n.mu.Lock()
	for more := true; more; {
		delete(n.users, e.user.id)
		batch = append(batch, UserEnd{e.user.id, e.how})
		select {
		case e = <-n.ends:
		default:
			more = false
		}
	}
	n.mu.Unlock()
	n.up(Report{Node: n.name, Ended: batch})
	n.mu.Lock()
	n.checkGone()
	n.mu.Unlock()
}

// checkGone closes allGone when nothing is left. The caller holds mu.
func (n *node) checkGone() {
	if n.finished && len(n.users) == 0 {
		select {
		case <-n.allGone:
		default:
			close(n.allGone)
		}
	}
}

// tell tells a user to stop of its own wish: after its iteration, without a limit.
func (n *node) tell(u *user) {
	n.mu.Lock()
	defer n.mu.Unlock()
	tell(u)
}

// tell closes a user's told channel once. The caller holds the node's mu.
func tell(u *user) {
	select {
	case <-u.told:
	default:
		close(u.told)
	}
}

func (n *node) stop(cmd StopUsers) {
	n.mu.Lock()
	var told []*user
	var never []UserEnd
	for _, id := range cmd.IDs {
		if c, ok := n.waiting[id]; ok {
			close(c)
			delete(n.waiting, id)
			never = append(never, UserEnd{id, EndStopped})
		} else if u := n.users[id]; u != nil {
			tell(u)
			told = append(told, u)
		}
	}
	n.mu.Unlock()
	if len(never) > 0 {
		n.up(Report{Node: n.name, Ended: never})
	}
	if len(told) > 0 {
		n.task(func() { n.reap(told, cmd.Grace) })
	}
}

// reap waits for users that were told to stop, interrupts those that take longer than they may, and
// gives up those that do not answer even that.
func (n *node) reap(users []*user, grace time.Duration) {
	t := time.NewTimer(grace)
	defer t.Stop()
	left := awaitGone(users, t.C, n.ctx.Done())
	if len(left) == 0 {
		return
	}
	why := &Interruption{"AbortError", "the iteration was interrupted: its user was told to stop at once"}
	if grace > 0 && n.ctx.Err() == nil {
		why.Message = fmt.Sprintf("the iteration was interrupted: it had not finished %v after its user was told to stop (options.gracefulStop)", grace)
	}
	for _, u := range left {
		u.kill(why)
	}
	t.Reset(stuckAfter)
	for _, u := range awaitGone(left, t.C, nil) {
		n.giveUp(u)
	}
}

// awaitGone returns the users that have not gone when either channel says so.
func awaitGone(users []*user, expired <-chan time.Time, cancelled <-chan struct{}) []*user {
	for i, u := range users {
		select {
		case <-u.gone:
			continue
		default:
		}
		select {
		case <-u.gone:
		case <-expired:
			return notGone(users[i:])
		case <-cancelled:
			return notGone(users[i:])
		}
	}
	return nil
}

func notGone(users []*user) []*user {
	var left []*user
	for _, u := range users {
		select {
		case <-u.gone:
		default:
			left = append(left, u)
		}
	}
	return left
}

// giveUp goes on without a user that is stuck in native code. Its iteration counts as aborted here, and
// nothing that it does later counts.
func (n *node) giveUp(u *user) {
	if !u.abandoned.CompareAndSwap(false, true) {
		return
	}
	e := &loadmodels.Exception{Name: "AbortError", Message: "the user is stuck in native code, does not answer an interrupt and was given up"}
	if u.iterating.CompareAndSwap(true, false) {
		u.rec.Add(n.series.ends[loadmodels.Aborted], 1)
		n.outbox.put(&loadmodels.Result{UserID: u.id, Node: n.name, Status: loadmodels.Aborted, Output: value.Undefined,
			Exception: e, Timestamp: time.Now()})
	}
	n.failures.add("user", e, u.id, 0)
	n.forget(u, EndStuck)
}

func (n *node) send(e UserEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var count float64
	for _, u := range n.users {
		if u.running.Load() {
			u.inbox.put(event{e.Kind, e.Payload})
			count++
		}
	}
	if count > 0 {
		n.recorder(0).Add(n.series.events, count)
	}
}

func (n *node) setArrivals(cmd SetArrivals) {
	n.mu.Lock()
	old := n.pool.now
	n.pool.now = nil
	n.mu.Unlock()
	if old != nil {
		old.end()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.finished {
		return
	}
	n.pool.max = cmd.MaxUsers
	n.pool.ids = append(n.pool.ids, cmd.IDs...)
	if len(cmd.Schedule) > 0 {
		n.pool.now = startArrivals(cmd, n.newPacer(), n.arrive)
	}
}

// arrive hands an arrival to an idle user, or to a new one if the pool may grow, or drops it.
func (n *node) arrive(planned time.Time) {
	if n.work.arrive(planned) {
		return
	}
	n.mu.Lock()
	if n.finished || len(n.users)+len(n.waiting) >= n.pool.max || len(n.pool.ids) == 0 {
		n.mu.Unlock()
		n.recorder(0).Add(n.series.dropped, 1)
		return
	}
	id := n.pool.ids[0]
	n.pool.ids = n.pool.ids[1:]
	n.launch(id, unit{held: true, planned: planned})
	n.mu.Unlock()
	n.up(Report{Node: n.name, Started: []int64{id}})
}

// finish stops all users and reports when the last has gone and its results are on their way.
func (n *node) finish(grace time.Duration) {
	n.setArrivals(SetArrivals{})
	n.mu.Lock()
	already := n.finished
	n.finished = true
	var all []*user
	for _, u := range n.users {
		tell(u)
		all = append(all, u)
	}
	var never []UserEnd
	for id, c := range n.waiting {
		close(c)
		never = append(never, UserEnd{id, EndStopped})
	}
	clear(n.waiting)
	n.checkGone()
	n.mu.Unlock()
	if len(never) > 0 {
		n.up(Report{Node: n.name, Ended: never})
	}
	n.task(func() { n.reap(all, grace) })
	if already {
		return
	}
	n.task(func() {
		<-n.allGone
		if left := n.work.dropArrivals(); left > 0 {
			n.recorder(0).Add(n.series.dropped, float64(left))
		}
		n.outbox.flush(n.deliver)
		n.up(Report{Node: n.name, Finished: true})
	})
}

// closeNow ends everything at once, init and terminate included.
func (n *node) closeNow() {
	n.mu.Lock()
	host := n.host
	n.mu.Unlock()
	n.cancel()
	if host != nil {
		host.Interrupt(&Interruption{"AbortError", "the run was ended at once"})
	}
}

func (n *node) deliver(batch []*loadmodels.Result) { n.up(Report{Node: n.name, Results: batch}) }

// sendResults sends results up as they come.
func (n *node) sendResults() {
	defer n.servants.Done()
	for {
		select {
		case <-n.outbox.wake:
			n.outbox.flush(n.deliver)
		case <-n.done:
			return
		}
	}
}

// overdueEvery is how exactly options.iterationTimeout is kept.
const overdueEvery = 50 * time.Millisecond

func (n *node) watchOverdue() {
	defer n.servants.Done()
	t := time.NewTicker(overdueEvery)
	defer t.Stop()
	for {
		select {
		case <-n.done:
			return
		case now := <-t.C:
			n.mu.Lock()
			users := make([]*user, 0, len(n.users))
			for _, u := range n.users {
				users = append(users, u)
			}
			n.mu.Unlock()
			for _, u := range users {
				if u.checkOverdue(now) {
					n.giveUp(u)
				}
			}
		}
	}
}
