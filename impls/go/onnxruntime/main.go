//go:build cgo

// Command onnxruntime is the variant go/onnxruntime: trained models by ONNX Runtime's own shared library.
package main

import (
	"log"

	"bench/onnxruntime/batchinference"
	"bench/protocol"
)

func main() {
	libraries, err := batchinference.StartLibrary()
	if err != nil {
		log.Fatal(err) // the build is broken: there is nothing to say hello with
	}
	protocol.Variant{
		Name:      "onnxruntime",
		Libraries: libraries,
		Workloads: map[string]func() protocol.Workload{"batch-inference": batchinference.New},
	}.Main()
}
