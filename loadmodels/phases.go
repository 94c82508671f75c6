package loadmodels

import "fmt"

// PhaseSeparator stands between the name of a phase and that of a part of it.
const PhaseSeparator = " › "

// enter begins a phase of our own: within a stage its name has that of the stage before it, so that stages
// of stages can be told apart.
func enter(c Commands, name string) error {
	if s, ok := c.(*staged); ok {
		return enter(s.Commands, s.name+PhaseSeparator+name)
	}
	return c.Phase(name)
}

// enterStage begins the i-th of several models.
func enterStage(c Commands, kind string, i int) error {
	return enter(c, stageName(kind, i))
}

func stageName(kind string, i int) string { return fmt.Sprintf("%s %d", kind, i+1) }
