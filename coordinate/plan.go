// Package coordinate is how users that know each other are brought together: a coordinator counts
// joins and makes groups of them, by a plan. It is a pure state machine: events with times come in,
// groups to act on and waits that are over come out. It knows no clock, no goroutine and no script;
// modules/coordinator runs the actions and lets waiting users go on.
package coordinate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Forever is a timeout that never comes.
const Forever = time.Duration(math.MaxInt64)

// MaxUsers bounds a group.
const MaxUsers = 10_000_000

// Size is how many users make a group of one item of a plan.
type Size struct {
	// Min and Max are both possible; the size is drawn anew for each group.
	Min, Max int
	// All is for an item that gathers everybody and acts only at a timeout, a reset and the stop.
	All bool
}

// Exactly is a size without choice.
func Exactly(n int) Size { return Size{Min: n, Max: n} }

// String is the size as a plan has it.
func (s Size) String() string {
	switch {
	case s.All:
		return `"all"`
	case s.Min == s.Max:
		return fmt.Sprint(s.Min)
	}
	return fmt.Sprintf("[%d, %d]", s.Min, s.Max)
}

// Plan is what a coordinator does. Each item counts for itself: every join counts for all of them.
type Plan struct {
	Items   []Size
	Timeout time.Duration // since the last join; Forever for none
}

// Validate says what is wrong with the plan.
func (p Plan) Validate() error {
	if len(p.Items) == 0 {
		return errors.New("the plan is empty, it needs at least one item { users, run }")
	}
	for i, s := range p.Items {
		if s.All {
			continue
		}
		if s.Min < 1 || s.Max < s.Min || s.Max > MaxUsers {
			return fmt.Errorf("plan[%d].users is %v, it must be a number of users from 1 to %d, a range [min, max], or \"all\"", i, s, MaxUsers)
		}
	}
	if p.Timeout <= 0 {
		return fmt.Errorf("the timeout must be longer than 0, not %v", p.Timeout)
	}
	return nil
}

// draw draws the size of the next group.
func (s Size) draw(r *rand.Rand) int {
	if s.All || s.Min == s.Max {
		return s.Min
	}
	return s.Min + r.IntN(s.Max-s.Min+1)
}

// Kind is why a group came together.
type Kind uint8

const (
	Coordinate Kind = iota // it is complete
	Timeout                // nobody joined for the plan's timeout
	Reset
	Stop
)

func (k Kind) String() string { return [...]string{"coordinate", "timeout", "reset", "stop"}[k] }
