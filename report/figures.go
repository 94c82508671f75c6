package report

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"runner/metrics"
)

// percentileColumns are the figures of a distribution in the order of a table's columns.
var percentileColumns = []column{
	{head: "min", right: true, rank: 5},
	{head: "mean", right: true, rank: 4},
	{head: "p50", right: true},
	{head: "p90", right: true, rank: 6},
	{head: "p95", right: true},
	{head: "p99", right: true, rank: 1},
	{head: "p99.9", right: true, rank: 3},
	{head: "max", right: true, rank: 2},
}

func (d distribution) cells(unit string) []span {
	if d.Count == 0 {
		return nil
	}
	var cells []span
	for _, v := range []float64{d.Min, d.Mean, d.P50, d.P90, d.P95, d.P99, d.P999, d.Max} {
		cells = append(cells, text(plain, quantity(v, unit)))
	}
	return cells
}

// timesTable has the two clocks of iterations and requests.
func timesTable(s *scenarioView, w int) []line {
	if s.Totals.Response.Count == 0 && s.Totals.HTTP.Response.Count == 0 {
		return nil
	}
	t := table{columns: append([]column{{head: "time"}}, percentileColumns...)}
	row := func(name string, d distribution) {
		if d.Count > 0 {
			t.rows = append(t.rows, append([]span{text(faint, name)}, d.cells("ms")...))
		}
	}
	row("response", s.Totals.Response)
	if s.open() {
		row("service", s.Totals.Service)
		row("lateness", s.Totals.Lateness)
	}
	row("http", s.Totals.HTTP.Response)
	return t.layout(gutter, w)
}

// single is true for a scenario of one iteration, of which there is no distribution to show.
func (s *scenarioView) single() bool {
	return s.Iterations.Started == 1 && s.Totals.Response.Count <= 1
}

// singleTime is the time of the only iteration.
func singleTime(s *scenarioView) []line {
	if s.Totals.Response.Count == 0 {
		return nil
	}
	return labelled("response", []string{millis(s.Totals.Response.P50)}, plain)
}

// rate is a count over the scenario's time, empty for one so short that it would only mislead.
func (s *scenarioView) rate(n int64) string {
	if s.Duration < time.Second {
		return ""
	}
	return perSecond(float64(n) / s.Duration.Seconds())
}

// open is true if some iterations had a planned start: then response time, which counts from it,
// and service time are not the same.
func (s *scenarioView) open() bool { return s.Totals.Lateness.Count > 0 }

func httpBlock(s *scenarioView, w int) []line {
	h := s.Totals.HTTP
	if h.Requests == 0 && h.Attempts == 0 {
		return nil
	}
	var l line
	l.add(plain, plural(h.Requests, "request", "requests"))
	if r := s.rate(h.Requests); r != "" {
		l.add(faint, " ("+r+")")
	}
	if h.Attempts != h.Requests {
		l.add(plain, " in "+plural(h.Attempts, "attempt", "attempts"))
	}
	l.add(faint, " · ")
	if h.Failed > 0 {
		l.add(bad, grouped(h.Failed)+" failed ("+share(h.Failed, h.Requests)+")")
	} else {
		l.add(plain, "0 failed")
	}
	texts := breakLine(l, w-labelWidth)
	texts = append(texts, breakLine(line{
		text(plain, byteSize(h.BytesOut)), text(faint, " sent · "),
		text(plain, byteSize(h.BytesIn)), text(faint, " received"),
	}, w-labelWidth)...)
	if h.ConnsOpened+h.ConnsReused > 0 {
		l := line{text(plain, plural(h.ConnsOpened, "connection", "connections")), text(faint, " opened · reused "),
			text(plain, plural(h.ConnsReused, "time", "times"))}
		if h.ConnsClosed > 0 {
			l = append(l, text(faint, " · "), text(plain, grouped(h.ConnsClosed)), text(faint, " closed by the peer"))
		}
		texts = append(texts, breakLine(l, w-labelWidth)...)
	}
	if s.oneRequest() {
		texts = append(texts, line{text(plain, cutText(clean(s.Totals.Endpoints[0].Name), w-labelWidth))})
	} else if origin := commonOrigin(s.Totals.Endpoints); origin != "" {
		texts = append(texts, line{text(faint, "all to "), text(plain, cutText(clean(origin), w-labelWidth-7))})
	}
	return underLabel("http", texts)
}

// commonOrigin is the scheme and host of all endpoints, empty if they are not all of one.
func commonOrigin(endpoints []endpointView) string {
	common := ""
	for _, e := range endpoints {
		_, origin, _ := splitEndpoint(e.Name)
		if origin == "" || common != "" && origin != common {
			return ""
		}
		common = origin
	}
	return common
}

// splitEndpoint takes "GET http://host/path" apart. Without a URL in it there is no origin.
func splitEndpoint(name string) (method, origin, path string) {
	method, url, ok := strings.Cut(name, " ")
	if !ok {
		method, url = "", name
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return method, "", url
	}
	host, path := rest, "/"
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	return method, scheme + "://" + host, path
}

// oneRequest is true if all that a table of endpoints could say stands in the lines above it.
func (s *scenarioView) oneRequest() bool {
	return len(s.Totals.Endpoints) == 1 && s.Totals.HTTP.Requests == 1
}

// endpointTable has the endpoints, the slowest first.
func endpointTable(s *scenarioView, w int) []line {
	endpoints := append([]endpointView(nil), s.Totals.Endpoints...)
	if len(endpoints) == 0 || s.oneRequest() {
		return nil
	}
	sort.SliceStable(endpoints, func(i, j int) bool {
		a, b := endpoints[i], endpoints[j]
		if (a.Response.Count > 0) != (b.Response.Count > 0) {
			return a.Response.Count > 0
		}
		return a.Response.P95 > b.Response.P95
	})
	t := table{columns: []column{
		{head: "endpoint"},
		{head: "requests", right: true, rank: 1},
		{head: "per s", right: true, rank: 4},
		{head: "failed", right: true},
		{head: "p50", right: true, rank: 3},
		{head: "p95", right: true},
		{head: "p99", right: true, rank: 5},
		{head: "max", right: true, rank: 2},
	}}
	rest := max(0, len(endpoints)-mostEndpoints)
	origin := commonOrigin(s.Totals.Endpoints)
	for _, e := range endpoints[:len(endpoints)-rest] {
		failed := text(faint, "0")
		if e.Failed > 0 {
			failed = text(bad, grouped(e.Failed))
		}
		rate := strings.TrimSuffix(s.rate(e.Requests), "/s")
		name := e.Name
		if origin != "" { // it stands above, once
			method, _, path := splitEndpoint(name)
			name = strings.TrimSpace(method + " " + path)
		}
		cells := []span{text(plain, clean(name)), text(plain, grouped(e.Requests)), text(plain, rate), failed}
		for _, v := range []float64{e.Response.P50, e.Response.P95, e.Response.P99, e.Response.Max} {
			if e.Response.Count == 0 {
				cells = append(cells, text(faint, none))
			} else {
				cells = append(cells, text(plain, millis(v)))
			}
		}
		t.add(cells...)
	}
	lines := t.layout(gutter, w)
	if rest > 0 {
		lines = append(lines, line{text(faint, "  … "+plural(int64(rest), "more endpoint", "more endpoints")+", all faster")})
	}
	return lines
}

// checksTable has the checks that failed first.
func checksTable(s *scenarioView, w int) []line {
	checks := append([]checkView(nil), s.Totals.Checks...)
	if len(checks) == 0 {
		return nil
	}
	sort.SliceStable(checks, func(i, j int) bool {
		return checks[i].Passed < checks[i].Asked && checks[j].Passed == checks[j].Asked
	})
	t := table{columns: []column{{head: "check"}, {head: "passed", right: true}, {head: "of", right: true, rank: 1}, {head: "share", right: true}}}
	rest := max(0, len(checks)-mostChecks)
	for _, c := range checks[:len(checks)-rest] {
		mark, look := "✓ ", plain
		if c.Passed < c.Asked {
			mark, look = "✗ ", bad
		}
		t.add(text(look, mark+clean(c.Name)), text(look, grouped(c.Passed)), text(look, grouped(c.Asked)), text(look, share(c.Passed, c.Asked)))
	}
	lines := t.layout(gutter, w)
	if rest > 0 {
		lines = append(lines, line{text(faint, "  … "+plural(int64(rest), "more check", "more checks"))})
	}
	return lines
}

// customTable has the metrics that the script made: those that are no distribution in one table with a
// sentence each, trends in another under the percentiles.
func customTable(s *scenarioView, w int) []line {
	trends := table{columns: append([]column{{head: "metric"}, {head: "count", right: true, rank: 7}}, percentileColumns...)}
	others := table{columns: []column{{head: "metric"}, {head: "value", right: true}, {head: ""}}}
	for _, c := range s.Totals.Custom {
		name := text(plain, clean(c.Name))
		if c.Kind == metrics.Trend {
			trends.rows = append(trends.rows, append([]span{name, text(plain, grouped(c.Values.Count))}, c.Values.cells(c.Unit)...))
			continue
		}
		value, more := c.words(s)
		others.add(name, text(plain, value), text(faint, more))
	}
	var lines []line
	if len(others.rows) > 0 {
		lines = others.layout(gutter, w)
	}
	if len(trends.rows) > 0 {
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, trends.layout(gutter, w)...)
	}
	return lines
}

// words gives a metric's main figure and what else is to say of it.
func (c customView) words(s *scenarioView) (value, more string) {
	switch c.Kind {
	case metrics.Counter:
		if s.Duration >= time.Second {
			more = perSecond(c.Sum / s.Duration.Seconds())
		}
		return quantity(c.Sum, c.Unit), more
	case metrics.Rate:
		return share(int64(c.Sum), c.Count), fmt.Sprintf("%s of %s", grouped(int64(c.Sum)), grouped(c.Count))
	}
	return quantity(c.Last, c.Unit), fmt.Sprintf("last; min %s, max %s", quantity(c.Min, c.Unit), quantity(c.Max, c.Unit))
}
