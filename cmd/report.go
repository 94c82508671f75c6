package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"runner/report"
	"runner/report/page"
	"runner/verdict"
)

// reportFile is the report within a run's folder.
const reportFile = "report.html"

type reportOptions struct {
	out     string
	summary bool
	compact bool
}

func newReport(s *streams) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Write the report of a run again, from its recording",
		Long: `Write the report of a run again, from its recording: one page of HTML that needs nothing else.

RUN is the run's folder, its name within runner-results, "latest", or the recording itself. A recording
that breaks off, because the run was killed or the disk was full, is read up to its last record.`,
		Example: `  runner report latest
  runner report runner-results/2026-01-31-12-00-00-stress --out stress.html
  runner report latest --out - | less
  runner report latest --summary`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &verdict.Err{Kind: verdict.Usage, Err: fmt.Errorf("%s needs one run, not %d", c.CommandPath(), len(args)), Hint: "for example: " + c.CommandPath() + " latest"}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return rewrite(s, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "where to write it: a file, or - for standard output (default: report.html in the run's folder)")
	f.BoolVar(&o.summary, "summary", false, "print the summary that the run printed at its end; write no page unless --out is given")
	f.BoolVar(&o.compact, "compact", false, "with --summary: without tables")
	return c
}

func rewrite(s *streams, name string, o reportOptions) error {
	r, err := replay(name)
	if err != nil {
		return err
	}
	if r.Warning != "" {
		fmt.Fprintf(s.err, "runner: %s\n", r.Warning)
	}
	if o.summary {
		ro := s.reportOptions(s.out)
		ro.Compact, ro.Results = o.compact, r.folder
		if err := report.WriteSummary(s.out, r.State, ro); err != nil {
			return verdict.Wrap(verdict.Internal, err)
		}
		if o.out == "" {
			return nil
		}
	}
	switch {
	case o.out == "-":
		err = page.Write(s.out, r.Input)
	case o.out != "":
		err = writePage(o.out, r.Input)
	case r.folder == "":
		return &verdict.Err{Kind: verdict.Usage, Err: fmt.Errorf("%s stands in no run's folder: --out must say where to write the report", name), Hint: "for example: --out report.html"}
	default:
		o.out = filepath.Join(r.folder, reportFile)
		err = writePage(o.out, r.Input)
	}
	if err != nil {
		return verdict.Wrap(verdict.Recording, err)
	}
	if o.out != "-" {
		fmt.Fprintln(s.out, o.out)
	}
	return nil
}

// writePage writes the report, whole or not at all.
func writePage(path string, in page.Input) error {
	return writeWhole(path, func(w io.Writer) error { return page.Write(w, in) })
}

// writeWhole writes a file under another name first, so that nobody ever finds half of it. What is there
// already and is no file, as a pipe or a device, is written to and never replaced.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			err = errors.Join(write(f), f.Close())
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
