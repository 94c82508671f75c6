package export

import (
	"fmt"
	"io"
	"strings"
	"time"

	"runner/events"
	"runner/report"
	"runner/verdict"
)

// WriteMarkdown writes a run as a page of GitHub's Markdown, for the summary of a CI job.
func WriteMarkdown(w io.Writer, run events.Run) error {
	var b strings.Builder
	mark := map[verdict.Verdict]string{verdict.Passed: "✅", verdict.Stopped: "✅", verdict.Skipped: "⏭️", verdict.Failed: "❌", verdict.Error: "❌"}[run.Verdict]
	if mark == "" {
		mark = "⚠️"
	}
	var names []string
	for _, s := range run.Scenarios {
		names = append(names, s.Name)
	}
	fmt.Fprintf(&b, "## %s %s: %s\n\n", mark, md(strings.Join(names, ", ")), run.Verdict)
	for _, c := range run.Causes {
		text := c.Message
		if text == "" {
			text = c.Kind.Row().Text
		}
		if len(run.Scenarios) > 1 && c.Scenario != "" {
			text = c.Scenario + ": " + text
		}
		fmt.Fprintf(&b, "- %s\n", md(text))
	}
	if len(run.Causes) > 0 {
		b.WriteByte('\n')
	}
	var rows [][]string
	for _, s := range run.Scenarios {
		for _, t := range s.Thresholds {
			rows = append(rows, []string{sign(t.OK), code(t.Metric), code(t.Check), md(t.Text)})
		}
	}
	table(&b, []string{"", "threshold", "", "observed"}, rows)
	rows = nil
	for _, s := range run.Scenarios {
		g := s.Ledger
		d := s.ResponseTime
		if s.HTTP != nil && s.HTTP.Response.Count > 0 {
			d = s.HTTP.Response
		}
		rate := report.None
		if s.DurationMs > 0 {
			rate = report.PerSecond(float64(g.Succeeded+g.Failed+g.Aborted) / s.DurationMs * 1000)
		}
		rows = append(rows, []string{md(s.Name), string(s.Verdict), report.Millis(s.DurationMs), report.Grouped(g.Started), rate,
			report.Share(g.Failed, g.Started), ms(d.P50), ms(d.P95), ms(d.P99), ms(d.Max)})
	}
	table(&b, []string{"scenario", "verdict", "duration", "iterations", "rate", "failed", "p50", "p95", "p99", "max"}, rows)
	rows = nil
	for _, c := range run.Checks {
		rows = append(rows, []string{sign(c.Failed == 0), md(c.Name), report.Grouped(c.Passed), report.Grouped(c.Failed)})
	}
	table(&b, []string{"", "check", "passed", "failed"}, rows)
	rows = nil
	const most = 10
	for i, f := range run.Failures {
		if i == most {
			rows = append(rows, []string{"", fmt.Sprintf("… and %d more sorts", len(run.Failures)-most), ""})
			break
		}
		text := f.Message
		if f.Name != "" && f.Name != "Error" {
			text = f.Name + ": " + text
		}
		rows = append(rows, []string{report.Grouped(f.Count), md(text), code(f.Place)})
	}
	table(&b, []string{"failures", "", "where"}, rows)
	if g := run.Generator; g != nil && g.Limited > 0 {
		fmt.Fprintf(&b, "⚠️ In %d of %d seconds the generator was the bottleneck: the figures are not the server's alone.\n\n", g.Limited, g.Seconds)
	}
	fmt.Fprintf(&b, "<sub>%s · seed %d · runner %s</sub>\n", run.Started.UTC().Format(time.RFC3339), run.Seed, md(run.Version))
	_, err := io.WriteString(w, b.String())
	return err
}

func sign(ok bool) string {
	if ok {
		return "✅"
	}
	return "❌"
}

func ms(v *float64) string {
	if v == nil {
		return report.None
	}
	return report.Millis(*v)
}

func table(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	b.WriteByte('\n')
}

// longest is how much of a text one cell shows.
const longest = 300

// md writes a text so that nothing in it is taken for Markdown or HTML.
func md(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range report.Clean(text) {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '@': // no mention of anybody
			b.WriteString("&#64;")
		case strings.ContainsRune("\\`*_[]#|~:", r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code writes a text as code; an empty one is left empty.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "<code>" + md(text) + "</code>"
}
