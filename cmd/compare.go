package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"runner/compare"
	"runner/events"
	"runner/report/page"
	"runner/verdict"
)

// shareFlag is a share, written as 10%, 10 or 0.1%: a bare number is percent too.
type shareFlag struct{ v float64 }

func (f *shareFlag) String() string { return strconv.FormatFloat(100*f.v, 'f', -1, 64) + "%" }
func (f *shareFlag) Type() string   { return "percent" }
func (f *shareFlag) Set(text string) error {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	if err != nil || !(v > 0 && v <= 1000) {
		return fmt.Errorf("%q is no percentage, it must be more than 0%% and at most 1000%%, such as 10%%", text)
	}
	f.v = v / 100
	return nil
}

type compareOptions struct {
	limit shareFlag
	html  string
	json  bool
}

func newCompare(s *streams) *cobra.Command {
	o := compareOptions{limit: shareFlag{compare.DefaultMaxRegression}}
	c := &cobra.Command{
		Use:   "compare BASE HEAD…",
		Short: "Say whether runs are slower than another, and how sure that is",
		Long: `Compare runs with a base: rates, percentiles and failures, with the change, its 95 % interval, and how
likely such a change is by chance.

Each run is a folder, the name of one within runner-results, "latest", or a recording. When a figure is
worse by more than --max-regression with the whole of its interval, the exit code is 110.`,
		Example: `  runner compare runner-results/monday latest
  runner compare monday tuesday wednesday --html week.html`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return &verdict.Err{Kind: verdict.Usage, Err: fmt.Errorf("%s needs two runs, not %d", c.CommandPath(), len(args)), Hint: "for example: " + c.CommandPath() + " BASE latest"}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return compareRuns(s, args, o) },
	}
	f := c.Flags()
	f.Var(&o.limit, "max-regression", "how much worse a figure may be")
	f.StringVar(&o.html, "html", "", "also write the comparison as a page of HTML")
	f.BoolVar(&o.json, "json", false, "write JSON")
	return c
}

func compareRuns(s *streams, names []string, o compareOptions) error {
	var runs []*replayed
	for _, name := range names {
		r, err := replay(name)
		if err != nil {
			return err
		}
		if r.Warning != "" {
			fmt.Fprintf(s.err, "runner: %s: %s\n", name, r.Warning)
		}
		runs = append(runs, r)
	}
	var list []page.Compared
	co := compare.Options{MaxRegression: o.limit.v}
	for _, head := range runs[1:] {
		list = append(list, compareTwo(runs[0], head, co))
	}
	if err := writeComparisons(s.out, list, co, o.json); err != nil {
		return verdict.Wrap(verdict.Internal, err)
	}
	if o.html != "" {
		if err := writeWhole(o.html, func(w io.Writer) error { return page.WriteComparison(w, list, co) }); err != nil {
			return verdict.Wrap(verdict.Recording, err)
		}
	}
	if regressed(list) {
		return exitCode(verdict.Regression.Row().Code)
	}
	return nil
}

// compareTwo compares two runs and says what else makes the comparison doubtful.
func compareTwo(base, head *replayed, o compare.Options) page.Compared {
	c := page.Compared{Base: base.name, Head: head.name, Result: compare.Run(base.Timeline, head.Timeline, o)}
	for _, r := range []*replayed{base, head} {
		if note := r.doubt(); note != "" {
			c.Result.Notes = append(c.Result.Notes, note)
		}
	}
	return c
}

func regressed(list []page.Compared) bool {
	for _, c := range list {
		if len(c.Result.Regressions) > 0 {
			return true
		}
	}
	return false
}

func writeComparisons(w io.Writer, list []page.Compared, o compare.Options, asJSON bool) error {
	if asJSON {
		reports := []compare.Report{}
		for _, c := range list {
			reports = append(reports, compare.NewReport(c.Base, c.Head, c.Result, o))
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(reports)
	}
	for i, c := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := compare.WriteText(w, c.Base, c.Head, c.Result, o); err != nil {
			return err
		}
	}
	return nil
}

// readBaseline reads the run of --baseline, before anything is run; nil if there is none.
func readBaseline(o runOptions) (*replayed, error) {
	if o.baseline == "" {
		return nil, nil
	}
	return replay(o.baseline)
}

// comparisonFile is the comparison with the baseline within a run's folder.
const comparisonFile = "comparison.html"

// compareWithBaseline says whether the run is worse than the baseline. It writes to standard error if
// an output has standard output for itself.
func compareWithBaseline(s *streams, o runOptions, base *replayed, rec *recording, state *events.State, taken bool) (worse bool, err error) {
	head := &replayed{name: rec.folder, Input: page.Input{State: state, Timeline: rec.over}}
	if head.name == "" {
		head.name = "this run"
	}
	co := compare.Options{MaxRegression: o.limit.v}
	list := []page.Compared{compareTwo(base, head, co)}
	w := s.out
	if taken {
		w = s.err
	}
	fmt.Fprintln(w)
	err = writeComparisons(w, list, co, false)
	if rec.folder != "" {
		err = errors.Join(err, writeWhole(filepath.Join(rec.folder, comparisonFile), func(w io.Writer) error { return page.WriteComparison(w, list, co) }))
	}
	return regressed(list), err
}
