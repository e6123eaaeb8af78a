package batchinference

import (
	"bench/inference"
	"bench/protocol"
)

// Trees answers one row at a time, for any number of goroutines.
type Trees struct{ forest *forest }

// Features is how many numbers a row has.
const Features = 10

// OpenTrees reads the arrays of gbdt from the request's inputs.
func OpenTrees(req *protocol.Request) (*Trees, error) {
	m, err := readTrees(&inference.Task{Request: req}, Features)
	if err != nil {
		return nil, err
	}
	f, err := newForest(m)
	if err != nil {
		return nil, protocol.BadInput("%s: %v", req.Inputs["arrays"], err)
	}
	return &Trees{f}, nil
}

// Probability is that of one row.
func (t *Trees) Probability(row *[Features]float32) float64 {
	var k keys
	k.set(row[:])
	return sigmoid(t.forest.sum(&k))
}
