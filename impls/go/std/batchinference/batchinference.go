// Package batchinference answers with gradient-boosted trees and with a small dense network, in plain Go loops over weights laid
// out once at load. A query costs no allocation and no copy of its rows.
package batchinference

import (
	"math"

	"bench/inference"
)

// New makes the workload, not yet loaded. Convolutions and a transformer are a library's affair.
var New = inference.New(map[string]inference.Open{"gbdt": openForest, "mlp": openNetwork})

func sigmoid(s float64) float64 { return 1 / (1 + math.Exp(-s)) }

// format is that of the arrays of both models.
const format = "1"
