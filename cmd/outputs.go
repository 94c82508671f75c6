package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"runner/events"
	"runner/export"
	"runner/verdict"
)

// output is one --out.
type output struct{ format, path string }

// outputs are all of a run.
type outputs struct {
	list   []output
	tables []*export.Table
}

// formats are the files that --out writes: tables while the run goes, the others at its end.
var (
	tableFormats = map[string]func(path string, out io.Writer) (*export.Table, error){
		"csv": export.NewCSV, "parquet": export.NewParquet,
	}
	endFormats = map[string]func(w io.Writer, run events.Run) error{
		"json": writeJSON, "junit": export.WriteJUnit, "markdown": export.WriteMarkdown,
	}
	formatNames = []string{"json", "csv", "parquet", "junit", "markdown"}
)

func outFormats() string {
	return strings.Join(formatNames, "=FILE, ") + "=FILE; - for standard output"
}

func parseOuts(texts []string) (*outputs, error) {
	var o outputs
	for _, text := range texts {
		format, path, ok := strings.Cut(text, "=")
		if !ok || path == "" || !slices.Contains(formatNames, format) {
			return nil, verdict.Wrap(verdict.Usage, fmt.Errorf("--out %q: it must be %s=FILE, or - for standard output", text, strings.Join(formatNames, "=FILE, ")))
		}
		if path == "-" && toStdout(&o) {
			return nil, verdict.Wrap(verdict.Usage, fmt.Errorf("--out %q: another output has standard output already", text))
		}
		o.list = append(o.list, output{format, path})
	}
	return &o, nil
}

func toStdout(o *outputs) bool {
	return slices.ContainsFunc(o.list, func(one output) bool { return one.path == "-" })
}

// open begins the tables, so that a path that cannot be written is told before anything runs.
func (o *outputs) open(s *streams) error {
	for _, one := range o.list {
		if open := tableFormats[one.format]; open != nil {
			t, err := open(one.path, s.out)
			if err != nil {
				return verdict.Wrap(verdict.Config, fmt.Errorf("--out %s=%s: %w", one.format, one.path, err))
			}
			o.tables = append(o.tables, t)
		}
	}
	return nil
}

// write is an events.Sink.
func (o *outputs) write(e events.Event) {
	for _, t := range o.tables {
		t.Write(e)
	}
}

// finish writes what is written at the end and says what went wrong.
func (o *outputs) finish(s *streams, state *events.State) (errs []error) {
	for _, t := range o.tables {
		if err := t.Close(); err != nil {
			errs = append(errs, fmt.Errorf("--out: %w", err))
		}
	}
	o.tables = nil
	for _, one := range o.list {
		write := endFormats[one.format]
		if write == nil {
			continue
		}
		run := events.Summary(state)
		var err error
		if one.path == "-" {
			err = write(s.out, run)
		} else {
			err = writeWhole(one.path, func(w io.Writer) error { return write(w, run) })
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("--out %s=%s: %w", one.format, one.path, err))
		}
	}
	return errs
}

// close ends the tables of a run that never came to its end; what went wrong with them does not matter
// any more.
func (o *outputs) close() {
	for _, t := range o.tables {
		_ = t.Close()
	}
	o.tables = nil
}

func writeJSON(w io.Writer, run events.Run) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(run)
}
