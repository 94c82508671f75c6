package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"runner/runtime"
	"runner/script"
	"runner/verdict"
)

// scriptFlags are the flags of every command that loads scripts.
type scriptFlags struct {
	users, iterations int
	duration          durationFlag
	rate              float64
	tags              []string
	set               []string
	settings          string
}

func (f *scriptFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.IntVarP(&f.users, "users", "u", 0, "number of users, in place of the script's load model")
	fl.IntVarP(&f.iterations, "iterations", "i", 0, "number of iterations in all, in place of the script's load model")
	fl.VarP(&f.duration, "duration", "d", "how long, in place of the script's load model, such as 30s or 5m")
	fl.Float64Var(&f.rate, "rate", 0, "arrivals a second (open model), with --duration; --users is then the most there may be")
	fl.StringArrayVar(&f.tags, "tag", nil, "only scenarios with this tag (repeatable: any of them)")
	fl.StringArrayVar(&f.set, "set", nil, "set a variable of the script, as name=value (repeatable); --set help lists them")
	fl.StringVar(&f.settings, "settings", "", "file of variables, JSON")
}

// check refuses what no load model could take.
func (f *scriptFlags) check(c *cobra.Command) error {
	bad := func(name string, format string, args ...any) error {
		return verdict.Wrap(verdict.Usage, fmt.Errorf("--%s: "+format, append([]any{name}, args...)...))
	}
	for name, n := range map[string]int{"users": f.users, "iterations": f.iterations} {
		if c.Flags().Changed(name) && n < 1 {
			return bad(name, "%d is out of range, it must be a whole number from 1", n)
		}
	}
	if c.Flags().Changed("rate") && !(f.rate > 0 && f.rate <= 10_000_000) {
		return bad("rate", "%v is out of range, it must be more than 0 and at most 10000000 a second", f.rate)
	}
	return nil
}

func (f *scriptFlags) overrides() script.Overrides {
	return script.Overrides{Users: f.users, Iterations: f.iterations, Duration: f.duration.d, Rate: f.rate}
}

// options are those of loading.
func (f *scriptFlags) options() script.LoadOptions {
	return script.LoadOptions{Overrides: f.overrides(), Set: f.set, Settings: f.settings}
}

// loaded are the scripts of one command line.
type loaded struct {
	scripts   []*script.Script
	scenarios map[string]*script.Scenario
	// order are the chosen scenarios, each after those that it depends on.
	order []*runtime.Scenario
}

// load loads scripts and orders their scenarios.
func (f *scriptFlags) load(paths []string, o script.LoadOptions) (*loaded, error) {
	l := &loaded{scenarios: map[string]*script.Scenario{}}
	var all []*runtime.Scenario
	for _, path := range paths {
		s, err := script.Load(path, o)
		if err != nil {
			return nil, err
		}
		l.scripts = append(l.scripts, s)
		for _, sc := range s.Scenarios {
			l.scenarios[sc.Name] = sc
			all = append(all, sc.Runtime())
		}
	}
	order, err := runtime.Order(all, f.chosen)
	if err != nil {
		return nil, verdict.Wrap(verdict.Config, err)
	}
	if len(order) == 0 {
		var tags []string
		for _, s := range all {
			tags = append(tags, s.Tags...)
		}
		slices.Sort(tags)
		return nil, verdict.Wrap(verdict.Config, fmt.Errorf("no scenario has the tag %s; there are: %s",
			strings.Join(f.tags, " or "), strings.Join(slices.Compact(tags), ", ")))
	}
	l.order = order
	return l, nil
}

// chosen says whether --tag leaves a scenario in.
func (f *scriptFlags) chosen(s *runtime.Scenario) bool {
	if len(f.tags) == 0 {
		return true
	}
	return slices.ContainsFunc(f.tags, func(t string) bool { return slices.Contains(s.Tags, t) })
}
