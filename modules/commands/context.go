package commands

import (
	"slices"
	"strconv"

	"github.com/dop251/goja"

	"runner/loadmodels"
	"runner/value"
)

// maxSafe is the largest integer up to which JavaScript numbers are exact.
const maxSafe = 1<<53 - 1

// context is made once a VM, as a view: what dependencies gave is not copied.
func (c *commands) context() goja.Value {
	if c.shownContext == nil {
		c.shownContext = c.vm.Give(contextValue(c.vm.Env().Info))
	}
	return c.shownContext
}

func contextValue(info loadmodels.Info) value.Value {
	names := make([]string, 0, len(info.Dependencies))
	for name := range info.Dependencies {
		names = append(names, name)
	}
	slices.Sort(names)
	dependencies := make([]value.Value, len(names))
	for i, name := range names {
		d := info.Dependencies[name]
		dependencies[i] = value.NewObject(
			[]string{"verdict", "output", "errors"},
			[]value.Value{d.Verdict, d.Output, textArray(d.Errors)},
		)
	}
	return value.NewObject(
		[]string{"run", "scenario", "node", "seed", "dependencies"},
		[]value.Value{info.Run, info.Scenario, info.Node, seedValue(info.Seed), value.NewObject(names, dependencies)},
	)
}

// seedValue is the seed as a number, or as its digits if it is too large for one.
func seedValue(seed uint64) value.Value {
	if seed <= maxSafe {
		return float64(seed)
	}
	return strconv.FormatUint(seed, 10)
}

func textArray(list []string) *value.Array {
	items := make([]value.Value, len(list))
	for i, s := range list {
		items[i] = s
	}
	return &value.Array{Items: items}
}
