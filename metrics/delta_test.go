package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var testMetrics = []*Metric{
	{"test.counter", Counter, "things"},
	{"test.gauge", Gauge, "1"},
	{"test.rate", Rate, "1"},
	{"test.trend", Trend, "ms"},
}

// drawDelta records random values through a registry.
func drawDelta(t *rapid.T, label string) *Delta {
	r := NewRegistry()
	n := rapid.IntRange(0, 120).Draw(t, label)
	for i := range n {
		rec := r.Recorder(int64(i), Tag{"scenario", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "scenario")})
		m := rapid.SampledFrom(testMetrics).Draw(t, "metric")
		name := rapid.SampledFrom([]string{"", "/users", "ключ \"'\x00<&>"}).Draw(t, "name")
		rec.Add(rec.Series(m, Tag{"name", name}), drawValue(t))
	}
	return r.Drain()
}

func drawValue(t *rapid.T) float64 {
	v := math.Exp2(rapid.Float64Range(-70, 70).Draw(t, "exponent"))
	return v * float64(rapid.SampledFrom([]int{1, 1, 1, 0, -1}).Draw(t, "sign"))
}

// plain is a delta for comparison: sums without their last digits, which depend on the order.
func plain(d *Delta) map[string]string {
	m := make(map[string]string)
	for _, s := range d.series {
		sum := fmt.Sprintf("%.9g", s.sum)
		if math.Abs(s.sum) < 1e-9*math.Max(math.Abs(s.min), math.Abs(s.max)) || s.metric.Kind == Counter {
			sum = "" // what is left after cancelling is rounding; counters are checked by their own test
		}
		m[s.key] = fmt.Sprint(s.count, sum, s.min, s.max, s.last, s.stamp, s.zero, string(s.positive.appendRuns(nil)), string(s.negative.appendRuns(nil)))
	}
	return m
}

func merged(deltas ...*Delta) *Delta {
	d := &Delta{}
	for _, o := range deltas {
		d.Merge(o)
	}
	return d
}

func TestMergeIsCommutativeAndAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawDelta(t, "a"), drawDelta(t, "b"), drawDelta(t, "c")
		want := plain(merged(a, b, c))
		if diff := cmp.Diff(want, plain(merged(c, b, a))); diff != "" {
			t.Fatalf("the order matters:\n%s", diff)
		}
		if diff := cmp.Diff(want, plain(merged(a, merged(b, c)))); diff != "" {
			t.Fatalf("the grouping matters:\n%s", diff)
		}
	})
}

func TestMergeAddsIntegersExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 1<<40), 1, 200).Draw(t, "values")
		d := &Delta{}
		var want float64
		r := NewRegistry()
		for i, v := range values {
			rec := r.Recorder(int64(i))
			rec.Add(rec.Series(testMetrics[0]), float64(v))
			want += float64(v)
			if i%7 == 0 {
				d.Merge(r.Drain())
			}
		}
		d.Merge(r.Drain())
		if got := d.series[0]; got.sum != want || got.count != int64(len(values)) {
			t.Fatalf("%d values with the sum %v, not %d with %v", got.count, got.sum, len(values), want)
		}
	})
}

func TestDeltaSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDelta(t, "delta")
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Delta
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if len(back.series) != len(d.series) {
			t.Fatalf("%d series became %d", len(d.series), len(back.series))
		}
		for i := range d.series {
			a, b := d.series[i], back.series[i]
			if a.key != b.key || *a.metric != *b.metric || !slices.Equal(a.tags, b.tags) || a.figures != b.figures ||
				a.zero != b.zero || !slices.Equal(a.positive, b.positive) || !slices.Equal(a.negative, b.negative) {
				t.Fatalf("series %d changed: %+v became %+v", i, a, b)
			}
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(text) {
			t.Fatalf("%s\nbecame\n%s (%v)", text, again, err)
		}
	})
}

func TestDeltaJSONIsCompact(t *testing.T) {
	r := NewRegistry()
	rec := r.Recorder(1, Tag{"scenario", "s"})
	get := rec.Series(HTTPResponseTime, Tag{"name", "/a"})
	for _, v := range []float64{1, 1, 1.01, 2, -1, 0} {
		rec.Add(get, v)
	}
	rec.Add(rec.Series(HTTPRequests, Tag{"name", "/a"}), 6)
	text, err := json.Marshal(r.Drain())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"tags":[["name","/a","scenario","s"]],"metrics":[` +
		`{"name":"http.requests","kind":"counter","unit":"requests","series":[{"t":0,"n":1,"sum":6}]},` +
		`{"name":"http.response_time","kind":"trend","unit":"ms","series":[{"t":0,"n":6,"sum":4.01,"min":-1,"max":2,"zero":1,"bins":[[-1,2,0,1],[127,1]],"negative":[[-1,1]]}]}]}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestDeltaRefusesWhatNoRegistryWrites(t *testing.T) {
	trend := func(series string) string {
		return `{"tags":[["a","b"]],"metrics":[{"name":"m","kind":"trend","series":[` + series + `]}]}`
	}
	for name, text := range map[string]string{
		"a kind that does not exist":       `{"tags":[],"metrics":[{"name":"m","kind":"histogram","series":[]}]}`,
		"tags that are no pairs":           `{"tags":[["a"]],"metrics":[]}`,
		"tags that are not listed":         trend(`{"t":1,"n":1,"zero":1}`),
		"no values":                        trend(`{"t":0,"n":0}`),
		"fewer values than in buckets":     trend(`{"t":0,"n":1,"bins":[[0,2]]}`),
		"more values than in buckets":      trend(`{"t":0,"n":3,"bins":[[0,2]]}`),
		"a negative bucket count":          trend(`{"t":0,"n":1,"bins":[[0,2,-1]]}`),
		"an empty run":                     trend(`{"t":0,"n":1,"zero":1,"bins":[[]]}`),
		"a run without counts":             trend(`{"t":0,"n":1,"zero":1,"bins":[[5]]}`),
		"runs that overlap":                trend(`{"t":0,"n":3,"bins":[[0,1,1],[1,1]]}`),
		"a bucket below the grid":          trend(`{"t":0,"n":1,"bins":[[-8193,1]]}`),
		"a bucket above the grid":          trend(`{"t":0,"n":1,"bins":[[8192,1]]}`),
		"a minimum above the maximum":      trend(`{"t":0,"n":1,"zero":1,"min":2,"max":1}`),
		"one series twice":                 trend(`{"t":0,"n":1,"zero":1},{"t":0,"n":1,"zero":1}`),
		"counts that overflow together":    trend(`{"t":0,"n":2,"bins":[[0,9007199254740992,9007199254740992]]}`),
		"a text where a number should be":  trend(`{"t":0,"n":"1"}`),
		"a counter that has a distrbution": `{"tags":[[]],"metrics":[{"name":"m","kind":"counter","series":[{"t":0,"n":1,"bins":[[0,1]]}]}]}`,
	} {
		d := Delta{}
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is taken", name)
		} else if !d.Empty() {
			t.Errorf("%s leaves something behind", name)
		}
	}
}

func FuzzDeltaJSON(f *testing.F) {
	f.Add(`{"tags":[["name","/a"]],"metrics":[{"name":"m","kind":"trend","unit":"ms","series":[{"t":0,"n":4,"sum":4,"min":-1,"max":2,"zero":1,"bins":[[-1,1,0,1]],"negative":[[-1,1]]}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var d Delta
		if json.Unmarshal([]byte(text), &d) != nil {
			return
		}
		s := NewStore()
		s.Apply(1, &d)
		for _, name := range s.Names() {
			stats, _ := s.Query(name, nil, 0)
			stats.Quantile(0.5)
		}
		if _, err := json.Marshal(&d); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEachIsSorted(t *testing.T) {
	r := NewRegistry()
	for i, name := range []string{"c", "a", "b"} {
		rec := r.Recorder(int64(i))
		rec.Add(rec.Series(testMetrics[3], Tag{"name", name}), 1)
		rec.Add(rec.Series(testMetrics[0], Tag{"name", name}), 1)
	}
	var got []string
	r.Drain().Each(func(m Metric, tags []Tag, s Stats) {
		got = append(got, fmt.Sprint(m.Name, tags, s.Count))
	})
	if !sort.StringsAreSorted(got) || len(got) != 6 {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}

func TestDeltaQueryIsThatOfTheStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDelta(t, "delta")
		s := NewStore()
		s.Apply(1, d)
		for _, m := range testMetrics {
			for _, tags := range [][]Tag{nil, {{"scenario", "a"}}, {{"scenario", "a"}, {"name", "/users"}}, {{"scenario", "c"}}} {
				wanted := make(map[string]string)
				for _, tag := range tags {
					wanted[tag.Key] = tag.Value
				}
				want, _ := s.Query(m.Name, wanted, 0)
				packed := d.Query(m.Name, tags...)
				got := packed.Stats()
				wz, wp, wn := want.Buckets()
				gz, gp, gn := got.Buckets()
				if diff := cmp.Diff([]any{want.Count, want.Min, want.Max, want.Last, wz, wp, wn}, []any{packed.Count(), got.Min, got.Max, got.Last, gz, gp, gn}); diff != "" {
					t.Fatalf("%s %v:\n%s", m.Name, tags, diff)
				}
				if packed.Count() > 0 && got.Kind != m.Kind {
					t.Fatalf("%s became a %v", m.Name, got.Kind)
				}
			}
		}
		for _, scenario := range d.Values("scenario") {
			if scenario != "a" && scenario != "b" {
				t.Fatalf("there is a scenario %q", scenario)
			}
		}
	})
}
