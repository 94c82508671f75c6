package generator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/events"
	"runner/metrics"
)

// repeat is n seconds of the same.
func repeat(n int, s events.Generator) (all []events.Generator) {
	for range n {
		all = append(all, s)
	}
	return all
}

// late are so many arrivals, so many of which were started so late.
func late(t *testing.T, arrivals, lateOnes int, ms float64) metrics.Stats {
	t.Helper()
	reg := metrics.NewRegistry()
	rec := reg.Recorder(0)
	for i := range arrivals {
		v := 0.1
		if i < lateOnes {
			v = ms
		}
		rec.Add(rec.Series(metrics.IterationLateness), v)
	}
	store := metrics.NewStore()
	store.Apply(time.Second, reg.Drain())
	stats, _ := store.Query(metrics.IterationLateness.Name, nil, 0)
	return stats
}

func TestWhenTheGeneratorIsTheBottleneck(t *testing.T) {
	ms := func(v float64) *float64 { return &v }
	quiet := events.Generator{CPU: 0.3, MachineCPU: 0.5, Descriptors: 20, DescriptorLimit: 1000, Ports: 10, PortLimit: 28000}
	busy := events.Generator{CPU: 0.95, MachineCPU: 0.99}
	neighbour := events.Generator{CPU: 0.2, MachineCPU: 1}
	starved := events.Generator{CPU: 0.2, MachineCPU: 1, RunQueueMs: 9}
	for _, test := range []struct {
		says    string
		limits  Limits
		off     []string
		seconds []events.Generator
		whole   Whole
		rules   []string
		marked  int
		message string
	}{
		{says: "a quiet machine is none", seconds: repeat(60, quiet), whole: Whole{Lateness: late(t, 1000, 5, 50), Started: 10_000, Dropped: 10}},
		{says: "four busy seconds are none", seconds: append(repeat(4, busy), quiet)},
		{says: "busy seconds that are interrupted are none", seconds: slices.Concat(repeat(4, busy), repeat(1, quiet), repeat(4, busy))},
		{says: "five busy seconds are", seconds: append(repeat(5, busy), quiet), rules: []string{CPU}, marked: 1,
			message: "the processors were busy for 5 s (the process up to 95 % of what it may use, the machine up to 99 %; the limit is 90 %)"},
		{says: "a busy neighbour that does not disturb is none", seconds: repeat(60, neighbour)},
		{says: "a busy neighbour for whom goroutines wait is", seconds: repeat(6, starved), rules: []string{CPU}, marked: 2},
		{says: "half of a machine that is full is, for the server is on it too", seconds: repeat(5, events.Generator{CPU: 0.5, MachineCPU: 0.98}), rules: []string{CPU}, marked: 1},
		{says: "a higher limit allows more", limits: Limits{CPU: 0.96}, seconds: repeat(60, events.Generator{CPU: 0.95})},
		{says: "a late start in fifty is", seconds: []events.Generator{{LatenessMs: ms(50)}}, whole: Whole{Lateness: late(t, 1000, 20, 50)},
			rules: []string{Lateness}, marked: 1, message: "1 % of the arrivals were started more than 50 ms late (the limit is 5ms)"},
		{says: "a late second alone is marked, no more", seconds: []events.Generator{{LatenessMs: ms(50)}}, whole: Whole{Lateness: late(t, 10_000, 20, 50)}, marked: 1},
		{says: "of very few arrivals nothing can be said", whole: Whole{Lateness: late(t, 50, 20, 50)}},
		{says: "a limit of its own allows lateness", limits: Limits{Lateness: time.Second}, seconds: []events.Generator{{LatenessMs: ms(50)}},
			whole: Whole{Lateness: late(t, 1000, 20, 50)}},
		{says: "standing still for 3 % of the time is", seconds: append(repeat(9, quiet), events.Generator{StallMs: 300}), rules: []string{Stalls}, marked: 1,
			message: "the process stood still for 300ms in 10s (the limit is 1 %)"},
		{says: "short stalls are none", seconds: repeat(60, events.Generator{StallMs: 95})},
		{says: "one stall of a short run is none", seconds: []events.Generator{{StallMs: 240}}, marked: 1},
		{says: "no descriptors left", seconds: []events.Generator{{Descriptors: 960, DescriptorLimit: 1000}}, rules: []string{Descriptors}, marked: 1,
			message: "960 of 1000 file descriptors were open (raise ulimit -n)"},
		{says: "many sockets alone are none", seconds: []events.Generator{{Ports: 28000, PortLimit: 28000}}},
		{says: "no ports left", seconds: []events.Generator{{Ports: 28000, PortLimit: 28000, Errors: 3}}, rules: []string{Ports, Errors}, marked: 1,
			message: "3 exchanges failed by this machine's limits, not the server's"},
		{says: "one drop in a hundred is", seconds: []events.Generator{{Dropped: 1}}, whole: Whole{Started: 99, Dropped: 1}, rules: []string{Drops}, marked: 1,
			message: "1 of 100 starts were dropped for want of a user (1 %, the limit is 0.1 %): raise maxUsers"},
		{says: "rules that are switched off find nothing", off: []string{"all"},
			seconds: repeat(60, events.Generator{CPU: 1, MachineCPU: 1, LatenessMs: ms(90), StallMs: 900, Descriptors: 10, DescriptorLimit: 10, Errors: 1, Dropped: 5}),
			whole:   Whole{Lateness: late(t, 1000, 900, 50), Started: 1, Dropped: 300}},
		{says: "a rule that is switched off leaves the others", off: []string{Drops}, seconds: repeat(5, busy), whole: Whole{Started: 1, Dropped: 9}, rules: []string{CPU}, marked: 1},
	} {
		limits, err := test.limits.Without(test.off...)
		if err != nil {
			t.Fatal(err)
		}
		w := NewWatch(limits)
		marked := 0
		for _, s := range test.seconds {
			if len(w.Second(s)) > 0 {
				marked++
			}
		}
		var rules, messages []string
		for _, f := range w.Verdict(test.whole) {
			rules = append(rules, f.Rule)
			messages = append(messages, f.Message)
		}
		if diff := cmp.Diff(test.rules, rules); diff != "" {
			t.Errorf("%s: %s", test.says, diff)
		}
		if marked != test.marked {
			t.Errorf("%s: %d seconds are marked, want %d", test.says, marked, test.marked)
		}
		if !strings.Contains(strings.Join(messages, "\n"), test.message) {
			t.Errorf("%s: it says %q, want %q", test.says, messages, test.message)
		}
	}
	if _, err := (Limits{}).Without("latenes"); err == nil || !strings.Contains(err.Error(), "lateness, stalls, cpu") {
		t.Errorf("an unknown rule: %v", err)
	}
}

func TestPreflightSaysWhatToChange(t *testing.T) {
	for _, test := range []struct {
		users, descriptors, ports int
		says                      []string
	}{
		{100, 1024, 28232, nil}, {100, 0, 0, nil},
		{1000, 1024, 28232, []string{"ulimit -n 2048"}},
		{30_000, 1 << 20, 28_232, []string{"ip_local_port_range"}},
		{100_000, 1024, 28_232, []string{"ulimit -n 131072", "ip_local_port_range"}},
	} {
		got := preflight(test.users, test.descriptors, test.ports)
		if len(got) != len(test.says) {
			t.Errorf("%d users: %q", test.users, got)
			continue
		}
		for i, want := range test.says {
			if !strings.Contains(got[i], want) {
				t.Errorf("%d users: %q, want %q", test.users, got[i], want)
			}
		}
	}
}

func TestQuantilesOfASpanOfTime(t *testing.T) {
	h := histogram{counts: []uint64{0, 98, 1, 1}, bounds: []float64{0, 1, 2, 3, 4}, total: 100}
	for q, want := range map[float64]float64{0.5: 1, 0.98: 1, 0.99: 2, 1: 3} {
		if got := h.quantile(q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := (histogram{}).quantile(0.5); got != 0 {
		t.Errorf("of nothing it is %v", got)
	}
}
