package groupby

import (
	"math"

	"bench/protocol"
)

// Questions 1 to 5: sums and means. Sums of whole numbers are exact: 2^32 rows of 32 bits fit in 64.

func (t *table) sumByID1() *protocol.Answer {
	return t.sumV1(t.group([]string{"id1"}, &t.id1))
}

func (t *table) sumByID1ID2() *protocol.Answer {
	return t.sumV1(t.group([]string{"id1", "id2"}, &t.id1, &t.id2))
}

func (t *table) sumV1(g *grouping) *protocol.Answer {
	type total struct{ rows, v1 int64 }
	totals := make([]total, g.slots)
	g.each(func(from int, slots []uint32) {
		v1 := t.v1[from:][:len(slots)]
		for i, s := range slots {
			a := &totals[s]
			a.rows++
			if v1[i] != missingInt {
				a.v1 += int64(v1[i])
			}
		}
	})
	groups := occupied(totals, func(a *total) bool { return a.rows > 0 })
	v1 := make(wholes, len(groups))
	for i, s := range groups {
		v1[i] = totals[s].v1
	}
	return g.answer(groups, protocol.Value{Name: "v1", Number: v1})
}

func (t *table) sumAndMeanByID3() *protocol.Answer {
	type total struct {
		v1       int64
		v3       float64
		rows, n3 uint32
	}
	g := t.group([]string{"id3"}, &t.id3)
	totals := make([]total, g.slots)
	g.each(func(from int, slots []uint32) {
		v1, v3 := t.v1[from:][:len(slots)], t.v3[from:][:len(slots)]
		for i, s := range slots {
			a := &totals[s]
			a.rows++
			if v1[i] != missingInt {
				a.v1 += int64(v1[i])
			}
			if !math.IsNaN(v3[i]) {
				a.v3 += v3[i]
				a.n3++
			}
		}
	})
	groups := occupied(totals, func(a *total) bool { return a.rows > 0 })
	v1, v3 := make(wholes, len(groups)), make(floats, len(groups))
	for i, s := range groups {
		a := &totals[s]
		v1[i], v3[i] = a.v1, mean(a.v3, a.n3)
	}
	return g.answer(groups, protocol.Value{Name: "v1", Number: v1}, protocol.Value{Name: "v3", Number: v3})
}

// totals are the sums of all three values in a group, and of how many each is.
type totals struct {
	v1, v2           int64
	v3               float64
	rows, n1, n2, n3 uint32
}

func (t *table) total(g *grouping) []totals {
	all := make([]totals, g.slots)
	g.each(func(from int, slots []uint32) {
		v1, v2, v3 := t.v1[from:][:len(slots)], t.v2[from:][:len(slots)], t.v3[from:][:len(slots)]
		for i, s := range slots {
			a := &all[s]
			a.rows++
			if v1[i] != missingInt {
				a.v1 += int64(v1[i])
				a.n1++
			}
			if v2[i] != missingInt {
				a.v2 += int64(v2[i])
				a.n2++
			}
			if !math.IsNaN(v3[i]) {
				a.v3 += v3[i]
				a.n3++
			}
		}
	})
	return all
}

func (t *table) meansByID4() *protocol.Answer {
	g := t.group([]string{"id4"}, t.id4.keyed())
	all := t.total(g)
	groups := occupied(all, func(a *totals) bool { return a.rows > 0 })
	v1, v2, v3 := make(floats, len(groups)), make(floats, len(groups)), make(floats, len(groups))
	for i, s := range groups {
		a := &all[s]
		v1[i], v2[i], v3[i] = mean(float64(a.v1), a.n1), mean(float64(a.v2), a.n2), mean(a.v3, a.n3)
	}
	return g.answer(groups, threeValues(v1, v2, v3)...)
}

func (t *table) sumsByID6() *protocol.Answer {
	g := t.group([]string{"id6"}, t.id6.keyed())
	all := t.total(g)
	groups := occupied(all, func(a *totals) bool { return a.rows > 0 })
	v1, v2, v3 := make(wholes, len(groups)), make(wholes, len(groups)), make(floats, len(groups))
	for i, s := range groups {
		v1[i], v2[i], v3[i] = all[s].v1, all[s].v2, all[s].v3
	}
	return g.answer(groups, threeValues(v1, v2, v3)...)
}

func threeValues(v1, v2, v3 protocol.Number) []protocol.Value {
	return []protocol.Value{{Name: "v1", Number: v1}, {Name: "v2", Number: v2}, {Name: "v3", Number: v3}}
}

// mean of no values is missing.
func mean(sum float64, n uint32) float64 {
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
