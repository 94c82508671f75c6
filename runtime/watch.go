package runtime

import (
	"time"

	"runner/events"
	"runner/generator"
	"runner/metrics"
	"runner/verdict"
)

// Sampler tells how this process and its machine fare since it was last asked.
type Sampler interface{ Sample() events.Generator }

// second is what was recorded since the generator was last looked at.
type second struct {
	last      time.Time
	scenarios map[string]*scenarioSecond
}

type scenarioSecond struct {
	lateness        metrics.Packed
	dropped, errors int64
}

// errorsOfGenerator is the tag of requests that failed by this machine's limits.
var errorsOfGenerator = metrics.Tag{Key: "error", Value: "generator"}

// drained is told of everything that is recorded; ticking is held.
func (r *Run) drained(at time.Duration, d *metrics.Delta) {
	for _, c := range r.running() {
		c.take(at, d)
		if r.o.Generator == nil {
			continue
		}
		tag := metrics.Tag{Key: events.ScenarioTag, Value: c.info.Scenario}
		s := r.second.scenarios[c.info.Scenario]
		if s == nil {
			s = &scenarioSecond{}
			if r.second.scenarios == nil {
				r.second.scenarios = map[string]*scenarioSecond{}
			}
			r.second.scenarios[c.info.Scenario] = s
		}
		s.lateness.Merge(d.Query(metrics.IterationLateness.Name, tag))
		s.dropped += int64(d.Query(metrics.IterationsDropped.Name, tag).Sum())
		s.errors += int64(d.Query(metrics.HTTPRequests.Name, tag, errorsOfGenerator).Sum())
	}
}

// watch looks at the generator, once a second; ticking is held.
func (r *Run) watch(active []*controller) {
	if r.o.Generator == nil {
		return
	}
	now := time.Now()
	if now.Sub(r.second.last) < time.Second/2 { // the last moments of a run are no second
		return
	}
	r.second.last = now
	machine := r.o.Generator.Sample()
	whole := machine
	var lateness metrics.Packed
	for _, c := range active {
		s := r.second.scenarios[c.info.Scenario]
		if s == nil {
			continue
		}
		one := machine
		one.LatenessMs, one.Dropped, one.Errors = p99(s.lateness), s.dropped, s.errors
		lateness.Merge(s.lateness)
		whole.Dropped += s.dropped
		whole.Errors += s.errors
		if c.watched == nil {
			c.watched = generator.NewWatch(c.options.Generator)
		}
		if c.judging.began && !c.judging.ended {
			whole.Limits = generator.Union(whole.Limits, c.watched.Second(one))
		}
	}
	clear(r.second.scenarios)
	whole.LatenessMs = p99(lateness)
	r.emit("", events.Event{Kind: events.KindGenerator, Generator: &whole})
}

func p99(p metrics.Packed) *float64 {
	if p.Count() == 0 {
		return nil
	}
	v := p.Stats().Quantile(0.99)
	return &v
}

// judgeGenerator says whether the generator was the scenario's bottleneck.
func (c *controller) judgeGenerator() {
	if c.run.o.Generator == nil {
		return
	}
	c.run.ticking.Lock()
	w := c.watched
	if w == nil {
		w = generator.NewWatch(c.options.Generator)
	}
	if s := c.run.second.scenarios[c.info.Scenario]; s != nil && s.errors > 0 { // since the last whole second
		w.Second(events.Generator{Errors: s.errors})
	}
	c.run.ticking.Unlock()
	counts := c.Counts()
	lateness, _ := c.run.store.Query(metrics.IterationLateness.Name, map[string]string{events.ScenarioTag: c.info.Scenario}, 0)
	for _, f := range w.Verdict(generator.Whole{Lateness: lateness, Started: counts.Started, Dropped: counts.Dropped}) {
		c.cause(verdict.Overload, "the generator was the bottleneck (%s): %s", f.Rule, f.Message)
	}
}

// preflight warns, once a run, when this machine lacks something for so many users.
func (c *controller) preflight(users int) {
	if c.run.o.Generator == nil {
		return
	}
	warnings := generator.Preflight(users)
	if len(warnings) == 0 {
		return
	}
	c.run.mu.Lock()
	warned := c.run.warned
	c.run.warned = true
	c.run.mu.Unlock()
	if warned {
		return
	}
	for _, w := range warnings {
		c.emit(events.Event{Kind: events.KindNote, Note: &events.Note{Level: "warn", Code: "preflight", Message: w}})
	}
}
