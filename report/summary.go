package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"runner/events"
	"runner/verdict"
)

// look is how a verdict is shown.
type look struct {
	mark  string
	style style
}

func lookOf(v verdict.Verdict) look {
	switch v {
	case verdict.Passed:
		return look{"✓", goodStrong}
	case verdict.Stopped:
		return look{"✓", warnStrong}
	case verdict.Skipped:
		return look{"○", warnStrong}
	case verdict.Interrupted, verdict.GeneratorLimited:
		return look{"●", warnStrong}
	}
	return look{"✗", badStrong}
}

const (
	mostOutputLines = 40
	mostErrors      = 10
	mostGroups      = 10
	mostStackLines  = 8
	mostEndpoints   = 15
	mostChecks      = 30
	mostNotes       = 20
)

// WriteSummary writes what a run came to: the verdict and why, then a block for each scenario. It may
// be called while the run goes on; what has not ended is incomplete then.
func WriteSummary(w io.Writer, st *events.State, o Options) error {
	return writeLines(w, summaryLines(summaryView(st), o), o)
}

// summaryLines is the whole summary: the verdict first, then a block a scenario, then where the results are.
func summaryLines(v *runView, o Options) []line {
	w := o.columns()
	lines := append([]line{nil}, breakLine(verdictLine(v), w)...)
	for _, c := range v.Causes {
		if c.Kind != verdict.NoCause && c.Message != string(v.Verdict) {
			lines = append(lines, causeLines(c, len(v.Scenarios) > 1, gutter, w)...)
		}
	}
	lines = append(lines, thresholdTable(v, w)...)
	for i := range v.Scenarios {
		lines = append(lines, nil)
		if len(v.Scenarios) == 1 && len(v.Causes) > 0 {
			v.Scenarios[i].Causes = nil // they stand above already
		}
		if o.Compact {
			lines = append(lines, compactScenario(&v.Scenarios[i], w)...)
			lines = append(lines, compactOutput(&v.Scenarios[i], w)...)
		} else {
			lines = append(lines, summaryScenario(&v.Scenarios[i], w)...)
		}
	}
	if notes := noteBlock("notes", v.Notes, w); len(notes) > 0 && !o.Compact {
		lines = append(append(lines, nil), notes...)
	}
	lines = append(lines, nil)
	lines = append(lines, generatorLines(v.Generator, w)...)
	if v.Seed != 0 && !o.Compact {
		lines = append(lines, append(label("seed"), text(plain, fmt.Sprint(v.Seed))))
	}
	if o.Results != "" {
		lines = append(lines, append(label("results"), text(plain, clean(o.Results))))
	}
	if lines[len(lines)-1] != nil {
		lines = append(lines, nil)
	}
	for i, l := range lines {
		// The results' folder is never cut: someone will want to copy it.
		if n := len(l); n > 0 && (o.Results == "" || l[n-1].text != clean(o.Results)) {
			lines[i] = l.cut(w)
		}
	}
	return lines
}

func verdictLine(v *runView) line {
	k := lookOf(v.Verdict)
	l := line{text(k.style, k.mark+" "+string(v.Verdict))}
	if v.ExitCode != 0 {
		l.add(faint, fmt.Sprintf(" (exit code %d)", v.ExitCode))
	}
	var done int64
	for i := range v.Scenarios {
		done += v.Scenarios[i].Iterations.Done()
	}
	l.add(plain, "  "+plural(int64(len(v.Scenarios)), "scenario", "scenarios"))
	l.add(faint, " · ")
	l.add(plain, duration(v.Elapsed))
	l.add(faint, " · ")
	l.add(plain, plural(done, "iteration", "iterations"))
	return l
}

func causeLines(c verdict.Cause, withScenario bool, indent, w int) []line {
	message := clean(c.Message)
	if message == "" {
		message = c.Kind.Row().Text
	}
	if withScenario && c.Scenario != "" {
		message = clean(c.Scenario) + ": " + message
	}
	var lines []line
	for _, t := range wrap(message, w-indent) {
		lines = append(lines, line{text(plain, strings.Repeat(" ", indent)), text(plain, t)})
	}
	return lines
}

func scenarioHead(s *scenarioView) line {
	k := lookOf(s.Verdict)
	l := line{text(strong, clean(s.Name)), text(plain, "  "), text(k.style, k.mark+" "+string(s.Verdict))}
	if s.Began >= 0 {
		l.add(plain, "  "+duration(s.Duration))
	}
	return l
}

// started is false for a scenario that was skipped or never got so far.
func (s *scenarioView) started() bool {
	return s.Iterations.Started+s.Iterations.Dropped+s.UsersStarted > 0 || s.MaxUsers > 0
}

// summaryUsers says how many users there were, in all and at once.
func summaryUsers(s *scenarioView, w int) []line {
	l := line{text(plain, grouped(s.UsersStarted)), text(faint, " started")}
	if s.MaxUsers > 0 {
		l.add(faint, " · ")
		l.add(plain, grouped(int64(s.MaxUsers)))
		l.add(faint, " at once")
	}
	if s.UsersDied > 0 {
		l.add(faint, " · ")
		l.add(bad, grouped(s.UsersDied)+" died")
	}
	return underLabel("users", breakLine(l, w-labelWidth))
}

// underLabel puts a label before the first of several lines.
func underLabel(name string, parts []line) []line {
	var lines []line
	for i, part := range parts {
		head := label("")
		if i == 0 {
			head = label(name)
		}
		lines = append(lines, append(head, part...))
	}
	return lines
}

func summaryScenario(s *scenarioView, w int) []line {
	lines := []line{scenarioHead(s)}
	block := func(b []line) { lines = append(lines, b...) }
	spaced := func(b []line) {
		if len(b) > 0 {
			lines = append(append(lines, nil), b...)
		}
	}
	block(causesBlock(s, w))
	if s.started() {
		block(iterationsBlock(s, w))
		block(summaryUsers(s, w))
		if s.single() {
			block(singleTime(s))
			block(httpBlock(s, w))
		} else {
			spaced(phaseTable(s, w))
			spaced(timesTable(s, w))
			spaced(httpBlock(s, w))
		}
		spaced(endpointTable(s, w))
		spaced(checksTable(s, w))
		spaced(customTable(s, w))
	}
	spaced(outputBlock(s, w))
	spaced(errorsBlock(s, w))
	spaced(failuresBlock(s, w, mostGroups, true))
	spaced(scenarioNotes(s, w))
	return lines
}

// compactScenario is a scenario without tables and stacks.
func compactScenario(s *scenarioView, w int) []line {
	lines := []line{scenarioHead(s)}
	lines = append(lines, causesBlock(s, w)...)
	if s.started() {
		lines = append(lines, iterationsBlock(s, w)...)
		r := s.Totals.Response
		if r.Count > 0 {
			lines = append(lines, labelled("response", wrap(fmt.Sprintf("p50 %s · p95 %s · p99 %s · max %s",
				millis(r.P50), millis(r.P95), millis(r.P99), millis(r.Max)), w-labelWidth), plain)...)
		}
		if h := s.Totals.HTTP; h.Requests > 0 {
			lines = append(lines, labelled("http", wrap(fmt.Sprintf("%s · %s failed",
				plural(h.Requests, "request", "requests"), grouped(h.Failed)), w-labelWidth), plain)...)
		}
	}
	return append(lines, failuresBlock(s, w, 3, false)...)
}

// labelled puts a label before the first of several lines of text.
func labelled(name string, texts []string, look style) []line {
	var lines []line
	for i, t := range texts {
		l := label("")
		if i == 0 {
			l = label(name)
		}
		l.add(look, t)
		lines = append(lines, l)
	}
	return lines
}

func causesBlock(s *scenarioView, w int) []line {
	var texts []string
	for _, c := range s.Causes {
		message := clean(c.Message)
		if message == "" {
			message = c.Kind.Row().Text
		}
		texts = append(texts, wrap(message, w-labelWidth)...)
	}
	look := plain
	if s.Verdict != verdict.Passed && s.Verdict != verdict.Stopped {
		look = bad
	}
	if s.Verdict == verdict.Skipped || s.Verdict == verdict.Interrupted {
		look = warn
	}
	return labelled("because", texts, look)
}

// iterationsBlock shows that the count closes: every iteration that started is accounted for.
func iterationsBlock(s *scenarioView, w int) []line {
	c := s.Iterations
	var l line
	l.add(plain, grouped(c.Started))
	l.add(faint, " started = ")
	l.add(plain, grouped(c.Succeeded))
	l.add(faint, " succeeded + ")
	count := func(n int64, name, after string) {
		if n > 0 {
			l.add(bad, grouped(n)+name)
		} else {
			l.add(plain, "0"+name)
		}
		l.add(faint, after)
	}
	count(c.Failed, " failed", " + ")
	count(c.Aborted, " aborted", "")
	if running := c.Started - c.Done(); running != 0 {
		l.add(bad, " + "+grouped(running)+" without an end")
	}

	if r := s.rate(c.Done()); r != "" {
		l.add(faint, " · ")
		l.add(plain, r)
	}
	if c.Done() > 0 && c.Failed > 0 {
		l.add(faint, " · ")
		l.add(bad, share(c.Failed, c.Done())+" failed")
	}
	if c.Dropped > 0 {
		l.add(faint, " · ")
		l.add(bad, plural(c.Dropped, "start", "starts")+" dropped")
		l.add(faint, " for want of a user")
	}
	return underLabel("iterations", breakLine(l, w-labelWidth))
}

// breakLine breaks a line between its spans where it does not fit.
func breakLine(l line, columns int) []line {
	var lines []line
	var now line
	for _, s := range l {
		if now.width()+width(strings.TrimRight(s.text, " ")) > columns && now.width() > 0 {
			lines = append(lines, now.trim())
			now = nil
			s.text = strings.TrimLeft(s.text, " ")
			if s.text == "· " { // a separator at the end of a line has done its work
				continue
			}
		}
		now = append(now, s)
	}
	if len(now) > 0 {
		lines = append(lines, now.trim())
	}
	return lines
}

// outputOf is what a scenario ended with: its output, else its aggregate, else nil.
func outputOf(s *scenarioView) (name string, raw json.RawMessage) {
	if s.Output != nil {
		return "output", s.Output
	}
	if string(s.Aggregate) == "null" {
		return "", nil
	}
	return "aggregate", s.Aggregate
}

// compactOutput is a text as its author wrote it, and data on one line.
func compactOutput(s *scenarioView, w int) []line {
	name, raw := outputOf(s)
	if len(raw) > 0 && raw[0] != '"' {
		return labelled(name, []string{cutText(spacedJSON(raw), w-labelWidth)}, plain)
	}
	return outputBlock(s, w)
}

func outputBlock(s *scenarioView, w int) []line {
	name, raw := outputOf(s)
	texts, more := prettyJSON(raw, w-labelWidth, mostOutputLines)
	lines := labelled(name, texts, plain)
	if more > 0 {
		lines = append(lines, labelled("", []string{"… " + plural(int64(more), "more line", "more lines")}, faint)...)
	}
	return lines
}

// errorsBlock groups the verifier's errors that say the same.
func errorsBlock(s *scenarioView, w int) []line {
	type group struct {
		message string
		count   int64
	}
	var groups []*group
	by := map[string]*group{}
	for _, e := range s.Errors {
		g := by[e]
		if g == nil {
			g = &group{message: e}
			by[e] = g
			groups = append(groups, g)
		}
		g.count++
	}
	sort.SliceStable(groups, func(i, j int) bool { return groups[i].count > groups[j].count })
	// The default verifier has an error for each failed iteration: what stands under failures, with its
	// stack, need not stand here too.
	failed := map[string]int64{}
	for _, f := range s.Failures {
		if f.Source == "iteration" {
			failed[f.title()] += f.Count
		}
	}
	var items []item
	for _, g := range groups {
		if failed[g.message] != g.count {
			items = append(items, item{count: g.count, message: g.message})
		}
	}
	return itemBlock("verifier", items, w, mostErrors, "error", "errors")
}

// item is a message with how often it came.
type item struct {
	count   int64
	message string
	place   string
	stack   []string
}

func itemBlock(name string, items []item, w, most int, one, many string) []line {
	digits := 0
	for _, it := range items {
		digits = max(digits, len(grouped(it.count)))
	}
	indent := labelWidth + digits + 3
	var lines []line
	for i, it := range items {
		if i == most {
			var rest int64
			for _, r := range items[most:] {
				rest += r.count
			}
			more := fmt.Sprintf("… %s of %s", plural(rest, "more "+one, "more "+many), plural(int64(len(items)-most), "other sort", "other sorts"))
			lines = append(lines, labelled("", wrap(more, w-labelWidth), faint)...)
			break
		}
		head := label("")
		if i == 0 {
			head = label(name)
		}
		head.add(bad, padLeft(grouped(it.count), digits)+" × ")
		texts := wrap(clean(it.message), w-indent)
		for j, t := range texts {
			l := head
			if j > 0 {
				l = line{text(plain, strings.Repeat(" ", indent))}
			}
			l.add(plain, t)
			if j == len(texts)-1 && it.place != "" {
				place := clean(it.place)
				if l.width()+2+width(place) <= w {
					l.add(faint, "  "+place)
				} else {
					lines = append(lines, l)
					l = line{text(plain, strings.Repeat(" ", indent)), text(faint, place)}
				}
			}
			lines = append(lines, l)
		}
		for _, t := range it.stack {
			for _, part := range wrap(t, w-indent) {
				lines = append(lines, line{text(plain, strings.Repeat(" ", indent)), text(faint, part)})
			}
		}
	}
	return lines
}

// failuresBlock shows the groups, the most frequent first, each with its first stack.
func failuresBlock(s *scenarioView, w, most int, stacks bool) []line {
	groups := append([]failureView(nil), s.Failures...)
	sort.SliceStable(groups, func(i, j int) bool { return groups[i].Count > groups[j].Count })
	var items []item
	for _, f := range groups {
		it := item{count: f.Count, message: f.title(), place: f.Place}
		if f.Source != "" && f.Source != "iteration" {
			it.message = "in " + f.Source + ": " + it.message
		}
		if stacks {
			it.stack = stackLines(f)
			if len(it.stack) > 0 {
				it.place = "" // the stack begins with it
			}
			if f.User > 0 && f.Iteration > 0 {
				it.stack = append(it.stack, fmt.Sprintf("first in iteration %s of user %s", grouped(f.Iteration), grouped(f.User)))
			}
		}
		items = append(items, it)
	}
	return itemBlock("failures", items, w, most, "failure", "failures")
}

// stackLines is the stack without its first line, which repeats the message.
func stackLines(f failureView) []string {
	all := cleanLines(f.Stack)
	var lines []string
	for _, l := range all {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "at ") {
			lines = append(lines, l)
		}
	}
	if len(lines) > mostStackLines {
		more := len(lines) - mostStackLines
		lines = append(lines[:mostStackLines], "… "+plural(int64(more), "more frame", "more frames"))
	}
	return lines
}

func scenarioNotes(s *scenarioView, w int) []line { return noteBlock("notes", s.Notes, w) }

func noteBlock(name string, notes []noteView, w int) []line {
	var lines []line
	for i, n := range notes {
		if i == mostNotes {
			return append(lines, labelled("", []string{"… " + plural(int64(len(notes)-mostNotes), "more note", "more notes")}, faint)...)
		}
		head := label("")
		if i == 0 {
			head = label(name)
		}
		at := clock(n.At) + " "
		look := plain
		if n.Level == "warn" {
			look = warn
		}
		for j, t := range wrap(clean(n.Message), w-labelWidth-len(at)) {
			l := head
			if j > 0 {
				l = line{text(plain, strings.Repeat(" ", labelWidth+len(at)))}
			} else {
				l.add(faint, at)
			}
			l.add(look, t)
			lines = append(lines, l)
		}
	}
	return lines
}
