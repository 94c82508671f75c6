package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	play()
	os.Exit(m.Run())
}

// TestShort has every row run for a moment: what they measure is not looked at, but that all of them
// can be measured, and that runner counts what the server counts.
func TestShort(t *testing.T) {
	var out, progress bytes.Buffer
	if err := run(t.Context(), []string{"-short"}, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{"| GET + status, 50 connections", "| allocations of a GET ", "arrivals/s, empty: lateness p99", "fasthttp: v"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the results do not have %q:\n%s", want, out.String())
		}
	}
	for _, row := range table {
		if !strings.Contains(progress.String(), row.name+": ") {
			t.Errorf("row %s did not run", row.name)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-rows get,gte", `-rows: there is no "gte"`},
		{"-rounds 0", "-rounds 0"},
		{"-each -1s", "-each -1s"},
		{"get", `"get": bench takes flags only`},
	} {
		if _, err := parse(strings.Fields(c.args), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.of, got, c.want)
		}
	}
}

func TestRatiosAreOfNeighbours(t *testing.T) {
	c := &cost{tools: map[string][]float64{"runner": {10, 40, 30}, "k6": {60, 200, 210}}}
	if got, ok := c.ratio("k6", "runner"); got != 6 || !ok {
		t.Errorf("%v, %v, want 6", got, ok)
	}
	if _, ok := c.ratio("runner", "wrk"); ok {
		t.Error("there is a ratio to a tool that did not run")
	}
}
