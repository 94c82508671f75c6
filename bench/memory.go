package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"runner/events"
)

// idle is what users that have come to rest use.
type idle struct {
	resident int64 // bytes in all
	cpu      time.Duration
}

// rest starts users of a script and waits until they have nothing more to do. Then it ends the run and
// holds it to what it says: as many users as were asked for, and an iteration in each.
func (l *lab) rest(ctx context.Context, script string, users int, quiet time.Duration) (idle, error) {
	summary := filepath.Join(l.folder, "run.json")
	os.Remove(summary)
	args := l.runnerArgs(script, summary, "--users", strconv.Itoa(users), "--duration", "1h", "--graceful-stop", "100ms")
	c, err := start(ctx, nil, l.program, args...)
	if err != nil {
		return idle{}, err
	}
	cpu, resident, err := c.settled(ctx, quiet, 5*time.Minute)
	if err != nil {
		c.kill()
		return idle{}, err
	}
	c.interrupt()
	select {
	case <-c.done:
	case <-time.After(2 * time.Minute):
		c.kill()
		return idle{}, errors.New("the run did not end")
	}
	run, err := readRun(summary)
	if err != nil {
		return idle{}, fmt.Errorf("%w: %s", err, tail(c.errOut.String()))
	}
	if err := allAsleep(run, int64(users)); err != nil {
		return idle{}, err
	}
	return idle{resident, cpu}, nil
}

func allAsleep(run events.Run, users int64) error {
	l := run.Scenarios[0].Ledger
	if l.UsersAtOnce != users || l.Started != users || l.Aborted != users {
		return fmt.Errorf("of %d users %d ran at once, %d began an iteration and %d were in one at the end", users, l.UsersAtOnce, l.Started, l.Aborted)
	}
	return nil
}

// perUser is what each user adds to a run with one.
func (l *lab) perUser(ctx context.Context, o options, script string, users int) (kb float64, all idle, err error) {
	quiet := 2 * time.Second
	if o.short {
		quiet = 300 * time.Millisecond
	}
	one, err := l.rest(ctx, script, 1, min(quiet, time.Second))
	if err != nil {
		return 0, idle{}, err
	}
	all, err = l.rest(ctx, script, users, quiet)
	if err != nil {
		return 0, idle{}, err
	}
	return float64(all.resident-one.resident) / float64(users-1) / 1024, all, nil
}

// skipped notes that a system does not tell what is needed.
func (r *results) skipped(what string, err error) error {
	if errors.Is(err, errNoProc) {
		r.note("%s: %v", what, err)
		return nil
	}
	return err
}

func asleep(ctx context.Context, l *lab, o options, r *results) error {
	counts := []int{1000, 10_000, 100_000}
	if o.short {
		counts = []int{50}
	}
	for _, n := range counts {
		kb, all, err := l.perUser(ctx, o, "asleep", n)
		if err != nil {
			return r.skipped("asleep", err)
		}
		what := fmt.Sprintf("%s users asleep: ", grouped(n))
		r.goal(what+"resident memory of each", "%.1f KB", "≤ 12 KB", kb, 12)
		if n >= 100_000 {
			r.goal(what+"in all", "%.2f GiB", "≤ 1.5 GiB", float64(all.resident)/(1<<30), 1.5)
			r.goal(what+"CPU to start them", "%.1f s", "≤ 4 s", all.cpu.Seconds(), 4)
		} else {
			r.note("%s%.0f MiB in all, %.2f s of CPU to start them", what, float64(all.resident)/(1<<20), all.cpu.Seconds())
		}
		if n == 10_000 && l.k6 != "" {
			if err := l.k6Asleep(ctx, r, n, all); err != nil {
				return err
			}
		}
	}
	return nil
}

// k6Asleep is the same of k6.
func (l *lab) k6Asleep(ctx context.Context, r *results, users int, ours idle) error {
	c, err := start(ctx, nil, l.k6, l.k6Args("asleep", filepath.Join(l.folder, "k6.json"), "--vus", strconv.Itoa(users), "--duration", "1h")...)
	if err != nil {
		return err
	}
	defer c.kill()
	cpu, resident, err := c.settled(ctx, 3*time.Second, 3*time.Minute)
	if err != nil {
		return err
	}
	r.atLeast(fmt.Sprintf("%s users asleep: memory, k6 ÷ runner", grouped(users)), "%.1f", "≥ 10", float64(resident)/float64(ours.resident), 10)
	r.note("%s users asleep in k6: %.0f MiB, %.1f s of CPU to start them", grouped(users), float64(resident)/(1<<20), cpu.Seconds())
	return nil
}

func connected(ctx context.Context, l *lab, o options, r *results) error {
	n := 10_000
	if o.short {
		n = 50
	}
	kb, all, err := l.perUser(ctx, o, "connected", n)
	if err != nil {
		return r.skipped("connected", err)
	}
	what := fmt.Sprintf("%s users with a connection: ", grouped(n))
	r.goal(what+"resident memory of each", "%.1f KB", "≤ 16 KB", kb, 16)
	r.note("%s%.2f s of CPU to start them", what, all.cpu.Seconds())
	return nil
}

// functions writes a script of 5 KB with 25 functions, of which most are not called.
func functions(ctx context.Context, l *lab, o options, r *results) error {
	n := 10_000
	if o.short {
		n = 50
	}
	asleep, err := os.ReadFile(l.script("asleep"))
	if err != nil {
		return err
	}
	var b strings.Builder
	b.Write(asleep)
	for i := range 24 {
		fmt.Fprintf(&b, `
export function step%d(a, b) {
  const order = { id: a, name: "n" + b, items: [1, 2, 3, a] };
  let sum = 0;
  for (const item of order.items) {
    sum += item * %d;
  }
  return sum;
}
`, i, i)
	}
	if err := os.WriteFile(l.script("functions"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	kb, _, err := l.perUser(ctx, o, "functions", n)
	if err != nil {
		return r.skipped("functions", err)
	}
	r.goal(fmt.Sprintf("%s users of a script with 25 functions: resident memory of each", grouped(n)), "%.1f KB", "≤ 40 KB", kb, 40)
	return nil
}
