package page

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"runner/events"
	"runner/metrics"
	"runner/report/timeline"
	"runner/verdict"
)

var keep = flag.String("keep", "", "folder in which the pages that tests make are kept, to be looked at")

func write(t *testing.T, name string, in Input) (string, *goquery.Document) {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, in); err != nil {
		t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, name+".html"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), doc
}

var theDay = sync.OnceValue(day)

// hostile is what a script or a server could send to break out of the page.
const hostile = `</title></script></style><script>alert(1)</script><img src=x onerror=alert(2)>"'>&amp;{{.}}javascript:alert(3)`

func hostileRun() Input {
	f := newFixture(events.RunStarted{
		Scripts: []string{hostile}, Version: hostile, Flags: []string{"run", hostile},
		Scenarios: []events.ScenarioInfo{{Name: hostile, Script: hostile, LoadModel: hostile, UserLoop: hostile, Tags: []string{hostile},
			Options: []events.Setting{{Name: hostile, Value: hostile, From: hostile, Description: hostile}}}},
		Variables: []events.Setting{{Name: hostile, Value: hostile, From: hostile, Description: hostile}},
	})
	f.run(hostile, second{users: 3, requests: 20, medianMs: 5, phase: hostile, open: true})
	rec := f.registry.Recorder(1, metrics.Tag{Key: "scenario", Value: hostile})
	for _, m := range []*metrics.Metric{{Name: hostile, Kind: metrics.Trend, Unit: hostile}, {Name: "g" + hostile, Kind: metrics.Gauge}} {
		m, err := rec.Register(m)
		if err != nil {
			panic(err)
		}
		rec.Add(rec.Series(m, metrics.Tag{Key: hostile, Value: hostile}), 3)
	}
	tags := []metrics.Tag{{Key: "method", Value: hostile}, {Key: "name", Value: hostile}, {Key: "status", Value: hostile}}
	rec.Add(rec.Series(metrics.HTTPRequests, tags...), 1)
	rec.Add(rec.Series(metrics.Checks, metrics.Tag{Key: "check", Value: hostile}), 0)
	f.run(hostile, second{users: 3, requests: 20, medianMs: 5, phase: "other " + hostile})
	f.emit(hostile, events.Event{Kind: events.KindFailure, Failure: &events.Failure{Source: hostile, Name: hostile, Message: hostile, Place: hostile, Stack: hostile, Count: 2, User: 1, Iteration: 1}})
	f.emit(hostile, events.Event{Kind: events.KindLog, Log: &events.Log{Level: hostile, Message: hostile}})
	f.emit(hostile, events.Event{Kind: events.KindNote, Note: &events.Note{Level: hostile, Code: hostile, Message: hostile}})
	f.emit(hostile, events.Event{Kind: events.KindThreshold, Threshold: &events.Threshold{Metric: hostile, Check: hostile, Text: hostile, Unit: hostile}})
	f.emit(hostile, events.Event{Kind: events.KindScenarioEnded, Ended: &events.ScenarioEnded{Verdict: hostile, Errors: []string{hostile}, Output: []byte(`"` + "<script>alert(1)</script>" + `"`),
		Causes: []verdict.Cause{{Kind: verdict.Verifier, Message: hostile}}}})
	f.end(hostile, verdict.Cause{Kind: hostile, Message: hostile, Scenario: hostile})
	in := f.input()
	in.Warning = hostile
	in.Sources = []Source{{hostile, hostile}}
	in.Samples = []events.Sample{{Scenario: hostile, Endpoint: hostile, Error: hostile, Message: hostile,
		Request:  events.SampleHalf{Line: hostile, Headers: [][2]string{{hostile, hostile}}, Body: hostile, BodyBytes: 999},
		Response: &events.SampleHalf{Line: hostile, Body: hostile, BodyBytes: 5}}}
	return in
}

func TestNothingFromARunBecomesMarkup(t *testing.T) {
	text, doc := write(t, "hostile", hostileRun())
	for _, selector := range []string{"script", "img", "iframe", "object", "embed", "link", "base", "form", "foreignObject", "use", "[style]", "[src]", "[xlink\\:href]"} {
		if n := doc.Find(selector).Length(); n > 0 {
			t.Errorf("the page has %d × %s", n, selector)
		}
	}
	doc.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, a := range s.Nodes[0].Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has the attribute %s", s.Nodes[0].Data, a.Key)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("a link leads to %q", a.Val)
			}
		}
	})
	if n := doc.Find("style").Length(); n != 1 {
		t.Errorf("the page has %d style sheets, want 1", n)
	}
	// What was written stands there as text, whole.
	if got := strings.Count(doc.Text(), hostile); got < 25 {
		t.Errorf("the hostile text stands %d times on the page, want at least 25", got)
	}
	if strings.Contains(text, "<script") {
		t.Error("the page has a <script")
	}
	policy, _ := doc.Find(`meta[http-equiv="Content-Security-Policy"]`).Attr("content")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
}

var badNumber = regexp.MustCompile(`NaN|Inf|[0-9]e[+-]?[0-9]`)

// checkDrawings wants every number in a drawing to be one.
func checkDrawings(t *testing.T, doc *goquery.Document) {
	t.Helper()
	doc.Find("svg, svg *").Each(func(_ int, s *goquery.Selection) {
		for _, a := range s.Nodes[0].Attr {
			switch a.Key {
			case "d", "x", "y", "width", "height", "viewbox", "viewBox":
				if badNumber.MatchString(a.Val) {
					t.Errorf("<%s %s=%.80q>", s.Nodes[0].Data, a.Key, a.Val)
				}
			}
		}
	})
}

func TestRunsOfAnyLength(t *testing.T) {
	short := func(seconds, requests int) Input {
		f := newFixture(events.RunStarted{Scripts: []string{"short.js"}, Scenarios: []events.ScenarioInfo{{Name: "short"}}})
		for range seconds {
			f.run("short", second{users: 1, requests: requests, medianMs: 3})
		}
		f.end(verdict.Passed)
		return f.input()
	}
	tests := []struct {
		name       string
		in         Input
		charts     int // at least
		figure     string
		most       int // bytes
		hitsAtMost int // of one chart
	}{
		{"a run in which nothing happened has its verdict and no chart", short(0, 0), 0, "short", 60_000, 0},
		{"a run of one request has tables only", short(1, 1), 0, "http://shop.example", 60_000, 0},
		{"a run of a few requests has charts", short(1, 6), 6, "6 requests", 60_000, 120},
		{"a run of one second has charts", short(1, 50), 6, "50 requests", 80_000, 120},
		{"a run of a minute has a column for each second", short(60, 20), 6, "1,200 requests", 200_000, 120},
		{"a run of a day stays small", theDay().input(), 7, "1d 00h", 400_000, 300},
		{"an empty recording gives a page too", Input{State: events.NewState(), Timeline: timeline.New()}, 0, "a run", 60_000, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, doc := write(t, strings.ReplaceAll(test.name, " ", "-"), test.in)
			if n := doc.Find("figure").Length(); n < test.charts {
				t.Errorf("%d charts, want at least %d", n, test.charts)
			}
			if !strings.Contains(doc.Text(), test.figure) {
				t.Errorf("%q does not stand on the page", test.figure)
			}
			if len(text) > test.most {
				t.Errorf("%d bytes, want at most %d", len(text), test.most)
			}
			doc.Find("figure").Each(func(_ int, s *goquery.Selection) {
				if n := s.Find(".hits i").Length(); n > test.hitsAtMost {
					t.Errorf("%s has %d columns to point at, want at most %d", s.Find("figcaption").Text(), n, test.hitsAtMost)
				}
				if s.Find(".area, .line, .heat").Length() == 0 {
					t.Errorf("%s shows nothing", s.Find("figcaption").Text())
				}
			})
			checkDrawings(t, doc)
		})
	}
}

func TestChartsShowWhatHappened(t *testing.T) {
	_, doc := write(t, "day", theDay().input())
	chart := func(title string) *goquery.Selection {
		return doc.Find("figure").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Find("figcaption b").Text() == title })
	}
	requests := chart("Requests a second")
	if requests.Find("path.c-s50").Length() != 1 || !strings.Contains(requests.Find(".keys").Text(), "503") {
		t.Errorf("the 503s are not drawn: %s", requests.Find(".keys").Text())
	}
	if requests.Find("path.c-se0").Length() != 0 {
		t.Error("errors are drawn, but there were none")
	}
	if got := chart("Users").Find(".bands text").Map(func(_ int, s *goquery.Selection) string { return s.Text() }); strings.Join(got, " ") != "night day evening" {
		t.Errorf("phases %q", got)
	}
	if got := requests.Find(".pins text").Text(); got != "1" {
		t.Errorf("the notes on the chart are %q, want the one", got)
	}
	// The afternoon in which the server suffered: every chart has it in the same place.
	hit := chart("HTTP response time").Find(".hits b").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.HasPrefix(s.Text(), "14:") })
	if hit.Length() == 0 || !strings.Contains(hit.First().Text(), "p95") || !strings.Contains(hit.First().Text(), "n = ") {
		t.Errorf("pointing at 14 o'clock shows %q", hit.First().Text())
	}
	if !strings.Contains(doc.Find("#notes").Text(), "the database failed over") {
		t.Error("the note is missing")
	}
}

func TestTicks(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 9 * time.Minute, time.Hour, 5 * time.Hour, 24 * time.Hour, 30 * 24 * time.Hour} {
		a := axis{steps: int(d / time.Second), step: time.Second}
		ticks := a.ticks()
		if len(ticks) < 2 || len(ticks) > 9 {
			t.Errorf("an axis of %v has %d ticks", d, len(ticks))
		}
	}
	for _, r := range [][2]float64{{1e-3, 2e-3}, {1, 1}, {0, 5}, {.1, 1e6}, {20, 90}} {
		low, high := logRange(r[0], r[1])
		if ticks := logTicks(low, high); len(ticks) < 2 || len(ticks) > 12 {
			t.Errorf("a log axis from %v to %v has the ticks %v", low, high, ticks)
		}
	}
}
