package groupby

import (
	"math"
	"math/bits"
	"slices"

	"bench/protocol"
)

// Question 6: v3 is moved group by group into one slice, by counting first, so that a group's values lie
// together and in cache while its median and deviation are found.
func (t *table) medianAndSDByID4ID5() *protocol.Answer {
	g := t.group([]string{"id4", "id5"}, t.id4.keyed(), t.id5.keyed())
	groups, bounds, values := t.v3ByGroup(g)
	medians, deviations := make(floats, len(groups)), make(floats, len(groups))
	for i, s := range groups {
		v := values[bounds[s]:bounds[s+1]]
		deviations[i] = deviation(v) // first: the median changes their order
		medians[i] = median(v)
	}
	return g.answer(groups,
		protocol.Value{Name: "median_v3", Number: medians}, protocol.Value{Name: "sd_v3", Number: deviations})
}

// v3ByGroup gives the slots in use and every v3 that is not missing: slot s has those from bounds[s] up to
// bounds[s+1].
func (t *table) v3ByGroup(g *grouping) (groups, bounds []uint32, values []float64) {
	type tally struct{ rows, values uint32 }
	tallies := make([]tally, g.slots)
	g.each(func(from int, slots []uint32) {
		v3 := t.v3[from:][:len(slots)]
		for i, s := range slots {
			tallies[s].rows++
			if !math.IsNaN(v3[i]) {
				tallies[s].values++
			}
		}
	})
	bounds, next := make([]uint32, g.slots+1), make([]uint32, g.slots)
	for s, a := range tallies {
		next[s], bounds[s+1] = bounds[s], bounds[s]+a.values
	}
	values = make([]float64, bounds[g.slots])
	g.each(func(from int, slots []uint32) {
		v3 := t.v3[from:][:len(slots)]
		for i, s := range slots {
			if !math.IsNaN(v3[i]) {
				values[next[s]] = v3[i]
				next[s]++
			}
		}
	})
	return occupied(tallies, func(a *tally) bool { return a.rows > 0 }), bounds, values
}

// deviation is the sample's standard deviation, in two passes: the one-pass formula loses digits where the
// mean is large beside the spread.
func deviation(v []float64) float64 {
	if len(v) < 2 {
		return math.NaN()
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	mean, squares := sum/float64(len(v)), 0.0
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return math.Sqrt(squares / float64(len(v)-1))
}

// median reorders v.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	middle := len(v) / 2
	selectNth(v, middle)
	if len(v)%2 == 1 {
		return v[middle]
	}
	return (slices.Max(v[:middle]) + v[middle]) / 2
}

// selectNth reorders v so that v[n] is what sorting would put there, with nothing larger before it.
// It is quickselect with a partition that never branches on a value: a mispredicted branch costs more
// than the stores that it spares. After too many unlucky pivots the rest is sorted, so that no input
// takes quadratic time.
func selectNth(v []float64, n int) {
	const small = 24
	for luck := 2 * bits.Len(uint(len(v))); len(v) > small && luck > 0; luck-- {
		pivot := medianOfThree(v[0], v[len(v)/2], v[len(v)-1])
		less := partition(v, func(x float64) bool { return x < pivot })
		if less == 0 { // the pivot is the smallest: put all its equals first
			less = partition(v, func(x float64) bool { return x <= pivot })
			if n < less {
				return
			}
		}
		if n < less {
			v = v[:less]
		} else {
			v, n = v[less:], n-less
		}
	}
	slices.Sort(v)
}

// partition moves the values that belong to the front, and returns how many they are. The compiler makes
// a plain set of the condition on one, and would make a branch of one around n++.
func partition(v []float64, front func(float64) bool) int {
	n := 0
	for i, x := range v {
		v[i] = v[n]
		v[n] = x
		one := 0
		if front(x) {
			one = 1
		}
		n += one
	}
	return n
}

func medianOfThree(a, b, c float64) float64 {
	return max(min(a, b), min(max(a, b), c))
}
