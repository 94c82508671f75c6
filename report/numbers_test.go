package report

import (
	"math"
	"testing"
	"time"
)

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{grouped(0), "0"},
		{grouped(999), "999"},
		{grouped(1000), "1,000"},
		{grouped(-1234567), "-1,234,567"},
		{grouped(-100), "-100"},
		{grouped(math.MaxInt64), "9,223,372,036,854,775,807"},

		{millis(0), "0 ms"},
		{millis(0.0000004), "0.4 ns"},
		{millis(0.00025), "250 ns"},
		{millis(0.4567), "457 µs"},
		{millis(0.99949), "999 µs"},
		{millis(0.99951), "1.00 ms"},
		{millis(1.234), "1.23 ms"},
		{millis(9.999), "10.0 ms"},
		{millis(12.34), "12.3 ms"},
		{millis(99.96), "100 ms"},
		{millis(999.4), "999 ms"},
		{millis(999.6), "1.00 s"},
		{millis(12_340), "12.3 s"},
		{millis(59_940), "59.9 s"},
		{millis(59_960), "1m 00s"},
		{millis(83_000), "1m 23s"},
		{millis(3_720_000), "1h 02m"},
		{millis(200_000_000), "2d 07h"},
		{millis(-12.34), "-12.3 ms"},
		{millis(math.NaN()), "–"},
		{millis(math.Inf(1)), "–"},
		{duration(90 * time.Second), "1m 30s"},

		{clock(0), "00:00"},
		{clock(-time.Second), "00:00"},
		{clock(62*time.Second + 900*time.Millisecond), "01:02"},
		{clock(3723 * time.Second), "1:02:03"},

		{short(90 * time.Second), "1m30s"},
		{short(time.Hour), "1h"},
		{short(time.Minute), "1m"},
		{short(1500 * time.Millisecond), "1.5s"},
		{short(10 * time.Second), "10s"},
		{short(0), "0s"},

		{perSecond(0), "0/s"},
		{perSecond(0.004), "<0.01/s"},
		{perSecond(0.25), "0.25/s"},
		{perSecond(4.2), "4.20/s"},
		{perSecond(231.4), "231/s"},
		{perSecond(12345.6), "12,346/s"},
		{perSecond(math.NaN()), "–"},

		{share(0, 0), "–"},
		{share(0, 10), "0 %"},
		{share(10, 10), "100 %"},
		{share(1, 1_000_000), "<0.01 %"},
		{share(999_999, 1_000_000), ">99.99 %"},
		{share(9_995, 10_000), "99.95 %"},
		{share(12, 2310), "0.52 %"},
		{share(1, 3), "33.3 %"},

		{byteSize(0), "0 B"},
		{byteSize(68), "68 B"},
		{byteSize(999), "999 B"},
		{byteSize(1234), "1.23 kB"},
		{byteSize(5_630_000), "5.63 MB"},
		{byteSize(12e9), "12.0 GB"},
		{byteSize(4.5e12), "4.50 TB"},

		{quantity(12.3, "ms"), "12.3 ms"},
		{quantity(1500, "bytes"), "1.50 kB"},
		{quantity(7, "jobs"), "7 jobs"},
		{quantity(7, "1"), "7"},
		{number(0.1), "0.1"},
		{number(12.34567), "12.35"},
		{number(-1234.5), "-1,235"},
		{number(1e300), "1e+300"},
		{number(math.NaN()), "–"},

		{plural(1, "user", "users"), "1 user"},
		{plural(0, "user", "users"), "0 users"},
		{plural(1234, "user", "users"), "1,234 users"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestSparkline(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		says   string
		values []float64
		wide   int
		want   string
	}{
		{"nothing is nothing", nil, 10, ""},
		{"no room", []float64{1}, 0, ""},
		{"zeros lie on the ground", []float64{0, 0}, 10, "▁▁"},
		{"the largest is full", []float64{0, 1, 2, 4, 8}, 10, "▁▂▃▅█"},
		{"a gap stays empty", []float64{8, nan, 8}, 10, "█ █"},
		{"only the newest fit", []float64{8, 1, 8}, 2, "▂█"},
	} {
		if got := sparkline(c.values, c.wide); got != c.want {
			t.Errorf("%s: got %q, want %q", c.says, got, c.want)
		}
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		fraction float64
		want     string
	}{
		{-1, "────"}, {0, "────"}, {0.125, "╸───"}, {0.5, "━━──"}, {0.9, "━━━╸"}, {1, "━━━━"}, {7, "━━━━"},
	} {
		if got := bar(c.fraction, 4).String(); got != c.want {
			t.Errorf("bar(%v): got %q, want %q", c.fraction, got, c.want)
		}
	}
	if got := bar(0.5, -3); got != nil {
		t.Errorf("a bar without room: %v", got)
	}
}
