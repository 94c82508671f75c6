package cmd

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"runner/script"
	"runner/thresholds"
	"runner/verdict"
)

// judgingFlags say by what a run is judged, beside what its scripts say.
type judgingFlags struct {
	thresholds []string
	noLimits   []string
}

// noLimitsEnv has what --no-generator-limit would, separated by commas: for machines, such as those of
// a CI service, that are never quiet.
const noLimitsEnv = "RUNNER_NO_GENERATOR_LIMIT"

func (j *judgingFlags) addTo(f *pflag.FlagSet) {
	f.StringArrayVar(&j.thresholds, "threshold", nil,
		"a limit that figures must keep to, as 'http.response_time{name:login}: p(95) < 200ms' (repeatable)")
	f.StringArrayVar(&j.noLimits, "no-generator-limit", nil,
		"judge figures by which the generator was the bottleneck as if it was not: lateness, stalls, cpu, descriptors, ports, errors, drops or all (repeatable; also: "+noLimitsEnv+")")
}

// apply reads the flags into the options of loading.
func (j *judgingFlags) apply(lo *script.LoadOptions) error {
	var errs []error
	for _, text := range j.thresholds {
		t, err := thresholds.ParseFlag(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--threshold %w", err))
			continue
		}
		lo.Thresholds = append(lo.Thresholds, t)
	}
	if len(errs) > 0 {
		return verdict.Wrap(verdict.Config, errors.Join(errs...))
	}
	lo.NoGeneratorLimits = j.noLimits
	for name := range strings.SplitSeq(os.Getenv(noLimitsEnv), ",") {
		if name = strings.TrimSpace(name); name != "" {
			lo.NoGeneratorLimits = append(lo.NoGeneratorLimits, name)
		}
	}
	return nil
}

// checkScenarios refuses thresholds of scenarios that there are not.
func (j *judgingFlags) checkScenarios(lo script.LoadOptions, l *loaded) error {
	var names []string
	for _, sc := range l.order {
		names = append(names, sc.Name)
	}
	if problems := script.NamedScenarios(lo.Thresholds, names); len(problems) > 0 {
		return verdict.Wrap(verdict.Config, errors.New(strings.Join(problems, "\n")))
	}
	return nil
}
