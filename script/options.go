package script

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/modules"
	"runner/runtime"
	"runner/thresholds"
	"runner/value"
)

// settings are a scenario's options: the engine's, and each module's section.
type settings struct {
	engine runtime.Options
	module map[string]any
	shown  map[string]string // as the script wrote them, for inspection

	thresholds []*thresholds.Threshold // as they are declared
}

// durations are the engine's options that are times.
var durations = map[string]func(o *runtime.Options) *time.Duration{
	"gracefulStop":     func(o *runtime.Options) *time.Duration { return &o.GracefulStop },
	"initTimeout":      func(o *runtime.Options) *time.Duration { return &o.InitTimeout },
	"terminateTimeout": func(o *runtime.Options) *time.Duration { return &o.TerminateTimeout },
	"iterationTimeout": func(o *runtime.Options) *time.Duration { return &o.IterationTimeout },
	"scriptTimeout":    func(o *runtime.Options) *time.Duration { return &o.ScriptTimeout },
	"continueInterval": func(o *runtime.Options) *time.Duration { return &o.ContinueInterval },
	"warmUp":           func(o *runtime.Options) *time.Duration { return &o.WarmUp },
}

// maxUnread is the option for how many results wait for a load model that has not read them.
const maxUnread = "maxUnreadResults"

func optionNames() []string {
	names := []string{maxUnread, thresholdsOption, generatorOption}
	for name := range durations {
		names = append(names, name)
	}
	for name := range modules.Sections {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// decode reads an options object into s and returns what is wrong with it.
func (s *settings) decode(vm *js.VM, o *goja.Object, where string) (problems []string) {
	if o == nil {
		return nil
	}
	bad := func(format string, args ...any) { problems = append(problems, where+"."+fmt.Sprintf(format, args...)) }
	for _, key := range o.Keys() {
		v := o.Get(key)
		if !present(v) {
			continue
		}
		switch {
		case durations[key] != nil:
			d, err := vm.ParseDuration(v, where+"."+key)
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
			if d <= 0 {
				bad("%s is %s, it must be more than nothing", key, v)
				continue
			}
			*durations[key](&s.engine) = time.Duration(d)
		case key == maxUnread:
			n, ok := wholeNumber(v)
			if !ok || n < 1 || n > 100_000_000 {
				bad("%s is %s, it must be a whole number from 1 to 100000000", key, describe(v))
				continue
			}
			s.engine.MaxUnread = n
		case key == thresholdsOption:
			list, wrong := readThresholds(vm, v, where+"."+key)
			s.thresholds = append(s.thresholds, list...)
			if len(wrong) > 0 {
				problems = append(problems, wrong...)
				continue
			}
		case key == generatorOption:
			l, err := readGeneratorLimits(vm, v, where+"."+key, s.engine.Generator)
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
			s.engine.Generator = l
		case modules.Sections[key] != nil:
			taken, err := vm.Take(v, where+"."+key)
			if err == nil {
				s.module[key], err = modules.Sections[key](taken)
			}
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
		default:
			hint := ""
			if best := js.Nearest(key, optionNames()); best != "" {
				hint = fmt.Sprintf(", did you mean %s?", best)
			}
			problems = append(problems, fmt.Sprintf("%s has an unknown key %q%s (known: %s)", where, key, hint, strings.Join(optionNames(), ", ")))
			continue
		}
		s.shown[key] = show(vm, v)
	}
	return problems
}

// show writes an option as a script would.
func show(vm *js.VM, v goja.Value) string {
	taken, err := vm.Take(v, "option")
	if err != nil {
		return describe(v)
	}
	b, err := value.JSON(taken)
	if err != nil {
		return describe(v)
	}
	return string(b)
}

func wholeNumber(v goja.Value) (int, bool) {
	switch n := v.Export().(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), n == float64(int(n))
	}
	return 0, false
}
