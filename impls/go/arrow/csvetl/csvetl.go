// Package csvetl does the workload csv-etl on Arrow record batches: rows stream from blocks of the file into column
// builders, and each full batch is summed by columns, or written by the library's CSV or Parquet writer.
package csvetl

import (
	"bench/flights"
	"bench/protocol"
)

type workload struct{ flights.Job }

// New makes the workload.
func New() protocol.Workload { return &workload{} }

// Step finds a step by its name in the spec.
func (w *workload) Step(name string) protocol.Step {
	switch name {
	case "agg":
		return w.agg
	case "csv":
		return w.csv
	case "parquet":
		return w.parquet
	}
	return nil
}
