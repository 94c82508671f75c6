package metrics

import (
	"math"
	"math/big"
	"testing"

	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"pgregory.net/rapid"
)

func TestGridIsUpperInclusive(t *testing.T) {
	for octave := -60; octave <= 60; octave++ {
		v := math.Ldexp(1, octave)
		if got, want := gridIndex(v), octave*gridBuckets-1; got != want {
			t.Errorf("2^%d is in bucket %d, not %d", octave, got, want)
		}
		if got, want := gridIndex(math.Nextafter(v, math.Inf(1))), octave*gridBuckets; got != want {
			t.Errorf("the float after 2^%d is in bucket %d, not %d", octave, got, want)
		}
	}
}

// The bounds are checked with exact arithmetic: v ≤ 2^(k/128) if and only if v^128 ≤ 2^k.
func TestGridBoundsAreExact(t *testing.T) {
	atMost := func(v float64, k int) bool {
		p := new(big.Float).SetPrec(128*53 + 64).SetFloat64(v)
		for range gridScale {
			p.Mul(p, p)
		}
		return p.Cmp(new(big.Float).SetMantExp(big.NewFloat(1), k)) <= 0
	}
	for k := range bounds {
		below, above := bounds[k], math.Nextafter(bounds[k], 2)
		if !atMost(below, k) || atMost(above, k) {
			t.Errorf("bound %d is not the last float at or below 2^(%d/128): %v", k, k, bounds[k])
		}
		if got := gridIndex(below); got != k-1 {
			t.Errorf("%v, at bound %d, is in bucket %d", below, k, got)
		}
		if got := gridIndex(above); got != k {
			t.Errorf("%v, after bound %d, is in bucket %d", above, k, got)
		}
	}
}

func TestGridIsThatOfTheLibrary(t *testing.T) {
	library, err := mapping.NewLogarithmicMappingWithGamma(math.Exp2(1./gridBuckets), 0)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := math.Exp2(rapid.Float64Range(-63.9, 63.9).Draw(t, "exponent"))
		i := gridIndex(v)
		if lower, upper := gridLower(i), gridLower(i+1); !(lower < v && v <= upper) {
			t.Fatalf("%v is not in bucket %d: (%v, %v]", v, i, lower, upper)
		}
		// The library rounds through a logarithm: next to a bound it may be one off, either way.
		nextTo := func(bound float64) bool { return math.Abs(bound/v-1) < 1e-12 }
		if d := library.Index(v) - i; d != 0 && !(d == 1 && nextTo(gridLower(i+1)) || d == -1 && nextTo(gridLower(i))) {
			t.Fatalf("%v is in bucket %d, the library says %d", v, i, library.Index(v))
		}
		if e := math.Abs(gridValue(i)/v - 1); e > 0.00272 {
			t.Fatalf("%v is shown as %v, off by %v", v, gridValue(i), e)
		}
	})
}

func TestGridIsBounded(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want int
	}{
		{math.Nextafter(zeroThreshold, 1), minIndex},
		{ceiling, maxIndex},
		{math.MaxFloat64, maxIndex},
	} {
		if got := gridIndex(c.v); got != c.want {
			t.Errorf("%v is in bucket %d, not %d", c.v, got, c.want)
		}
	}
}
