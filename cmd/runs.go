package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"runner/events"
	"runner/report"
	"runner/verdict"
)

func newRuns(s *streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "runs [DIR]",
		Short: "List the runs whose results are kept",
		Long: `List the runs whose results are kept, the newest first: in runner-results, or in DIR.

Of a run that was killed there is a recording, but no figures yet: "runner report" reads it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := resultsBase
			if len(args) > 0 {
				dir = args[0]
			}
			return listRuns(s, dir, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// runRow is one run of a list.
type runRow struct {
	Name       string          `json:"name"`
	Folder     string          `json:"folder"`
	Latest     bool            `json:"latest,omitempty"`
	Started    time.Time       `json:"started,omitzero"`
	Verdict    verdict.Verdict `json:"verdict"`
	ExitCode   int             `json:"exitCode"`
	DurationMs float64         `json:"durationMs"`
	Iterations int64           `json:"iterations"`
	PerSecond  float64         `json:"perSecond"` // requests, or iterations if there were no requests
	Of         string          `json:"of"`        // requests or iterations: what PerSecond and P95Ms are of
	P95Ms      *float64        `json:"p95Ms,omitempty"`
	FailedPct  float64         `json:"failedPercent"`
}

func listRuns(s *streams, dir string, asJSON bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && dir == resultsBase) {
		return verdict.Wrap(verdict.Config, fmt.Errorf("listing runs: %w", err))
	}
	newest, _ := os.ReadFile(filepath.Join(dir, events.LatestFile))
	rows := []runRow{}
	for _, e := range entries {
		folder := filepath.Join(dir, e.Name())
		if _, err := os.Stat(filepath.Join(folder, events.RecordingFile)); err != nil {
			continue
		}
		row := readRow(folder)
		row.Name, row.Folder, row.Latest = e.Name(), folder, e.Name() == strings.TrimSpace(string(newest))
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b runRow) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	if asJSON {
		e := json.NewEncoder(s.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	if len(rows) == 0 {
		fmt.Fprintf(s.out, "no runs in %s\n", dir)
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tVERDICT\tDURATION\tITERATIONS\tRATE\tP95\tFAILED")
	for _, r := range rows {
		name, p95, rate, failed := report.Clean(r.Name), report.None, report.None, report.None
		if r.Latest {
			name += " (latest)"
		}
		if r.P95Ms != nil {
			p95 = report.Millis(*r.P95Ms)
		}
		if r.Iterations > 0 {
			unit := "it"
			if r.Of == "requests" {
				unit = "req"
			}
			rate = strings.TrimSuffix(report.PerSecond(r.PerSecond), "/s") + " " + unit + "/s"
			failed = fmt.Sprintf("%.3g %%", r.FailedPct)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, r.Verdict, report.Millis(r.DurationMs), report.Grouped(r.Iterations), rate, p95, failed)
	}
	return w.Flush()
}

// readRow reads a run's figures; what a run lacks that was killed or is still running is left out.
func readRow(folder string) runRow {
	row := runRow{Verdict: verdict.Incomplete}
	text, err := os.ReadFile(filepath.Join(folder, events.SummaryFile))
	if err != nil {
		if info, err := os.Stat(filepath.Join(folder, events.RecordingFile)); err == nil {
			row.Started = info.ModTime()
		}
		return row
	}
	var run events.Run
	if json.Unmarshal(text, &run) != nil {
		return row
	}
	row.Started, row.Verdict, row.ExitCode, row.DurationMs = run.Started, run.Verdict, run.ExitCode, run.DurationMs
	var failed, all int64
	for _, s := range run.Scenarios {
		row.Iterations += s.Ledger.Started
		failed += s.Ledger.Failed + s.Ledger.Aborted
		if len(run.Scenarios) == 1 {
			row.P95Ms = s.ResponseTime.P95
		}
	}
	row.Of, all = "iterations", row.Iterations
	if run.HTTP != nil {
		row.Of, all, failed, row.P95Ms = "requests", run.HTTP.Requests, run.HTTP.Failed, run.HTTP.Response.P95
	}
	if run.DurationMs > 0 {
		row.PerSecond = float64(all) / run.DurationMs * 1000
	}
	if all > 0 {
		row.FailedPct = 100 * float64(failed) / float64(all)
	}
	return row
}
