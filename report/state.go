package report

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/verdict"
)

const (
	rateWindow    = 5 * time.Second
	latencyWindow = 10 * time.Second
)

// liveView looks up what the live display and plain progress show.
func liveView(st *events.State) *runView {
	var v *runView
	st.View(func(st *events.State) {
		v = newRunView(st)
		for i, sc := range st.Scenarios {
			v.Scenarios[i].Recent = history(sc)
		}
	})
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		s.count(st)
		s.Recent.look(st.Metrics, s.Name)
		s.Failures = prominent(s.Failures)
	}
	return v
}

// summaryView looks up what the summary shows.
func summaryView(st *events.State) *runView {
	var v *runView
	st.View(func(st *events.State) {
		v = newRunView(st)
		for i, sc := range st.Scenarios {
			v.Scenarios[i].Phases = phaseViews(sc, st.Now)
		}
		for _, n := range st.Notes {
			note := noteView{At: n.At, Level: n.Level, Code: n.Code, Message: n.Message}
			if s := v.scenario(n.Scenario); s != nil {
				s.Notes = append(s.Notes, note)
			} else {
				v.Notes = append(v.Notes, note)
			}
		}
		if n := st.OtherNotes; n > 0 {
			v.Notes = append(v.Notes, noteView{At: st.Now, Level: "info", Message: plural(int64(n), "more note was", "more notes were") + " not kept"})
		}
		if n := st.OtherFailures; n > 0 {
			v.Notes = append(v.Notes, noteView{At: st.Now, Level: "warn",
				Message: plural(n, "failure is", "failures are") + " counted, but not in a group: there were too many sorts of them"})
		}
	})
	for i := range v.Scenarios {
		s := &v.Scenarios[i]
		s.count(st)
		s.Totals = totals(st.Metrics, s.Name)
	}
	v.Generator.look(st.Metrics)
	return v
}

// scenario finds a scenario by name, nil if there is none.
func (v *runView) scenario(name string) *scenarioView {
	for i := range v.Scenarios {
		if v.Scenarios[i].Name == name {
			return &v.Scenarios[i]
		}
	}
	return nil
}

// newRunView has what both show and the state itself holds; figures are looked up afterwards, outside
// its lock, which the engine needs. A recording that breaks off gives a run that is incomplete.
func newRunView(st *events.State) *runView {
	v := &runView{Elapsed: st.Now, Verdict: verdict.Incomplete}
	if st.Run != nil {
		v.Seed = st.Run.Seed
	}
	if st.End != nil {
		v.Verdict, v.ExitCode, v.Causes = st.End.Verdict, st.End.ExitCode, st.End.Causes
	}
	v.Generator = newGeneratorView(&st.Generator)
	for _, sc := range st.Scenarios {
		v.Scenarios = append(v.Scenarios, newScenarioView(st, sc))
	}
	return v
}

func newScenarioView(st *events.State, sc *events.Scenario) scenarioView {
	t := sc.Tick
	s := scenarioView{
		Name: sc.Name, Status: sc.Status, Began: beganAt(sc),
		Phase: t.Phase, Fraction: -1, Remaining: -1, PlannedRate: t.PlannedRate,
		Users: t.Users, WantedUsers: t.TargetUsers, WorkQueued: t.WorkQueued,
		ResultsUnread: t.ResultsUnread, ResultsPassed: t.ResultsPassed,
		Aggregate: sc.Aggregate, Verdict: verdict.Incomplete,
	}
	s.Thresholds = slices.Clone(sc.Thresholds)
	if sc.Ticked {
		s.Fraction, s.Remaining = t.Fraction, t.Remaining
	}
	s.MaxUsers = t.MostUsers
	if s.Began >= 0 {
		s.Duration = st.Now - s.Began
	}
	if e := sc.Ended; e != nil {
		s.Ended, s.Verdict, s.Causes = true, e.Verdict, e.Causes
		s.Output, s.Errors = e.Output, e.Errors
		s.Duration = e.Duration
	}
	for _, g := range st.Failures {
		if g.Scenario == sc.Name {
			f := g.Failure
			s.Failures = append(s.Failures, failureView{Source: f.Source, Name: f.Name, Message: f.Message, Place: f.Place,
				Stack: f.Stack, Count: g.Count, User: f.User, Iteration: f.Iteration})
		}
	}
	return s
}

// count looks up what is counted over the whole run.
func (s *scenarioView) count(st *events.State) {
	c := st.Counts(s.Name)
	s.UsersStarted, s.UsersDied = c.UsersStarted, c.UsersDied
	s.Iterations = iterationCounts{Started: c.Started, Succeeded: c.Succeeded, Failed: c.Failed, Aborted: c.Aborted, Dropped: c.Dropped}
	tags := map[string]string{events.ScenarioTag: s.Name}
	s.Requests = sumOf(st.Metrics, metrics.HTTPRequests, tags)
	s.ReqFailed = sumOf(st.Metrics, metrics.HTTPFailed, tags)
}

func sumOf(store *metrics.Store, m *metrics.Metric, tags map[string]string) int64 {
	stats, _ := store.Query(m.Name, tags, 0)
	return int64(stats.Sum)
}

// beganAt is when a scenario stopped waiting, negative if it never did.
func beganAt(sc *events.Scenario) time.Duration {
	for _, h := range sc.History {
		if h.To != "waiting" && h.To != "ended" {
			return h.At
		}
	}
	return -1
}

// look finds the figures of the last seconds. A scenario whose iterations are rarer than that shows
// those of the whole run.
func (r *recentView) look(store *metrics.Store, scenario string) {
	tags := map[string]string{events.ScenarioTag: scenario}
	rate := func(ms ...*metrics.Metric) (sum float64) {
		for _, m := range ms {
			s, _ := store.Query(m.Name, tags, rateWindow)
			sum += s.PerSecond()
		}
		return sum
	}
	latency := func(m *metrics.Metric) metrics.Stats {
		s, _ := store.Query(m.Name, tags, latencyWindow)
		if s.Count == 0 {
			s, _ = store.Query(m.Name, tags, 0)
		}
		return s
	}
	r.IterationRate = rate(metrics.IterationsSucceeded, metrics.IterationsFailed, metrics.IterationsAborted)
	r.RequestRate = rate(metrics.HTTPRequests)
	r.LatenessP99 = latency(metrics.IterationLateness).Quantile(0.99)
	times := latency(metrics.IterationResponseTime)
	r.P50, r.P95, r.P99 = times.Quantile(0.5), times.Quantile(0.95), times.Quantile(0.99)
}

// history has the last points of a scenario, for sparklines.
func history(sc *events.Scenario) (r recentView) {
	points := sc.Points[max(0, len(sc.Points)-maxSpark-1):]
	for i, p := range points {
		r.UsersHistory = append(r.UsersHistory, float64(p.Users))
		if p.Span == 0 && i == len(points)-1 {
			break // this second is still being recorded
		}
		// Where nothing was recorded nothing happened: a rate is 0 there, and a response time unknown.
		r.RateHistory = append(r.RateHistory, p.PerSecond(p.Succeeded+p.Failed+p.Aborted))
		r.RequestHistory = append(r.RequestHistory, p.PerSecond(p.Requests))
		r.P95History = append(r.P95History, p.ResponseTime.Stats().Quantile(0.95))
	}
	return r
}

// prominent are the two groups to show while a run goes on: the most frequent, and the newest of the
// others. What is shown then changes rarely.
func prominent(groups []failureView) []failureView {
	if len(groups) <= 1 {
		return groups
	}
	most := 0
	for i, g := range groups {
		if g.Count > groups[most].Count {
			most = i
		}
	}
	newest := len(groups) - 1
	if newest == most {
		newest--
	}
	return []failureView{groups[most], groups[newest]}
}

func distributionOf(s metrics.Stats) distribution {
	return distribution{
		Count: s.Count, Min: s.Min, Mean: s.Mean(), P50: s.Quantile(0.5), P90: s.Quantile(0.9), P95: s.Quantile(0.95),
		P99: s.Quantile(0.99), P999: s.Quantile(0.999), Max: s.Max,
	}
}

func totals(store *metrics.Store, scenario string) totalsView {
	tags := map[string]string{events.ScenarioTag: scenario}
	trend := func(m *metrics.Metric) distribution {
		s, _ := store.Query(m.Name, tags, 0)
		return distributionOf(s)
	}
	sum := func(m *metrics.Metric) int64 { return sumOf(store, m, tags) }
	return totalsView{
		Response: trend(metrics.IterationResponseTime),
		Service:  trend(metrics.IterationServiceTime),
		Lateness: trend(metrics.IterationLateness),
		HTTP: httpTotals{
			Requests: sum(metrics.HTTPRequests), Attempts: sum(metrics.HTTPAttempts), Failed: sum(metrics.HTTPFailed),
			BytesOut: float64(sum(metrics.HTTPBytesOut)), BytesIn: float64(sum(metrics.HTTPBytesIn)),
			ConnsOpened: sum(metrics.HTTPConnsOpened), ConnsReused: sum(metrics.HTTPConnsReused), ConnsClosed: sum(metrics.HTTPConnsClosed),
			Response: trend(metrics.HTTPResponseTime),
		},
		Endpoints: endpoints(store, scenario),
		Checks:    checks(store, scenario),
		Custom:    custom(store, scenario),
	}
}

// seriesOf calls fn for each series of a metric that belongs to the scenario.
func seriesOf(store *metrics.Store, metric, scenario string, fn func(metrics.SeriesStats)) {
	for _, s := range store.Series(metric) {
		if s.Tag(events.ScenarioTag) == scenario {
			fn(s)
		}
	}
}

// endpoints merges the series of each method and name: statuses, error classes, nodes and groups are
// not told apart.
func endpoints(store *metrics.Store, scenario string) []endpointView {
	type endpoint struct {
		requests, failed int64
		times            metrics.Stats
	}
	by := map[string]*endpoint{}
	var names []string
	get := func(s metrics.SeriesStats) *endpoint {
		name := strings.TrimSpace(s.Tag("method") + " " + s.Tag("name"))
		if s.Tag(metrics.OverflowTag) != "" {
			name = "(all others)"
		}
		e := by[name]
		if e == nil {
			e = &endpoint{}
			by[name] = e
			names = append(names, name)
		}
		return e
	}
	seriesOf(store, metrics.HTTPRequests.Name, scenario, func(s metrics.SeriesStats) { get(s).requests += int64(s.Stats.Sum) })
	seriesOf(store, metrics.HTTPFailed.Name, scenario, func(s metrics.SeriesStats) { get(s).failed += int64(s.Stats.Sum) })
	seriesOf(store, metrics.HTTPResponseTime.Name, scenario, func(s metrics.SeriesStats) { get(s).times.Merge(s.Stats) })
	sort.Strings(names)
	var list []endpointView
	for _, name := range names {
		e := by[name]
		list = append(list, endpointView{Name: name, Requests: e.requests, Failed: e.failed, Response: distributionOf(e.times)})
	}
	return list
}

// checks merges the series of each check.
func checks(store *metrics.Store, scenario string) []checkView {
	var list []checkView
	at := map[string]int{}
	seriesOf(store, metrics.Checks.Name, scenario, func(s metrics.SeriesStats) {
		name := s.Tag("check")
		if g := s.Tag("group"); g != "" {
			name = g + " › " + name
		}
		if s.Tag(metrics.OverflowTag) != "" {
			name = "(all others)"
		}
		i, ok := at[name]
		if !ok {
			i = len(list)
			at[name] = i
			list = append(list, checkView{Name: name})
		}
		list[i].Passed += int64(s.Stats.Sum)
		list[i].Asked += s.Stats.Count
	})
	sort.SliceStable(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// builtin knows the metrics of the engine and of the modules.
var builtin = metrics.NewRegistry()

// custom are the metrics that the script made: the whole of each, and, where it has tags of the
// script's own, each of its series.
func custom(store *metrics.Store, scenario string) []customView {
	const mostSeries = 8 // of one metric
	var list []customView
	for _, name := range store.Names() {
		if builtin.Lookup(name) != nil {
			continue
		}
		m, _ := store.Metric(name)
		all, _ := store.Query(name, map[string]string{events.ScenarioTag: scenario}, 0)
		if all.Count == 0 {
			continue
		}
		list = append(list, newCustomView(name, m, all))
		parts := map[string]*metrics.Stats{}
		var labels []string
		seriesOf(store, name, scenario, func(s metrics.SeriesStats) {
			label := ownTags(s.Tags)
			if parts[label] == nil {
				parts[label] = &metrics.Stats{}
				labels = append(labels, label)
			}
			parts[label].Merge(s.Stats)
		})
		if len(labels) < 2 && (len(labels) == 0 || labels[0] == "") {
			continue
		}
		sort.Strings(labels)
		for i, label := range labels {
			if i == mostSeries {
				break
			}
			if label == "" {
				label = "without tags"
			}
			list = append(list, newCustomView("  "+label, m, *parts[labels[i]]))
		}
	}
	return list
}

func newCustomView(name string, m metrics.Metric, s metrics.Stats) customView {
	return customView{Name: name, Unit: m.Unit, Kind: m.Kind, Count: s.Count, Sum: s.Sum, Min: s.Min, Max: s.Max, Last: s.Last, Values: distributionOf(s)}
}

// ownTags are the tags of a series that the script gave it, as key=value.
func ownTags(tags []metrics.Tag) string {
	var parts []string
	for _, t := range tags {
		if t.Key != events.ScenarioTag && t.Key != "node" {
			parts = append(parts, fmt.Sprintf("%s=%s", t.Key, t.Value))
		}
	}
	return strings.Join(parts, ", ")
}
