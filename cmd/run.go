package cmd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	goruntime "runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"runner/compare"
	"runner/demo"
	"runner/events"
	"runner/generator"
	"runner/report"
	"runner/runtime"
	"runner/verdict"
)

// runOptions are the flags of `runner run`.
type runOptions struct {
	scriptFlags
	judgingFlags
	timeout   durationFlag
	grace     durationFlag
	results   string
	noResults bool
	outs      []string
	demo      bool
	quiet     bool
	compact   bool
	baseline  string
	limit     shareFlag
	seed      uint64
	seeded    bool
}

func newRun(s *streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run SCRIPT…",
		Short: "Run scenarios and judge them",
		Long: `Run the scenarios of one or several scripts, show them live, and judge them.

Ctrl-C ends the run in an orderly way, with a summary; a second one ends it at once. Progress and the
script's console go to standard error, the summary to standard output. What the exit code means is in
"runner exit-codes".`,
		Example: `  runner run --demo examples/stress.js
  runner run -u 10 -d 30s script.js
  runner run --rate 100 -d 1m script.js`,
		Args: needScripts,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(c); err != nil {
				return err
			}
			o.seeded = c.Flags().Changed("seed")
			return run(c.Context(), s, args, o)
		},
	}
	o.add(c)
	f := c.Flags()
	f.Var(&o.timeout, "timeout", "end the run as failed when it takes longer")
	f.Var(&o.grace, "graceful-stop", "how long a user that is told to stop may finish its iteration")
	f.StringVar(&o.results, "results", "", "folder for the results of this run (default: a new one in runner-results)")
	f.BoolVar(&o.noResults, "no-results", false, "keep no results")
	f.StringArrayVar(&o.outs, "out", nil, "also write or send the figures (repeatable): "+outFormats())
	f.BoolVar(&o.demo, "demo", false, "start the demo API and resolve relative URLs against it")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress and no console of the script, only the summary")
	f.BoolVar(&o.compact, "compact", false, "a short summary, without tables")
	o.addTo(f)
	f.StringVar(&o.baseline, "baseline", "", "compare the run with an earlier one: its folder, or latest; a regression ends with exit code 110")
	o.limit = shareFlag{compare.DefaultMaxRegression}
	f.Var(&o.limit, "max-regression", "with --baseline: how much worse a figure may be")
	f.Uint64Var(&o.seed, "seed", 0, "makes random choices repeat; drawn and shown if not given")
	return c
}

func run(ctx context.Context, s *streams, paths []string, o runOptions) error {
	outs, err := parseOuts(o.outs)
	if err != nil {
		return err
	}
	defer outs.close()
	if o.wantsHelp() {
		return writeVariables(s, paths, o.scriptFlags)
	}
	tuneMemory()
	if !o.seeded {
		o.seed = uint64(rand.Uint32())
	}
	lo := o.options()
	lo.Seed, lo.GracefulStop = o.seed, o.grace.d
	if err := o.apply(&lo); err != nil {
		return err
	}
	if o.demo {
		do := demo.DefaultOptions()
		do.Addr = "127.0.0.1:0"
		server, err := demo.Start(do)
		if err != nil {
			return verdict.Wrap(verdict.Config, err)
		}
		defer server.Close()
		lo.BaseURL = server.URL()
		if !o.quiet {
			fmt.Fprintf(s.err, "demo API on %s, %s\n", server.URL(), do.Describe())
		}
	}
	loaded, err := o.load(paths, lo)
	if err != nil {
		return err
	}
	if err := o.checkScenarios(lo, loaded); err != nil {
		return err
	}
	base, err := readBaseline(o)
	if err != nil {
		return err
	}
	rec, err := openRecording(o, loaded)
	if err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	defer rec.close()

	state := events.NewState()
	view := newDisplay(s, o, state, rec)
	sources := sourcesOf(loaded)
	if err := rec.keep(sources); err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	if err := outs.open(s); err != nil {
		return err
	}
	sampler := generator.NewSampler()
	defer sampler.Close()
	r := runtime.New(runtime.RunOptions{
		ID: rec.id, Seed: o.seed, Timeout: o.timeout.d, Generator: sampler,
		Started: events.RunStarted{Scripts: paths, Version: Version(), Host: thisHost(), Flags: hideArgs(os.Args[1:])},
		Sink:    describing(loaded, sources, events.Tee(state.Apply, rec.write, outs.write, view.Handle)),
	}, loaded.order)

	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(interrupts)
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-interrupts:
				if n == 0 {
					cancel()
				} else {
					r.Kill()
				}
			case <-finished:
				return
			}
		}
	}()
	out := r.Do(runCtx)
	close(finished)
	view.Close()
	causes := out.Causes

	if err := rec.finish(state); err != nil {
		fmt.Fprintf(s.err, "runner: the results are incomplete: %v\n", err)
		causes = append(causes, verdict.Cause{Kind: verdict.Recording, Message: err.Error()})
	}
	if !toStdout(outs) {
		ro := s.reportOptions(s.out)
		ro.Compact, ro.Results, ro.LogFile = o.compact, rec.folder, rec.logFile
		if err := report.WriteSummary(s.out, state, ro); err != nil {
			fmt.Fprintf(s.err, "runner: writing the summary: %v\n", err)
			causes = append(causes, verdict.Cause{Kind: verdict.Output, Message: err.Error()})
		}
	}
	for _, err := range outs.finish(s, state) {
		fmt.Fprintf(s.err, "runner: %v\n", err)
		causes = append(causes, verdict.Cause{Kind: verdict.Output, Message: err.Error()})
	}
	if base != nil {
		worse, err := compareWithBaseline(s, o, base, rec, state, toStdout(outs))
		if err != nil {
			fmt.Fprintf(s.err, "runner: --baseline: %v\n", err)
			causes = append(causes, verdict.Cause{Kind: verdict.Output, Message: err.Error()})
		}
		if worse {
			causes = append(causes, verdict.Cause{Kind: verdict.Regression})
		}
	}
	_, code := verdict.Of(causes)
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

// tuneMemory lets the heap grow further between collections than Go's default: users keep little alive
// and throw much away, and a collection costs them more than memory does. A limit that the environment
// sets stays.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		if m := physicalMemory(); m > 0 {
			debug.SetMemoryLimit(m / 10 * 7)
		}
	}
}

func thisHost() events.Host {
	name, _ := os.Hostname()
	return events.Host{Name: name, OS: goruntime.GOOS, Arch: goruntime.GOARCH, GoVersion: goruntime.Version(), CPUs: goruntime.NumCPU()}
}
