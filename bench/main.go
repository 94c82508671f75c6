// Command bench measures what runner costs beside other tools, on this machine, over the loopback
// interface. It builds what it needs, runs everything by turns, and writes RESULTS.md.
//
//	go run ./bench                  everything, about half an hour
//	go run ./bench -short           all of it for a moment each: a smoke test
//	go run ./bench -rows get,check  some of it
//
// A row is a piece of work, or a figure with a goal: -rows help lists them.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed scripts
var scripts embed.FS

// options are the flags.
type options struct {
	short   bool
	rows    []string // empty: all
	rounds  int
	each    time.Duration
	install bool
	k6      bool
	out     string
	root    string // of the module
}

func main() {
	play()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	r := &results{rounds: o.rounds, each: o.each}
	for _, row := range table {
		if len(o.rows) > 0 && !slices.Contains(o.rows, row.name) {
			continue
		}
		fmt.Fprintf(progress, "%s  %s: %s\n", time.Now().Format(time.TimeOnly), row.name, row.what)
		if err := row.measure(ctx, l, o, r); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if o.short {
				return fmt.Errorf("%s: %w", row.name, err)
			}
			// One row that cannot be measured should not cost the others.
			r.note("%s could not be measured: %v", row.name, err)
		}
	}
	text := r.write(l)
	fmt.Fprint(out, text)
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(text), 0o644)
}

func parse(args []string, errOut io.Writer) (options, error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(errOut)
	var o options
	var rows string
	f.BoolVar(&o.short, "short", false, "everything for a moment, without k6 and without a file")
	f.StringVar(&rows, "rows", "", "only these, separated by commas; help lists them")
	f.IntVar(&o.rounds, "rounds", 5, "how often each tool runs")
	f.DurationVar(&o.each, "each", 4*time.Second, "how long each tool runs each time")
	f.BoolVar(&o.install, "install", false, "install wrk and hey with apt-get")
	f.BoolVar(&o.k6, "k6", true, "build k6 and measure it too")
	f.StringVar(&o.out, "out", "", "the file for the results (bench/RESULTS.md if all rows run)")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: bench takes flags only", f.Arg(0))
	}
	if rows == "help" {
		for _, row := range table {
			fmt.Fprintf(errOut, "  %-10s %s\n", row.name, row.what)
		}
		return o, flag.ErrHelp
	}
	if rows != "" {
		o.rows = strings.Split(rows, ",")
	}
	for _, name := range o.rows {
		if !slices.ContainsFunc(table, func(r row) bool { return r.name == name }) {
			return o, fmt.Errorf("-rows: there is no %q; -rows help lists them", name)
		}
	}
	if o.rounds < 1 || o.each <= 0 {
		return o, fmt.Errorf("-rounds %d, -each %v: they must be more than 0", o.rounds, o.each)
	}
	if o.short {
		o.rounds, o.each, o.k6 = 1, 200*time.Millisecond, false
	}
	var err error
	if o.root, err = moduleRoot(); err != nil {
		return o, err
	}
	if o.out == "" && len(o.rows) == 0 && !o.short {
		o.out = filepath.Join(o.root, "bench", "RESULTS.md")
	}
	return o, nil
}

// moduleRoot is the folder of our go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module runner\n") {
			return folder, nil
		}
		up := filepath.Dir(folder)
		if up == folder {
			return "", errors.New("run it within the source tree of runner")
		}
		folder = up
	}
}
