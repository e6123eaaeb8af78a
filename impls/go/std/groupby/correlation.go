package groupby

import (
	"math"
	"math/bits"

	"bench/protocol"
)

// products are a group's exact sums over the rows that have both v1 and v2. Each value is moved by 2^31 to
// 0 <= x < 2^32, which changes no correlation; with fewer than 2^32 rows a plain sum then stays below 2^64,
// a sum of products below 2^96, and n times that below 2^128: nothing here can overflow or be rounded.
type products struct {
	rows, n                uint32
	xxHigh, yyHigh, xyHigh uint32
	x, y, xx, yy, xy       uint64
}

func (p *products) add(v1, v2 int32) {
	x, y := uint64(uint32(v1)^1<<31), uint64(uint32(v2)^1<<31)
	var carry uint64
	p.n++
	p.x += x
	p.y += y
	p.xx, carry = bits.Add64(p.xx, x*x, 0)
	p.xxHigh += uint32(carry)
	p.yy, carry = bits.Add64(p.yy, y*y, 0)
	p.yyHigh += uint32(carry)
	p.xy, carry = bits.Add64(p.xy, x*y, 0)
	p.xyHigh += uint32(carry)
}

// squared is the square of Pearson's correlation, missing where either value does not vary (which holds
// of no rows and of one, too).
func (p *products) squared() float64 {
	varianceX := spread(p.n, p.xxHigh, p.xx, p.x, p.x)
	varianceY := spread(p.n, p.yyHigh, p.yy, p.y, p.y)
	if varianceX == 0 || varianceY == 0 {
		return math.NaN()
	}
	covariance := spread(p.n, p.xyHigh, p.xy, p.x, p.y)
	return covariance / varianceX * (covariance / varianceY)
}

// spread is the size of n * product - a * b, exact until the last conversion.
func spread(n, productHigh uint32, productLow, a, b uint64) float64 {
	high, low := bits.Mul64(uint64(n), productLow)
	high += uint64(n) * uint64(productHigh)
	lessHigh, lessLow := bits.Mul64(a, b)
	if high < lessHigh || high == lessHigh && low < lessLow {
		high, low, lessHigh, lessLow = lessHigh, lessLow, high, low
	}
	low, borrow := bits.Sub64(low, lessLow, 0)
	high, _ = bits.Sub64(high, lessHigh, borrow)
	return float64(high)*(1<<64) + float64(low)
}

func (t *table) correlationByID2ID4() *protocol.Answer {
	g := t.group([]string{"id2", "id4"}, &t.id2, t.id4.keyed())
	all := make([]products, g.slots)
	g.each(func(from int, slots []uint32) {
		v1, v2 := t.v1[from:][:len(slots)], t.v2[from:][:len(slots)]
		for i, s := range slots {
			p := &all[s]
			p.rows++
			if v1[i] != missingInt && v2[i] != missingInt {
				p.add(v1[i], v2[i])
			}
		}
	})
	groups := occupied(all, func(p *products) bool { return p.rows > 0 })
	r2 := make(floats, len(groups))
	for i, s := range groups {
		r2[i] = all[s].squared()
	}
	return g.answer(groups, protocol.Value{Name: "r2", Number: r2})
}
