//go:build cgo

// Package batchinference has ONNX Runtime answer for all five models. Go's part is a session, and one binding of inputs and
// outputs to memory for each size of query: what a query costs besides the engine is a copy of its rows, or a tensor over them,
// and one call from Go into C.
package batchinference

import "bench/inference"

// New makes the workload, not yet loaded.
var New = inference.New(map[string]inference.Open{
	"gbdt": openModel, "mlp": openModel, "ocr-cls": openModel, "minilm": openModel,
	"vad":       openRecurrent,
	"gbdt-call": openCall,
})

// openModel asks for the one output that answers: gbdt's graph has another, the label.
func openModel(t *inference.Task) (inference.Engine, error) {
	return newEngine(t, "onnx", t.Model.Output, t.Model.Columns)
}

// openCall opens the graph that gives back a column.
func openCall(t *inference.Task) (inference.Engine, error) { return newEngine(t, "call", "output", 1) }
