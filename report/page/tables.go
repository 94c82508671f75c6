package page

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/report"
	"runner/report/timeline"
)

// timesRow is a distribution as a row of a table.
type timesRow struct {
	Name, Text                                      string
	Count, Min, Mean, P50, P90, P95, P99, P999, Max string
}

func timesOf(name, text string, s metrics.Stats) timesRow {
	w := func(q float64) string { return report.Millis(s.Quantile(q)) }
	return timesRow{name, text, report.Grouped(s.Count), w(0), report.Millis(s.Mean()), w(.5), w(.9), w(.95), w(.99), w(.999), w(1)}
}

type endpointView struct {
	Method, Name, Requests, Rate, Failed string
	Bad                                  bool
	Times                                timesRow
	RateSpark, TimeSpark                 spark
	Answers                              []answerView
}

type answerView struct{ Class, Name, Count string }

type phaseRow struct {
	timesRow
	Class    string
	X, Width float64
}

type checkView struct {
	Name, Passed, Failed, Share string
	Bad                         bool
	Width                       float64 // of the passed share, percent
}

type customView struct {
	Name, Kind, Value, More string
	Spark                   spark
	Part                    bool
}

type failureView struct {
	Count, Source, Text, Place, Stack string
	When, Who                         string
	Spark                             spark
}

type sampleView struct {
	At, Title, Error  string
	Request, Response string
	User              string
}

func stats(store *metrics.Store, m *metrics.Metric, scenario string) metrics.Stats {
	s, _ := store.Query(m.Name, map[string]string{events.ScenarioTag: scenario}, 0)
	return s
}

func (v *scenarioView) addFigures(store *metrics.Store, s events.RunScenario, over *timeline.Scenario, a axis) {
	response := stats(store, metrics.IterationResponseTime, s.Name)
	service := stats(store, metrics.IterationServiceTime, s.Name)
	late := stats(store, metrics.IterationLateness, s.Name)
	http := stats(store, metrics.HTTPResponseTime, s.Name)
	curves := []curve{}
	if response.Count > 0 {
		text := ""
		if late.Count > 0 {
			text = "from the planned start"
		}
		v.Times = append(v.Times, timesOf("iteration response time", text, response))
		curves = append(curves, curve{"c-p99", "iteration response", response})
	}
	if late.Count > 0 {
		v.Times = append(v.Times, timesOf("iteration service time", "from the real start", service), timesOf("lateness", "the generator's own share", late))
		curves = append(curves, curve{"c-p90", "iteration service", service})
	}
	spread := histogram("How long iterations took", response, "iteration", "iterations")
	if http.Count > 0 {
		v.Times = append(v.Times, timesOf("HTTP response time", "of single requests", http))
		if late.Count > 0 || http.Count != response.Count || math.Abs(http.Sum-response.Sum) > 0.03*response.Sum {
			curves = append(curves, curve{"c-p50", "HTTP", http})
		} else {
			curves = []curve{{"c-p50", "HTTP", http}}
		}
		spread = histogram("How long requests took", http, "request", "requests")
	}
	for _, p := range []plot{spread, byPercentile("By percentile", curves)} {
		if len(p.Shapes) > 0 && s.Ledger.Started >= leastCharted {
			v.Spread = append(v.Spread, p)
		}
	}
	v.addEndpoints(store, s, over, a)
	v.addHTTP(store, s)
	v.addChecks(store, s.Name)
	v.addCustom(store, s.Name, over, a)
}

// mostEndpoints is how many rows the table has.
const mostEndpoints = 100

func (v *scenarioView) addEndpoints(store *metrics.Store, s events.RunScenario, over *timeline.Scenario, a axis) {
	type endpoint struct {
		method, name     string
		requests, failed int64
		times            metrics.Stats
		answers          map[string]int64
	}
	by := map[string]*endpoint{}
	var list []*endpoint
	each := func(m *metrics.Metric, fn func(e *endpoint, one metrics.SeriesStats)) {
		for _, one := range store.Series(m.Name) {
			if one.Tag(events.ScenarioTag) != s.Name {
				continue
			}
			method, name := timeline.EndpointName(one.Tags)
			e := by[method+" "+name]
			if e == nil {
				e = &endpoint{method: method, name: name, answers: map[string]int64{}}
				by[method+" "+name] = e
				list = append(list, e)
			}
			fn(e, one)
		}
	}
	each(metrics.HTTPRequests, func(e *endpoint, one metrics.SeriesStats) {
		e.requests += int64(one.Stats.Sum)
		e.answers[timeline.Answer(one.Tags)] += int64(one.Stats.Sum)
	})
	each(metrics.HTTPFailed, func(e *endpoint, one metrics.SeriesStats) { e.failed += int64(one.Stats.Sum) })
	each(metrics.HTTPResponseTime, func(e *endpoint, one metrics.SeriesStats) { e.times.Merge(one.Stats) })
	slices.SortStableFunc(list, func(x, y *endpoint) int { return cmp.Compare(y.requests, x.requests) })
	if len(list) > mostEndpoints {
		v.OtherEndpoints = len(list) - mostEndpoints
		list = list[:mostEndpoints]
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.name
	}
	v.Origin = timeline.Origin(names)
	for _, e := range list {
		row := endpointView{
			Method: e.method, Name: strings.TrimPrefix(e.name, v.Origin), Requests: report.Grouped(e.requests), Failed: report.Share(e.failed, e.requests),
			Bad: e.failed > 0, Times: timesOf("", "", e.times),
		}
		if s.DurationMs > 0 {
			row.Rate = report.PerSecond(float64(e.requests) / s.DurationMs * 1000)
		}
		for _, g := range answerGroups(e.answers) {
			row.Answers = append(row.Answers, answerView{g.class, g.name, report.Grouped(g.total)})
		}
		for _, o := range over.Endpoints {
			if o.Method == e.method && o.Name == e.name {
				row.RateSpark, row.TimeSpark = endpointSparks(o, over, a)
			}
		}
		v.Endpoints = append(v.Endpoints, row)
	}
}

// mostSpark is how many points a small line has.
const mostSpark = 75

func endpointSparks(e *timeline.Endpoint, over *timeline.Scenario, a axis) (rate, times spark) {
	per := (a.steps + mostSpark - 1) / mostSpark
	n := (a.steps + per - 1) / per
	rates, p95 := make([]float64, n), make([]float64, n)
	for i := range n {
		var requests int64
		var span time.Duration
		var packed metrics.Packed
		for j := i * per; j < min((i+1)*per, a.steps); j++ {
			if j < len(over.Points) {
				span += over.Points[j].Span
			}
			if j < len(e.Points) {
				requests += e.Points[j].Requests
				packed.Merge(e.Points[j].Times)
			}
		}
		rates[i] = math.NaN()
		if span > 0 {
			rates[i] = float64(requests) / span.Seconds()
		}
		p95[i] = packed.Stats().Quantile(.95)
	}
	return sparkOf(rates, n, report.PerSecond), sparkOf(p95, n, report.Millis)
}

// phases are the parts of a request in their order.
var phases = []struct {
	m           *metrics.Metric
	class, name string
	text        string
}{
	{metrics.HTTPBlocked, "c-n7", "blocked", "waiting for a connection"},
	{metrics.HTTPDNS, "c-n6", "DNS", "looking up the name"},
	{metrics.HTTPConnect, "c-n5", "connect", "TCP"},
	{metrics.HTTPTLS, "c-n4", "TLS", "handshake"},
	{metrics.HTTPSend, "c-n3", "send", "writing the request"},
	{metrics.HTTPWait, "c-n0", "wait", "until the first byte of the answer"},
	{metrics.HTTPReceive, "c-n1", "receive", "reading the answer"},
}

func (v *scenarioView) addHTTP(store *metrics.Store, s events.RunScenario) {
	h := s.HTTP
	if h == nil {
		return
	}
	v.HTTP = []fact{
		{"requests", report.Grouped(h.Requests) + ", " + report.Share(h.Failed, h.Requests) + " failed"},
		{"on the wire", report.Plural(h.Attempts, "attempt", "attempts")},
		{"sent", report.ByteSize(float64(h.BytesOut))},
		{"received", report.ByteSize(float64(h.BytesIn))},
		{"connections", report.Grouped(h.Connections.Opened) + " opened, used again " + report.Plural(h.Connections.Reused, "time", "times") +
			", " + report.Grouped(h.Connections.ClosedByPeer) + " closed by the server"},
	}
	total := 0.0
	var sums []float64
	for _, p := range phases {
		one := stats(store, p.m, s.Name)
		sums = append(sums, one.Sum)
		total += one.Sum
	}
	x := 0.0
	for i, p := range phases {
		one := stats(store, p.m, s.Name)
		if one.Count == 0 {
			continue
		}
		row := phaseRow{timesRow: timesOf(p.name, p.text, one), Class: p.class, X: x}
		if total > 0 {
			row.Width = 100 * sums[i] / total
		}
		x += row.Width
		v.Phases = append(v.Phases, row)
	}
}

func (v *scenarioView) addChecks(store *metrics.Store, scenario string) {
	type counts struct{ passed, asked int64 }
	by := map[string]*counts{}
	var names []string
	for _, one := range store.Series(metrics.Checks.Name) {
		if one.Tag(events.ScenarioTag) != scenario {
			continue
		}
		name := one.Tag(events.CheckTag)
		if one.Tag(metrics.OverflowTag) != "" {
			name = "(all others)"
		}
		if g := one.Tag("group"); g != "" {
			name = g + " › " + name
		}
		if by[name] == nil {
			by[name] = &counts{}
			names = append(names, name)
		}
		by[name].passed += int64(one.Stats.Sum)
		by[name].asked += one.Stats.Count
	}
	slices.Sort(names)
	for _, name := range names {
		c := by[name]
		v.Checks = append(v.Checks, checkView{
			Name: name, Passed: report.Grouped(c.passed), Failed: report.Grouped(c.asked - c.passed), Share: report.Share(c.passed, c.asked),
			Bad: c.passed < c.asked, Width: 100 * float64(c.passed) / float64(c.asked),
		})
	}
}

// mostParts is how many series of one metric of the script are shown.
const mostParts = 12

func (v *scenarioView) addCustom(store *metrics.Store, scenario string, over *timeline.Scenario, a axis) {
	for _, name := range store.Names() {
		if metrics.IsBuiltin(name) {
			continue
		}
		all, _ := store.Query(name, map[string]string{events.ScenarioTag: scenario}, 0)
		if all.Count == 0 {
			continue
		}
		m, _ := store.Metric(name)
		row := customOf(name, m, all)
		for _, c := range over.Custom {
			if c.Metric.Name == name {
				row.Spark = customSpark(c, over, a)
			}
		}
		v.Custom = append(v.Custom, row)
		parts := 0
		for _, one := range store.Series(name) {
			label := ownTags(one.Tags)
			if one.Tag(events.ScenarioTag) != scenario || label == "" {
				continue
			}
			if parts++; parts > mostParts {
				continue
			}
			part := customOf(label, m, one.Stats)
			part.Part = true
			v.Custom = append(v.Custom, part)
		}
		if parts > mostParts {
			v.Custom = append(v.Custom, customView{Name: fmt.Sprintf("… %d more series", parts-mostParts), Part: true})
		}
	}
}

func ownTags(tags []metrics.Tag) string {
	var parts []string
	for _, t := range tags {
		if t.Key != events.ScenarioTag && t.Key != "node" {
			parts = append(parts, t.Key+"="+t.Value)
		}
	}
	return strings.Join(parts, " ")
}

func customOf(name string, m metrics.Metric, s metrics.Stats) customView {
	q := func(v float64) string { return report.Quantity(v, m.Unit) }
	c := customView{Name: name, Kind: m.Kind.String()}
	switch m.Kind {
	case metrics.Counter:
		c.Value = q(s.Sum)
		c.More = report.PerSecond(s.PerSecond())
	case metrics.Gauge:
		c.Value = q(s.Last)
		c.More = fmt.Sprintf("from %s to %s, mean %s", q(s.Min), q(s.Max), q(s.Mean()))
	case metrics.Rate:
		c.Value = report.Share(int64(s.Sum), s.Count)
		c.More = report.Grouped(int64(s.Sum)) + " of " + report.Grouped(s.Count)
	case metrics.Trend:
		c.Value = "p95 " + q(s.Quantile(.95))
		c.More = fmt.Sprintf("%s values, mean %s, p50 %s, p90 %s, p99 %s, from %s to %s", report.Grouped(s.Count), q(s.Mean()), q(s.Quantile(.5)), q(s.Quantile(.9)), q(s.Quantile(.99)), q(s.Min), q(s.Max))
	}
	return c
}

func customSpark(c *timeline.Custom, over *timeline.Scenario, a axis) spark {
	per := (a.steps + mostSpark - 1) / mostSpark
	n := (a.steps + per - 1) / per
	values := make([]float64, n)
	words := func(v float64) string { return report.Quantity(v, c.Metric.Unit) }
	for i := range n {
		var packed metrics.Packed
		var span time.Duration
		for j := i * per; j < min((i+1)*per, a.steps); j++ {
			if j < len(over.Points) {
				span += over.Points[j].Span
			}
			if j < len(c.Points) {
				packed.Merge(c.Points[j])
			}
		}
		s := packed.Stats()
		switch c.Metric.Kind {
		case metrics.Counter:
			values[i] = math.NaN()
			if span > 0 {
				values[i] = s.Sum / span.Seconds()
			}
		case metrics.Gauge:
			values[i] = math.NaN()
			if s.Count > 0 {
				values[i] = s.Last
			}
		case metrics.Rate:
			values[i] = s.Rate()
		case metrics.Trend:
			values[i] = s.Quantile(.95)
		}
	}
	switch c.Metric.Kind {
	case metrics.Counter:
		words = report.PerSecond
	case metrics.Rate:
		words = func(v float64) string { return report.Share(int64(v*1e6), 1e6) }
	}
	return sparkOf(values, n, words)
}

// mostFailures is how many sorts of failures are shown.
const mostFailures = 50

func (v *scenarioView) addFailures(run events.Run, scenario string, over *timeline.Scenario, a axis) {
	shown := 0
	for _, f := range run.Failures {
		if f.Scenario != scenario {
			continue
		}
		if shown++; shown > mostFailures {
			continue
		}
		text := f.Message
		if f.Name != "" && f.Name != "Error" {
			text = f.Name + ": " + text
		}
		row := failureView{Count: report.Grouped(f.Count), Text: text, Place: f.Place, Stack: f.Stack}
		if f.Source != "iteration" {
			row.Source = f.Source
		}
		first, last := time.Duration(f.FirstAtMs*1e6), time.Duration(f.LastAtMs*1e6)
		row.When = report.Clock(first)
		if report.Clock(last) != row.When {
			row.When += "–" + report.Clock(last)
		}
		if f.User > 0 && f.Iteration > 0 {
			row.Who = fmt.Sprintf("first in iteration %s of user %s", report.Grouped(f.Iteration), report.Grouped(f.User))
		}
		for _, o := range over.Failures {
			if o.Text == text {
				values := make([]float64, len(o.Points))
				for i, n := range o.Points {
					values[i] = float64(n) / a.step.Seconds()
				}
				row.Spark = sparkOf(values, a.steps, report.PerSecond)
			}
		}
		v.Failures = append(v.Failures, row)
	}
	v.OtherFailures = max(0, shown-mostFailures)
}

const mostOutput = 64 << 10

// outputOf is what the scenario came to, as indented JSON; a text is shown as it is.
func outputOf(s events.RunScenario) (name, text string) {
	name, raw := "Output", s.Output
	if raw == nil {
		name, raw = "Aggregate", s.Aggregate
	}
	if len(raw) == 0 || string(raw) == "null" {
		return "", ""
	}
	var line string
	if json.Unmarshal(raw, &line) != nil {
		var b bytes.Buffer
		if json.Indent(&b, raw, "", "  ") != nil {
			return "", ""
		}
		line = b.String()
	}
	if len(line) > mostOutput {
		line = strings.ToValidUTF8(line[:mostOutput], "") + "…"
	}
	return name, line
}
