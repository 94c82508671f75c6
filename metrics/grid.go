package metrics

import (
	"math"
	"math/big"
)

// The grid: bucket i holds the values in (2^(i/128), 2^((i+1)/128)], which is exactly bucket i of an
// OpenTelemetry exponential histogram at scale 7. The library's own logarithmic mapping has the same
// γ and offset 0 but closes its buckets at the lower end and rounds through a logarithm, so that a
// power of two would land one bucket too high; the index is therefore taken from the bits of the
// float, which is exact and also quicker.
const (
	gridScale   = 7
	gridBuckets = 1 << gridScale // buckets an octave

	// Values no larger than 2^minExponent count as zero, as below an exponential histogram's zero
	// threshold; values above 2^maxExponent count in the last bucket. So a sketch is bounded: at most
	// 16,384 buckets a sign, whatever a script records. The minimum and maximum stay exact.
	minExponent = -64
	maxExponent = 64

	minIndex = minExponent * gridBuckets
	maxIndex = maxExponent*gridBuckets - 1

	mantissaBits = 52
	mantissaMask = 1<<mantissaBits - 1
)

// zeroThreshold is the largest value that counts as zero: 5.4e-20.
var zeroThreshold = math.Ldexp(1, minExponent)

// ceiling is the largest value with a bucket of its own: 1.8e19.
var ceiling = math.Ldexp(1, maxExponent)

// bounds[k] is the largest float that is not above 2^(k/128); boundBits has its mantissa.
var (
	bounds    [gridBuckets]float64
	boundBits [gridBuckets]uint64
	// guess[m] is how many bounds (k ≥ 1) lie at or below a mantissa whose upper eight bits are m and
	// whose others are zero. The narrowest bucket is wider than 1/256, so that at most one more
	// bound can lie within.
	guess [256]uint8
)

func init() {
	root := big.NewFloat(2).SetPrec(256)
	for range gridScale {
		root.Sqrt(root)
	}
	power := big.NewFloat(1).SetPrec(256)
	for k := range bounds {
		f, accuracy := power.Float64()
		if accuracy == big.Above {
			f = math.Nextafter(f, 0)
		}
		bounds[k] = f
		boundBits[k] = math.Float64bits(f) & mantissaMask
		power.Mul(power, root)
	}
	for m := range guess {
		start := uint64(m) << (mantissaBits - 8)
		for k := 1; k < gridBuckets && boundBits[k] < start; k++ {
			guess[m] = uint8(k)
		}
	}
}

// gridIndex is the bucket of a positive value above zeroThreshold.
func gridIndex(v float64) int {
	if v > ceiling {
		return maxIndex
	}
	b := math.Float64bits(v)
	octave := (int(b>>mantissaBits) - 1023) * gridBuckets
	mantissa := b & mantissaMask
	if mantissa == 0 {
		return octave - 1
	}
	k := int(guess[mantissa>>(mantissaBits-8)])
	if k+1 < gridBuckets && mantissa > boundBits[k+1] {
		k++
	}
	return octave + k
}

// gridLower is the lower bound of a bucket, which the bucket itself does not hold.
func gridLower(index int) float64 {
	octave := index >> gridScale
	return math.Ldexp(bounds[index-octave*gridBuckets], octave)
}

// gridValue stands for all values of a bucket: the one whose relative distance to both ends is the
// same, (γ−1)/(γ+1) = 0.27 %.
func gridValue(index int) float64 {
	lower, upper := gridLower(index), gridLower(index+1)
	return 2 * lower * upper / (lower + upper)
}
