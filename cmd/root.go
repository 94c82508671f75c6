// Package cmd is the command line: one file a command, which turns flags into an options struct and
// calls what does the work. Exit codes come from the one table in package verdict.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"runner/js"
	"runner/report"
	"runner/verdict"
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode is an outcome that was told already and only decides the exit code.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) (code int) {
	s := &streams{in, out, errOut}
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(errOut, "runner: internal error: %v\n", p)
			code = verdict.Internal.Row().Code
		}
	}()
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	var told exitCode
	if errors.As(err, &told) {
		return int(told)
	}
	kind := verdict.Usage // what cobra itself finds wrong
	var ve *verdict.Err
	if errors.As(err, &ve) {
		kind = ve.Kind
	}
	report.WriteError(errOut, err, problemsOf(err), s.reportOptions(errOut))
	return kind.Row().Code
}

// reportOptions say what can be shown on w.
func (s *streams) reportOptions(w io.Writer) report.Options {
	f, _ := w.(*os.File)
	return report.Detect(f, color.NoColor)
}

func newRoot(s *streams) *cobra.Command {
	var noColor bool
	root := &cobra.Command{
		Use:   "runner",
		Short: "Load tests in JavaScript, with figures that can be trusted",
		Long: `runner runs load tests that are written in JavaScript.

Start here:
  runner run --demo examples/stress.js   a stress test against a server of our own
  runner inspect SCRIPT                  what a script exports, without sending anything
  runner plan SCRIPT                     its users and rates over time, drawn`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			// fatih/color looks at stdout alone; each stream is judged by itself here.
			color.NoColor = noColor || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.PersistentFlags().BoolVar(&noColor, "no-color", false, "write no colours (also: NO_COLOR)")
	root.AddCommand(newRun(s), newInspect(s), newPlan(s), newReport(s), newRuns(s), newCompare(s), newDemo(s), newVersion(s), newExitCodes(s))
	root.AddCommand(newNew(s), newTypes(s))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &verdict.Err{Kind: verdict.Usage, Err: err, Hint: "see " + c.CommandPath() + " --help"}
	})
	return root
}

// problemsOf are the places in the script that an error speaks of.
func problemsOf(err error) []report.Problem {
	var le *js.LoadError
	if !errors.As(err, &le) {
		return nil
	}
	var list []report.Problem
	for _, p := range le.Problems {
		list = append(list, report.Problem{File: p.File, Line: p.Line, Column: p.Column, Message: p.Message, Text: p.Text})
	}
	return list
}

// newExitCodes prints the table.
func newExitCodes(s *streams) *cobra.Command {
	var b strings.Builder
	b.WriteString("Exit codes. A run with several causes ends with the code of the one that stands highest here.\n\n")
	for _, r := range verdict.Table {
		fmt.Fprintf(&b, "  %3d  %-17s  %s\n", r.Code, r.Verdict, r.Text)
	}
	return &cobra.Command{
		Use: "exit-codes", Short: "Print the exit codes and what they mean", Long: b.String(), Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { fmt.Fprint(s.out, b.String()) },
	}
}

// needScripts wants at least one script.
func needScripts(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &verdict.Err{Kind: verdict.Usage, Err: fmt.Errorf("%s needs a script", c.CommandPath()), Hint: "for example: " + c.CommandPath() + " script.js"}
	}
	return nil
}
