// Package modules is the list of what scripts can import. A module stands in it or does not exist.
package modules

import (
	"runner/js"
	"runner/modules/checks"
	"runner/modules/commands"
	"runner/modules/coordinator"
	"runner/modules/http"
	"runner/modules/loadmodels"
	"runner/modules/metrics"
	"runner/modules/throttle"
	"runner/modules/timing"
	"runner/modules/variables"
	"runner/value"
)

// All are the modules by the name that scripts import them by, behind "runner/".
func All() js.Registry {
	all := js.Registry{}
	for _, m := range []*js.Module{
		http.Module(), commands.Module(), loadmodels.Module(), checks.Module(), metrics.Module(), timing.Module(), variables.Module(),
		coordinator.Module(), throttle.Module(),
	} {
		all[m.Name] = m
	}
	return all
}

// Sections read the parts of a script's options that belong to a module, by name. What they return is
// what the module finds in js.Env.Settings.
var Sections = map[string]func(value.Value) (any, error){
	"http": http.DecodeOptions,
}

// SetBaseURL makes relative URLs in a scenario resolve against base, whatever its options say; an empty
// base changes nothing.
func SetBaseURL(settings map[string]any, base string) error {
	if base == "" {
		return nil
	}
	changed, err := http.SetBaseURL(settings["http"], base)
	if err != nil {
		return err
	}
	settings["http"] = changed
	return nil
}
