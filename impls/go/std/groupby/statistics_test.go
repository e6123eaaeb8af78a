package groupby

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMedianIsThatOfTheSortedValues(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	shapes := map[string]func(i, n int) float64{
		"random":      func(int, int) float64 { return random.Float64() },
		"few values":  func(int, int) float64 { return float64(random.IntN(3)) },
		"all equal":   func(int, int) float64 { return 7 },
		"ascending":   func(i, _ int) float64 { return float64(i) },
		"descending":  func(i, _ int) float64 { return -float64(i) },
		"organ pipes": func(i, n int) float64 { return float64(min(i, n-i)) },
	}
	for name, shape := range shapes {
		for _, n := range []int{1, 2, 3, 24, 25, 26, 100, 999, 1000} {
			v := make([]float64, n)
			for i := range v {
				v[i] = shape(i, n)
			}
			sorted := slices.Sorted(slices.Values(v))
			want := (sorted[(n-1)/2] + sorted[n/2]) / 2
			if got := median(v); got != want {
				t.Errorf("%d %s: %v, want %v", n, name, got, want)
			}
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is not missing")
	}
}

// By hand: 2, 4, 4, 4, 5, 5, 7, 9 have squares of distances from 5 that add up to 32.
func TestDeviation(t *testing.T) {
	if got, want := deviation([]float64{2, 4, 4, 4, 5, 5, 7, 9}), math.Sqrt(32./7); math.Abs(got-want) > 1e-15 {
		t.Errorf("%v, want %v", got, want)
	}
	if !math.IsNaN(deviation([]float64{3})) {
		t.Error("the deviation of one value is not missing")
	}
}

// Against big rationals, at both ends of the range and near each other, where floats would lose all digits.
func TestCorrelationIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, limits := range [][2]int64{{1, 15}, {missingInt + 1, math.MaxInt32}, {math.MaxInt32 - 3, math.MaxInt32}} {
		var p products
		var xs, ys []int64
		for range 1000 {
			x, y := limits[0]+random.Int64N(limits[1]-limits[0]+1), limits[0]+random.Int64N(limits[1]-limits[0]+1)
			xs, ys = append(xs, x), append(ys, y)
			p.add(int32(x), int32(y))
		}
		if got, want := p.squared(), bigSquared(xs, ys); math.Abs(got-want) > 1e-15 {
			t.Errorf("%v: %v, want %v", limits, got, want)
		}
	}
}

func bigSquared(xs, ys []int64) float64 {
	covariance := bigSpread(xs, ys)
	r2 := new(big.Rat).SetFrac(new(big.Int).Mul(covariance, covariance), new(big.Int).Mul(bigSpread(xs, xs), bigSpread(ys, ys)))
	f, _ := r2.Float64()
	return f
}

func bigSpread(xs, ys []int64) *big.Int {
	product, sumX, sumY := new(big.Int), new(big.Int), new(big.Int)
	for i := range xs {
		x, y := big.NewInt(xs[i]), big.NewInt(ys[i])
		sumX.Add(sumX, x)
		sumY.Add(sumY, y)
		product.Add(product, x.Mul(x, y))
	}
	product.Mul(product, big.NewInt(int64(len(xs))))
	return product.Sub(product, sumX.Mul(sumX, sumY))
}

// 2^31 rows of the two extremes: the largest sums that the proof in products allows, give or take one row.
func TestSpreadAtTheLimit(t *testing.T) {
	const n = math.MaxUint32
	most := uint64(math.MaxUint32)
	// n rows of x = 2^32-1, but one row of 0: n * (n-1) x² - ((n-1) x)² = (n-1) x².
	xx := new(big.Int).Mul(new(big.Int).SetUint64(most*most), big.NewInt(n-1))
	high := uint32(new(big.Int).Rsh(xx, 64).Uint64())
	low := new(big.Int).And(xx, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	want := float64(n-1) * float64(most) * float64(most)
	if got := spread(n, high, low, (n-1)*most, (n-1)*most); math.Abs(got/want-1) > 1e-15 {
		t.Errorf("%v, want %v", got, want)
	}
}
