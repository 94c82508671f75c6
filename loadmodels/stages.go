package loadmodels

import (
	"errors"
	"fmt"
	"time"
)

// Stages runs one model after another as parts of one shape of load: the users of a part stay for
// the next, and the last part's are stopped at the end.
type Stages struct{ Models []Model }

// Sequence runs one model after another, each as if it were alone: a model that stops its users does
// so, and the next begins once they have gone; a model that leaves its users running leaves them to
// the next. Sequence itself stops nobody.
type Sequence struct{ Models []Model }

// A part is a model that leaves its users to the next one and can be planned from a number of them.
type part interface {
	run(c Commands) error
	plan(users float64) []Segment
}

type validator interface{ Validate() error }

func validateAll(name string, models []Model) error {
	if len(models) == 0 {
		return fmt.Errorf("%s: needs at least one load model", name)
	}
	var errs []error
	for i, m := range models {
		if m == nil {
			errs = append(errs, fmt.Errorf("%s: load model %d is missing", name, i+1))
		} else if v, ok := m.(validator); ok {
			errs = append(errs, v.Validate())
		}
	}
	return errors.Join(errs...)
}

// Validate reports every parameter of a model in it that is not acceptable.
func (m Stages) Validate() error { return validateAll("stages", m.Models) }

// Run drives the scenario.
func (m Stages) Run(c Commands) error {
	if err := m.run(c); err != nil {
		return err
	}
	return c.ScaleUsers(0)
}

func (m Stages) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	plans := m.plans(float64(c.TargetUsers()))
	for i, model := range m.Models {
		run := model.Run
		if p, ok := model.(part); ok {
			run = p.run
		}
		if err := enterStage(c, "stage", i); err != nil {
			return err
		}
		if err := run(newStaged(c, "stage", plans, i)); err != nil {
			return err
		}
	}
	return nil
}

// Validate reports every parameter of a model in it that is not acceptable.
func (m Sequence) Validate() error { return validateAll("sequence", m.Models) }

// Run drives the scenario.
func (m Sequence) Run(c Commands) error { return m.run(c) }

func (m Sequence) run(c Commands) error {
	if err := m.Validate(); err != nil {
		return err
	}
	plans := planAll(m.Models, float64(c.TargetUsers()))
	for i, model := range m.Models {
		if err := enterStage(c, "part", i); err != nil {
			return err
		}
		staged := newStaged(c, "part", plans, i)
		if err := model.Run(staged); err != nil {
			return err
		}
		if i == len(m.Models)-1 || c.TargetUsers() > 0 {
			continue
		}
		// The results of users that still finish belong to this model, not to the next.
		if err := newReader(c, 0).gone(); err != nil {
			return err
		}
	}
	return nil
}

// Plan is what can be known beforehand.
func (m Stages) Plan() []Segment { return m.plan(0) }

func (m Stages) plan(users float64) []Segment { return joined(m.plans(users)) }

func (m Stages) plans(users float64) [][]Segment { return planAll(m.Models, users) }

// Plan is what can be known beforehand.
func (m Sequence) Plan() []Segment { return m.plan(0) }

func (m Sequence) plan(users float64) []Segment { return joined(planAll(m.Models, users)) }

// planAll plans each model from the users that the one before it ends with.
func planAll(models []Model, users float64) [][]Segment {
	plans := make([][]Segment, len(models))
	for i, m := range models {
		if p, ok := m.(part); ok {
			plans[i] = p.plan(users)
		} else {
			plans[i] = carry(m.Plan(), users)
		}
		if n := len(plans[i]); n > 0 {
			users = plans[i][n-1].ToUsers
		}
	}
	return plans
}

// carry has users stay where a plan knows nothing of them.
func carry(plan []Segment, users float64) []Segment {
	for i := range plan {
		if s := &plan[i]; s.Duration < 0 && !s.Open && s.FromUsers == 0 && s.ToUsers == 0 {
			s.FromUsers, s.ToUsers = users, users
		}
	}
	return plan
}

func joined(plans [][]Segment) []Segment {
	var all []Segment
	for _, p := range plans {
		all = append(all, p...)
	}
	return all
}

// staged is what one of several models gets: its progress counts as a part of the whole.
type staged struct {
	Commands
	name          string // of its phase
	label         string
	before, after time.Duration // what is planned before and after this part; negative: not known
	planned       time.Duration // this part
}

func newStaged(c Commands, label string, plans [][]Segment, i int) Commands {
	return &staged{
		Commands: c,
		name:     stageName(label, i),
		label:    fmt.Sprintf("%s %d/%d", label, i+1, len(plans)),
		before:   PlannedDuration(joined(plans[:i])),
		planned:  PlannedDuration(plans[i]),
		after:    PlannedDuration(joined(plans[i+1:])),
	}
}

// PlannedDuration is the length of a plan, negative if it is not known beforehand.
func PlannedDuration(plan []Segment) time.Duration {
	var sum time.Duration
	for _, s := range plan {
		if s.Duration < 0 {
			return -1
		}
		sum = later(sum, s.Duration)
	}
	return sum
}

// Report tells how far the whole is.
func (s *staged) Report(p Progress) {
	p.Phase = s.label + ": " + p.Phase
	known := s.before >= 0 && s.planned >= 0 && s.after >= 0
	total := s.before + s.planned + s.after
	switch {
	case known && total > 0 && p.Fraction >= 0:
		p.Fraction = (float64(s.before) + p.Fraction*float64(s.planned)) / float64(total)
	default:
		p.Fraction = -1
	}
	if p.Remaining >= 0 && s.after >= 0 {
		p.Remaining += s.after
	} else {
		p.Remaining = -1
	}
	s.Commands.Report(p)
}
