package runtime

import (
	"strings"
	"testing"
	"time"

	"runner/events"
	"runner/generator"
	"runner/loadmodels"
	"runner/metrics"
	"runner/thresholds"
	"runner/value"
	"runner/verdict"
)

// limit makes a threshold.
func limit(t *testing.T, key, check string, terms thresholds.Terms) *thresholds.Threshold {
	t.Helper()
	threshold, err := thresholds.New(key, check, terms)
	if err == nil {
		threshold, err = threshold.Resolve(metrics.NewRegistry())
	}
	if err != nil {
		t.Fatal(err)
	}
	return threshold
}

// slowAt is a start that takes 10 ms, but 500 ms while the scenario is between two ages.
func slowAt(from, to time.Duration) func(*fakeUser) (value.Value, error) {
	return func(u *fakeUser) (value.Value, error) {
		d := 10 * time.Millisecond
		if now := u.env.Commands.Elapsed(); now >= from && now < to {
			d = 500 * time.Millisecond
		}
		return 1.0, u.work(d)
	}
}

func alive(c loadmodels.UserCommands) error { return loadmodels.WhileAlive{}.Run(c) }

func TestThresholdsDecideTheVerdict(t *testing.T) {
	terms := func(change func(*thresholds.Terms)) thresholds.Terms {
		var all thresholds.Terms
		if change != nil {
			change(&all)
		}
		return all
	}
	held := func(c loadmodels.Commands) error {
		return loadmodels.ConstantUsers{Users: 1, Duration: 20 * time.Second}.Run(c)
	}
	phased := func(c loadmodels.Commands) error {
		c.ScaleUsers(1)
		c.Phase("ramp")
		c.Sleep(10 * time.Second)
		c.Phase("hold")
		c.Sleep(10 * time.Second)
		return c.ScaleUsers(0)
	}
	const response = "iteration.response_time"
	for _, test := range []struct {
		says       string
		key, check string
		terms      func(*thresholds.Terms)
		model      func(loadmodels.Commands) error
		options    Options
		slowFrom   time.Duration
		slowTo     time.Duration
		code       int
		cause      string
		seconds    int // how long the scenario lasts; 0: 20
	}{
		{says: "one that holds passes", key: response, check: "max < 20ms"},
		{says: "one that breaks fails", key: response, check: "max < 100ms", slowFrom: 5 * time.Second, slowTo: 6 * time.Second, code: 99,
			cause: "threshold broke: iteration.response_time: max < 100ms: it was 500 ms"},
		{says: "a percentile over the whole run recovers", key: response, check: "p(90) < 100ms", slowTo: 2 * time.Second},
		{says: "no samples fail", key: "http.response_time", check: "p(95) < 1s", code: 99, cause: "http.response_time: p(95) < 1s: no samples"},
		{says: "no samples are fine where they are optional", key: "http.response_time", check: "p(95) < 1s", terms: func(t *thresholds.Terms) { t.Optional = true }},
		{says: "a counter that never counted is 0", key: "iterations.dropped", check: "count == 0"},
		{says: "abort ends the scenario at once", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Abort = true },
			slowFrom: 5 * time.Second, slowTo: 6 * time.Second, code: 99, cause: "max < 100ms: it was 500 ms", seconds: 6},
		{says: "abort waits for what it is told to wait", key: response, check: "max < 100ms",
			terms:    func(t *thresholds.Terms) { t.Abort, t.After = true, 12*time.Second },
			slowFrom: 5 * time.Second, slowTo: 6 * time.Second, code: 99, cause: "it was 500 ms", seconds: 12},
		{says: "one that broke and ended the scenario stays broken", key: response, check: "p(90) < 100ms", terms: func(t *thresholds.Terms) { t.Abort = true },
			slowTo: 2 * time.Second, code: 99, cause: "p(90) < 100ms: it was 500 ms", seconds: 1},
		{says: "a window sees what the whole run hides", key: response, check: "p(50) < 100ms", terms: func(t *thresholds.Terms) { t.Window = 2 * time.Second },
			slowFrom: 10 * time.Second, slowTo: 13 * time.Second, code: 99, cause: "p(50) < 100ms in 2s broke after"},
		{says: "a window longer than the run is judged at the end", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Window = time.Minute },
			slowTo: time.Second, code: 99, cause: "in 1m0s: it was 500 ms"},
		{says: "options.warmUp is left out", key: response, check: "max < 100ms", options: Options{WarmUp: 5 * time.Second}, slowTo: 4 * time.Second},
		{says: "the warm-up counts where it is named", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Phases = []string{"warm-up"} },
			options: Options{WarmUp: 5 * time.Second}, slowTo: 4 * time.Second, code: 99, cause: "in phase warm-up: it was 500 ms"},
		{says: "a phase that the load model names is judged alone", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Phases = []string{"hold"} },
			model: phased, slowFrom: time.Second, slowTo: 3 * time.Second},
		{says: "and breaks alone", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Phases = []string{"hold"} },
			model: phased, slowFrom: 11 * time.Second, slowTo: 13 * time.Second, code: 99, cause: "in phase hold: it was 500 ms"},
		{says: "a phase can be left out", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.ExceptPhases = []string{"ramp"} },
			model: phased, slowFrom: time.Second, slowTo: 3 * time.Second},
		{says: "a rate is a second of the time that counts", key: "iterations.succeeded", check: "rate > 95/s", terms: func(t *thresholds.Terms) { t.Phases = []string{"hold"} },
			model: phased, slowFrom: time.Second, slowTo: 9 * time.Second},
		{says: "a phase that never came has no samples", key: response, check: "max < 100ms", terms: func(t *thresholds.Terms) { t.Phases = []string{"soak"} },
			model: phased, code: 99, cause: "in phase soak: no samples"},
	} {
		t.Run(test.says, func(t *testing.T) {
			o := test.options
			o.Thresholds = []*thresholds.Threshold{limit(t, test.key, test.check, terms(test.terms))}
			model := test.model
			if model == nil {
				model = held
			}
			p := play(t, nil, RunOptions{}, &fake{model: model, loop: alive, options: o, start: slowAt(test.slowFrom, test.slowTo)})
			if p.ExitCode != test.code {
				t.Fatalf("got %v, want exit code %d", p, test.code)
			}
			if !strings.Contains(p.String(), test.cause) {
				t.Errorf("got %v, want %q", p, test.cause)
			}
			want := test.seconds
			if want == 0 {
				want = 20
			}
			if got := int(p.took.Seconds()); got != want {
				t.Errorf("it took %v, want %d s", p.took, want)
			}
			finals := 0
			for _, e := range p.events {
				if e.Threshold != nil && e.Threshold.Final {
					finals++
					if e.Threshold.OK != (test.code == 0) {
						t.Errorf("the last word on it is %+v", *e.Threshold)
					}
				}
			}
			if finals != 1 {
				t.Errorf("%d last words", finals)
			}
		})
	}
}

func TestPhasesHaveFiguresOfTheirOwn(t *testing.T) {
	model := loadmodels.Stages{Models: []loadmodels.Model{
		loadmodels.ConstantUsers{Users: 1, Duration: 5 * time.Second}, loadmodels.ConstantUsers{Users: 2, Duration: 10 * time.Second},
	}}
	p := play(t, nil, RunOptions{}, &fake{model: model.Run, loop: alive, start: taking(100 * time.Millisecond), options: Options{WarmUp: 2 * time.Second}})
	state := events.NewState()
	for _, e := range p.events {
		state.Apply(e)
	}
	phases := events.Summary(state).Scenarios[0].Phases
	var sum int64
	for i, want := range []struct {
		name      string
		seconds   float64
		succeeded int64
	}{{"warm-up", 2, 20}, {"stage 1", 3, 30}, {"stage 2", 10, 200}} {
		if i >= len(phases) {
			t.Fatalf("there are %d phases", len(phases))
		}
		got := phases[i]
		// A boundary may have the iterations that end with it on either side.
		if got.Name != want.name || got.DurationMs < 1000*want.seconds || got.DurationMs > 1000*want.seconds+200 ||
			got.Succeeded < want.succeeded-2 || got.Succeeded > want.succeeded+2 || got.ResponseTime.Count != got.Succeeded {
			t.Errorf("phase %d: %+v, want %v", i, got, want)
		}
		sum += got.Succeeded
	}
	if all := p.counts["s"].Succeeded; sum != all {
		t.Errorf("the phases have %d iterations, the run %d", sum, all)
	}
}

// fares is a generator that always fares the same.
type fares events.Generator

func (f fares) Sample() events.Generator { return events.Generator(f) }

func TestTheGeneratorsOwnVerdict(t *testing.T) {
	off := func(names ...string) generator.Limits {
		l, err := generator.Limits{}.Without(names...)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	busy, idle := fares{CPU: 0.95}, fares{CPU: 0.2}
	closed := func(d time.Duration) func(loadmodels.Commands) error {
		return func(c loadmodels.Commands) error { return loadmodels.ConstantUsers{Users: 1, Duration: d}.Run(c) }
	}
	starved := func(c loadmodels.Commands) error { // one user can do ten a second
		return loadmodels.ConstantArrivalRate{Rate: 20, Duration: 10 * time.Second, MaxUsers: 1}.Run(c)
	}
	for _, test := range []struct {
		says    string
		sampler Sampler
		model   func(loadmodels.Commands) error
		limits  generator.Limits
		code    int
		cause   string
		marked  bool
	}{
		{says: "nobody watches", model: closed(10 * time.Second)},
		{says: "an idle one", sampler: idle, model: closed(10 * time.Second)},
		{says: "a busy one for long", sampler: busy, model: closed(10 * time.Second), code: 112, marked: true,
			cause: "the generator was the bottleneck (cpu): the processors were busy for"},
		{says: "a busy one for a moment", sampler: busy, model: closed(4 * time.Second)},
		{says: "a busy one with the rule off", sampler: busy, model: closed(10 * time.Second), limits: off(generator.CPU)},
		{says: "starts are dropped", sampler: idle, model: starved, code: 112, marked: true, cause: "(drops)"},
		{says: "starts are dropped with the rule off", sampler: idle, model: starved, limits: off(generator.Drops, generator.Lateness)},
	} {
		t.Run(test.says, func(t *testing.T) {
			f := &fake{model: test.model, start: taking(100 * time.Millisecond), options: Options{Generator: test.limits}}
			if strings.HasPrefix(test.says, "starts") {
				f.options.Thresholds = nil
			} else {
				f.loop = alive
			}
			p := play(t, nil, RunOptions{Generator: test.sampler}, f)
			if p.ExitCode != test.code || !strings.Contains(p.String(), test.cause) {
				t.Errorf("got %v, want %d with %q", p, test.code, test.cause)
			}
			if test.code == 112 && p.Verdict != verdict.GeneratorLimited {
				t.Errorf("the verdict is %s", p.Verdict)
			}
			state := events.NewState()
			for _, e := range p.events {
				state.Apply(e)
			}
			if got := len(state.Generator.Marks) > 0; got != test.marked {
				t.Errorf("marked: %+v", state.Generator.Marks)
			}
			if test.sampler != nil && state.Generator.Seconds < 4 {
				t.Errorf("%d seconds were looked at", state.Generator.Seconds)
			}
		})
	}
}

func TestPreflightWarnsOnceBeforeUsersStart(t *testing.T) {
	p := play(t, nil, RunOptions{Generator: fares{}}, &fake{model: func(c loadmodels.Commands) error {
		for range 2 {
			if err := c.SetArrivals(loadmodels.Arrivals{{Duration: time.Second, From: 1, To: 1}}, loadmodels.ArrivalOptions{MaxUsers: 2_000_000}); err != nil {
				return err
			}
			if err := c.Sleep(3 * time.Second); err != nil {
				return err
			}
		}
		return nil
	}, start: taking(time.Millisecond)})
	codes := map[string]int{}
	for i, e := range p.events {
		if e.Note != nil && e.Note.Code == "preflight" {
			codes[e.Note.Message]++
			for _, before := range p.events[:i] {
				if before.Tick != nil && before.Tick.Users > 0 {
					t.Error("users had started")
				}
			}
		}
	}
	if want := len(generator.Preflight(2_000_000)); len(codes) != want {
		t.Errorf("%d warnings, want %d: %v", len(codes), want, codes)
	}
	for m, n := range codes {
		if n != 1 {
			t.Errorf("%d times: %s", n, m)
		}
	}
}
