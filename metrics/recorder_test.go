package metrics

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every value is in exactly one drain: eight recorders add, in three ways, while two drain.
func TestDrainLosesAndDoublesNothing(t *testing.T) {
	const recorders, rounds = 8, 4000
	r := NewRegistry()
	var recording, draining sync.WaitGroup
	var done atomic.Bool
	totals := make([]Delta, 2)
	for i := range totals {
		draining.Go(func() {
			for last := false; !last; {
				last = done.Load()
				d := r.Drain()
				// What one AddAll records is in one drain.
				var counts [2]float64
				d.Each(func(m Metric, tags []Tag, s Stats) {
					switch m.Name {
					case HTTPRequests.Name:
						counts[0] += s.Sum
					case HTTPResponseTime.Name:
						counts[1] += float64(s.Count)
					}
				})
				if counts[0] != counts[1] {
					t.Errorf("one drain has %v requests and %v response times", counts[0], counts[1])
				}
				totals[i].Merge(d)
			}
		})
	}
	var want float64
	for u := range recorders {
		recording.Go(func() {
			rec := r.Recorder(int64(u), Tag{"scenario", "s"})
			requests, times := rec.Series(HTTPRequests), rec.Series(HTTPResponseTime)
			for i := range rounds {
				rec.AddAll([]Sample{{requests, 1}, {times, float64(i%300) / 7}})
				rec.Add(rec.Series(Checks, Tag{"name", string(rune('a' + i%20))}), float64(i%2))
				rec.Add(rec.Series(IterationLateness), float64(i%5)-2)
			}
		})
	}
	for i := range rounds {
		want += float64(i%300) / 7
	}
	recording.Wait()
	done.Store(true)
	draining.Wait()

	all := &totals[0]
	all.Merge(&totals[1])
	s := NewStore()
	s.Apply(1, all)
	query := func(m *Metric) Stats { stats, _ := s.Query(m.Name, nil, 0); return stats }
	const n = recorders * rounds
	if got := query(HTTPRequests).Sum; got != n {
		t.Errorf("%v requests, not %d", got, n)
	}
	times := query(HTTPResponseTime)
	if times.Count != n || math.Abs(times.Sum/(recorders*want)-1) > 1e-12 {
		t.Errorf("%d response times of %v ms, not %d of %v", times.Count, times.Sum, n, recorders*want)
	}
	zero, positive, _ := times.Buckets()
	for _, b := range positive {
		zero += b.Count
	}
	if zero != n {
		t.Errorf("%d response times in buckets, not %d", zero, n)
	}
	if checks := query(Checks); checks.Count != n || checks.Sum != n/2 {
		t.Errorf("%v of %d checks passed, not %d of %d", checks.Sum, checks.Count, n/2, n)
	}
	zero, positive, negative := query(IterationLateness).Buckets()
	wantBuckets := []any{int64(n / 5), []Bucket{{-1, n / 5}, {127, n / 5}}, []Bucket{{-1, n / 5}, {127, n / 5}}}
	if diff := cmp.Diff(wantBuckets, []any{zero, positive, negative}); diff != "" {
		t.Errorf("lateness:\n%s", diff)
	}
	if !r.Drain().Empty() {
		t.Error("something is left after the last drain")
	}
}

func TestSeriesOfTheSameTagsAreOne(t *testing.T) {
	r := NewRegistry()
	a := r.Recorder(1, Tag{"scenario", "s"}, Tag{"node", "n1"})
	want := a.Series(HTTPRequests, Tag{"name", "/"}, Tag{"method", "GET"})
	if diff := cmp.Diff([]Tag{{"method", "GET"}, {"name", "/"}, {"node", "n1"}, {"scenario", "s"}}, want.Tags()); diff != "" {
		t.Error(diff)
	}
	for name, tags := range map[string][]Tag{
		"in another order":               {{"method", "GET"}, {"name", "/"}},
		"with a tag given twice":         {{"method", "PUT"}, {"name", "/"}, {"method", "GET"}},
		"with a base tag repeated":       {{"node", "n1"}, {"method", "GET"}, {"name", "/"}},
		"with a tag that is empty":       {{"name", "/"}, {"method", "GET"}, {"error", ""}},
		"with a tag taken back by empty": {{"name", "/"}, {"method", "GET"}, {"error", "x"}, {"error", ""}},
	} {
		for shard := range int64(3) {
			rec := r.Recorder(shard, Tag{"node", "n1"}, Tag{"scenario", "s"})
			if got := rec.Series(HTTPRequests, tags...); got != want {
				t.Errorf("%s it is another series: %v", name, got.Tags())
			}
		}
	}
	for name, other := range map[string]*Series{
		"another metric":     a.Series(HTTPAttempts, Tag{"name", "/"}, Tag{"method", "GET"}),
		"a base tag changed": a.Series(HTTPRequests, Tag{"name", "/"}, Tag{"method", "GET"}, Tag{"node", "n2"}),
		"fewer tags":         a.Series(HTTPRequests, Tag{"name", "/"}),
		"tags run together":  a.Series(HTTPRequests, Tag{"name", "/\x06method\x03GET"}),
	} {
		if other == want {
			t.Errorf("%s is the same series", name)
		}
	}
}

func TestLongAndInvalidTagsAreCut(t *testing.T) {
	r := NewRegistry()
	rec := r.Recorder(1)
	long := strings.Repeat("é", 200)
	s := rec.Series(HTTPRequests, Tag{"name", long}, Tag{"x", "a\xffb"})
	want := []Tag{{"name", strings.Repeat("é", 126) + "…"}, {"x", "a\uFFFDb"}}
	if diff := cmp.Diff(want, s.Tags()); diff != "" {
		t.Error(diff)
	}
	if len(s.Tags()[0].Value) > maxTagLength {
		t.Errorf("%d bytes are kept", len(s.Tags()[0].Value))
	}
	if rec.Series(HTTPRequests, Tag{"name", long + "other"}, Tag{"x", "a\xfeb"}) != s {
		t.Error("what is cut to the same is not the same series")
	}
}

func TestRegisterRefusesAnotherKindOrUnit(t *testing.T) {
	r := NewRegistry()
	m := &Metric{"orders", Counter, "orders"}
	if got, err := r.Register(m); err != nil || got != m || r.Lookup("orders") != m {
		t.Fatal(got, err)
	}
	if got, err := r.Register(&Metric{"orders", Counter, "orders"}); err != nil || got != m {
		t.Error("the same metric again is not the one that is known:", got, err)
	}
	for name, c := range map[string]struct {
		metric Metric
		want   string
	}{
		"another kind":    {Metric{"orders", Trend, "orders"}, `metric "orders" is already a counter and cannot be a trend too`},
		"another unit":    {Metric{"orders", Counter, "ms"}, `metric "orders" already has the unit "orders" and cannot have "ms" too`},
		"a built-in name": {Metric{"checks", Counter, "checks"}, `metric "checks" is already a rate and cannot be a counter too`},
		"no name":         {Metric{"", Counter, ""}, `a metric needs a name`},
		"no such kind":    {Metric{"x", Kind(9), ""}, `metric "x": no such kind: 9`},
	} {
		if _, err := r.Register(&c.metric); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.Lookup("x") != nil {
		t.Error("a refused metric is known")
	}
}

func TestMetricsAreCapped(t *testing.T) {
	r := NewRegistry()
	var failed int
	for i := range MaxMetrics + 5 {
		if _, err := r.Register(&Metric{Name: "m" + strings.Repeat("x", i%250) + string(rune(0x4e00+i)), Kind: Counter}); err != nil {
			failed++
		}
	}
	if failed != 5 {
		t.Errorf("%d were refused", failed)
	}
}

func TestSeriesAreCappedWithOneWarning(t *testing.T) {
	r := NewRegistry()
	var warnings []string
	r.OnWarning(func(w string) { warnings = append(warnings, w) })
	m := testMetrics[0]
	const extra = 500
	for i := range MaxSeries + extra {
		rec := r.Recorder(int64(i), Tag{"scenario", "s"})
		rec.Add(rec.Series(m, Tag{"id", string(rune(0x10000 + i))}, Tag{"method", []string{"GET", "PUT"}[i%2]}), 1)
	}
	want := []string{`metric "test.counter" has 10000 series, the most that are kept: the tag "id" has 10000 values; what comes now is counted together under overflow=true`}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
	d := r.Drain()
	if d.Len() != MaxSeries+1 {
		t.Errorf("%d series", d.Len())
	}
	s := NewStore()
	s.Apply(1, d)
	if stats, _ := s.Query(m.Name, nil, 0); stats.Sum != MaxSeries+extra {
		t.Errorf("%v of %d were counted", stats.Sum, MaxSeries+extra)
	}
	if stats, _ := s.Query(m.Name, map[string]string{"overflow": "true", "scenario": "s"}, 0); stats.Sum != extra {
		t.Errorf("the catch-all has %v, not %d", stats.Sum, extra)
	}

	other := r.Recorder(1).Series(testMetrics[3], Tag{"id", "x"})
	if !slices.Contains(other.Tags(), Tag{"id", "x"}) {
		t.Error("another metric is capped too")
	}
}

func TestValuesThatAreNoNumbersAreLeftOut(t *testing.T) {
	r := NewRegistry()
	var warnings []string
	r.OnWarning(func(w string) { warnings = append(warnings, w) })
	rec := r.Recorder(1)
	s := rec.Series(testMetrics[3])
	rec.Add(s, math.NaN())
	rec.Add(s, math.Inf(1))
	rec.AddAll([]Sample{{s, 1}, {s, math.Inf(-1)}, {s, 2}, {s, math.NaN()}})
	want := []string{`metric "test.trend" was given NaN, which is not a finite number: such values are left out`}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
	r.Drain().Each(func(_ Metric, _ []Tag, s Stats) {
		if s.Count != 2 || s.Sum != 3 {
			t.Errorf("%d values with the sum %v", s.Count, s.Sum)
		}
	})
}

func TestSeriesOfAnotherRegistryIsResolvedAgain(t *testing.T) {
	theirs := NewRegistry()
	foreign := theirs.Recorder(1, Tag{"scenario", "a"}).Series(HTTPRequests)
	r := NewRegistry()
	rec := r.Recorder(1, Tag{"scenario", "b"})
	own := rec.Series(HTTPAttempts)
	rec.Add(foreign, 1)
	rec.AddAll([]Sample{{own, 1}, {foreign, 1}})
	s := NewStore()
	s.Apply(1, r.Drain())
	if got, _ := s.Query("http.requests", map[string]string{"scenario": "a"}, 0); got.Sum != 2 {
		t.Errorf("%v requests", got.Sum)
	}
	if got, _ := s.Query("http.attempts", nil, 0); got.Sum != 1 {
		t.Errorf("%v attempts", got.Sum)
	}
	if !theirs.Drain().Empty() {
		t.Error("the other registry got something")
	}
}

func TestGaugeKeepsTheLastValueOverShards(t *testing.T) {
	r := NewRegistry()
	gauge := testMetrics[1]
	values := []float64{5, -2, 9, 3}
	for i, v := range values {
		rec := r.Recorder(int64(len(values) - i))
		rec.Add(rec.Series(gauge), v)
	}
	r.Drain().Each(func(_ Metric, _ []Tag, s Stats) {
		if s.Last != 3 || s.Min != -2 || s.Max != 9 || s.Count != 4 || s.Mean() != 15./4 {
			t.Errorf("got %+v", s)
		}
	})
}

// What a cell has held must not show up again when the cell is used for another series.
func TestSparesAreEmpty(t *testing.T) {
	r := NewRegistry()
	rec := r.Recorder(1)
	for round := range 5 {
		for i := range 50 {
			s := rec.Series(testMetrics[3], Tag{"i", string(rune('A' + (i+round)%50))})
			for k := range 1 + (i+round*7)%40 {
				rec.Add(s, float64(k+1)*[]float64{1, -1, 1000}[(i+round)%3])
			}
		}
		i := 0
		r.Drain().Each(func(_ Metric, tags []Tag, s Stats) {
			i++
			zero, positive, negative := s.Buckets()
			n := zero
			for _, b := range append(positive, negative...) {
				n += b.Count
			}
			if n != s.Count {
				t.Fatalf("round %d: %v has %d values in buckets, not %d", round, tags, n, s.Count)
			}
		})
		if i != 50 {
			t.Fatalf("%d series in round %d", i, round)
		}
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	r := NewRegistry()
	rec := r.Recorder(1, Tag{"scenario", "s"})
	s := rec.Series(HTTPResponseTime)
	samples := []Sample{{s, 12}, {rec.Series(HTTPRequests), 1}}
	rec.AddAll(samples)
	v := 0.1
	if n := testing.AllocsPerRun(2000, func() {
		rec.Add(s, v)
		rec.AddAll(samples)
		v = math.Mod(v*1.01, 100)
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
	if n := testing.AllocsPerRun(1000, func() { rec.Series(HTTPRequests, Tag{"method", "GET"}, Tag{"status", "200"}) }); n != 0 {
		t.Errorf("%v allocations a look-up of a known series", n)
	}
}
