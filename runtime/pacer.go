package runtime

import (
	"time"
)

// A pacer waits for points in time more exactly than the timers of the Go runtime, which an idle
// process serves only once a millisecond. wait returns early when stop is closed.
type pacer interface {
	wait(d time.Duration, stop <-chan struct{})
	close()
}

// timerPacer is the plain one: for systems without a better clock, and for tests in virtual time.
type timerPacer struct{}

func (timerPacer) wait(d time.Duration, stop <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stop:
	}
}

func (timerPacer) close() {}

// Above denseRate arrivals a second the pacer wakes once a quantum and starts what has come due: a
// wake for each arrival would cost more than the exactness is worth.
const (
	denseRate = 5000
	quantum   = 250 * time.Microsecond
)

// arrivals starts iterations at their planned times, whatever the server does.
type arrivals struct {
	cmd     SetArrivals
	begin   time.Time
	pacer   pacer
	arrive  func(planned time.Time)
	replace chan time.Time // the moment from which other arrivals hold
	stop    chan struct{}  // closed after replace was sent, to wake the pacer
	done    chan struct{}
}

func startArrivals(cmd SetArrivals, p pacer, arrive func(time.Time)) *arrivals {
	a := &arrivals{
		cmd: cmd, begin: time.Now(), pacer: p, arrive: arrive,
		replace: make(chan time.Time, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go a.run()
	return a
}

// end stops the arrivals from now on; those that were due before are still started.
func (a *arrivals) end() {
	a.replace <- time.Now()
	close(a.stop)
	<-a.done
}

func (a *arrivals) run() {
	defer close(a.done)
	defer a.pacer.close()
	var until time.Time
	for k := a.cmd.Index; ; k += a.cmd.Of {
		due, ok := a.cmd.Schedule.Due(k)
		if !ok {
			return
		}
		planned := a.begin.Add(due)
		for until.IsZero() {
			d := time.Until(planned)
			if d <= 0 {
				break
			}
			if a.cmd.Schedule.Rate(due) > denseRate*float64(a.cmd.Of) {
				d = max(d, quantum)
			}
			a.pacer.wait(d, a.stop)
			select {
			case until = <-a.replace:
			default:
			}
		}
		if !until.IsZero() && !planned.Before(until) {
			return
		}
		a.arrive(planned)
	}
}
