package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/metrics"
	"runner/report"
	"runner/report/timeline"
	"runner/verdict"
)

// view is what the template shows. Texts are plain: the template escapes them.
type view struct {
	shell
	Title, Verdict, Mark, Look string
	Sentence                   string
	ExitCode                   int
	ExitText                   string
	Warning                    string
	When, Duration, Host       string
	Causes                     []causeView
	Thresholds                 []thresholdView
	Generator                  *generatorView
	Tiles                      []tile
	Overview                   []plot
	Several                    bool
	Scenarios                  []scenarioView
	Notes                      []noteView
	OtherNotes                 int
	Logs                       []logView
	LogLines                   int64
	LogsLeftOut                int64
	Facts                      []fact
	Variables                  []settingView
	Sources                    []Source
	StepText                   string
}

type causeView struct{ Scenario, Text string }

type tile struct{ Name, Value, More, Look string }

type fact struct{ Name, Value string }

type noteView struct {
	Number              int
	At, Level, Scenario string
	Code, Text          string
}

type logView struct{ At, Level, From, Text string }

type settingView struct{ Name, Value, From, Text string }

type scenarioView struct {
	ID, Name, Verdict, Mark, Look string
	Duration, LoadModel, UserLoop string
	DependsOn, Tags               string
	Causes                        []causeView
	Started                       bool
	Ledger                        ledgerView
	Times                         []timesRow
	Stages                        []stageRow
	StagesOf                      string
	Origin                        string
	Charts                        []plot
	Spread                        []plot
	Endpoints                     []endpointView
	OtherEndpoints                int
	HTTP                          []fact
	Phases                        []phaseRow
	Checks                        []checkView
	Custom                        []customView
	Errors                        []string
	OtherErrors                   int
	Failures                      []failureView
	OtherFailures                 int
	Output, OutputName            string
	Samples                       []sampleView
	Options                       []settingView
}

type ledgerView struct {
	Parts      []ledgerPart
	Started    string
	Balanced   bool
	Rate       string
	Users      string
	Dropped    string
	Unread     string
	PassedOver string
}

type ledgerPart struct {
	Class, Name, Count, Share string
	X, Width                  float64
}

// marks are what all charts show of what happened: changes of phase as lines, notes as numbers.
type marks struct {
	lines  []ruler
	pins   []tick
	bands  []band
	shades []shade
}

type look struct{ class, mark, text string }

var looks = map[verdict.Verdict]look{
	verdict.Passed:           {"good", "✓", "passed"},
	verdict.Failed:           {"bad", "✗", "failed"},
	verdict.Skipped:          {"dim", "–", "skipped"},
	verdict.Stopped:          {"good", "✓", "stopped by the script, as it wanted"},
	verdict.Interrupted:      {"warn", "!", "interrupted"},
	verdict.GeneratorLimited: {"warn", "!", "generator-limited: these figures are not the server's"},
	verdict.Incomplete:       {"warn", "!", "incomplete"},
	verdict.Error:            {"bad", "✗", "error"},
}

func lookOf(v verdict.Verdict) look {
	if l, ok := looks[v]; ok {
		return l
	}
	return look{"dim", "–", string(v)}
}

func newView(in Input) *view {
	run := events.Summary(in.State)
	v := &view{shell: newShell(), Warning: in.Warning, Sources: in.Sources, ExitCode: run.ExitCode, Several: len(run.Scenarios) > 1}
	l := lookOf(run.Verdict)
	v.Verdict, v.Mark, v.Look, v.Sentence = string(run.Verdict), l.mark, l.class, l.text
	var names []string
	for _, s := range run.Scenarios {
		names = append(names, s.Name)
	}
	v.Title = strings.Join(names, ", ")
	if len(names) > 4 {
		v.Title = strings.Join(run.Scripts, ", ")
	}
	if v.Title == "" {
		v.Title = "a run"
	}
	duration := time.Duration(run.DurationMs * float64(time.Millisecond))
	v.Duration = report.Duration(duration)
	if !run.Started.IsZero() {
		v.When = run.Started.Format("Monday, 2 January 2006, 15:04:05 MST")
	}
	v.Host = run.Host.Name
	v.Causes = causesOf(run.Causes, v.Several)
	if len(run.Causes) > 0 {
		worst := slices.Clone(run.Causes)
		verdict.Sort(worst)
		v.ExitText = worst[0].Kind.Row().Text
	}

	in.Timeline.View(func(t *timeline.Timeline) {
		a := axis{steps: max(1, t.Steps), step: t.Step}
		v.StepText = report.Duration(a.step)
		var notes []events.StampedNote
		var logs []events.StampedLog
		var points []events.GeneratorPoint
		in.State.View(func(s *events.State) {
			notes, logs = slices.Clone(s.Notes), slices.Clone(s.Logs)
			points = slices.Clone(s.Generator.Points)
			v.OtherNotes = s.OtherNotes
		})
		v.addNotes(notes)
		for i, s := range run.Scenarios {
			one := t.Scenario(s.Name)
			if one == nil {
				one = &timeline.Scenario{Name: s.Name}
			}
			sv := newScenario(in, run, s, one, a, notes)
			if !v.Several {
				sv.Causes = nil // they stand at the top
			}
			sv.ID = fmt.Sprintf("scenario-%d", i+1)
			v.Scenarios = append(v.Scenarios, sv)
		}
		if v.Several {
			v.Overview = overview(t.Scenarios, a, marks{pins: pinsOf(notes, "", a), shades: shadesOf(run, a)})
		}
		v.Tiles = tilesOf(in.State, run, t)
		v.addLogs(logs, run)
		v.Generator = generatorOf(run, points, a)
	})
	v.Thresholds = thresholdsOf(run, v.Several)
	v.Facts = factsOf(run)
	in.State.View(func(s *events.State) {
		if s.Run != nil {
			v.Variables = settingsOf(s.Run.Variables)
		}
	})
	return v
}

func settingsOf(list []events.Setting) (views []settingView) {
	for _, s := range list {
		views = append(views, settingView{s.Name, s.Value, s.From, s.Description})
	}
	return views
}

func causesOf(causes []verdict.Cause, named bool) (list []causeView) {
	for _, c := range causes {
		cv := causeView{Text: c.Message}
		if cv.Text == "" {
			cv.Text = c.Kind.Row().Text
		}
		if named {
			cv.Scenario = c.Scenario
		}
		list = append(list, cv)
	}
	return list
}

// tilesOf are the figures that one looks for first.
func tilesOf(state *events.State, run events.Run, t *timeline.Timeline) []tile {
	seconds := run.DurationMs / 1000
	rate := func(n int64) string {
		if seconds <= 0 {
			return ""
		}
		return report.PerSecond(float64(n) / seconds)
	}
	var started, failed, aborted, dropped int64
	for _, s := range run.Scenarios {
		started += s.Ledger.Started
		failed += s.Ledger.Failed
		aborted += s.Ledger.Aborted
		dropped += s.Ledger.Dropped
	}
	list := []tile{{Name: "duration", Value: report.Millis(run.DurationMs)}}
	most := 0
	for i := range t.Steps {
		sum := 0
		for _, s := range t.Scenarios {
			if i < len(s.Points) {
				sum += s.Points[i].Users
			}
		}
		most = max(most, sum)
	}
	if most > 0 {
		list = append(list, tile{Name: "users at once", Value: report.Grouped(int64(most)), More: "the most, seen each second"})
	}
	it := tile{Name: "iterations", Value: report.Grouped(started), More: rate(started)}
	if failed+aborted > 0 {
		it.Look, it.More = "bad", report.Share(failed, started)+" failed"
		if aborted > 0 {
			it.More += ", " + report.Share(aborted, started) + " aborted"
		}
	}
	list = append(list, it)
	times, _ := state.Metrics.Query(metrics.IterationResponseTime.Name, nil, 0)
	what := "iterations"
	if run.HTTP != nil {
		more := tile{Name: "HTTP requests", Value: report.Grouped(run.HTTP.Requests), More: rate(run.HTTP.Requests)}
		if run.HTTP.Failed > 0 {
			more.Look, more.More = "bad", report.Share(run.HTTP.Failed, run.HTTP.Requests)+" failed"
		}
		list = append(list, more)
		if run.HTTP.Response.Count > 0 {
			times, _ = state.Metrics.Query(metrics.HTTPResponseTime.Name, nil, 0)
			what = "HTTP"
		}
	}
	if times.Count > 0 {
		list = append(list,
			tile{Name: "median", Value: report.Millis(times.Quantile(.5)), More: what + " response time"},
			tile{Name: "p95", Value: report.Millis(times.Quantile(.95)), More: "1 in 20 was slower"},
			tile{Name: "p99", Value: report.Millis(times.Quantile(.99)), More: "the slowest: " + report.Millis(times.Max)})
	}
	if dropped > 0 {
		list = append(list, tile{Name: "dropped", Value: report.Grouped(dropped), More: "starts, for want of a user", Look: "bad"})
	}
	return list
}

func factsOf(run events.Run) []fact {
	f := []fact{{"run", run.ID}}
	add := func(name, value string) {
		if value != "" {
			f = append(f, fact{name, value})
		}
	}
	add("scripts", strings.Join(run.Scripts, ", "))
	add("command", strings.Join(quoted(run.Flags), " "))
	add("seed", fmt.Sprint(run.Seed))
	if run.Host.OS != "" {
		add("machine", fmt.Sprintf("%s, %s/%s, %s", run.Host.Name, run.Host.OS, run.Host.Arch, report.Plural(int64(run.Host.CPUs), "CPU", "CPUs")))
	}
	add("runner", strings.TrimSpace(run.Version+" "+run.Host.GoVersion))
	if !run.Started.IsZero() {
		add("started", run.Started.Format(time.RFC3339))
	}
	add("exit code", fmt.Sprint(run.ExitCode))
	return f
}

// quoted writes arguments as a shell would want them.
func quoted(args []string) []string {
	var list []string
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n'\"$`\\*?[]{}()<>|&;#~!") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		list = append(list, a)
	}
	return list
}

const mostNumbered = 30

// numbered says whether a note is drawn on the charts.
func numbered(notes []events.StampedNote) []int {
	numbers := make([]int, len(notes))
	n := 0
	for i := range notes {
		if n < mostNumbered {
			n++
			numbers[i] = n
		}
	}
	return numbers
}

func (v *view) addNotes(notes []events.StampedNote) {
	for i, number := range numbered(notes) {
		n := notes[i]
		one := noteView{Number: number, At: report.Clock(n.At), Level: n.Level, Code: n.Code, Text: n.Message}
		if v.Several {
			one.Scenario = n.Scenario
		}
		v.Notes = append(v.Notes, one)
	}
}

// pinsOf are the notes of a scenario and of the run as numbers on the time axis; "" are all.
func pinsOf(notes []events.StampedNote, scenario string, a axis) (pins []tick) {
	for i, number := range numbered(notes) {
		n := notes[i]
		if number > 0 && (scenario == "" || n.Scenario == "" || n.Scenario == scenario) {
			pins = append(pins, tick{Pos: 100 * a.pos(n.At), Text: fmt.Sprint(number)})
		}
	}
	return pins
}

const mostBands = 60

// marksOf draws the phases of a scenario: as lines unless there are too many, and as bands.
func marksOf(s *timeline.Scenario, notes []events.StampedNote, a axis) marks {
	m := marks{pins: pinsOf(notes, s.Name, a)}
	phases := s.Phases
	last := a.total()
	if s.Ended >= 0 {
		last = s.Ended
	}
	if len(phases) > mostBands {
		phases = nil
	}
	for i, p := range phases {
		end := last
		if i+1 < len(phases) {
			end = phases[i+1].At
		}
		from, to := a.pos(p.At), a.pos(end)
		if i > 0 {
			m.lines = append(m.lines, ruler{plotWidth * from, "c-stage"})
		}
		class := ""
		if i%2 == 1 {
			class = "odd"
		}
		if p.WarmUp {
			class = "warmup"
		}
		if p.Text != "" {
			m.bands = append(m.bands, band{X: 100 * from, Width: 100 * (to - from), Text: p.Text, Class: class})
		}
	}
	return m
}

const mostLogs = 200

func (v *view) addLogs(logs []events.StampedLog, run events.Run) {
	for _, n := range run.LogLines {
		v.LogLines += n
	}
	for _, l := range logs[max(0, len(logs)-mostLogs):] {
		var from []string
		if v.Several && l.Scenario != "" {
			from = append(from, l.Scenario)
		}
		if l.User > 0 {
			from = append(from, fmt.Sprintf("user %d", l.User))
		}
		v.Logs = append(v.Logs, logView{At: report.Clock(l.At), Level: l.Level, From: strings.Join(from, ", "), Text: l.Message})
	}
	v.LogsLeftOut = v.LogLines - int64(len(v.Logs))
}

// leastCharted is how many iterations there must be for charts: of fewer, the tables tell all.
const leastCharted = 5

func newScenario(in Input, run events.Run, s events.RunScenario, over *timeline.Scenario, a axis, notes []events.StampedNote) scenarioView {
	l := lookOf(s.Verdict)
	v := scenarioView{
		Name: s.Name, Verdict: string(s.Verdict), Mark: l.mark, Look: l.class, Duration: report.Millis(s.DurationMs),
		DependsOn: strings.Join(s.DependsOn, ", "), Tags: strings.Join(s.Tags, ", "),
		Causes: causesOf(s.Causes, false), Started: s.Ledger.Started+s.Ledger.Dropped+s.Ledger.UsersStarted > 0,
		Ledger: ledgerOf(s),
	}
	in.State.View(func(st *events.State) {
		if sc := st.Scenario(s.Name); sc != nil {
			v.LoadModel, v.UserLoop, v.Options = sc.LoadModel, sc.UserLoop, settingsOf(sc.Options)
		}
	})
	v.OutputName, v.Output = outputOf(s)
	v.Errors, v.OtherErrors = errorsOf(s.Errors)
	v.addFailures(run, s.Name, over, a)
	v.Samples = samplesOf(in.Samples, s.Name)
	if !v.Started {
		return v
	}
	m := marksOf(over, notes, a)
	m.shades = shadesOf(run, a)
	if s.Ledger.Started+s.Ledger.Dropped >= leastCharted {
		v.Charts = charts(over, a, m)
	}
	v.Stages, v.StagesOf = stagesOf(s)
	v.addFigures(in.State.Metrics, s, over, a)
	return v
}

func ledgerOf(s events.RunScenario) ledgerView {
	g := s.Ledger
	v := ledgerView{Started: report.Grouped(g.Started), Balanced: g.Balanced}
	x := 0.0
	add := func(class, name string, n int64, always bool) {
		if n <= 0 && !always {
			return
		}
		width := 0.0
		if g.Started > 0 {
			width = 100 * float64(n) / float64(g.Started)
		}
		v.Parts = append(v.Parts, ledgerPart{class, name, report.Grouped(n), report.Share(n, g.Started), x, width})
		x += width
	}
	add("c-ok", "succeeded", g.Succeeded, true)
	add("c-bad", "failed", g.Failed, true)
	add("c-warn", "aborted", g.Aborted, true)
	add("c-dim", "without an end", g.Running, false)
	if s.DurationMs > 0 {
		v.Rate = report.PerSecond(float64(g.Succeeded+g.Failed+g.Aborted) / s.DurationMs * 1000)
	}
	v.Users = report.Plural(g.UsersStarted, "user", "users") + " started"
	if g.UsersDied > 0 {
		v.Users += ", " + report.Grouped(g.UsersDied) + " died"
	}
	if g.Dropped > 0 {
		v.Dropped = report.Plural(g.Dropped, "start was", "starts were") + " dropped for want of a user: " + report.Share(g.Dropped, g.Dropped+g.Started) + " of those that were due"
	}
	if g.ResultsPassedOver > 0 {
		v.PassedOver = report.Plural(g.ResultsPassedOver, "result was", "results were") + " passed over before the load model read them"
	}
	return v
}

// errorsOf groups the verifier's errors that say the same.
func errorsOf(list []string) (texts []string, more int) {
	const most = 20
	counts := map[string]int{}
	var order []string
	for _, e := range list {
		if counts[e] == 0 {
			order = append(order, e)
		}
		counts[e]++
	}
	slices.SortStableFunc(order, func(x, y string) int { return cmp.Compare(counts[y], counts[x]) })
	for i, e := range order {
		if i == most {
			return texts, len(order) - most
		}
		if counts[e] > 1 {
			e = fmt.Sprintf("%d × %s", counts[e], e)
		}
		texts = append(texts, e)
	}
	return texts, 0
}
