package report

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"runner/events"
)

// LiveOptions say how the live display is drawn. Its width is asked of the terminal at each frame.
type LiveOptions struct {
	Options
	// Terminal is where the display is drawn.
	Terminal *os.File
	// State is what the run's events fold into. Its owner applies each event to it before it gives the
	// event to Handle.
	State *events.State
}

// Live is the live display of a run on a terminal: a few lines that are kept up to date in place, and
// above them what scripts write and what has ended. It draws on a goroutine of its own and never slows
// the run: Handle only takes notes, and while the terminal does not read, frames are skipped.
type Live struct {
	o      Options
	source func() *runView
	size   func() (columns, rows int)
	screen *screen
	echo   *echo

	resumed <-chan os.Signal // the process goes on after it was stopped
	unwatch func()

	mu    sync.Mutex
	log   logLines
	above []line    // waiting to be drawn
	base  time.Time // when the run began
	begun bool
	fresh bool // something has happened since the figures were last looked up
	named bool // there are several scenarios, so each line says whose it is

	closing sync.Once
	stop    chan struct{}
	done    chan struct{}
}

const (
	framePeriod = 150 * time.Millisecond
	mostWaiting = 200 // lines that wait for a terminal that does not read
)

// NewLive starts the display. Close must be called.
func NewLive(o LiveOptions) *Live {
	size := sizeOf(o.Terminal)
	l := &Live{
		o:      o.Options,
		source: func() *runView { return liveView(o.State) },
		size:   size,
		screen: &screen{out: o.Terminal, size: size, paint: painter{color: o.Color, ascii: o.ASCII}, reflows: reflowing(os.Getenv)},
		echo:   muteEcho(o.Terminal),
	}
	l.resumed, l.unwatch = watchResume()
	l.start()
	return l
}

func (l *Live) start() {
	l.log = logLines{o: l.o}
	l.stop, l.done = make(chan struct{}), make(chan struct{})
	go l.run()
}

// Handle is a Sink.
func (l *Live) Handle(e events.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Run != nil {
		l.begun, l.named = true, len(e.Run.Scenarios) > 1
		l.base = time.Now().Add(-e.At)
	}
	if e.Log == nil {
		l.fresh = true
	}
	if !l.named {
		e.Scenario = ""
	}
	if len(l.above) >= mostWaiting {
		l.log.skip(e)
		return
	}
	l.above = append(l.above, l.log.take(e)...)
}

// Close draws what is left to say above the display, takes the display away, and returns when the
// terminal is as it was found. Calling it again does nothing.
func (l *Live) Close() {
	l.closing.Do(func() { close(l.stop) })
	<-l.done
}

func (l *Live) run() {
	defer close(l.done)
	defer l.echo.restore()
	defer l.unwatch()
	tick := time.NewTicker(framePeriod)
	defer tick.Stop()
	printed := map[string]bool{}
	last := ""
	var v *runView
	rested := time.Now() // since when nothing was drawn
	for {
		stopped := false // the process was, and goes on (Ctrl-Z, fg)
		select {
		case <-l.stop:
			above, _, begun, _ := l.take()
			if begun {
				above = append(above, endedLines(l.source(), printed, l.columns())...)
			}
			l.mu.Lock()
			above = append(above, l.log.flush()...)
			l.mu.Unlock()
			l.screen.draw(above, nil)
			return
		case <-l.resumed:
			stopped = true
		case <-tick.C:
			// The ticker may wake up before the signal is delivered.
			if time.Since(rested) > 2*framePeriod {
				select {
				case <-l.resumed:
					stopped = true
				case <-time.After(3 * framePeriod):
				}
			}
		}
		if stopped {
			// The shell has written in between; the old frame is somewhere above.
			l.screen.forget()
			l.echo.mute()
			last = ""
		}
		rested = time.Now()
		above, now, begun, fresh := l.take()
		if !begun {
			continue
		}
		if fresh { // once or twice a second; in between only the clock moves
			v = l.source()
		}
		columns, rows := l.size()
		o := l.o
		o.Width = columns - 1
		above = append(above, endedLines(v, printed, o.columns())...)
		lines := frame(v, now, o, rows-1)
		shot := screenshot(lines, columns, rows)
		if len(above) == 0 && shot == last {
			continue // nothing moves on the terminal while nothing changes
		}
		last = shot
		l.screen.draw(above, lines)
		rested = time.Now()
	}
}

func (l *Live) columns() int {
	columns, _ := l.size()
	return columns
}

// take gives the lines that wait, the time since the run began if it has, and whether the figures have
// to be looked up anew.
func (l *Live) take() (above []line, now time.Duration, begun, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	above, l.above = l.above, nil
	fresh, l.fresh = l.fresh, false
	if l.begun {
		now = time.Since(l.base)
		above = append(above, l.log.tick(now)...)
	}
	return above, now, l.begun, fresh
}

// screenshot tells two frames apart, styles included.
func screenshot(lines []line, columns, rows int) string {
	var b strings.Builder
	fmt.Fprint(&b, columns, rows)
	for _, l := range lines {
		b.WriteByte('\n')
		painter{color: true}.paint(&b, l)
	}
	return b.String()
}

// endedLines has a line for each scenario that has ended since the last call. A run of one scenario
// needs none: the summary follows.
func endedLines(v *runView, printed map[string]bool, w int) []line {
	if len(v.Scenarios) < 2 {
		return nil
	}
	var lines []line
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		if s.Ended && !printed[s.Name] {
			printed[s.Name] = true
			lines = append(lines, endedLine(s).cut(w-1))
		}
	}
	return lines
}

func endedLine(s *scenarioView) line {
	k := lookOf(s.Verdict)
	l := line{text(k.style, k.mark+" "), text(strong, clean(s.Name)), text(k.style, " "+string(s.Verdict))}
	if s.Began < 0 {
		return l
	}
	c := s.Iterations
	l.add(faint, "  "+duration(s.Duration)+" · "+plural(c.Done(), "iteration", "iterations"))
	if c.Failed > 0 {
		l.add(bad, " · "+grouped(c.Failed)+" failed")
	}
	if c.Dropped > 0 {
		l.add(bad, " · "+grouped(c.Dropped)+" dropped")
	}
	return l
}
