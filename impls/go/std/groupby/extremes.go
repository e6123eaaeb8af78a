package groupby

import (
	"math"

	"bench/protocol"
)

// Questions 7 and 8: largest and smallest, each in one pass.

func (t *table) rangeByID3() *protocol.Answer {
	// A smallest value is kept less one, as in keyed, so neither extreme needs to ask whether a value is there.
	const noMaximum, noMinimum = missingInt, math.MaxInt32
	type extremes struct {
		most, leastLessOne int32
		rows               uint32
	}
	g := t.group([]string{"id3"}, &t.id3)
	all := make([]extremes, g.slots)
	for s := range all {
		all[s] = extremes{most: noMaximum, leastLessOne: noMinimum}
	}
	g.each(func(from int, slots []uint32) {
		v1, v2 := t.v1[from:][:len(slots)], t.v2[from:][:len(slots)]
		for i, s := range slots {
			a := &all[s]
			a.rows++
			a.most = max(a.most, v1[i])
			a.leastLessOne = min(a.leastLessOne, v2[i]-1)
		}
	})
	groups := occupied(all, func(a *extremes) bool { return a.rows > 0 })
	ranges := make(wholes, len(groups))
	for i, s := range groups {
		a := &all[s]
		if a.most == noMaximum || a.leastLessOne == noMinimum {
			ranges[i] = missingWhole
		} else {
			ranges[i] = int64(a.most) - int64(a.leastLessOne) - 1
		}
	}
	return g.answer(groups, protocol.Value{Name: "range_v1_v2", Number: ranges})
}

func (t *table) largestTwoByID6() *protocol.Answer {
	type two struct{ first, second float64 }
	none := math.Inf(-1)
	g := t.group([]string{"id6"}, t.id6.keyed())
	all := make([]two, g.slots)
	for s := range all {
		all[s] = two{none, none}
	}
	g.each(func(from int, slots []uint32) {
		v3 := t.v3[from:][:len(slots)]
		for i, s := range slots {
			// No comparison with NaN holds, so missing values fall through.
			if a, v := &all[s], v3[i]; v > a.first {
				a.first, a.second = v, a.first
			} else if v > a.second {
				a.second = v
			}
		}
	})
	var groups []uint32
	var largest floats
	for s := range all {
		for _, v := range [...]float64{all[s].first, all[s].second} {
			if v != none {
				groups, largest = append(groups, uint32(s)), append(largest, v)
			}
		}
	}
	return g.answer(groups, protocol.Value{Name: "largest2_v3", Number: largest})
}
