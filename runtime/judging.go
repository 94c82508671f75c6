package runtime

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/metrics"
	"runner/thresholds"
	"runner/verdict"
)

// judging is what a scenario's thresholds are judged by: figures of the phases that count, and where the
// load is. Guarded by the run's ticking, which also drains what is recorded: a phase begins exactly
// between two drains.
type judging struct {
	began, ended bool
	at           time.Duration // up to which the figures reach
	begun        time.Duration // when the load model began

	phase  string // as the load model named it last
	warm   bool   // options.warmUp is not over yet
	judged []*judged
	parts  []*part
}

// part are the figures of the phases that some thresholds count. A scenario without thresholds has none.
type part struct {
	of      *thresholds.Threshold // any of them
	store   *metrics.Store
	covered time.Duration
}

// judged is one threshold with what it has come to.
type judged struct {
	*thresholds.Threshold
	part     *part
	last     thresholds.Judgement
	known    bool // last means something
	broke    *time.Duration
	aborting bool
	told     time.Duration // when the last event was written
}

// tellEvery is how often a threshold that stays as it is tells its figure.
const tellEvery = 5 * time.Second

// brokeThreshold ends a load model whose threshold broke that says so.
const brokeThreshold endingKind = 100

// mainPhase is what comes after options.warmUp if the load model names no phase.
const mainPhase = "main"

// now is the phase that the load is in.
func (j *judging) now() string {
	if j.warm {
		return loadmodels.WarmUp
	}
	return j.phase
}

// beginJudging is called when the load model begins. What it returns ends the warm-up.
func (c *controller) beginJudging() func() {
	c.run.ticking.Lock()
	defer c.run.ticking.Unlock()
	c.run.drainMetrics()
	j := &c.judging
	j.began = true
	j.begun = time.Since(c.run.began)
	j.at = j.begun
	for _, t := range c.options.Thresholds {
		j.judged = append(j.judged, &judged{Threshold: t, part: j.partOf(t), told: -tellEvery})
	}
	if c.options.WarmUp <= 0 {
		return func() {}
	}
	j.warm = true
	c.tellPhase()
	t := time.AfterFunc(c.options.WarmUp, func() {
		c.changePhase(func(j *judging) {
			j.warm = false
			if j.phase == "" {
				j.phase = mainPhase
			}
		})
	})
	return func() { t.Stop() }
}

// partOf finds the figures of the phases that a threshold counts; many count the same.
func (j *judging) partOf(t *thresholds.Threshold) *part {
	for _, p := range j.parts {
		if slices.Equal(p.of.Phases, t.Phases) && slices.Equal(p.of.ExceptPhases, t.ExceptPhases) {
			return p
		}
	}
	p := &part{of: t, store: metrics.NewStore()}
	j.parts = append(j.parts, p)
	return p
}

// maxPhaseName bounds the length of a phase's name.
const maxPhaseName = 200

// Phase begins a phase of the load.
func (c *controller) Phase(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > maxPhaseName {
		return fmt.Errorf("phase: the name must be a text of 1 to %d bytes, not %.50q", maxPhaseName, name)
	}
	if err := c.begin("phase"); err != nil {
		return err
	}
	c.changePhase(func(j *judging) { j.phase = name })
	return nil
}

func (c *controller) changePhase(change func(*judging)) {
	c.run.ticking.Lock()
	defer c.run.ticking.Unlock()
	j := &c.judging
	if after := *j; !j.ended {
		change(&after)
		if after.now() == j.now() {
			change(j)
			return
		}
		c.run.drainMetrics() // all that was recorded so far belongs to the phase before
		change(j)
		c.tellPhase()
	}
}

func (c *controller) tellPhase() {
	name := c.judging.now()
	c.emit(events.Event{Kind: events.KindPhase, Phase: &events.Phase{Name: name, WarmUp: name == loadmodels.WarmUp}})
}

// take takes in what was recorded up to a moment.
func (c *controller) take(at time.Duration, d *metrics.Delta) {
	j := &c.judging
	if !j.began {
		return
	}
	span := at - j.at
	j.at = at
	var own *metrics.Delta
	for _, p := range j.parts {
		if !p.of.Counts(j.now(), loadmodels.WarmUp) {
			p.store.Apply(at, nil)
			continue
		}
		if own == nil {
			own = d.Only(metrics.Tag{Key: events.ScenarioTag, Value: c.info.Scenario})
		}
		p.covered += span
		p.store.Apply(at, own)
	}
}

// judgeLive judges the thresholds while the load model runs, once a second; the run's ticking is held.
func (c *controller) judgeLive() {
	j := &c.judging
	if !j.began || j.ended || c.status() != Running {
		return
	}
	for i, t := range j.judged {
		after := t.After
		if t.Window > 0 && after == 0 {
			after = t.Window
		}
		if j.at-j.begun < after {
			continue
		}
		before, known := t.last, t.known
		c.evaluate(t)
		if !t.last.Samples {
			t.last, t.known = before, known
			continue
		}
		changed := !known || before.OK != t.last.OK
		if !t.last.OK && t.Abort && !t.aborting {
			t.aborting, changed = true, true
			c.end(ending{kind: brokeThreshold, reason: "threshold broke: " + t.message()})
		}
		if changed || j.at-t.told >= tellEvery {
			c.tellThreshold(i, t, false)
		}
	}
}

func (c *controller) evaluate(t *judged) {
	t.last = thresholds.Judgement{OK: t.Optional}
	if t.part.covered > 0 { // else its phase has not come
		t.last = t.Judge(t.part.store, c.info.Scenario, t.part.covered)
	}
	t.known = true
	if t.last.Samples && !t.last.OK && t.broke == nil {
		at := c.judging.at
		t.broke = &at
	}
}

func (c *controller) tellThreshold(i int, t *judged, final bool) {
	t.told = c.judging.at
	e := &events.Threshold{
		Index: i, Metric: t.Key.String(), Check: t.Check.String(), Unit: t.last.Unit, Text: t.last.Text(),
		OK: t.last.OK && !t.aborting, Final: final, Optional: t.Optional, Abort: t.Abort, Aborting: t.aborting, Window: t.Window,
		Phases: t.Phases, Except: t.ExceptPhases, Broke: t.broke,
	}
	if t.last.Samples {
		v := t.last.Observed
		e.Observed = &v
	}
	c.emit(events.Event{Kind: events.KindThreshold, Threshold: e})
}

// message says what was asked and what came of it.
func (t *judged) message() string {
	m := t.String()
	if t.Window > 0 {
		m += fmt.Sprintf(" in %v", t.Window)
	}
	switch {
	case len(t.Phases) > 0:
		m += " in phase " + strings.Join(t.Phases, ", ")
	case len(t.ExceptPhases) > 0:
		m += " except in phase " + strings.Join(t.ExceptPhases, ", ")
	}
	if !t.last.Samples {
		return m + ": no samples"
	}
	return m + ": it was " + t.last.Text()
}

// judgeFigures judges at the end, when all is recorded: the thresholds, then the generator.
func (c *controller) judgeFigures() {
	c.run.ticking.Lock()
	j := &c.judging
	if !j.began {
		c.run.ticking.Unlock()
		return
	}
	j.ended = true
	var broken []string
	for i, t := range j.judged {
		// A window that was judged during the run says more than what is left of it at the end. One that
		// broke stays broken.
		if t.Window == 0 && !t.aborting || !t.known {
			c.evaluate(t)
		}
		if t.Window > 0 && t.broke != nil && t.last.OK {
			t.last.OK = false
			broken = append(broken, fmt.Sprintf("%s broke after %v", strings.TrimSuffix(t.message(), ": it was "+t.last.Text()),
				(*t.broke-j.begun).Round(time.Second)))
		} else if !t.last.OK {
			broken = append(broken, t.message()+c.whyNone(t))
		}
		c.tellThreshold(i, t, true)
	}
	c.run.ticking.Unlock()
	for _, m := range broken {
		c.cause(verdict.Threshold, "threshold broke: %s", m)
	}
	c.judgeGenerator()
}

// whyNone says what a tag's values are when none of them is the threshold's.
func (c *controller) whyNone(t *judged) string {
	if t.last.Samples {
		return ""
	}
	return t.Missing(c.run.store.Series(t.Metric), c.info.Scenario)
}
