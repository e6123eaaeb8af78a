package groupby

import "math/bits"

// number gives each row the number of its group, whatever the keys, and a first row of each group.
// It is the way for keys that are too wide to be put side by side: rows are hashed, and compared with the
// first row of their group key by key.
func number(keys []key, rows int) (ids, first []uint32) {
	ids = make([]uint32, rows)
	n := numbering{keys: keys, slots: make([]groupSlot, 1<<10)}
	var hashes [blockRows]uint64
	var scratch [blockRows]uint32
	for from := 0; from < rows; from += blockRows {
		to := min(from+blockRows, rows)
		block := hashes[:to-from]
		clear(block)
		for _, k := range keys {
			for i, d := range k.digits(from, to, scratch[:]) {
				block[i] = mix(block[i] ^ uint64(d))
			}
		}
		for i, h := range block {
			ids[from+i] = n.of(from+i, h)
		}
	}
	return ids, n.first
}

// numbering is an open-addressing table from rows to groups, at most half full.
type numbering struct {
	keys   []key
	slots  []groupSlot
	first  []uint32
	hashes []uint64 // of each group, so that growing hashes nothing again
}

// groupSlot holds a part of the hash beside the group's number plus 1, so that nearly every comparison of a
// row with another group's is spared. Group 0 marks a free slot.
type groupSlot struct{ tag, group uint32 }

func (n *numbering) of(row int, hash uint64) uint32 {
	mask := uint64(len(n.slots) - 1)
	at := hash & mask
	for ; n.slots[at].group != 0; at = (at + 1) & mask {
		s := n.slots[at]
		if s.tag == uint32(hash>>32) && n.same(row, int(n.first[s.group-1])) {
			return s.group - 1
		}
	}
	n.first, n.hashes = append(n.first, uint32(row)), append(n.hashes, hash)
	n.slots[at] = groupSlot{uint32(hash >> 32), uint32(len(n.first))}
	if 2*len(n.first) > len(n.slots) {
		n.grow()
	}
	return uint32(len(n.first) - 1)
}

func (n *numbering) same(a, b int) bool {
	for _, k := range n.keys {
		if k.digit(a) != k.digit(b) {
			return false
		}
	}
	return true
}

func (n *numbering) grow() {
	n.slots = make([]groupSlot, 2*len(n.slots))
	mask := uint64(len(n.slots) - 1)
	for group, hash := range n.hashes {
		at := hash & mask
		for n.slots[at].group != 0 {
			at = (at + 1) & mask
		}
		n.slots[at] = groupSlot{uint32(hash >> 32), uint32(group + 1)}
	}
}

// mix spreads each bit of a word over all of it: both halves of a product with an odd number without
// pattern (the golden ratio's digits), one upon the other.
func mix(word uint64) uint64 {
	const golden, other = 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03
	high, low := bits.Mul64(word^other, golden)
	return high ^ low
}
