package loadmodels

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// The largest values that load models and commands accept. What is beyond them is a mistake in a
// script, not a wish.
const (
	MaxUsers = 10_000_000
	MaxCount = 1_000_000_000 // units of work, iterations, periods
	MaxRate  = 10_000_000.0  // arrivals, or iterations of one user, a second
)

// problems collects what is wrong with a model's parameters, so that all is said at once.
type problems struct {
	model string
	errs  []error
}

func (p *problems) add(format string, args ...any) {
	p.errs = append(p.errs, errors.New(p.model+": "+fmt.Sprintf(format, args...)))
}

func (p *problems) err() error { return errors.Join(p.errs...) }

func (p *problems) count(name string, n, low, high int) {
	if n < low || n > high {
		p.add("%s must be a whole number from %s to %s, got %s", name, grouped(low), grouped(high), grouped(n))
	}
}

func (p *problems) rate(name string, r float64, zero bool) {
	switch {
	case math.IsNaN(r) || r < 0 || r > MaxRate:
		p.add("%s must be a number from 0 to %s a second, got %v", name, grouped(int(MaxRate)), r)
	case r == 0 && !zero:
		p.add("%s must be more than 0", name)
	}
}

// duration checks that d is longer than 0, or at least 0 if zero is allowed; Forever passes.
func (p *problems) duration(name string, d time.Duration, zero bool) {
	switch {
	case d < 0:
		p.add("%s must not be negative, got %v", name, d)
	case d == 0 && !zero:
		p.add("%s must be longer than 0", name)
	}
}

// finite checks a duration that has to end.
func (p *problems) finite(name string, d time.Duration, zero bool) {
	if d == Forever {
		p.add("%s must end, got Infinity", name)
		return
	}
	p.duration(name, d, zero)
}

// grouped writes an integer with commas, as 10,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a count with its noun, as "1 user" or "1,200 users".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}
