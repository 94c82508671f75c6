package metrics

import (
	"fmt"
	"math"
	goruntime "runtime"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// storeOf puts values into a store, over several seconds.
func storeOf(values []float64) *Store {
	r := NewRegistry()
	s := NewStore()
	for i, v := range values {
		rec := r.Recorder(int64(i))
		rec.Add(rec.Series(testMetrics[3]), v)
		if i%50 == 0 {
			s.Apply(time.Duration(i)*time.Second, r.Drain())
		}
	}
	s.Apply(time.Hour, r.Drain())
	return s
}

func TestQuantilesAreRightTo3PerMille(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		exponents := rapid.SliceOfN(rapid.Float64Range(-30, 50), 1, 400).Draw(t, "exponents")
		signs := rapid.SampledFrom([][]float64{{1}, {-1}, {1, -1, 0}}).Draw(t, "signs")
		values := make([]float64, len(exponents))
		var sum float64
		for i, e := range exponents {
			values[i] = math.Exp2(e) * signs[i%len(signs)]
			sum += values[i]
		}
		stats, known := storeOf(values).Query("test.trend", nil, 0)
		sort.Float64s(values)
		if !known || stats.Count != int64(len(values)) || stats.Min != values[0] || stats.Max != values[len(values)-1] {
			t.Fatalf("count, minimum or maximum is wrong: %+v", stats)
		}
		if math.Abs(stats.Sum-sum) > 1e-9*math.Max(math.Abs(values[0]), math.Abs(values[len(values)-1])) {
			t.Fatalf("the sum is %v, not %v", stats.Sum, sum)
		}
		for _, q := range []float64{0, 0.001, 0.07, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1} {
			// The nearest rank: at least the share q of all values is at or below it.
			want := values[max(0, int(math.Ceil(q*float64(len(values))-1e-9))-1)]
			got := stats.Quantile(q)
			if math.Abs(got-want) > 0.003*math.Abs(want) {
				t.Fatalf("quantile %v of %d values is %v, not %v", q, len(values), got, want)
			}
			if got < stats.Min || got > stats.Max {
				t.Fatalf("quantile %v is %v, outside %v…%v", q, got, stats.Min, stats.Max)
			}
		}
	})
}

func TestQuantileRanks(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	stats, _ := storeOf(hundred).Query("test.trend", nil, 0)
	for q, want := range map[float64]float64{0: 1, 0.01: 1, 0.07: 7, 0.5: 50, 0.501: 51, 0.99: 99, 0.991: 100, 1: 100, -1: 1, 2: 100} {
		if got := stats.Quantile(q); math.Abs(got-want) > 0.003*want {
			t.Errorf("quantile %v of 1…100 is %v, not %v", q, got, want)
		}
	}
	same, _ := storeOf([]float64{7, 7, 7}).Query("test.trend", nil, 0)
	if got := same.Quantile(0.5); got != 7 {
		t.Errorf("the median of equal values is %v, not exactly 7", got)
	}
}

func TestFiguresOfNothing(t *testing.T) {
	s := NewStore()
	if _, known := s.Query("http.requests", nil, 0); known {
		t.Error("a metric without series is known")
	}
	r := NewRegistry()
	rec := r.Recorder(1)
	rec.Add(rec.Series(HTTPResponseTime), 3)
	rec.Add(rec.Series(Checks), 1)
	s.Apply(time.Second, r.Drain())
	stats, known := s.Query("http.response_time", map[string]string{"name": "/none"}, 0)
	if !known || stats.Count != 0 || stats.Kind != Trend || stats.Span != time.Second {
		t.Errorf("a known metric without matching series: %+v, %v", stats, known)
	}
	for name, v := range map[string]float64{"mean": stats.Mean(), "rate": stats.Rate(), "quantile": stats.Quantile(0)} {
		if !math.IsNaN(v) {
			t.Errorf("the %s of nothing is %v", name, v)
		}
	}
	if checks, _ := s.Query("checks", nil, 0); !math.IsNaN(checks.Quantile(1)) || checks.Rate() != 1 {
		t.Errorf("a rate has no quantiles: %+v", checks)
	}
	if s.Series("http.requests") != nil {
		t.Error("a metric without series has series")
	}
}

func TestQueryMergesSeriesByTags(t *testing.T) {
	r := NewRegistry()
	s := NewStore()
	for i, tags := range [][]Tag{
		{{"scenario", "a"}, {"name", "/x"}, {"status", "200"}},
		{{"scenario", "a"}, {"name", "/x"}, {"status", "500"}},
		{{"scenario", "a"}, {"name", "/y"}, {"status", "200"}},
		{{"scenario", "b"}, {"name", "/x"}, {"status", "200"}},
	} {
		rec := r.Recorder(int64(i))
		rec.Add(rec.Series(HTTPResponseTime, tags...), math.Pow(10, float64(i)))
	}
	s.Apply(time.Second, r.Drain())
	for _, c := range []struct {
		tags map[string]string
		sum  float64
	}{
		{nil, 1111},
		{map[string]string{"scenario": "a"}, 111},
		{map[string]string{"name": "/x"}, 1011},
		{map[string]string{"name": "/x", "status": "200"}, 1001},
		{map[string]string{"name": "/x", "status": "200", "scenario": "b"}, 1000},
		{map[string]string{"group": ""}, 0},
	} {
		for _, window := range []time.Duration{0, time.Minute} {
			stats, _ := s.Query("http.response_time", c.tags, window)
			if stats.Sum != c.sum {
				t.Errorf("%v over %v: the sum is %v, not %v", c.tags, window, stats.Sum, c.sum)
			}
			if c.sum == 1111 && math.Abs(stats.Quantile(0.75)/100-1) > 0.003 {
				t.Errorf("the third of 1, 10, 100, 1000 is %v", stats.Quantile(0.75))
			}
		}
	}

	var got []string
	for _, series := range s.Series("http.response_time") {
		got = append(got, fmt.Sprint(series.Tag("name"), series.Tag("scenario"), series.Tag("status"), series.Tag("none"), series.Stats.Sum))
	}
	want := []string{"/xa2001", "/xa50010", "/xb2001000", "/ya200100"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"http.response_time"}, s.Names()); diff != "" {
		t.Error(diff)
	}
	if m, ok := s.Metric("http.response_time"); !ok || m != *HTTPResponseTime {
		t.Errorf("the metric is %v", m)
	}
}

func TestWindows(t *testing.T) {
	r := NewRegistry()
	s := NewStore()
	rec := r.Recorder(1)
	count := rec.Series(HTTPRequests)
	// In second n, n requests are counted; drains are a little late, each its own way.
	for n := 1; n <= 1000; n++ {
		rec.Add(count, float64(n))
		s.Apply(time.Duration(n)*time.Second+time.Duration(n*7%10)*time.Millisecond, r.Drain())
	}
	sum := func(from, to int) (sum float64) {
		for n := from; n <= to; n++ {
			sum += float64(n)
		}
		return sum
	}
	for _, c := range []struct {
		window    time.Duration
		tolerance time.Duration
	}{
		{time.Millisecond, time.Second},
		{time.Second, 0},
		{2 * time.Second, 0},
		{10 * time.Second, 0},
		{time.Minute, 0},
		{2 * time.Minute, 3 * time.Second},
		{MaxWindow, 5 * time.Second},
		{time.Hour, 0},
	} {
		stats, _ := s.Query("http.requests", nil, c.window)
		covered := int(stats.Span.Round(time.Second) / time.Second)
		if want := sum(1000-covered+1, 1000); stats.Sum != want {
			t.Errorf("the last %v cover %d s with %v requests, not %v", c.window, covered, stats.Sum, want)
		}
		if c.window == time.Hour {
			c.window = stats.Span
			if stats.Span < MaxWindow-5*time.Second || stats.Span > MaxWindow+6*time.Second {
				t.Errorf("the longest window covers %v", stats.Span)
			}
		}
		if off := (stats.Span - c.window).Abs(); off > c.tolerance+20*time.Millisecond {
			t.Errorf("the last %v cover %v", c.window, stats.Span)
		}
	}
	if stats, _ := s.Query("http.requests", nil, 10*time.Second); math.Abs(stats.PerSecond()-995.5) > 1 {
		t.Errorf("%v requests a second", stats.PerSecond())
	}
	if n := len(s.window.slots); n > 125 {
		t.Errorf("%d slots are kept", n)
	}
	if stats, _ := s.Query("http.requests", nil, 0); stats.Sum != sum(1, 1000) || stats.Count != 1000 {
		t.Errorf("the whole run has %v requests", stats.Sum)
	}

	// Time moves on without values too.
	for n := 1001; n <= 1010; n++ {
		s.Apply(time.Duration(n)*time.Second, nil)
	}
	if stats, known := s.Query("http.requests", nil, 5*time.Second); !known || stats.Count != 0 || stats.Span.Round(time.Second) != 5*time.Second {
		t.Errorf("an idle window: %+v", stats)
	}
	if s.Now() != 1010*time.Second {
		t.Errorf("it is %v", s.Now())
	}
}

func TestDeltasOfSeveralNodesShareASecond(t *testing.T) {
	s := NewStore()
	nodes := []*Registry{NewRegistry(), NewRegistry(), NewRegistry()}
	for n := 1; n <= 20; n++ {
		for i, r := range nodes {
			rec := r.Recorder(1)
			rec.Add(rec.Series(HTTPResponseTime), float64(n))
			s.Apply(time.Duration(n)*time.Second+time.Duration(i)*10*time.Millisecond, r.Drain())
		}
	}
	stats, _ := s.Query("http.response_time", nil, 5*time.Second)
	if stats.Count != 15 || stats.Min != 16 {
		t.Errorf("five seconds of three nodes: %+v", stats)
	}
}

func TestWindowForgetsSoonerWithVeryManySeries(t *testing.T) {
	s := NewStore()
	d := &Delta{}
	for i := range 10_000 {
		id := newIdentity(testMetrics[3], []Tag{{"i", fmt.Sprint(i)}})
		d.series = append(d.series, deltaSeries{identity: id, figures: figures{count: 1, sum: 1, min: 1, max: 1}, positive: packIndices([]int32{-1})})
	}
	d.sort()
	for n := 1; n <= 80; n++ {
		s.Apply(time.Duration(n)*time.Second, d)
	}
	if s.window.bytes > maxWindowBytes {
		t.Errorf("the window holds %d bytes", s.window.bytes)
	}
	stats, _ := s.Query("test.trend", nil, MaxWindow)
	if seconds := stats.Count / 10_000; stats.Span.Round(time.Second) != time.Duration(seconds)*time.Second || seconds < 10 || seconds > 70 {
		t.Errorf("%d s are counted and %v covered", seconds, stats.Span)
	}
	if all, _ := s.Query("test.trend", nil, 0); all.Count != 800_000 {
		t.Errorf("the whole run has %d values", all.Count)
	}
}

func TestMemoryIsFlatOverTheRun(t *testing.T) {
	r := NewRegistry()
	s := NewStore()
	rec := r.Recorder(1)
	series := make([]*Series, 20)
	for i := range series {
		series[i] = rec.Series(HTTPResponseTime, Tag{"name", fmt.Sprint(i)})
	}
	second := 0
	run := func(seconds int) {
		for range seconds {
			second++
			for i, sr := range series {
				for k := range 30 {
					rec.Add(sr, float64(1+(k*37+i*11+second*13)%1000)/3)
				}
			}
			s.Apply(time.Duration(second)*time.Second, r.Drain())
		}
	}
	heap := func() uint64 {
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	run(330)
	before := heap()
	run(1500)
	if after := heap(); after > before+before/10+200_000 {
		t.Errorf("the heap grew from %d to %d bytes in 1,500 seconds", before, after)
	}
	goruntime.KeepAlive(s)
}

func TestStatsDoNotChangeLater(t *testing.T) {
	r := NewRegistry()
	s := NewStore()
	rec := r.Recorder(1)
	sr := rec.Series(HTTPResponseTime)
	rec.Add(sr, 10)
	s.Apply(time.Second, r.Drain())
	before, _ := s.Query("http.response_time", nil, 0)
	listed := s.Series("http.response_time")[0].Stats
	rec.Add(sr, 1)
	s.Apply(2*time.Second, r.Drain())
	for name, stats := range map[string]Stats{"a query": before, "a list": listed} {
		if _, positive, _ := stats.Buckets(); stats.Count != 1 || len(positive) != 1 {
			t.Errorf("%s has changed: %+v", name, stats)
		}
	}
	after, _ := s.Query("http.response_time", nil, 0)
	both := before
	both.Merge(after)
	if both.Count != 3 || before.Count != 1 || math.Abs(both.Quantile(0.9)/10-1) > 0.003 || both.Min != 1 || both.Span != 2*time.Second {
		t.Errorf("merged: %+v", both)
	}
	if _, positive, _ := before.Buckets(); len(positive) != 1 {
		t.Error("merging has changed what it was made from")
	}
}

func TestStoreIsSafeForConcurrentUse(t *testing.T) {
	r := NewRegistry()
	s := NewStore()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				stats, _ := s.Query("http.response_time", nil, 3*time.Second)
				stats.Quantile(0.9)
				for _, series := range s.Series("http.response_time") {
					series.Stats.Quantile(0.5)
				}
				s.Names()
			}
		})
	}
	rec := r.Recorder(1)
	for n := range 200 {
		for i := range 10 {
			rec.Add(rec.Series(HTTPResponseTime, Tag{"name", fmt.Sprint(i)}), float64(n))
		}
		s.Apply(time.Duration(n)*time.Second, r.Drain())
	}
	close(stop)
	wg.Wait()
}

func TestStoreOfParts(t *testing.T) {
	// A store fed second by second equals one fed with the merged delta.
	rapid.Check(t, func(t *rapid.T) {
		parts := []*Delta{drawDelta(t, "a"), drawDelta(t, "b"), drawDelta(t, "c")}
		a, b := NewStore(), NewStore()
		for i, d := range parts {
			a.Apply(time.Duration(i+1)*time.Second, d)
		}
		b.Apply(3*time.Second, merged(parts...))
		if !slices.Equal(a.Names(), b.Names()) {
			t.Fatalf("%v, %v", a.Names(), b.Names())
		}
		for _, name := range a.Names() {
			for _, window := range []time.Duration{0, time.Minute} {
				x, _ := a.Query(name, nil, window)
				y, _ := b.Query(name, nil, window)
				xz, xp, xn := x.Buckets()
				yz, yp, yn := y.Buckets()
				if diff := cmp.Diff([]any{x.Count, x.Min, x.Max, x.Last, xz, xp, xn}, []any{y.Count, y.Min, y.Max, y.Last, yz, yp, yn}); diff != "" {
					t.Fatalf("%s: %s", name, diff)
				}
			}
		}
	})
}
