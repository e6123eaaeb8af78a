package groupby

import (
	"math"

	"bench/protocol"
)

var sixNames = []string{"id1", "id2", "id3", "id4", "id5", "id6"}

// Question 10 has about as many groups as rows. An array or a table of all groups would miss the cache at
// every row, so the rows are first dealt out by a hash of their keys, and then each part is grouped by
// itself, in cache.
func (t *table) sumAndCountBySixKeys() *protocol.Answer {
	keys := []key{&t.id1, &t.id2, &t.id3, t.id4.keyed(), t.id5.keyed(), t.id6.keyed()}
	if l, ok := newLayout(keys, t.rows); ok {
		return t.deal(l).group().answer(l)
	}
	return t.sumAndCountByNumber(keys)
}

// sumAndCountByNumber is for keys too wide to be packed.
func (t *table) sumAndCountByNumber(keys []key) *protocol.Answer {
	ids, first := number(keys, t.rows)
	g := &grouping{names: sixNames, keys: keys, rows: t.rows, slots: len(first), ids: ids, first: first}
	sums, rows := make(floats, g.slots), make(counts, g.slots)
	g.each(func(from int, slots []uint32) {
		v3 := t.v3[from:][:len(slots)]
		for i, s := range slots {
			rows[s]++
			if !math.IsNaN(v3[i]) {
				sums[s] += v3[i]
			}
		}
	})
	groups := occupied(rows, func(n *uint32) bool { return *n > 0 })
	return g.answer(groups, sumAndCount(sums, rows)...)
}

func sumAndCount(sums floats, rows counts) []protocol.Value {
	return []protocol.Value{{Name: "v3", Number: sums}, {Name: "count", Number: rows}}
}

// parts are the table's rows dealt out: the packed keys and v3 of part p stand from bounds[p] to
// bounds[p+1]. Grouping turns the same memory into one entry a group, with its number of rows.
type parts struct {
	bounds []uint32
	packed []uint64
	v3     []float64
	rows   []uint32
}

// deal counts first, so that each part is one stretch of memory and keeps the order of its rows.
func (t *table) deal(l *layout) *parts {
	p := &parts{
		bounds: make([]uint32, l.parts()+1),
		packed: make([]uint64, t.rows), v3: make([]float64, t.rows), rows: make([]uint32, t.rows),
	}
	l.each(t.rows, func(_ int, parts []uint32, _ []uint64) {
		for _, part := range parts {
			p.bounds[part+1]++
		}
	})
	next := make([]uint32, l.parts())
	for part := range next {
		p.bounds[part+1] += p.bounds[part]
		next[part] = p.bounds[part]
	}
	l.each(t.rows, func(from int, parts []uint32, packed []uint64) {
		v3 := t.v3[from:][:len(parts)]
		for i, part := range parts {
			at := next[part]
			next[part]++
			p.packed[at], p.v3[at] = packed[i], v3[i]
		}
	})
	return p
}

// group writes over the rows: groups so far are never more than rows so far, so the next group's place
// has been read already.
func (p *parts) group() *parts {
	largest := uint32(0)
	for part, from := range p.bounds[:len(p.bounds)-1] {
		largest = max(largest, p.bounds[part+1]-from)
	}
	slots := make([]uint32, tableSize(int(largest)))
	groups := uint32(0)
	for part := range len(p.bounds) - 1 {
		from, to := p.bounds[part], p.bounds[part+1]
		p.bounds[part] = groups
		groups = p.groupPart(from, to, groups, slots[:tableSize(int(to-from))])
	}
	p.bounds[len(p.bounds)-1] = groups
	p.packed, p.v3, p.rows = p.packed[:groups], p.v3[:groups], p.rows[:groups]
	return p
}

// groupPart appends the groups of the rows from and up to to after the groups there are. A slot of the
// table holds a group's place plus 1.
func (p *parts) groupPart(from, to, groups uint32, slots []uint32) uint32 {
	clear(slots)
	mask := uint64(len(slots) - 1)
	for i := from; i < to; i++ {
		k, v := p.packed[i], p.v3[i]
		if math.IsNaN(v) {
			v = 0
		}
		at := mix(k) & mask
		for slots[at] != 0 && p.packed[slots[at]-1] != k {
			at = (at + 1) & mask
		}
		if s := slots[at]; s != 0 {
			p.v3[s-1] += v
			p.rows[s-1]++
			continue
		}
		p.packed[groups], p.v3[groups], p.rows[groups] = k, v, 1
		groups++
		slots[at] = groups
	}
	return groups
}

// tableSize is a power of two of which at most a half is used.
func tableSize(rows int) int {
	size := 2
	for size < 2*rows {
		size *= 2
	}
	return size
}

func (p *parts) answer(l *layout) *protocol.Answer {
	digits := l.unpack(p)
	columns := make([]protocol.Key, len(digits))
	for i, d := range digits {
		columns[i] = protocol.Key{Name: sixNames[i], Field: l.keys[i].column(d)}
	}
	return &protocol.Answer{Rows: len(p.packed), Keys: columns, Values: sumAndCount(p.v3, p.rows)}
}
