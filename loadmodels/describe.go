package loadmodels

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe says in one line what a load model or a user loop is, as its call in a script would read.
func Describe(modelOrLoop any) string {
	switch m := modelOrLoop.(type) {
	case RunOnce:
		return call("runOnce")
	case NIterations:
		return call("nIterations", m.Iterations, m.Users)
	case ConstantUsers:
		if m.name == "nSeconds" {
			return call("nSeconds", m.Duration.Seconds(), m.Users)
		}
		return call("constantUsers", m.Users, m.Duration)
	case RampUsers:
		return call("rampUsers", m.Duration.Seconds(), m.Target)
	case RampUsersToThreshold:
		return call("rampUsersToThreshold", fmt.Sprintf("from %d users, every %s", m.InitialUsers, length(m.period())))
	case ConstantArrivalRate:
		return call("constantArrivalRate", fmt.Sprintf("%s/s", number(m.Rate/perSeconds(m.Per))), m.Duration)
	case RampingArrivalRate:
		parts := []any{fmt.Sprintf("%s/s", number(m.StartRate/perSeconds(m.Per)))}
		for _, s := range m.Stages {
			parts = append(parts, fmt.Sprintf("%s/s in %s", number(s.Target/perSeconds(m.Per)), length(s.Duration)))
		}
		return call("rampingArrivalRate", parts...)
	case Stages:
		return call("stages", describeAll(m.Models)...)
	case Sequence:
		return call("sequence", describeAll(m.Models)...)
	case WhileHasWork:
		return call("whileHasWork")
	case WhileAlive:
		return call("whileAlive")
	case IterationsPerSecondLimited:
		return call("iterationsPerSecondLimited", m.PerSecond)
	case Paced:
		return call("paced", m.Period)
	case RepeatAfter:
		return call("repeatAfter", m.Pause)
	}
	return "a function of the script"
}

func describeAll(models []Model) []any {
	var list []any
	for _, m := range models {
		list = append(list, Describe(m))
	}
	return list
}

func call(name string, args ...any) string {
	var texts []string
	for _, a := range args {
		switch a := a.(type) {
		case time.Duration:
			texts = append(texts, length(a))
		case float64:
			texts = append(texts, number(a))
		default:
			texts = append(texts, fmt.Sprint(a))
		}
	}
	return name + "(" + strings.Join(texts, ", ") + ")"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func length(d time.Duration) string {
	if d == Forever {
		return "Infinity"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
