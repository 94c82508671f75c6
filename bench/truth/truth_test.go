package main

import (
	"testing"
	"time"
)

// TestCountsAreTheServers plays the short form: what is counted must be equal. Times are reported, for a
// machine that runs tests is not quiet.
func TestCountsAreTheServers(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLab(root)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	findings := 0
	err = l.all(t.Context(), short, 1, func(r report) {
		for _, f := range r.findings {
			findings++
			switch {
			case f.ok:
			case f.exact:
				t.Errorf("%s: %s: got %s, true is %s", r.name, f.what, f.got, f.want)
			default:
				t.Logf("%s: %s: got %s, true is %s", r.name, f.what, f.got, f.want)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if findings < 50 {
		t.Errorf("only %d things were compared", findings)
	}
}

func TestGateStandsStillForPartOfEachPeriod(t *testing.T) {
	g := gate{every: 50 * time.Millisecond, during: 20 * time.Millisecond}
	g.wait() // the first passes
	at := g.begin.Add(35 * time.Millisecond)
	time.Sleep(time.Until(at))
	g.wait()
	if since := time.Since(g.begin) % g.every; time.Since(at) < 14*time.Millisecond && since > 35*time.Millisecond {
		t.Errorf("%v after its begin it let one pass", time.Since(g.begin))
	}
}
