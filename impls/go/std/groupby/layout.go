package groupby

import (
	"cmp"
	"math/bits"
	"slices"
)

// partRows is about how many rows a part should have: their keys, sums and table then fit in a core's own
// cache. maxPartBits limits how many places are written to at once while rows are dealt out.
const (
	partRows    = 1 << 14
	maxPartBits = 12
)

// layout packs the keys of a row into one word and deals the row to a part by a hash of that word.
// Keys that do not fit into the word (at 1e8 rows the six take 68 bits) shift the row to another part by
// their own digits: in one part the same word always comes with the same further digits, and the word and
// the part's number tell them.
type layout struct {
	keys     []key
	places   []place
	partBits int
}

// place is where a key's digit stands: so many bits up in the word, or in the further digits.
type place struct {
	shift   int
	further bool
}

// newLayout puts the widest keys into the word; not ok if the others are wider than a part's number.
func newLayout(keys []key, rows int) (l *layout, ok bool) {
	l = &layout{keys: keys, places: make([]place, len(keys))}
	l.partBits = min(bits.Len(uint(rows/partRows)), maxPartBits)
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[b].width(), keys[a].width()) })
	word, further := 0, 0
	for _, i := range order {
		if width := keys[i].width(); word+width <= 64 {
			l.places[i] = place{shift: word}
			word += width
		} else {
			l.places[i] = place{shift: further, further: true}
			further += width
		}
	}
	return l, further <= l.partBits
}

func (l *layout) parts() int { return 1 << l.partBits }

// home is the part of a word without further digits.
func (l *layout) home(word uint64) uint32 { return uint32(mix(word) >> 32 >> (32 - l.partBits)) }

// each visits all rows in blocks: the first row of a block, and the parts and words of it and those after it.
func (l *layout) each(rows int, visit func(from int, parts []uint32, words []uint64)) {
	var (
		further, scratch [blockRows]uint32
		words            [blockRows]uint64
	)
	for from := 0; from < rows; from += blockRows {
		to := min(from+blockRows, rows)
		parts, block := further[:to-from], words[:to-from]
		clear(parts)
		clear(block)
		for i, k := range l.keys {
			digits := k.digits(from, to, scratch[:])
			if p := l.places[i]; p.further {
				put(parts, digits, p.shift)
			} else {
				put(block, digits, p.shift)
			}
		}
		for i, w := range block {
			parts[i] ^= l.home(w)
		}
		visit(from, parts, block)
	}
}

// put sets a digit so many bits up in each word.
func put[T uint32 | uint64](words []T, digits []uint32, shift int) {
	digits = digits[:len(words)]
	for i := range words {
		words[i] |= T(digits[i]) << (shift & 63)
	}
}

// unpack finds the digits of each key again, one for each of the groups in p.
func (l *layout) unpack(p *parts) [][]uint32 {
	columns := make([][]uint32, len(l.keys))
	for i, k := range l.keys {
		mask := uint32(1<<k.width() - 1)
		columns[i] = make([]uint32, len(p.packed))
		if at := l.places[i]; at.further {
			l.unpackFurther(p, columns[i], at.shift, mask)
		} else {
			unpackWord(p.packed, columns[i], at.shift, mask)
		}
	}
	return columns
}

func unpackWord(words []uint64, digits []uint32, shift int, mask uint32) {
	for group, word := range words {
		digits[group] = uint32(word>>(shift&63)) & mask
	}
}

func (l *layout) unpackFurther(p *parts, digits []uint32, shift int, mask uint32) {
	for part := range l.parts() {
		for group := p.bounds[part]; group < p.bounds[part+1]; group++ {
			further := uint32(part) ^ l.home(p.packed[group])
			digits[group] = further >> shift & mask
		}
	}
}
