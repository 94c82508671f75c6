package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"runner/events"
	"runner/verdict"
)

func TestSummaryLooksAsDrawn(t *testing.T) {
	for _, c := range []struct {
		name  string
		story *story
	}{
		{"passed", passedStory()},
		{"failed", failedStory()},
		{"broken-off", brokenOffStory()},
		{"init-threw", unreachableStory()},
		{"once", onceStory()},
		{"empty", newStory()},
	} {
		t.Run(c.name, func(t *testing.T) {
			draw := func(o Options) []line {
				o.Results = "runner-results/2026-11-25T10-04-42-stress-of-the-demo-api"
				return summaryLines(summaryView(c.story.state), o)
			}
			golden(t, "summary-"+c.name, sheets(draw))
			golden(t, "summary-"+c.name+"-compact", sheets(func(o Options) []line {
				o.Compact = true
				return draw(o)
			}))
		})
	}
}

func TestSummaryFitsAnyWidth(t *testing.T) {
	for _, s := range []*story{passedStory(), failedStory(), brokenOffStory(), unreachableStory()} {
		v := summaryView(s.state)
		for columns := minWidth; columns <= maxWidth; columns += 1 + columns/50 {
			sound(t, summaryLines(v, Options{Width: columns}), columns)
		}
	}
}

func TestSummaryNeverCutsTheResultsFolder(t *testing.T) {
	folder := "/" + strings.Repeat("very-long/", 30)
	var b bytes.Buffer
	if err := WriteSummary(&b, passedStory().state, Options{Width: 60, Results: folder}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), folder) {
		t.Errorf("the folder is not whole in:\n%s", b.String())
	}
}

func TestSummaryOfEveryVerdictNamesIt(t *testing.T) {
	for _, row := range verdict.Table {
		s := newStory()
		s.begin(0, "one")
		s.status("one", "waiting", "starting")
		s.second("one", 1, iterationsOf{succeeded: 1, ms: 1, started: 1})
		var causes []verdict.Cause
		if row.Kind != verdict.NoCause {
			causes = append(causes, verdict.Cause{Kind: row.Kind, Scenario: "one"})
		}
		s.end("one", events.ScenarioEnded{Verdict: row.Verdict, Causes: causes, Duration: time.Second})
		s.close(causes...)
		var b bytes.Buffer
		if err := WriteSummary(&b, s.state, Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		first := strings.Split(b.String(), "\n")[1]
		if !strings.Contains(first, string(row.Verdict)) {
			t.Errorf("%q: the first line does not say %s: %q", row.Kind, row.Verdict, first)
		}
		if said := strings.Contains(first, fmt.Sprintf("(exit code %d)", row.Code)); said != (row.Code != 0) {
			t.Errorf("%q: exit code %d in %q: %v", row.Kind, row.Code, first, said)
		}
		if row.Kind != verdict.NoCause && !strings.Contains(b.String(), row.Text) {
			t.Errorf("%q: a cause without a message does not say what it means:\n%s", row.Kind, b.String())
		}
	}
}

func TestSummarySaysWhenTheCountDoesNotClose(t *testing.T) {
	s := &scenarioView{Iterations: iterationCounts{Started: 10, Succeeded: 6, Failed: 1, Aborted: 1}}
	got := iterationsBlock(s, 100)[0].String()
	want := "  iterations  10 started = 6 succeeded + 1 failed + 1 aborted + 2 without an end · 12.5 % failed"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEndpointsAreMergedOverStatusesAndSlowestFirst(t *testing.T) {
	v := summaryView(failedStory().state)
	e := v.Scenarios[0].Totals.Endpoints
	if len(e) != 2 {
		t.Fatalf("%d endpoints, want POST /users and GET /users/{id}: %v", len(e), e)
	}
	for _, x := range e {
		if x.Requests != 300 || x.Failed != 30 || x.Response.Count != 300 {
			t.Errorf("%s: %d requests, %d failed, %d timed; want 300, 30, 300", x.Name, x.Requests, x.Failed, x.Response.Count)
		}
	}
	lines := endpointTable(&v.Scenarios[0], 100)
	if !strings.Contains(lines[1].String(), "GET /users/{id}") { // its p95 is 10 steps of 0.21·0.8, the other's 9
		t.Errorf("the slowest endpoint is not first: %v", lines)
	}
}

func TestLongListsAreCappedAndTheRestIsCounted(t *testing.T) {
	s := &scenarioView{Duration: time.Second}
	for i := range 40 {
		s.Errors = append(s.Errors, fmt.Sprintf("error %d", i))
		s.Failures = append(s.Failures, failureView{Message: fmt.Sprintf("failure %d", i), Count: 2})
		s.Notes = append(s.Notes, noteView{Message: fmt.Sprintf("note %d", i)})
		s.Totals.Endpoints = append(s.Totals.Endpoints, endpointView{Name: fmt.Sprintf("GET /%d", i), Requests: 1})
		s.Totals.Checks = append(s.Totals.Checks, checkView{Name: fmt.Sprintf("check %d", i), Asked: 1})
	}
	s.Output = []byte("[" + strings.Repeat(`"a long enough element",`, 99) + `"last"]`)
	for name, c := range map[string]struct {
		lines []line
		want  string
	}{
		"errors":    {errorsBlock(s, 100), "… 30 more errors of 30 other sorts"},
		"failures":  {failuresBlock(s, 100, mostGroups, true), "… 60 more failures of 30 other sorts"},
		"notes":     {scenarioNotes(s, 100), "… 20 more notes"},
		"endpoints": {endpointTable(s, 100), "… 25 more endpoints, all faster"},
		"checks":    {checksTable(s, 100), "… 10 more checks"},
		"output":    {outputBlock(s, 100), "… 62 more lines"},
	} {
		last := strings.TrimSpace(c.lines[len(c.lines)-1].String())
		if last != c.want {
			t.Errorf("%s: the last line is %q, want %q", name, last, c.want)
		}
	}
}

func TestEndpointsOfOneOriginNameItOnce(t *testing.T) {
	for _, c := range []struct {
		says  string
		names []string
		want  string
		rows  []string
	}{
		{"names that are no URLs", []string{"GET /users", "POST login"}, "", []string{"GET /users", "POST login"}},
		{"one origin", []string{"GET http://a:80/users?x=1", "POST http://a:80"}, "http://a:80", []string{"GET /users?x=1", "POST /"}},
		{"two origins", []string{"GET http://a/x", "GET https://a/x"}, "", []string{"GET http://a/x", "GET https://a/x"}},
		{"a URL and a name", []string{"GET http://a/x", "login"}, "", []string{"GET http://a/x", "login"}},
	} {
		s := &scenarioView{Totals: totalsView{HTTP: httpTotals{Requests: 2}}}
		for _, n := range c.names {
			s.Totals.Endpoints = append(s.Totals.Endpoints, endpointView{Name: n, Requests: 1})
		}
		if got := commonOrigin(s.Totals.Endpoints); got != c.want {
			t.Errorf("%s: the origin is %q, want %q", c.says, got, c.want)
		}
		for i, l := range endpointTable(s, 100)[1:] {
			if got := strings.TrimSpace(l.String()); !strings.HasPrefix(got, c.rows[i]+" ") {
				t.Errorf("%s: row %d is %q, want %q", c.says, i, got, c.rows[i])
			}
		}
		var said bool
		for _, l := range httpBlock(s, 100) {
			said = said || strings.Contains(l.String(), "all to "+c.want)
		}
		if said != (c.want != "") {
			t.Errorf("%s: the http block names the origin: %v", c.says, said)
		}
	}
}

func TestVerifierErrorsThatAreTheFailuresAreShownOnce(t *testing.T) {
	s := &scenarioView{
		Errors:   []string{"TypeError: no", "TypeError: no", "too slow"},
		Failures: []failureView{{Source: "iteration", Name: "TypeError", Message: "no", Count: 2}},
	}
	var got []string
	for _, l := range errorsBlock(s, 80) {
		got = append(got, strings.TrimSpace(l.String()))
	}
	if len(got) != 1 || got[0] != "verifier    1 × too slow" {
		t.Errorf("got %q", got)
	}
	s.Failures[0].Count = 3 // not the same failures, then
	if n := len(errorsBlock(s, 80)); n != 2 {
		t.Errorf("%d lines, want both errors", n)
	}
}
