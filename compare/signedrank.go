package compare

import (
	"cmp"
	"math"
	"slices"
)

// signedRank is Wilcoxon's signed-rank test of paired differences, with the estimate and the interval
// that belong to it: Hodges and Lehmann's median of all averages of two differences, and the range of
// averages that the test does not refuse. It assumes that the differences do not depend on each other
// and lie evenly around their middle; not that they follow any distribution. It is exact.
//
// See Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, chapter 3.
type signedRank struct {
	n        int     // differences, those of 0 included
	estimate float64 // of the middle
	low      float64 // of the interval in which it is with at least 95 %
	high     float64
	p        float64 // how likely a difference like this is by chance, two-sided
}

// confidence is how often intervals hold what they are for.
const confidence = 0.95

// leastPairs is the least number of differences that can give evidence at all: of five, the clearest
// case has p = 0.06.
const leastPairs = 6

func testSignedRank(d []float64) signedRank {
	r := signedRank{n: len(d), p: 1, low: math.Inf(-1), high: math.Inf(1), estimate: math.NaN()}
	if len(d) == 0 {
		return r
	}
	var averages []float64
	for i := range d {
		for j := i; j < len(d); j++ {
			averages = append(averages, (d[i]+d[j])/2)
		}
	}
	slices.Sort(averages)
	r.estimate = middle(averages)
	if k, ok := interval(len(d)); ok {
		r.low, r.high = averages[k], averages[len(averages)-1-k]
	}
	r.p = pValue(d)
	return r
}

func middle(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// interval is how many averages lie outside the interval at each end; false if there are too few
// differences for an interval.
func interval(n int) (int, bool) {
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	below := distribution(ranks)
	sum, k := 0.0, -1
	for t, p := range below {
		if sum += p; sum > (1-confidence)/2 {
			break
		}
		k = t
	}
	return k, k >= 0
}

// distribution is how likely each sum of ranks is when every sign is a toss of a coin.
func distribution(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	p := make([]float64, total+1)
	p[0] = 1
	top := 0
	for _, r := range ranks {
		top += r
		for t := top; t >= 0; t-- {
			v := p[t] / 2
			if t >= r {
				v += p[t-r] / 2
			}
			p[t] = v
		}
	}
	return p
}

// pValue leaves out differences of 0 and gives equal ones the mean of their ranks, for which all ranks
// are doubled so that they stay whole.
func pValue(d []float64) float64 {
	d = slices.DeleteFunc(slices.Clone(d), func(v float64) bool { return v == 0 })
	if len(d) == 0 {
		return 1
	}
	slices.SortFunc(d, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	ranks := make([]int, len(d))
	for i := 0; i < len(d); {
		j := i
		for j < len(d) && math.Abs(d[j]) == math.Abs(d[i]) {
			j++
		}
		for k := i; k < j; k++ {
			ranks[k] = i + 1 + j // twice the mean of i+1 … j
		}
		i = j
	}
	positive, total := 0, 0
	for i, v := range d {
		total += ranks[i]
		if v > 0 {
			positive += ranks[i]
		}
	}
	least := min(positive, total-positive)
	p := 0.0
	for _, v := range distribution(ranks)[:least+1] {
		p += v
	}
	return min(1, 2*p)
}

// dependence is how far each difference depends on the one before: the autocorrelation at lag 1.
func dependence(d []float64) float64 {
	mean := 0.0
	for _, v := range d {
		mean += v / float64(len(d))
	}
	var own, next float64
	for i, v := range d {
		own += (v - mean) * (v - mean)
		if i > 0 {
			next += (v - mean) * (d[i-1] - mean)
		}
	}
	if own == 0 {
		return 0
	}
	return next / own
}

// shareDifference is the difference of two shares, its interval by Newcombe's method from Wilson's
// intervals of each, and the p-value of the test of two proportions.
func shareDifference(baseBad, base, headBad, head int64) signedRank {
	r := signedRank{n: int(min(base, head)), p: 1}
	p1, low1, high1 := wilson(baseBad, base)
	p2, low2, high2 := wilson(headBad, head)
	r.estimate = p2 - p1
	r.low = r.estimate - math.Hypot(p2-low2, high1-p1)
	r.high = r.estimate + math.Hypot(high2-p2, p1-low1)
	pooled := float64(baseBad+headBad) / float64(base+head)
	if spread := math.Sqrt(pooled * (1 - pooled) * (1/float64(base) + 1/float64(head))); spread > 0 {
		r.p = math.Erfc(math.Abs(r.estimate) / spread / math.Sqrt2)
	}
	return r
}

// z has 2.5 % above it in a normal distribution.
const z = 1.959963984540054

func wilson(bad, n int64) (share, low, high float64) {
	share = float64(bad) / float64(n)
	m := float64(n)
	centre := (share + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(share*(1-share)/m+z*z/(4*m*m))
	return share, max(0, centre-half), min(1, centre+half)
}

// holm adjusts p-values for how many questions were asked (Holm 1979): among many, one looks like
// evidence by chance.
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	most := 0.0
	for i, at := range order {
		most = max(most, min(1, p[at]*float64(len(p)-i)))
		adjusted[at] = most
	}
	return adjusted
}
