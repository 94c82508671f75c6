package thresholds

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Check is one comparison of a figure with a limit.
type Check struct {
	text  string
	agg   aggregation
	op    operator
	limit float64 // in the metric's unit once it is resolved
	value float64 // as written
	unit  string
}

// String is the check as it was written, evenly spaced.
func (c Check) String() string { return c.text }

type operator uint8

const (
	below operator = iota
	atMost
	above
	atLeast
	equal
	unequal
)

var operators = map[string]operator{"<": below, "<=": atMost, ">": above, ">=": atLeast, "==": equal, "!=": unequal}

func (o operator) String() string {
	return [...]string{"<", "<=", ">", ">=", "==", "!="}[o]
}

// holds compares. Equality allows for the last bits of a sum.
func (o operator) holds(v, limit float64) bool {
	near := math.Abs(v-limit) <= 1e-12*max(math.Abs(v), math.Abs(limit))
	switch o {
	case below:
		return v < limit
	case atMost:
		return v <= limit || near
	case above:
		return v > limit
	case atLeast:
		return v >= limit || near
	case equal:
		return near
	}
	return !near
}

// checkShape: figure, argument in brackets, operator, number, unit.
var checkShape = regexp.MustCompile(`^([A-Za-z_]+[0-9]*(?:\.[0-9]+)?)\s*(?:\(\s*([^()]*?)\s*\))?\s*([<>=!]+)\s*(\S+?)\s*([A-Za-zµμ%][A-Za-zµμ%/]*|/s)?$`)

var shapeHint = `it must be a figure, an operator (<, <=, >, >=, ==, !=) and a limit, as in "p(95) < 200ms" or "error_rate < 1%"`

// ParseCheck reads a check such as p(95) < 200ms.
func ParseCheck(text string) (Check, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "&&") || strings.Contains(text, "||") {
		return Check{}, fmt.Errorf("%q: one check compares one figure: write a list of several", text)
	}
	m := checkShape.FindStringSubmatch(text)
	if m == nil {
		return Check{}, fmt.Errorf("%q is not a check: %s", text, shapeHint)
	}
	var c Check
	var err error
	if c.agg, err = parseAggregation(m[1], m[2], strings.Contains(text[:strings.IndexAny(text, "<>=!")], "(")); err != nil {
		return Check{}, fmt.Errorf("%q: %w", text, err)
	}
	op, ok := operators[m[3]]
	if !ok {
		hint := ""
		if m[3] == "=" || m[3] == "===" {
			hint = ", == is meant"
		}
		return Check{}, fmt.Errorf("%q: %q is no operator (<, <=, >, >=, ==, !=)%s", text, m[3], hint)
	}
	c.op = op
	number, unit := m[4], m[5]
	// What looks like a number's exponent or a unit was told apart by the expression; 1e3ms is both.
	if c.value, err = strconv.ParseFloat(number, 64); err != nil || !finite(c.value) || strings.ContainsAny(number, "_xXpP") {
		return Check{}, fmt.Errorf("%q: the limit %q is not a number", text, number)
	}
	c.value += 0 // −0 is 0
	if unit != "" {
		u, ok := units[unit]
		if !ok {
			return Check{}, fmt.Errorf("%q: there is no unit %q (known: %s)", text, unit, unitNames)
		}
		c.unit = u.name
	}
	c.limit = c.value
	c.text = c.agg.name + " " + c.op.String() + " " + strconv.FormatFloat(c.value, 'f', -1, 64) + c.unit
	return c, nil
}

func finite(v float64) bool { return v-v == 0 }
