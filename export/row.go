// Package export writes a run's figures in the forms that other programs read: files (CSV, Parquet,
// JUnit, Markdown) and, while the run goes, what databases take (a Prometheus scrape endpoint,
// Prometheus remote write, OTLP). Everything is a fold over the run's events or its State. None of it
// ever holds up the run: what cannot be written in time is counted and told.
package export

import (
	"encoding/json"
	"math"
	"time"

	"runner/events"
	"runner/metrics"
)

// row is what one series recorded in one second: the row of a table.
type row struct {
	At       time.Duration // the end of the second, since the run began
	Metric   metrics.Metric
	Scenario string
	Group    string
	Method   string
	Name     string
	Status   string
	Error    string
	Check    string
	Node     string
	Tags     string // the others, as a JSON object; empty if there are none
	Stats    metrics.Stats
}

// rowsOf calls fn for every series of a metrics event.
func rowsOf(e events.Event, fn func(row)) {
	if e.Metrics == nil {
		return
	}
	e.Metrics.Each(func(m metrics.Metric, tags []metrics.Tag, s metrics.Stats) {
		r := row{At: e.At, Metric: m, Stats: s}
		var others map[string]string
		for _, t := range tags {
			switch t.Key {
			case events.ScenarioTag:
				r.Scenario = t.Value
			case "group":
				r.Group = t.Value
			case "method":
				r.Method = t.Value
			case "name":
				r.Name = t.Value
			case "status":
				r.Status = t.Value
			case "error":
				r.Error = t.Value
			case events.CheckTag:
				r.Check = t.Value
			case "node":
				r.Node = t.Value
			default:
				if others == nil {
					others = map[string]string{}
				}
				others[t.Key] = t.Value
			}
		}
		if others != nil {
			text, err := json.Marshal(others)
			if err == nil { // a map of texts cannot fail
				r.Tags = string(text)
			}
		}
		fn(r)
	})
}

// figures are those of a row that its kind of metric has; the others are nil.
type rowFigures struct {
	Count               int64
	Sum, Min, Max, Last *float64
	P50, P90, P95, P99  *float64
}

func (r row) figures() rowFigures {
	some := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	s := r.Stats
	f := rowFigures{Count: s.Count}
	switch r.Metric.Kind {
	case metrics.Counter, metrics.Rate:
		f.Sum = some(s.Sum)
	case metrics.Gauge:
		f.Min, f.Max, f.Last = some(s.Min), some(s.Max), some(s.Last)
	case metrics.Trend:
		f.Sum, f.Min, f.Max = some(s.Sum), some(s.Min), some(s.Max)
		f.P50, f.P90, f.P95, f.P99 = some(s.Quantile(.5)), some(s.Quantile(.9)), some(s.Quantile(.95)), some(s.Quantile(.99))
	}
	return f
}
