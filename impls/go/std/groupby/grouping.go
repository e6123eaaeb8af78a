package groupby

import "bench/protocol"

// blockRows is how many rows are turned into slots at a time: few enough to stay in the first-level cache.
const blockRows = 1024

// grouping says of each row which slot of an accumulator it belongs to.
type grouping struct {
	names []string
	keys  []key
	rows  int
	slots int
	// Where the keys side by side would take too many slots, those in use are numbered by a hash table
	// before anything is added up: then ids is the slot of each row, and first a row of each slot.
	ids, first []uint32
}

// group chooses the plain way, where a slot is the keys' digits side by side, when that takes no more than
// about two slots a row: an array that is mostly empty still beats hashing every row.
func (t *table) group(names []string, keys ...key) *grouping {
	g := &grouping{names: names, keys: keys, rows: t.rows}
	if width := totalWidth(keys); width < 32 && 1<<width <= max(1<<16, 2*t.rows) {
		g.slots = 1 << width
		return g
	}
	g.ids, g.first = number(keys, t.rows)
	g.slots = len(g.first)
	return g
}

// each visits all rows in blocks: the first row of a block and the slots of it and those after it.
func (g *grouping) each(visit func(from int, slots []uint32)) {
	var slots, scratch [blockRows]uint32
	for from := 0; from < g.rows; from += blockRows {
		to := min(from+blockRows, g.rows)
		if g.ids != nil {
			visit(from, g.ids[from:to])
			continue
		}
		block := slots[:to-from]
		clear(block)
		shift := 0
		for _, k := range g.keys {
			put(block, k.digits(from, to, scratch[:]), shift)
			shift += k.width()
		}
		visit(from, block)
	}
}

// columns gives the key columns of an answer whose rows are these slots.
func (g *grouping) columns(slots []uint32) []protocol.Key {
	columns := make([]protocol.Key, len(g.keys))
	shift := 0
	for i, k := range g.keys {
		digits := make([]uint32, len(slots))
		for j, s := range slots {
			if g.ids != nil {
				digits[j] = k.digit(int(g.first[s]))
			} else {
				digits[j] = s >> shift & (1<<k.width() - 1)
			}
		}
		shift += k.width()
		columns[i] = protocol.Key{Name: g.names[i], Field: k.column(digits)}
	}
	return columns
}

// occupied lists the slots whose accumulator has seen a row.
func occupied[A any](accumulators []A, seen func(*A) bool) []uint32 {
	var slots []uint32
	for s := range accumulators {
		if seen(&accumulators[s]) {
			slots = append(slots, uint32(s))
		}
	}
	return slots
}

// answer puts the key columns of the slots before the values.
func (g *grouping) answer(slots []uint32, values ...protocol.Value) *protocol.Answer {
	return &protocol.Answer{Rows: len(slots), Keys: g.columns(slots), Values: values}
}
