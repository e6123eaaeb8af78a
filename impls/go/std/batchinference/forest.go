package batchinference

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"bench/inference"
	"bench/protocol"
)

// abreast is how many trees a row falls through at once: each step waits for the one before in its own tree, and the processor
// fills that time with the others'. With four a row takes half as long again; sixteen do not fit the registers.
const abreast = 8

// forest is the trees laid out for walking. The children of a node lie side by side, so that a step is one addition and no
// branch; a leaf is a node that leads to itself, so that all trees abreast take the same number of steps.
//
// Not taken: many rows through one tree at a time, the usual order for a batch. The whole forest stays in the second-level cache,
// and the rows' scattered keys took more than that won: 240 µs for 256 rows, where one row after the other took 190.
type forest struct {
	nodes  []node
	value  []float64 // of the nodes that are leaves
	groups []group
}

// node says where a row goes: right where its key in the node's slot is above the threshold.
type node struct {
	threshold int32
	next      uint32 // the left child above, the slot in the lowest eight bits
}

const (
	slotBits = 8
	maxNodes = 1 << (32 - slotBits)
)

// group is the trees that are walked abreast: their roots, and the steps to the deepest leaf.
type group struct {
	roots [abreast]uint32
	steps int
}

// newForest groups the trees by their depth: a shallow one beside a deep one would turn in its leaves.
func newForest(m *trees) (*forest, error) {
	f := new(forest)
	count := len(m.tree) - 1
	if size := 2*len(m.feature) + 2*count + abreast; size > maxNodes {
		return nil, fmt.Errorf("%d nodes are more than are numbered here", size)
	}
	type planted struct {
		root  uint32
		depth int
	}
	all := make([]planted, count, count+abreast)
	for k := range all {
		all[k].root, all[k].depth = f.plant(m, m.tree[k])
	}
	for len(all)%abreast != 0 {
		all = append(all, planted{root: f.add(0)}) // a leaf that adds nothing
	}
	slices.SortStableFunc(all, func(a, b planted) int { return cmp.Compare(a.depth, b.depth) })
	for trees := range slices.Chunk(all, abreast) {
		g := group{steps: trees[abreast-1].depth}
		for k, t := range trees {
			g.roots[k] = t.root
		}
		f.groups = append(f.groups, g)
	}
	return f, nil
}

// plant adds a tree level by level and returns its root and its depth.
func (f *forest) plant(m *trees, first int32) (root uint32, depth int) {
	root = f.add(0)
	type place struct {
		from int32 // node or leaf of the file
		to   uint32
	}
	for level := []place{{first, root}}; ; depth++ {
		var below []place
		for _, p := range level {
			if p.from < 0 {
				f.value[p.to] = m.leaf[-1-p.from]
				continue
			}
			left := f.add(0)
			right := f.add(0)
			f.nodes[p.to] = node{
				threshold: key(roundDown(m.threshold[p.from])),
				next:      left<<slotBits | uint32(slot(int(m.feature[p.from]), m.defaultLeft[p.from] == 1)),
			}
			below = append(below, place{m.left[p.from], left}, place{m.right[p.from], right})
		}
		if len(below) == 0 {
			return root, depth
		}
		level = below
	}
}

// add appends a leaf.
func (f *forest) add(value float64) uint32 {
	i := uint32(len(f.nodes))
	f.nodes = append(f.nodes, node{threshold: math.MaxInt32, next: i << slotBits})
	f.value = append(f.value, value)
	return i
}

// sum adds up the leaves that a row falls into.
func (f *forest) sum(row *keys) (total float64) {
	nodes, value := f.nodes, f.value
	for k := range f.groups {
		g := &f.groups[k]
		i0, i1, i2, i3 := g.roots[0], g.roots[1], g.roots[2], g.roots[3]
		i4, i5, i6, i7 := g.roots[4], g.roots[5], g.roots[6], g.roots[7]
		for range g.steps {
			i0 = step(nodes, row, i0)
			i1 = step(nodes, row, i1)
			i2 = step(nodes, row, i2)
			i3 = step(nodes, row, i3)
			i4 = step(nodes, row, i4)
			i5 = step(nodes, row, i5)
			i6 = step(nodes, row, i6)
			i7 = step(nodes, row, i7)
		}
		total += value[i0] + value[i1] + value[i2] + value[i3] + value[i4] + value[i5] + value[i6] + value[i7]
	}
	return total
}

// step goes from a node to its child. The sign of a difference says which: of `if key > threshold` the compiler makes a branch,
// which guesses wrong half of the time and costs three times as much.
func step(nodes []node, row *keys, i uint32) uint32 {
	n := nodes[i]
	right := uint64(int64(n.threshold)-int64(row[uint8(n.next)])) >> 63
	return n.next>>slotBits + uint32(right)
}

// walker answers rows with a forest.
type walker struct {
	forest *forest
	rows   []float32
	width  int
	keys   keys
}

// Trees answer single rows, for any number of goroutines.
type Trees struct{ *forest }

// OpenTrees reads the input `arrays`: trees over so many features.
func OpenTrees(t *inference.Task, features int) (Trees, error) {
	m, err := readTrees(t, features)
	if err != nil {
		return Trees{}, err
	}
	f, err := newForest(m)
	if err != nil {
		return Trees{}, protocol.BadInput("%s: %v", t.Request.Inputs["arrays"], err)
	}
	return Trees{f}, nil
}

// Probability is that of one row.
func (t Trees) Probability(row []float32) float64 {
	var k keys
	k.set(row)
	return sigmoid(t.sum(&k))
}

func openForest(t *inference.Task) (inference.Engine, error) {
	width := t.Model.Inputs[0].Size()
	trees, err := OpenTrees(t, width)
	if err != nil {
		return nil, err
	}
	return &walker{forest: trees.forest, rows: t.Inputs.Floats, width: width}, nil
}

// Fork makes a walker with keys of its own.
func (w *walker) Fork() inference.Engine {
	return &walker{forest: w.forest, rows: w.rows, width: w.width}
}

// Answer walks one row after the other.
func (w *walker) Answer(out []float32, first int) error {
	for i := range out {
		w.keys.set(w.rows[(first+i)*w.width:][:w.width])
		out[i] = float32(sigmoid(w.forest.sum(&w.keys)))
	}
	return nil
}
