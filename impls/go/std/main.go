// Command std is the variant go/std: every workload in the language and its standard library alone.
package main

import (
	"bench/protocol"
	"bench/std/batchinference"
	"bench/std/csvetl"
	"bench/std/groupby"
)

func main() {
	protocol.Variant{
		Name: "std",
		Workloads: map[string]func() protocol.Workload{
			"groupby": groupby.New, "csv-etl": csvetl.New, "batch-inference": batchinference.New,
		},
	}.Main()
}
