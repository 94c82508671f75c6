package thresholds

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"runner/metrics"
)

// aggregation is a figure that can be asked of a metric.
type aggregation struct {
	name     string // as it is shown: p(95), error_rate
	kind     figure
	quantile float64 // of a percentile
}

type figure uint8

const (
	percentile figure = iota
	minimum
	maximum
	mean
	count
	rate // of a Rate: the share that was true; of others: how many a second
	last
	errorRate
)

// figureNames are the words for each figure, the first of which is shown.
var figureNames = map[figure][]string{
	minimum: {"min"}, maximum: {"max"}, mean: {"mean", "avg"}, count: {"count"}, rate: {"rate"},
	last: {"value", "last"}, errorRate: {"error_rate"},
}

// accepted says what a kind of metric can be asked for.
var accepted = map[metrics.Kind][]figure{
	metrics.Trend:   {percentile, minimum, maximum, mean, count, rate},
	metrics.Counter: {count, rate},
	metrics.Gauge:   {last, minimum, maximum},
	metrics.Rate:    {rate},
}

// words lists figures as a script would write them.
func words(list []figure) string {
	var names []string
	for _, f := range list {
		if f == percentile {
			names = append(names, "p(N)", "med")
			continue
		}
		names = append(names, figureNames[f]...)
	}
	return strings.Join(names, ", ")
}

var allFigures = []figure{percentile, minimum, maximum, mean, count, rate, last, errorRate}

func parseAggregation(name, argument string, brackets bool) (aggregation, error) {
	if name == "p" || len(name) > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9' {
		digits := name[1:]
		if brackets {
			if digits != "" {
				return aggregation{}, fmt.Errorf("a percentile is p(95) or p95, not %s(%s)", name, argument)
			}
			digits = argument
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(n >= 0 && n <= 100) || strings.ContainsAny(digits, "_xXpPeE+-") {
			return aggregation{}, fmt.Errorf("a percentile is p(N) with N from 0 to 100, as in p(95) or p(99.9), not %s", strings.TrimSpace(name+"("+argument+")"))
		}
		return aggregation{name: "p(" + strconv.FormatFloat(n, 'f', -1, 64) + ")", kind: percentile, quantile: n / 100}, nil
	}
	if brackets {
		return aggregation{}, fmt.Errorf("only percentiles have brackets, as in p(95): %s(%s) is none", name, argument)
	}
	if name == "med" || name == "median" {
		return aggregation{name: "med", kind: percentile, quantile: 0.5}, nil
	}
	var known []string
	for _, f := range allFigures {
		for _, word := range figureNames[f] {
			if word == name {
				return aggregation{name: figureNames[f][0], kind: f}, nil
			}
			known = append(known, word)
		}
	}
	return aggregation{}, fmt.Errorf("there is no figure %q%s (known: %s)", name, didYouMean(name, append(known, "median")), words(allFigures))
}

// observe works a figure out; NaN: there are no samples for it.
func (t *Threshold) observe(q *query, m metrics.Metric) float64 {
	if t.agg.kind == errorRate {
		return errorShare(q, m.Name)
	}
	s := q.stats(m.Name)
	if s.Count == 0 {
		return math.NaN()
	}
	switch t.agg.kind {
	case percentile:
		return s.Quantile(t.agg.quantile)
	case minimum:
		return s.Min
	case maximum:
		return s.Max
	case mean:
		return s.Mean()
	case last:
		return s.Last
	case count:
		if m.Kind == metrics.Counter {
			return s.Sum
		}
		return float64(s.Count)
	case rate:
		if m.Kind == metrics.Rate {
			return s.Rate()
		}
		if s.Span <= 0 {
			return math.NaN()
		}
		return s.PerSecond()
	}
	return math.NaN()
}

// zero says whether a figure of nothing is 0 rather than unknown: how often something was counted is.
func (t *Threshold) zero(m metrics.Metric) bool {
	return m.Kind == metrics.Counter && (t.agg.kind == count || t.agg.kind == rate)
}

// errorShare is the part that failed: of requests for a metric of runner/http, of iterations (aborted
// ones are the generator's doing and do not count) for one of iterations, of checks for checks.
func errorShare(q *query, metric string) float64 {
	switch family(metric) {
	case "http":
		return q.stats(metrics.HTTPFailed.Name).Rate()
	case "iterations":
		failed := q.stats(metrics.IterationsFailed.Name).Sum
		all := failed + q.stats(metrics.IterationsSucceeded.Name).Sum
		if all == 0 {
			return math.NaN()
		}
		return failed / all
	case "checks":
		return 1 - q.stats(metrics.Checks.Name).Rate()
	}
	return math.NaN()
}

// family is what a built-in metric tells of: http, iterations or checks; empty for others.
func family(metric string) string {
	switch {
	case builtin.Lookup(metric) == nil:
	case strings.HasPrefix(metric, "http."):
		return "http"
	case strings.HasPrefix(metric, "iterations."), strings.HasPrefix(metric, "iteration."):
		return "iterations"
	case metric == metrics.Checks.Name:
		return "checks"
	}
	return ""
}

// share is the unit of a part of a whole.
const share = "share"

// unit is that of the threshold's figure.
func (t *Threshold) unit() string {
	switch t.agg.kind {
	case errorRate:
		return share
	case rate:
		if t.metric.Kind == metrics.Rate {
			return share
		}
		return "1/s"
	case count:
		if t.metric.Kind == metrics.Counter {
			return t.metric.Unit
		}
		return "1"
	}
	return t.metric.Unit
}

// unitOf is a unit that a limit may have.
type unitOf struct {
	name string // as it is shown
	of   string // what it measures: time, size, share, rate
	base float64
}

var units = map[string]unitOf{
	"us": {"us", "time", 1e-3}, "µs": {"us", "time", 1e-3}, "μs": {"us", "time", 1e-3},
	"ms": {"ms", "time", 1}, "s": {"s", "time", 1e3}, "m": {"m", "time", 60e3}, "min": {"m", "time", 60e3}, "h": {"h", "time", 3600e3},
	"B": {"B", "size", 1}, "kB": {"kB", "size", 1e3}, "KB": {"kB", "size", 1e3}, "MB": {"MB", "size", 1e6}, "GB": {"GB", "size", 1e9},
	"KiB": {"KiB", "size", 1 << 10}, "MiB": {"MiB", "size", 1 << 20}, "GiB": {"GiB", "size", 1 << 30},
	"%": {"%", share, 0.01}, "/s": {"/s", "rate", 1},
}

const unitNames = "us, ms, s, m, h, B, kB, MB, GB, KiB, MiB, GiB, %, /s, or none"

// measures says what a metric's unit measures, and how much of the base (ms, bytes) it is.
func measures(unit string) (of string, base float64) {
	switch unit {
	case share:
		return share, 1
	case "1/s":
		return "rate", 1
	case "bytes", "byte":
		return "size", 1
	}
	if u, ok := units[unit]; ok && (u.of == "time" || u.of == "size") {
		return u.of, u.base
	}
	return "", 1
}

// convert gives the limit in the unit of the figure.
func (t *Threshold) convert() (float64, error) {
	figure := t.unit()
	of, base := measures(figure)
	if t.Check.unit == "" {
		if of == share && (t.value < 0 || t.value > 1) {
			return 0, fmt.Errorf("%s is a share, from 0 to 1 or in %%: %s is out of range", t.agg.name, strconv.FormatFloat(t.value, 'f', -1, 64))
		}
		return t.value, nil
	}
	u := units[t.Check.unit]
	if u.of != of {
		have := map[string]string{"time": "a time", "size": "a size", share: "a share, from 0 to 1 or in %", "rate": "a number a second"}[of]
		if have == "" {
			have = fmt.Sprintf("a number of %q", figure)
			if figure == "1" || figure == "" {
				have = "a plain number"
			}
		}
		return 0, fmt.Errorf("%s of %s is %s: a limit in %s cannot be compared with it", t.agg.name, t.metric.Name, have, u.name)
	}
	if of == share && (t.value < 0 || t.value > 100) {
		return 0, fmt.Errorf("%s is a share: %s%% is out of range, it must be from 0%% to 100%%", t.agg.name, strconv.FormatFloat(t.value, 'f', -1, 64))
	}
	return t.value * u.base / base, nil
}

// Format shows a figure in its unit with four digits.
func Format(v float64, unit string) string {
	switch unit {
	case share:
		return digits(v*100) + " %"
	case "1/s":
		return digits(v) + "/s"
	case "1", "":
		return digits(v)
	case "ms":
		switch a := math.Abs(v); {
		case a >= 1000:
			return digits(v/1000) + " s"
		case a < 1 && a > 0:
			return digits(v*1000) + " µs"
		}
	}
	return digits(v) + " " + unit
}

func digits(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e15 {
		return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
