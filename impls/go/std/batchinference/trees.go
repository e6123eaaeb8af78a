package batchinference

import (
	"fmt"
	"math"

	"bench/inference"
	"bench/protocol"
)

// trees are the model as the file has it.
type trees struct {
	tree        []int32 // where each tree's nodes begin, and where the last one's end
	feature     []int32
	threshold   []float64
	left, right []int32 // a node, or -1 - i for leaf i
	defaultLeft []uint8
	leaf        []float64
}

// readTrees reads the arrays of gbdt and refuses what is no forest over so many features.
func readTrees(t *inference.Task, features int) (*trees, error) {
	file, err := t.Tensors("arrays")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m := new(trees)
	const n = inference.Any
	for _, err := range []error{
		file.WantFormat(format),
		read(file, "tree", &m.tree, n), read(file, "leaf", &m.leaf, n),
		read(file, "threshold", &m.threshold, n),
		read(file, "feature", &m.feature, n), read(file, "left", &m.left, n), read(file, "right", &m.right, n),
		read(file, "default_left", &m.defaultLeft, n),
	} {
		if err != nil {
			return nil, err
		}
	}
	if err := m.check(features); err != nil {
		return nil, protocol.BadInput("%s: %v", file.Path, err)
	}
	return m, nil
}

func read[T inference.Value](file *inference.Tensors, name string, into *[]T, shape ...int) (err error) {
	*into, err = inference.Read[T](file, name, shape...)
	return err
}

func (m *trees) check(features int) error {
	if err := m.checkSizes(); err != nil {
		return err
	}
	for i := range m.feature {
		switch {
		case m.feature[i] < 0 || int(m.feature[i]) >= features:
			return fmt.Errorf("node %d asks for feature %d of %d", i, m.feature[i], features)
		case !finite(m.threshold[i]):
			return fmt.Errorf("node %d has the threshold %v", i, m.threshold[i])
		case m.defaultLeft[i] > 1:
			return fmt.Errorf("node %d has %d for default_left", i, m.defaultLeft[i])
		}
	}
	for i, v := range m.leaf {
		if !finite(v) {
			return fmt.Errorf("leaf %d has the value %v", i, v)
		}
	}
	return m.checkPaths()
}

func (m *trees) checkSizes() error {
	n := len(m.feature)
	if len(m.threshold) != n || len(m.left) != n || len(m.right) != n || len(m.defaultLeft) != n {
		return fmt.Errorf("the nodes' fields differ in length: feature has %d", n)
	}
	if len(m.tree) < 2 || m.tree[0] != 0 || int(m.tree[len(m.tree)-1]) != n {
		return fmt.Errorf("tree does not go from 0 to %d nodes", n)
	}
	for k, begin := range m.tree[1:] {
		if begin <= m.tree[k] {
			return fmt.Errorf("tree %d has no nodes", k)
		}
	}
	return nil
}

// checkPaths wants each tree to be one: every node but the first has one parent, in the same tree, and is reached.
func (m *trees) checkPaths() error {
	reached := make([]bool, len(m.feature))
	for k, root := range m.tree[:len(m.tree)-1] {
		nodes := []int32{root}
		reached[root] = true
		for next := 0; next < len(nodes); next++ {
			for _, child := range [...]int32{m.left[nodes[next]], m.right[nodes[next]]} {
				switch {
				case child < 0 && int(-1-int64(child)) < len(m.leaf):
				case child < root || child >= m.tree[k+1] || reached[child]:
					return fmt.Errorf("node %d of tree %d leads to %d", nodes[next], k, child)
				default:
					reached[child] = true
					nodes = append(nodes, child)
				}
			}
		}
		if len(nodes) != int(m.tree[k+1]-root) {
			return fmt.Errorf("tree %d has nodes that no path leads to", k)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
