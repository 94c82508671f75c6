package script

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"runner/generator"
	"runner/js"
	"runner/metrics"
	"runner/thresholds"
)

// The options by which figures are judged.
const (
	thresholdsOption = "thresholds"
	generatorOption  = "generatorLimits"
)

// readThresholds reads { "metric{tag:value}": check, … }, where check is a text, an object with the key
// check, or a list of these.
func readThresholds(vm *js.VM, v goja.Value, where string) (list []*thresholds.Threshold, problems []string) {
	o, err := vm.Options(v, where)
	if err != nil {
		return nil, []string{err.Error()}
	}
	for _, key := range o.Keys() {
		held := o.Value(key)
		if held == nil {
			continue
		}
		at := where + "[" + strconv.Quote(key) + "]"
		checks := []goja.Value{held}
		if array, ok := held.(*goja.Object); ok && array.ClassName() == "Array" {
			checks = nil
			for i := range int(array.Get("length").ToInteger()) {
				checks = append(checks, array.Get(strconv.Itoa(i)))
			}
			if len(checks) == 0 {
				problems = append(problems, at+" is an empty list, it must have a check, such as \"p(95) < 200ms\"")
			}
		}
		for i, c := range checks {
			place := at
			if len(checks) > 1 {
				place += fmt.Sprintf("[%d]", i)
			}
			t, err := readThreshold(vm, key, c, place)
			if err != nil {
				problems = append(problems, place+": "+err.Error())
				continue
			}
			list = append(list, t)
		}
	}
	if err := o.Done(); err != nil {
		problems = append(problems, err.Error())
	}
	return list, problems
}

func readThreshold(vm *js.VM, key string, v goja.Value, where string) (*thresholds.Threshold, error) {
	if v != nil && goja.IsString(v) {
		return thresholds.New(key, v.String(), thresholds.Terms{})
	}
	if _, ok := v.(*goja.Object); !ok {
		return nil, fmt.Errorf(`it is %s, it must be a check such as "p(95) < 200ms", or an object { check, abort, after, window, optional, phase, exceptPhase }`, describe(v))
	}
	o, err := vm.Options(v, "it")
	if err != nil {
		return nil, err
	}
	check := o.String("check", "")
	t := thresholds.Terms{
		Abort: o.Bool("abort", false), Optional: o.Bool("optional", false),
		After: o.Duration("after", 0), Window: o.Duration("window", 0),
		Phases: names(o, "phase"), ExceptPhases: names(o, "exceptPhase"),
	}
	if err := o.Done(); err != nil {
		return nil, err
	}
	switch {
	case check == "":
		return nil, errors.New(`it needs a check, such as { check: "p(95) < 200ms" }`)
	case t.Window > 0 && t.Window < time.Second:
		return nil, fmt.Errorf("window is %v, it must be at least 1s: figures are merged once a second", t.Window)
	case t.Window > metrics.MaxWindow:
		return nil, fmt.Errorf("window is %v, it must be at most %v", t.Window, metrics.MaxWindow)
	}
	return thresholds.New(key, check, t)
}

// names reads a text or a list of them.
func names(o *js.Options, key string) []string {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	if goja.IsString(v) {
		return []string{v.String()}
	}
	return o.Strings(key)
}

// readGeneratorLimits reads { cpu: "95%", lateness: "20ms", drops: false, … }; false switches a rule off.
func readGeneratorLimits(vm *js.VM, v goja.Value, where string, l generator.Limits) (generator.Limits, error) {
	o, err := vm.Options(v, where)
	if err != nil {
		return l, err
	}
	shares := map[string]*float64{
		generator.CPU: &l.CPU, generator.Stalls: &l.Stalls, generator.Drops: &l.Drops,
		generator.Descriptors: &l.Descriptors, generator.Ports: &l.Ports,
	}
	for _, rule := range generator.Rules {
		v := o.Value(rule)
		if v == nil {
			continue
		}
		if b, ok := v.Export().(bool); ok && !b {
			if l, err = l.Without(rule); err != nil {
				return l, err
			}
			continue
		}
		switch {
		case rule == generator.Lateness:
			l.Lateness = o.Duration(rule, 0)
			if l.Lateness <= 0 && o.Has(rule) {
				o.Fail(fmt.Errorf("%s.%s is %s, it must be more than nothing, or false to switch the rule off", where, rule, v))
			}
		case rule == generator.Errors:
			l.Errors = o.Int(rule, 0, 0, math.MaxInt32)
		default:
			share, ok := shareOf(v)
			if !ok {
				o.Fail(fmt.Errorf(`%s.%s is %s, it must be a share such as "95%%" or 0.95, or false to switch the rule off`, where, rule, describe(v)))
				continue
			}
			*shares[rule] = share
		}
	}
	return l, o.Done()
}

// shareOf reads "95%" or 0.95: more than nothing, and no more than the whole.
func shareOf(v goja.Value) (float64, bool) {
	share := math.NaN()
	if goja.IsNumber(v) {
		share = v.ToFloat()
	} else if goja.IsString(v) {
		if text, ok := strings.CutSuffix(strings.TrimSpace(v.String()), "%"); ok {
			if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
				share = n / 100
			}
		}
	}
	return share, share > 0 && share <= 1
}

// resolveThresholds checks the script's thresholds, and the command line's that are of this scenario,
// against the metrics that there are.
func (s *settings) resolveThresholds(scenario string, known thresholds.Known, flags []*thresholds.Threshold) (problems []string) {
	for i, t := range slices.Concat(s.thresholds, flags) {
		if name := scenarioOf(t); name != "" && name != scenario {
			continue
		}
		r, err := t.Resolve(known)
		if err != nil {
			from := "threshold "
			if i >= len(s.thresholds) {
				from = "--threshold "
			}
			problems = append(problems, from+err.Error())
			continue
		}
		s.engine.Thresholds = append(s.engine.Thresholds, r)
	}
	return problems
}

// scenarioOf is the scenario that a threshold's tags name, empty if it is of each.
func scenarioOf(t *thresholds.Threshold) string {
	for _, tag := range t.Tags {
		if tag.Key == "scenario" {
			return tag.Value
		}
	}
	return ""
}

// NamedScenarios says which scenarios thresholds name that are not among those that there are.
func NamedScenarios(list []*thresholds.Threshold, have []string) (problems []string) {
	for _, t := range list {
		name := scenarioOf(t)
		if name == "" || slices.Contains(have, name) {
			continue
		}
		hint := ""
		if best := js.Nearest(name, have); best != "" {
			hint = fmt.Sprintf(", did you mean %s?", best)
		}
		problems = append(problems, fmt.Sprintf("threshold %s: there is no scenario %q%s (there are %s)", t, name, hint, strings.Join(have, ", ")))
	}
	return problems
}
