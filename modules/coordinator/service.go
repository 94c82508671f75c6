package coordinator

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/coordinate"
	"runner/js"
	"runner/metrics"
	"runner/runtime"
	"runner/value"
)

// ServiceName is the name of the service that has a scenario's coordinators.
const ServiceName = "coordinator"

// A request to the service is a list: what is asked, the coordinator's name, its definition (undefined if
// the caller has given it before), and
//
//	open         nothing
//	add          an id, data
//	join         an id, data, the item to wait for (-1: the first that has a number of users): answers when
//	             the group has come together
//	reset, stop  nothing: answers when the actions have run
//	status       nothing
//
// A definition is what definition.value gives.
func request(op, name string, args ...value.Value) value.Value {
	return &value.Array{Items: append([]value.Value{op, name}, args...)}
}

// The metrics of coordinators; each series has the coordinator's name as a tag, that of groups also their
// kind.
var (
	Joins    = &metrics.Metric{Name: "coordinator.joins", Kind: metrics.Counter, Unit: "users"}
	Groups   = &metrics.Metric{Name: "coordinator.groups", Kind: metrics.Counter, Unit: "groups"}
	Waiting  = &metrics.Metric{Name: "coordinator.waiting", Kind: metrics.Gauge, Unit: "users"}
	Failures = &metrics.Metric{Name: "coordinator.failures", Kind: metrics.Counter, Unit: "actions"}
)

// Actor runs the actions of a scenario's coordinators, in a VM of the controller.
type Actor interface {
	// Knows says why it cannot run the actions of a coordinator, if it cannot. It may be called from any
	// goroutine.
	Knows(name string) error
	// Act runs an item's action with the members of a group, and calls fail for each call that failed. It
	// is called from one goroutine at a time.
	Act(a Action, fail func(error)) error
	// Interrupt ends what Act runs now; Abandon leaves it to itself, if it does not answer.
	Interrupt(cause error)
	Abandon()
	Close()
}

// Action is one action to run.
type Action struct {
	Coordinator  string
	Item, Number int // of the plan, of the item
	Event        value.Value
	Members      []value.Value
}

// service has the coordinators of a scenario.
type service struct {
	env   runtime.ServiceEnv
	actor Actor

	mu      sync.Mutex
	byName  map[string]*one
	waiting map[runtime.Caller]*pending // users that wait
	jobs    []job                       // groups to act on, in order
	acting  bool                        // the goroutine that does runs
	idle    chan struct{}               // closed when it has ended
	closed  bool
}

// one is a coordinator.
type one struct {
	name    string
	def     *definition
	began   time.Time
	machine *coordinate.Coordinator
	last    int64 // number of a join
	timer   *time.Timer
	check   sync.Once
	broken  error // why its actions cannot run

	joins, failed int64
	groups        [4]int64 // by kind
	told          struct {
		joins, failed int64
		groups        [4]int64
	}
	series struct {
		joins, waiting, failed *metrics.Series
		groups                 [4]*metrics.Series
	}
}

// member is what a join has in the state machine.
type member struct {
	value   value.Value // { id, data }
	pending *pending    // its wait, if it waits
}

// job is a group to act on.
type job struct {
	one     *one
	item    int
	kind    coordinate.Kind
	members []value.Value
	release []*pending
	then    *pending // of a reset or stop, after its last group
}

// NewService makes the service of a scenario.
func NewService(env runtime.ServiceEnv, actor Actor) runtime.Service {
	return &service{env: env, actor: actor, byName: map[string]*one{}, waiting: map[runtime.Caller]*pending{}}
}

func (s *service) Ask(from runtime.Caller, req value.Value) (value.Value, runtime.Pending, error) {
	list, ok := req.(*value.Array)
	if !ok || len(list.Items) < 3 {
		return nil, nil, errors.New("coordinator: a request must be a list of at least three items")
	}
	op, _ := list.Items[0].(string)
	name, _ := list.Items[1].(string)
	c, err := s.open(from, name, list.Items[2])
	if err != nil {
		return nil, nil, err
	}
	args := list.Items[3:]
	switch {
	case op == "open":
		return value.Undefined, nil, nil
	case op == "status":
		return s.status(c), nil, nil
	case (op == "join" || op == "add") && len(args) >= 2:
		return s.join(from, c, op == "join", args)
	case op == "reset" || op == "stop":
		return s.end(from, c, op == "stop")
	}
	return nil, nil, fmt.Errorf("coordinator %q: there is no %q of %d arguments", name, op, len(args))
}

// open finds a coordinator, or makes it of its definition.
func (s *service) open(from runtime.Caller, name string, def value.Value) (*one, error) {
	s.mu.Lock()
	c := s.byName[name]
	var err error
	switch {
	case c != nil && def != value.Undefined && !value.Equal(c.def.source, def):
		err = fmt.Errorf("coordinator %q was made with another plan or timeout", name)
	case c == nil && def == value.Undefined:
		err = s.unknown(name)
	case c == nil && s.closed:
		err = fmt.Errorf("coordinator %q: the scenario is over", name)
	case c == nil:
		c, err = s.make(name, def)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	// The VM that runs the actions makes its coordinators, too, while it is asked whether it knows them.
	if c.def.acts && from.Node != runtime.ServiceNode {
		c.check.Do(func() { c.broken = s.actor.Knows(name) })
		if c.broken != nil {
			return nil, c.broken
		}
	}
	return c, nil
}

func (s *service) unknown(name string) error {
	var names []string
	for n := range s.byName {
		names = append(names, n)
	}
	slices.Sort(names)
	if best := js.Nearest(name, names); best != "" {
		return fmt.Errorf("there is no coordinator %q, did you mean %q?", name, best)
	}
	if len(names) > 0 {
		return fmt.Errorf("there is no coordinator %q (there are: %s)", name, strings.Join(names, ", "))
	}
	return fmt.Errorf("there is no coordinator %q: it is made by coordinator(%q, { plan: … })", name, name)
}

// make makes a coordinator. The caller holds mu.
func (s *service) make(name string, v value.Value) (*one, error) {
	def, err := definitionOf(v)
	if err != nil {
		return nil, fmt.Errorf("coordinator %q: %w", name, err)
	}
	h := fnv.New64a()
	h.Write([]byte("coordinator " + name))
	c := &one{
		name: name, def: def, began: time.Now(),
		machine: coordinate.New(def.plan, rand.New(rand.NewPCG(s.env.Info.Seed, h.Sum64()))),
	}
	tag := metrics.Tag{Key: "coordinator", Value: name}
	rec := s.env.Recorder
	c.series.joins, c.series.waiting, c.series.failed = rec.Series(Joins, tag), rec.Series(Waiting, tag), rec.Series(Failures, tag)
	for k := range c.series.groups {
		c.series.groups[k] = rec.Series(Groups, tag, metrics.Tag{Key: "kind", Value: coordinate.Kind(k).String()})
	}
	s.byName[name] = c
	return c, nil
}

// said makes an error of the state machine one of this coordinator.
func (c *one) said(err error) error {
	if errors.Is(err, coordinate.ErrStopped) {
		return fmt.Errorf("coordinator %q was stopped", c.name)
	}
	return fmt.Errorf("coordinator %q: %w", c.name, err)
}

var memberKeys = []string{"id", "data"}

// join adds a user, which waits for a group or not.
func (s *service) join(from runtime.Caller, c *one, waits bool, args []value.Value) (value.Value, runtime.Pending, error) {
	item := c.def.first
	if len(args) > 2 {
		if n, ok := args[2].(float64); ok && n == math.Trunc(n) && n >= 0 {
			item = int(n)
		}
	}
	if waits && from.Node == runtime.ServiceNode {
		return nil, nil, fmt.Errorf("coordinator %q: an action cannot wait for a group, which would wait for the action: use add", c.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, fmt.Errorf("coordinator %q: the scenario is over", c.name)
	}
	now := time.Since(c.began)
	m := &member{value: value.NewObject(memberKeys, args[:2:2])}
	j := coordinate.Join{Number: c.last + 1, User: userOf(args[0]), Waits: waits, Item: item, Payload: m}
	var p *pending
	if waits {
		p = &pending{service: s, one: c, number: j.Number, from: from, done: make(chan struct{})}
		m.pending = p
	}
	groups, err := c.machine.Join(now, j)
	if err != nil {
		return nil, nil, c.said(err)
	}
	c.last++
	c.joins++
	if waits && from.User != 0 {
		s.waiting[from] = p
	}
	if c.timer == nil && c.def.plan.Timeout != coordinate.Forever {
		c.timer = time.AfterFunc(c.def.plan.Timeout, func() { s.expire(c) })
	}
	s.act(c, groups, nil)
	switch {
	case !waits:
		return value.Undefined, nil, nil
	case p.over:
		return p.answer, nil, p.err
	}
	return nil, p, nil
}

// userOf is what tells users apart: their id, if it is a scalar.
func userOf(id value.Value) any {
	switch id.(type) {
	case float64, string, bool:
		return id
	}
	return nil
}

// expire is called by the timer. Joins put the deadline off without touching the timer, which is then
// set again here.
func (s *service) expire(c *one) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.timer = nil
	if s.closed {
		return
	}
	now := time.Since(c.began)
	groups := c.machine.Expire(now)
	if deadline, armed := c.machine.Deadline(); armed && groups == nil {
		c.timer = time.AfterFunc(deadline-now, func() { s.expire(c) })
	}
	s.act(c, groups, nil)
}

// end is a reset or a stop. An action does not wait for its outcome, which would wait for the action.
func (s *service) end(from runtime.Caller, c *one, stop bool) (value.Value, runtime.Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what, change := "reset", c.machine.Reset
	if stop {
		what, change = "stopped", c.machine.Stop
	}
	groups, err := change()
	if err != nil {
		return nil, nil, c.said(err)
	}
	s.env.Note("info", "coordinator", fmt.Sprintf("coordinator %q is %s", c.name, what))
	p := &pending{service: s, one: c, done: make(chan struct{})}
	s.act(c, groups, p)
	if p.over || from.Node == runtime.ServiceNode {
		return value.Undefined, nil, nil
	}
	return nil, p, nil
}

// act has groups acted on. What nobody has to act on, and nobody before it, is done at once. The caller
// holds mu.
func (s *service) act(c *one, groups []coordinate.Group, then *pending) {
	for i, g := range groups {
		c.groups[g.Kind]++
		j := job{one: c, item: g.Item, kind: g.Kind}
		for _, m := range g.Members {
			j.members = append(j.members, m.Payload.(*member).value)
		}
		for _, m := range g.Release {
			j.release = append(j.release, m.Payload.(*member).pending)
		}
		if i == len(groups)-1 {
			j.then = then
		}
		if !s.acting && c.def.items[g.Item].actions == 0 {
			s.release(j)
			continue
		}
		s.jobs = append(s.jobs, j)
		if !s.acting {
			s.acting, s.idle = true, make(chan struct{})
			go s.run()
		}
	}
}

// run acts on groups until there are none.
func (s *service) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.acting = false; close(s.idle) }()
	for len(s.jobs) > 0 {
		j := s.jobs[0]
		s.jobs[0] = job{}
		s.jobs = s.jobs[1:]
		s.mu.Unlock()
		failed := s.perform(j)
		s.mu.Lock()
		j.one.failed += failed
		s.release(j)
	}
	s.jobs = nil
}

var eventKeys = []string{"kind", "count"}

// perform runs an item's actions and says how many calls failed.
func (s *service) perform(j job) (failed int64) {
	event := value.NewObject(eventKeys, []value.Value{j.kind.String(), float64(len(j.members))})
	for n := range j.one.def.items[j.item].actions {
		a := Action{Coordinator: j.one.name, Item: j.item, Number: n, Event: event, Members: j.members}
		fail := func(err error) {
			failed++
			s.env.Fail("coordinator", err)
		}
		what := fmt.Sprintf("an action of coordinator %q", j.one.name)
		if err := s.env.Limit(what, s.actor.Interrupt, func() error { return s.actor.Act(a, fail) }); err != nil {
			fail(err)
			if errors.Is(err, runtime.ErrStuck) {
				s.actor.Abandon()
			}
		}
	}
	return failed
}

var groupKeys = []string{"kind", "count", "members"}

// release lets those go on that waited for the group. The caller holds mu.
func (s *service) release(j job) {
	if len(j.release) > 0 {
		answer := value.NewObject(groupKeys, []value.Value{j.kind.String(), float64(len(j.members)), &value.Array{Items: j.members}})
		for _, p := range j.release {
			p.end(answer, nil)
		}
	}
	if j.then != nil {
		j.then.end(value.Undefined, nil)
	}
}

// pending is a wait for a group, or for the actions of a reset or stop.
type pending struct {
	service *service
	one     *one
	number  int64 // of the join; 0 for a reset or stop
	from    runtime.Caller
	done    chan struct{}
	over    bool // guarded by the service
	answer  value.Value
	err     error
}

// end ends the wait, once. The caller holds the service's mu.
func (p *pending) end(answer value.Value, err error) {
	if p.over {
		return
	}
	p.over, p.answer, p.err = true, answer, err
	if p.service.waiting[p.from] == p {
		delete(p.service.waiting, p.from)
	}
	close(p.done)
}

func (p *pending) Done() <-chan struct{}        { return p.done }
func (p *pending) Answer() (value.Value, error) { return p.answer, p.err }

func (p *pending) What() string {
	if p.number == 0 {
		return fmt.Sprintf("the actions of coordinator %q", p.one.name)
	}
	return fmt.Sprintf("a group of coordinator %q", p.one.name)
}

var errLeft = errors.New("the wait for a group was given up")

// Withdraw takes the user out of all open groups. If its group has come together already, and only the
// actions are to come, they have it as a member.
func (p *pending) Withdraw() bool {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	if p.over {
		return false
	}
	if p.number != 0 {
		p.one.machine.Leave(p.number)
	}
	p.end(nil, errLeft)
	return true
}

// Gone takes a user out that died while it waited.
func (s *service) Gone(from runtime.Caller) {
	s.mu.Lock()
	p := s.waiting[from]
	s.mu.Unlock()
	if p != nil {
		p.Withdraw()
	}
}

var statusKeys = []string{"name", "joins", "groups", "waiting", "failures", "stopped"}

func (s *service) status(c *one) value.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	var groups int64
	for _, n := range c.groups {
		groups += n
	}
	return value.NewObject(statusKeys, []value.Value{
		c.name, float64(c.joins), float64(groups), float64(c.machine.Waiting()), float64(c.failed), c.machine.Stopped(),
	})
}

// all are the coordinators in the order of their names. The caller holds mu.
func (s *service) all() []*one {
	list := make([]*one, 0, len(s.byName))
	for _, c := range s.byName {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *one) int { return strings.Compare(a.name, b.name) })
	return list
}

// Sample records what has changed since the last time.
func (s *service) Sample() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.all() {
		rec := s.env.Recorder
		rec.Add(c.series.joins, float64(c.joins-c.told.joins))
		rec.Add(c.series.waiting, float64(c.machine.Waiting()))
		c.told.joins = c.joins
		for k, n := range c.groups {
			if n > c.told.groups[k] {
				rec.Add(c.series.groups[k], float64(n-c.told.groups[k]))
				c.told.groups[k] = n
			}
		}
		if c.failed > c.told.failed {
			rec.Add(c.series.failed, float64(c.failed-c.told.failed))
			c.told.failed = c.failed
		}
	}
}

// lastActions is how long the actions may take that are left when the scenario is over.
const lastActions = 10 * time.Second

// Close lets the actions run that are still to run, within a limit, and ends.
func (s *service) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	for _, c := range s.byName {
		if c.timer != nil {
			c.timer.Stop()
		}
	}
	idle := s.idle
	acting := s.acting
	s.mu.Unlock()
	if acting {
		s.awaitActions(idle)
	}
	s.actor.Close()
}

func (s *service) awaitActions(idle <-chan struct{}) {
	t := time.NewTimer(lastActions)
	defer t.Stop()
	select {
	case <-idle:
		return
	case <-t.C:
	case <-s.env.Killed:
	}
	s.mu.Lock()
	left := s.jobs
	s.jobs = nil
	for _, j := range left {
		s.release(j)
	}
	s.mu.Unlock()
	s.actor.Interrupt(&runtime.Interruption{Name: "AbortError", Message: "the scenario is over"})
	if len(left) > 0 {
		s.env.Note("warn", "coordinator", fmt.Sprintf("the actions of %d groups were left out, since the scenario was over", len(left)))
	}
	<-idle
}
