package thresholds

import (
	"strings"
	"testing"
	"time"

	"runner/metrics"
)

// known are the metrics of a script that made three of its own.
func known(t *testing.T) *metrics.Registry {
	t.Helper()
	r := metrics.NewRegistry()
	for _, m := range []*metrics.Metric{
		{Name: "checkout", Kind: metrics.Trend, Unit: "s"}, {Name: "basket", Kind: metrics.Trend, Unit: "1"},
		{Name: "sold", Kind: metrics.Counter, Unit: "items"}, {Name: "depth", Kind: metrics.Gauge, Unit: "1"},
		{Name: "hits", Kind: metrics.Rate, Unit: "1"},
	} {
		if _, err := r.Register(m); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for _, test := range []struct{ threshold, says string }{
		{"http.respons_time: p(95) < 200ms", `there is no metric "http.respons_time", did you mean http.response_time?`},
		{"nonsense: p(95) < 200ms", `there are basket, checkout, checks`},
		{"http.response_time{nmae:login}: p(95) < 200ms", `has no tag "nmae", did you mean name?`},
		{"iteration.response_time{name:login}: p(95) < 200ms", `has no tag "name" (known: scenario)`},
		{"http.requests: p(95) < 200ms", `http.requests is a counter, which has no p(95): it can be asked for count, rate, error_rate`},
		{"http.response_time: value < 200ms", `is a trend, which has no value: it can be asked for p(N), med, min, max, mean, avg, count, rate`},
		{"depth: avg < 2", `depth is a gauge, which has no mean: it can be asked for value, last, min, max`},
		{"hits: count > 2", `hits is a rate, which has no count: it can be asked for rate`},
		{"sold: error_rate < 1%", `error_rate is of requests (http.…), iterations (iteration.…) or checks`},
		{"http.response_time: p95 < 200kB", `p(95) of http.response_time is a time: a limit in kB cannot be compared with it`},
		{"basket: max < 200ms", `max of basket is a plain number: a limit in ms cannot be compared with it`},
		{"http.failed: rate < 5", `rate is a share, from 0 to 1 or in %: 5 is out of range`},
		{"http.failed: rate < 500%", `500% is out of range, it must be from 0% to 100%`},
		{"http.failed: rte < 1%", `there is no figure "rte", did you mean rate?`},
		{"http.response_time: p(101) < 1ms", `a percentile is p(N) with N from 0 to 100`},
		{"http.response_time: p95(95) < 1ms", `a percentile is p(95) or p95, not p95(95)`},
		{"http.response_time: p < 1ms", `a percentile is p(N) with N from 0 to 100`},
		{"http.response_time: avg() < 1ms", `only percentiles have brackets`},
		{"http.response_time: p(95) = 200ms", `"=" is no operator (<, <=, >, >=, ==, !=), == is meant`},
		{"http.response_time: p(95) <> 200ms", `"<>" is no operator`},
		{"http.response_time: p(95) < 200 parsecs", `there is no unit "parsecs" (known: us, ms`},
		{"http.response_time: p(95) < fast", `is not a number`},
		{"http.response_time: p(95)", `is not a check: it must be a figure, an operator`},
		{"http.response_time: p(95) < 1s && max < 2s", `write a list of several`},
		{"http.response_time p(95) < 1s", `after the metric must come a colon and a check`},
		{"http.response_time{name:a: p(95) < 1s", `the tags do not end, a } is missing`},
		{"http.response_time{name}: p(95) < 1s", `a tag must be key:value`},
		{"http.response_time{name:}: p(95) < 1s", `the tag "name" has no value`},
		{`http.response_time{name:"a}: p(95) < 1s`, `a " is missing`},
		{"http.response_time{name:a,name:b}: p(95) < 1s", `the tag "name" stands there twice`},
		{": p(95) < 1s", `it must begin with the name of a metric`},
	} {
		threshold, err := ParseFlag(test.threshold)
		if err == nil {
			_, err = threshold.Resolve(known(t))
		}
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s\n got %v\nwant %s", test.threshold, err, test.says)
		}
	}
}

func TestTagValuesMayBeAnything(t *testing.T) {
	for _, test := range []struct{ key, value string }{
		{"m{name:login}", "login"}, {"m{ name : login page }", "login page"}, {"m{name:/users/{id}}", "/users/{id}"},
		{"m{name:http://h:80/x}", "http://h:80/x"}, {`m{name:"a,b}"}`, "a,b}"}, {`m{name:'a"b'}`, `a"b`}, {"m{name=x}", "x"},
		{"m {name:x,}", "x"},
	} {
		k, err := ParseKey(test.key)
		if err != nil || len(k.Tags) != 1 || k.Tags[0].Value != test.value {
			t.Errorf("%s: %v, %v, want the value %q", test.key, k.Tags, err, test.value)
			continue
		}
		again, err := ParseKey(k.String())
		if err != nil || again.String() != k.String() || again.Tags[0] != k.Tags[0] {
			t.Errorf("%s: written as %s it is %v, %v", test.key, k, again, err)
		}
	}
}

func TestThresholdsJudgeFigures(t *testing.T) {
	reg := known(t)
	rec := reg.Recorder(0, metrics.Tag{Key: "scenario", Value: "s"})
	other := reg.Recorder(0, metrics.Tag{Key: "scenario", Value: "other"})
	name := func(v string) metrics.Tag { return metrics.Tag{Key: "name", Value: v} }
	for i := 1; i <= 100; i++ {
		rec.Add(rec.Series(metrics.HTTPResponseTime, name("login")), float64(i))
		rec.Add(rec.Series(metrics.HTTPRequests, name("login")), 1)
		failed := 0.0
		if i <= 7 {
			failed = 1
		}
		rec.Add(rec.Series(metrics.HTTPFailed, name("login")), failed)
		rec.Add(rec.Series(metrics.HTTPResponseTime, name("/users/{id}")), 500)
		rec.Add(rec.Series(metrics.HTTPFailed, name("/users/{id}")), 0)
		rec.Add(rec.Series(metrics.Checks, metrics.Tag{Key: "check", Value: "ok"}), float64(i%2))
		other.Add(other.Series(metrics.HTTPResponseTime, name("login")), 9000)
	}
	rec.Add(rec.Series(metrics.IterationsSucceeded), 90)
	rec.Add(rec.Series(metrics.IterationsFailed), 10)
	rec.Add(rec.Series(metrics.IterationsAborted), 50)
	rec.Add(rec.Series(metrics.HTTPBytesIn), 3e6)
	rec.Add(rec.Series(reg.Lookup("checkout")), 1.5)
	rec.Add(rec.Series(reg.Lookup("depth")), 7)
	rec.Add(rec.Series(reg.Lookup("depth")), 3)
	store := metrics.NewStore()
	store.Apply(20*time.Second, reg.Drain())

	for _, test := range []struct {
		threshold string
		ok        bool
		text      string
	}{
		{"http.response_time{name:login}: max <= 100", true, "100 ms"},
		{"http.response_time{name:login}: max < 0.1s", false, "100 ms"},
		{"http.response_time{name:login}: min >= 1000us", true, "1 ms"},
		{"http.response_time{name:login}: avg == 50.5ms", true, "50.5 ms"},
		{"http.response_time{name:login}: count == 100", true, "100"},
		{"http.response_time{name:login}: rate > 9/s", true, "10/s"},
		{"http.response_time{name:/users/{id}}: p100 != 500", false, "500 ms"},
		{"http.response_time{name:'/users/{id}'}: p(0) > 1m", false, "500 ms"},
		{"http.response_time{name:login}: error_rate < 7%", false, "7 %"},
		{"http.response_time{name:login}: error_rate <= 0.07", true, "7 %"},
		{"http.response_time: error_rate < 4%", true, "3.5 %"},
		{"http.failed: rate < 4%", true, "3.5 %"},
		{"iterations.started: error_rate == 10%", true, "10 %"},
		{"iteration.response_time: error_rate < 10%", false, "10 %"},
		{"checks: rate >= 50%", true, "50 %"},
		{"checks{check:ok}: error_rate > 0.5", false, "50 %"},
		{"http.requests: count >= 100", true, "100 requests"},
		{"http.requests: rate >= 10", true, "10/s"},
		{"http.bytes_in: count > 2.9MB", true, "3000000 bytes"},
		{"checkout: max < 1600ms", true, "1.5 s"},
		{"depth: value == 3", true, "3"},
		{"depth: max < 7", false, "7"},
		{"http.response_time{name:nobody}: p(95) < 1s", false, "no samples"},
		{"http.requests{name:nobody}: count < 5", false, "no samples"},
		{"iterations.dropped: count == 0", true, "0 iterations"},
		{"sold: count < 1", true, "0 items"},
		{"hits: rate > 1%", false, "no samples"},
		{"http.response_time{team:a}: p(95) < 1s", false, "no samples"},
	} {
		parsed, err := ParseFlag(test.threshold)
		if err != nil {
			t.Error(err)
			continue
		}
		resolved, err := parsed.Resolve(reg)
		if err != nil {
			t.Error(err)
			continue
		}
		j := resolved.Judge(store, "s", 10*time.Second)
		if j.OK != test.ok || j.Text() != test.text {
			t.Errorf("%s: %v at %s, want %v at %s", test.threshold, j.OK, j.Text(), test.ok, test.text)
		}
	}
}

func TestOptionalThresholdsHoldWithoutSamples(t *testing.T) {
	reg := known(t)
	threshold, err := New("http.response_time", "p(95) < 1s", Terms{Optional: true})
	if err != nil {
		t.Fatal(err)
	}
	if threshold, err = threshold.Resolve(reg); err != nil {
		t.Fatal(err)
	}
	if j := threshold.Judge(metrics.NewStore(), "s", time.Second); !j.OK || j.Samples {
		t.Errorf("got %+v", j)
	}
}

func TestWindowsLookBackOnly(t *testing.T) {
	reg := known(t)
	rec := reg.Recorder(0, metrics.Tag{Key: "scenario", Value: "s"})
	store := metrics.NewStore()
	for i := 1; i <= 60; i++ {
		v := 100.0
		if i > 50 {
			v = 10
		}
		rec.Add(rec.Series(metrics.IterationResponseTime), v)
		store.Apply(time.Duration(i)*time.Second, reg.Drain())
	}
	for window, want := range map[time.Duration]string{0: "100 ms", 10 * time.Second: "10 ms"} {
		threshold, err := New("iteration.response_time", "max < 50ms", Terms{Window: window})
		if err != nil {
			t.Fatal(err)
		}
		if threshold, err = threshold.Resolve(reg); err != nil {
			t.Fatal(err)
		}
		if j := threshold.Judge(store, "s", time.Minute); j.Text() != want {
			t.Errorf("in %v it is %s, want %s", window, j.Text(), want)
		}
	}
}

func TestPhasesThatCount(t *testing.T) {
	for _, test := range []struct {
		says   string
		terms  Terms
		counts map[string]bool
	}{
		{"all but the warm-up", Terms{}, map[string]bool{"": true, "hold": true, "warm-up": false}},
		{"a named phase alone", Terms{Phases: []string{"hold"}}, map[string]bool{"": false, "hold": true, "warm-up": false}},
		{"a part of a named phase", Terms{Phases: []string{"stage 2"}}, map[string]bool{"stage 2 › 30 users": true, "stage 20": false}},
		{"the warm-up if it is named", Terms{Phases: []string{"warm-up"}}, map[string]bool{"hold": false, "warm-up": true}},
		{"all but a phase", Terms{ExceptPhases: []string{"ramp"}}, map[string]bool{"": true, "ramp": false, "hold": true, "warm-up": false}},
	} {
		threshold := &Threshold{Terms: test.terms}
		for phase, want := range test.counts {
			if got := threshold.Counts(phase, "warm-up"); got != want {
				t.Errorf("%s: phase %q: %v, want %v", test.says, phase, got, want)
			}
		}
	}
}

func FuzzParseFlag(f *testing.F) {
	for _, seed := range []string{example, "a: p95<1", `m{a:"\x00",b:{c}}: avg >= 1e3us`, "http.failed{error:reset}: rate == 0%", "m{a:'}'}:max!=-.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseFlag(text)
		if err != nil {
			return
		}
		again, err := ParseFlag(first.String())
		if err != nil {
			t.Fatalf("%q is taken, but as %q it is not: %v", text, first, err)
		}
		if again.String() != first.String() || again.value != first.value || again.agg != first.agg {
			t.Fatalf("%q is %q, and that is %q", text, first, again)
		}
	})
}
