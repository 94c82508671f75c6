package throttle

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/js"
	"runner/metrics"
	"runner/runtime"
	"runner/throttle"
	"runner/value"
)

// ServiceName is the name of the service that has a scenario's throttles.
const ServiceName = "throttle"

// A request to the service is a list: what is asked, the throttle's name, and
//
//	open     its settings: makes the throttle, or finds the one there is
//	find     nothing: finds the one there is
//	wait     nothing: answers when there is a permit, false for one of a rate, true for one to give back
//	release  nothing: gives back a permit of a throttle with a number of parallel ones
//	change   settings
//	gradual  from, to, interval, steps, step interval
//	pause, resume, unlock, stop, status: nothing
//
// Settings are {rate, interval} or {parallel}; times are in nanoseconds. All answers but that to wait are
// the throttle's status.
func request(op, name string, args ...value.Value) value.Value {
	return &value.Array{Items: append([]value.Value{op, name}, args...)}
}

// The metrics of throttles; each series has the throttle's name as a tag.
var (
	Requested = &metrics.Metric{Name: "throttle.requested", Kind: metrics.Counter, Unit: "permits"}
	Permitted = &metrics.Metric{Name: "throttle.permitted", Kind: metrics.Counter, Unit: "permits"}
	Waiting   = &metrics.Metric{Name: "throttle.waiting", Kind: metrics.Gauge, Unit: "users"}
)

// service has the throttles of a scenario.
type service struct {
	env runtime.ServiceEnv

	mu        sync.RWMutex
	throttles map[string]*one
	holders   map[runtime.Caller][]*one // a permit of each, that its holder has to give back
	closed    bool
}

// one is a throttle with what was asked for at first.
type one struct {
	*throttle.Throttle
	name    string
	opened  throttle.Settings
	free    func()
	counted struct{ requested, permitted int64 }
	series  struct{ requested, permitted, waiting *metrics.Series }
}

// NewService makes the service of a scenario.
func NewService(env runtime.ServiceEnv) runtime.Service {
	return &service{env: env, throttles: map[string]*one{}, holders: map[runtime.Caller][]*one{}}
}

func (s *service) Ask(from runtime.Caller, req value.Value) (value.Value, runtime.Pending, error) {
	list, ok := req.(*value.Array)
	if !ok || len(list.Items) < 2 {
		return nil, nil, fmt.Errorf("throttle: a request must be a list of at least two items")
	}
	op, _ := list.Items[0].(string)
	name, _ := list.Items[1].(string)
	args := list.Items[2:]
	if op == "open" {
		t, err := s.open(name, args)
		if err != nil {
			return nil, nil, err
		}
		return statusValue(t.Status()), nil, nil
	}
	t, err := s.find(name)
	if err != nil {
		return nil, nil, err
	}
	if op == "wait" {
		return s.wait(from, t)
	}
	if err := s.do(from, t, op, args); err != nil {
		return nil, nil, err
	}
	return statusValue(t.Status()), nil, nil
}

func (s *service) find(name string) (*one, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.throttles[name]; t != nil {
		return t, nil
	}
	var names []string
	for n := range s.throttles {
		names = append(names, n)
	}
	slices.Sort(names)
	switch best := js.Nearest(name, names); {
	case best != "":
		return nil, fmt.Errorf("there is no throttle %q, did you mean %q?", name, best)
	case len(names) > 0:
		return nil, fmt.Errorf("there is no throttle %q (there are: %s)", name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("there is no throttle %q: it is made by throttle(%q, { rate: … })", name, name)
}

func (s *service) open(name string, args []value.Value) (*one, error) {
	settings, err := settingsOf(arg(args, 0))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.throttles[name]; t != nil {
		if t.opened != settings {
			return nil, fmt.Errorf("throttle %q was made with other settings (%v, not %v): changeRate changes it", name, t.opened, settings)
		}
		return t, nil
	}
	if s.closed {
		return nil, fmt.Errorf("throttle %q: the scenario is over", name)
	}
	wait, free := s.env.NewWait()
	made, err := throttle.New(name, settings, throttle.Options{Wait: wait, Changed: func(message string) {
		s.env.Note("info", "throttle", fmt.Sprintf("throttle %q %s", name, message))
	}})
	if err != nil {
		free()
		return nil, err
	}
	t := &one{Throttle: made, name: name, opened: settings, free: free}
	tag := metrics.Tag{Key: "throttle", Value: name}
	t.series.requested = s.env.Recorder.Series(Requested, tag)
	t.series.permitted = s.env.Recorder.Series(Permitted, tag)
	t.series.waiting = s.env.Recorder.Series(Waiting, tag)
	s.throttles[name] = t
	return t, nil
}

// wait asks for a permit.
func (s *service) wait(from runtime.Caller, t *one) (value.Value, runtime.Pending, error) {
	ticket, err := t.Ask()
	if err != nil {
		return nil, nil, err
	}
	if ticket == nil {
		return s.permit(from, t), nil, nil
	}
	return nil, &pending{ticket, s, from, t}, nil
}

// permit is the answer to whoever has got one.
func (s *service) permit(from runtime.Caller, t *one) value.Value {
	if t.opened.Parallel == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders[from] = append(s.holders[from], t)
	return true
}

// pending is a wait for a permit.
type pending struct {
	*throttle.Ticket
	service *service
	from    runtime.Caller
	one     *one
}

func (p *pending) Answer() (value.Value, error) {
	if err := p.Err(); err != nil {
		return nil, err
	}
	return p.service.permit(p.from, p.one), nil
}

func (p *pending) What() string { return fmt.Sprintf("a permit of throttle %q", p.one.name) }

// release gives back a permit that from holds.
func (s *service) release(from runtime.Caller, t *one) error {
	s.mu.Lock()
	held := s.holders[from]
	i := slices.Index(held, t)
	if i < 0 {
		s.mu.Unlock()
		return fmt.Errorf("throttle %q: there is no permit to give back", t.name)
	}
	if held = slices.Delete(held, i, i+1); len(held) == 0 {
		delete(s.holders, from)
	} else {
		s.holders[from] = held
	}
	s.mu.Unlock()
	t.Release()
	return nil
}

// Gone gives back what a user held that is gone.
func (s *service) Gone(from runtime.Caller) {
	s.mu.Lock()
	held := s.holders[from]
	delete(s.holders, from)
	s.mu.Unlock()
	for _, t := range held {
		t.Release()
	}
}

// do carries out all that has the throttle's status as its answer.
func (s *service) do(from runtime.Caller, t *one, op string, args []value.Value) error {
	switch op {
	case "find", "status":
		return nil
	case "release":
		return s.release(from, t)
	case "change":
		settings, err := settingsOf(arg(args, 0))
		if err != nil {
			return err
		}
		if settings.Interval == 0 && settings.Parallel == 0 {
			settings.Interval = cmp.Or(t.Status().Settings.Interval, throttle.DefaultInterval)
		}
		return t.Change(settings)
	case "gradual":
		return t.ChangeGradually(throttle.Gradual{
			From: number(args, 0), To: number(args, 1), Interval: duration(args, 2),
			Steps: int(number(args, 3)), StepInterval: duration(args, 4),
		})
	case "pause":
		_, err := t.Pause()
		return err
	case "resume":
		_, err := t.Resume()
		return err
	case "unlock":
		return t.Unlock()
	case "stop":
		t.Stop()
		return nil
	}
	return fmt.Errorf("throttle %q: there is no %q", t.name, op)
}

// all are the throttles in the order of their names.
func (s *service) all() []*one {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*one, 0, len(s.throttles))
	for _, t := range s.throttles {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *one) int { return strings.Compare(a.name, b.name) })
	return list
}

// Sample records what has changed since the last time.
func (s *service) Sample() {
	for _, t := range s.all() {
		now := t.Status()
		s.env.Recorder.Add(t.series.requested, float64(now.Requested-t.counted.requested))
		s.env.Recorder.Add(t.series.permitted, float64(now.Permitted-t.counted.permitted))
		s.env.Recorder.Add(t.series.waiting, float64(now.Waiting))
		t.counted.requested, t.counted.permitted = now.Requested, now.Permitted
	}
}

// Close ends the throttles without a word: that the scenario is over is known.
func (s *service) Close() {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	if already {
		return
	}
	for _, t := range s.all() {
		t.Close()
		t.free()
	}
}

func arg(args []value.Value, i int) value.Value {
	if i < len(args) {
		return args[i]
	}
	return value.Undefined
}

func number(args []value.Value, i int) float64 {
	if n, ok := arg(args, i).(float64); ok {
		return n
	}
	return math.NaN()
}

func duration(args []value.Value, i int) time.Duration { return toDuration(arg(args, i)) }
