// Command arrow is the variant go/arrow: workloads on Apache Arrow's own Go library.
package main

import (
	"bench/arrow/csvetl"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
)

func main() {
	protocol.Variant{
		Name:      "arrow",
		Libraries: map[string]string{"arrow-go": arrow.PkgVersion},
		Workloads: map[string]func() protocol.Workload{"csv-etl": csvetl.New},
	}.Main()
}
