package batchinference

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// walk is the spec read aloud: the sum over all trees of the leaf that a row falls into.
func (m *trees) walk(row []float32) (total float64) {
	for _, node := range m.tree[:len(m.tree)-1] {
		for node >= 0 {
			x := float64(row[m.feature[node]])
			if x <= m.threshold[node] || math.IsNaN(x) && m.defaultLeft[node] == 1 {
				node = m.left[node]
			} else {
				node = m.right[node]
			}
		}
		total += m.leaf[-1-node]
	}
	return total
}

var oddities = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, -0.1, 1e-35, -1e-35, 1e-46, -1e-46, 1e39, -1e39, math.MaxFloat64, -math.MaxFloat64,
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
}

// random makes trees of many depths, down to one node, whose children stand in any order.
func random(r *rand.Rand, count, features int) *trees {
	m := &trees{tree: []int32{0}}
	for range count {
		first, size := int32(len(m.feature)), 1+r.IntN(40)
		m.tree = append(m.tree, first+int32(size))
		order := r.Perm(size - 1) // of the nodes but the root
		var open []*int32         // places for a child
		m.left, m.right = append(m.left, make([]int32, size)...), append(m.right, make([]int32, size)...)
		for i := range size {
			node := first
			if i > 0 {
				node += 1 + int32(order[i-1])
				k := r.IntN(len(open))
				*open[k] = node
				open[k] = open[len(open)-1]
				open = open[:len(open)-1]
			}
			open = append(open, &m.left[node], &m.right[node])
			m.feature = append(m.feature, int32(r.IntN(features)))
			m.threshold = append(m.threshold, value(r))
			m.defaultLeft = append(m.defaultLeft, uint8(r.IntN(2)))
		}
		for _, place := range open {
			m.leaf = append(m.leaf, r.NormFloat64())
			*place = -int32(len(m.leaf))
		}
	}
	return m
}

func value(r *rand.Rand) float64 {
	if r.IntN(3) == 0 {
		return oddities[r.IntN(len(oddities))]
	}
	return r.NormFloat64()
}

// rowOf draws values that are often a threshold, or the float32 next to one.
func rowOf(r *rand.Rand, m *trees, features int) []float32 {
	row := make([]float32, features)
	for i := range row {
		switch v := float32(m.threshold[r.IntN(len(m.threshold))]); {
		case r.IntN(8) == 0:
			row[i] = float32(math.NaN())
		case math.IsInf(float64(v), 0):
			row[i] = float32(r.NormFloat64())
		case r.IntN(2) == 0:
			row[i] = math.Nextafter32(v, float32(r.NormFloat64()))
		default:
			row[i] = v
		}
	}
	return row
}

func TestForestAgainstTheObviousWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		const features = 10
		m := random(r, 1+r.IntN(20), features)
		if err := m.check(features); err != nil {
			t.Fatal(err)
		}
		f, err := newForest(m)
		if err != nil {
			t.Fatal(err)
		}
		var k keys
		for range 50 {
			row := rowOf(r, m, features)
			k.set(row)
			if got, want := f.sum(&k), m.walk(row); math.Abs(got-want) > 1e-12 {
				t.Fatalf("%v: %v, not %v", row, got, want)
			}
		}
	}
}

func TestKeysOrderAsFloatsDo(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, a := range oddities {
		for _, b := range append(oddities, math.Inf(1), math.Inf(-1)) {
			x, y := max(-math.MaxFloat32, min(float32(a), math.MaxFloat32)), float32(b)
			if (key(x) <= key(y)) != (x <= y) {
				t.Errorf("%v and %v: %d and %d", x, y, key(x), key(y))
			}
		}
	}
	if key(inf) == math.MaxInt32 || key(-inf) == math.MinInt32 {
		t.Error("no key is left for a missing value")
	}
}

func TestRoundDown(t *testing.T) {
	for _, v := range append(oddities, 16777217, -16777217, math.Nextafter(1, 0), math.Nextafter(1, 2)) {
		down := roundDown(v)
		if up := math.Nextafter32(down, float32(math.Inf(1))); float64(down) > v || float64(up) <= v {
			t.Errorf("%v becomes %v", v, down)
		}
	}
}

func TestTreesThatAreRefused(t *testing.T) {
	nan := math.NaN()
	// Two trees: 0 -> 1 and a leaf, 1 -> two leaves; 2 -> two leaves.
	good := func() *trees {
		return &trees{
			tree: []int32{0, 2, 3}, feature: []int32{0, 1, 9}, threshold: []float64{1, 2, 3}, defaultLeft: []uint8{0, 1, 0},
			left: []int32{1, -2, -4}, right: []int32{-1, -3, -5}, leaf: []float64{1, 2, 3, 4, 5},
		}
	}
	if err := good().check(10); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		message string
		spoil   func(*trees)
	}{
		"shorter":           {"differ in length", func(m *trees) { m.left = m.left[:2] }},
		"no trees":          {"tree does not go", func(m *trees) { m.tree = nil }},
		"begins late":       {"tree does not go", func(m *trees) { m.tree[0] = 1 }},
		"ends early":        {"tree does not go", func(m *trees) { m.tree[2] = 2 }},
		"turned":            {"tree 0 has no nodes", func(m *trees) { m.tree[1] = -7 }},
		"empty tree":        {"tree 1 has no nodes", func(m *trees) { m.tree[1] = 3 }},
		"feature below":     {"node 1 asks for feature -1", func(m *trees) { m.feature[1] = -1 }},
		"feature above":     {"node 2 asks for feature 10", func(m *trees) { m.feature[2] = 10 }},
		"threshold":         {"threshold NaN", func(m *trees) { m.threshold[0] = nan }},
		"default":           {"2 for default_left", func(m *trees) { m.defaultLeft[0] = 2 }},
		"leaf value":        {"leaf 4 has the value +Inf", func(m *trees) { m.leaf[4] = math.Inf(1) }},
		"leaf beyond":       {"leads to -6", func(m *trees) { m.right[2] = -6 }},
		"leaf far beyond":   {"leads to -2147483648", func(m *trees) { m.right[2] = math.MinInt32 }},
		"a ring":            {"node 1 of tree 0 leads to 0", func(m *trees) { m.left[1] = 0 }},
		"into another tree": {"node 1 of tree 0 leads to 2", func(m *trees) { m.left[1] = 2 }},
		"back into another": {"node 2 of tree 1 leads to 1", func(m *trees) { m.left[2] = 1 }},
		"two parents":       {"node 0 of tree 0 leads to 1", func(m *trees) { m.right[0] = 1 }},
		"beyond all":        {"leads to 3", func(m *trees) { m.left[2] = 3 }},
		"no way":            {"nodes that no path leads to", func(m *trees) { m.left[0] = -1 }},
	} {
		m := good()
		c.spoil(m)
		if err := m.check(10); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkForest(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	m := random(r, 100, 10)
	f, err := newForest(m)
	if err != nil {
		b.Fatal(err)
	}
	var k keys
	k.set(rowOf(r, m, 10))
	for b.Loop() {
		f.sum(&k)
	}
}
