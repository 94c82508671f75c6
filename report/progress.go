package report

import (
	"io"
	"strings"
	"sync"
	"time"

	"runner/events"
)

// PlainOptions say how plain progress is written.
type PlainOptions struct {
	Options
	// State is what the run's events fold into. Its owner applies each event to it before it gives the
	// event to Handle.
	State *events.State
}

// Plain is the progress of a run where there is no terminal to draw on: a line for each scenario every
// ten seconds, when its status changes, and when something fails for the first time; and what scripts
// write. It writes on a goroutine of its own: Handle never waits for the reader.
type Plain struct {
	o      Options
	source func() *runView
	out    io.Writer

	mu       sync.Mutex
	log      logLines
	next     map[string]time.Duration // when a scenario's next line is due
	failures map[string]bool          // the groups that were told
	queue    []line
	lost     int64
	closed   bool
	wake     chan struct{}
	done     chan struct{}
}

const (
	plainPeriod      = 10 * time.Second
	mostFirstFailure = 10 // groups of failures that are told when they first come
)

// NewPlain starts it. Close must be called.
func NewPlain(out io.Writer, o PlainOptions) *Plain {
	p := &Plain{o: o.Options, out: out, source: func() *runView { return liveView(o.State) }}
	p.start()
	return p
}

func (p *Plain) start() {
	p.log = logLines{o: p.o}
	p.next, p.failures = map[string]time.Duration{}, map[string]bool{}
	p.wake, p.done = make(chan struct{}, 1), make(chan struct{})
	go p.write()
}

// Handle is a Sink.
func (p *Plain) Handle(e events.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say(p.log.take(e)...)
	switch {
	case e.Status != nil:
		if e.Status.To != "ended" { // its verdict has a line of its own
			p.say(p.head(e, text(plain, clean(e.Status.To))))
		}
		p.next[e.Scenario] = e.At + plainPeriod
	case e.Tick != nil && e.At >= p.next[e.Scenario]:
		p.next[e.Scenario] = e.At + plainPeriod
		v := p.source()
		for i := range v.Scenarios {
			if s := &v.Scenarios[i]; s.Name == e.Scenario && !s.Ended {
				p.say(p.head(e, progressSpans(s)...))
			}
		}
	case e.Failure != nil:
		f := e.Failure
		key := strings.Join([]string{e.Scenario, f.Source, f.Name, f.Message, f.Place}, "\x00")
		if p.failures[key] || len(p.failures) >= mostFirstFailure {
			return
		}
		p.failures[key] = true
		view := failureView{Source: f.Source, Name: f.Name, Message: f.Message, Place: f.Place}
		l := p.head(e, text(bad, "failure: "), text(plain, cutText(clean(view.title()), maxMessage)))
		if f.Place != "" {
			l.add(faint, "  "+clean(f.Place))
		}
		p.say(l)
		if len(p.failures) == mostFirstFailure {
			p.say(p.head(e, text(faint, "further sorts of failures stand in the summary")))
		}
	case e.Ended != nil:
		v := p.source()
		for i := range v.Scenarios {
			if s := &v.Scenarios[i]; s.Name == e.Scenario {
				p.say(append(line{text(faint, clock(e.At)+" ")}, endedLine(s)...))
			}
		}
	}
}

// head begins a line with the time and the scenario.
func (p *Plain) head(e events.Event, rest ...span) line {
	return append(line{text(faint, clock(e.At)+" "), text(strong, clean(e.Scenario)), text(plain, "  ")}, rest...)
}

func progressSpans(s *scenarioView) []span {
	c := s.Iterations
	l := line{
		text(faint, "users "), text(plain, grouped(int64(s.Users))+"/"+grouped(int64(s.WantedUsers))),
		text(faint, "  iterations "), text(plain, grouped(c.Done())+" ("+perSecond(s.Recent.IterationRate)+")"),
	}
	look := plain
	if c.Failed > 0 {
		look = bad
	}
	l = append(l, text(faint, "  failed "), text(look, grouped(c.Failed)))
	if c.Dropped > 0 {
		l = append(l, text(faint, "  dropped "), text(bad, grouped(c.Dropped)))
	}
	l = append(l, text(faint, "  p95 "), text(plain, millis(s.Recent.P95)))
	state := clean(s.Status)
	if s.running() {
		if s.Phase != "" {
			state += ", " + clean(s.Phase)
		}
		if s.Fraction >= 0 {
			state += ", " + wholePercent(s.Fraction)
		}
	}
	l.add(plain, "  "+state)
	return l
}

// say queues lines; while the reader does not read, no more than it can be bothered with.
func (p *Plain) say(lines ...line) {
	for _, l := range lines {
		if len(p.queue) >= mostWaiting {
			p.lost++
			continue
		}
		p.queue = append(p.queue, l)
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Close writes what is waiting and returns when that is done. Calling it again does nothing.
func (p *Plain) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		p.say(p.log.flush()...)
	}
	p.mu.Unlock()
	<-p.done
}

func (p *Plain) write() {
	defer close(p.done)
	for {
		<-p.wake
		p.mu.Lock()
		lines, closed := p.queue, p.closed
		p.queue = nil
		if p.lost > 0 {
			lines = append(lines, line{text(faint, "… "+plural(p.lost, "line was", "lines were")+" left out: nobody read them in time")})
			p.lost = 0
		}
		p.mu.Unlock()
		if len(lines) > 0 && writeLines(p.out, lines, p.o) != nil {
			// Nobody reads any more; the run goes on without.
			p.out = io.Discard
		}
		if closed {
			return
		}
	}
}
