package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"runner/events"
	"runner/verdict"
)

// WriteJUnit writes a run as test results: a suite for the run itself (its verdict, the generator, the
// counts), and for each scenario one of its verdict, thresholds and checks. It is never empty, so that
// no CI takes a run for one that was not there.
func WriteJUnit(w io.Writer, run events.Run) error {
	all := junit.Testsuites{Name: "runner", Time: seconds(run.DurationMs)}
	health := suite{junit.Testsuite{Name: "run", Hostname: run.Host.Name, Time: seconds(run.DurationMs)}}
	if !run.Started.IsZero() {
		health.Timestamp = run.Started.Format("2006-01-02T15:04:05Z07:00")
	}
	health.add("the run", "verdict", run.DurationMs, problem(run.Verdict, run.Causes))
	var balance []string
	for _, s := range run.Scenarios {
		if !s.Ledger.Balanced {
			balance = append(balance, fmt.Sprintf("%s: of %d iterations that started, %d have no end", s.Name, s.Ledger.Started, s.Ledger.Running))
		}
	}
	counted := result{}
	if len(balance) > 0 {
		counted = failure("the count does not close", balance...)
	}
	health.add("every iteration is accounted for", "run health", 0, counted)
	if g := run.Generator; g != nil {
		var limits []string
		for _, m := range g.Marks {
			limits = append(limits, fmt.Sprintf("from %.0f s to %.0f s: %s", m.FromMs/1000, m.ToMs/1000, strings.Join(m.Rules, ", ")))
		}
		out := result{}
		if run.Verdict == verdict.GeneratorLimited { // else the rules were switched off, or did not hold for long
			out = failure(fmt.Sprintf("in %d of %d seconds the generator was the bottleneck", g.Limited, g.Seconds), limits...)
		}
		health.add("the generator kept up", "run health", 0, out)
	}
	all.AddSuite(health.Testsuite)
	for _, s := range run.Scenarios {
		all.AddSuite(scenarioSuite(run, s).Testsuite)
	}
	return all.WriteXML(w)
}

func scenarioSuite(run events.Run, s events.RunScenario) suite {
	out := suite{junit.Testsuite{Name: clean(s.Name), Hostname: run.Host.Name, Time: seconds(s.DurationMs)}}
	out.add("the scenario", "scenario", s.DurationMs, problem(s.Verdict, s.Causes, s.Errors...))
	for _, t := range s.Thresholds {
		r := result{}
		if !t.OK {
			r = failure(fmt.Sprintf("%s: it was %s", t.Check, t.Text))
		}
		out.add(t.Metric+": "+t.Check, "thresholds", 0, r)
	}
	for _, c := range run.Checks {
		if c.Scenario != s.Name {
			continue
		}
		name := c.Name
		if g := c.Tags["group"]; g != "" {
			name = g + " › " + name
		}
		r := result{}
		if c.Failed > 0 {
			r = failure(fmt.Sprintf("%d of %d failed", c.Failed, c.Failed+c.Passed))
		}
		out.add(name, "checks", 0, r)
	}
	return out
}

type suite struct{ junit.Testsuite }

// result is how a test case ended; none of them set: it passed.
type result struct{ failure, err, skipped *junit.Result }

func (s *suite) add(name, class string, ms float64, r result) {
	if c := s.Name; c != "run" {
		class = c + "." + class
	}
	s.AddTestcase(junit.Testcase{Name: clean(name), Classname: clean(class), Time: seconds(ms), Failure: r.failure, Error: r.err, Skipped: r.skipped})
}

func failure(message string, lines ...string) result {
	return result{failure: &junit.Result{Message: clean(message), Data: clean(strings.Join(lines, "\n"))}}
}

// problem turns a verdict into a result.
func problem(v verdict.Verdict, causes []verdict.Cause, lines ...string) result {
	if v == verdict.Passed || v == verdict.Stopped {
		return result{}
	}
	message := string(v)
	for i, c := range causes {
		text := c.Message
		if text == "" {
			text = c.Kind.Row().Text
		}
		if i == 0 {
			message += ": " + text
		}
		lines = slices.Insert(lines, i, text)
	}
	one := &junit.Result{Message: clean(message), Type: string(v), Data: clean(strings.Join(lines, "\n"))}
	switch v {
	case verdict.Skipped:
		return result{skipped: &junit.Result{Message: one.Message}}
	case verdict.Failed, verdict.GeneratorLimited:
		return result{failure: one}
	}
	return result{err: one}
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

// clean leaves out what XML cannot hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000:
			return r
		}
		return '\uFFFD'
	}, text)
}
