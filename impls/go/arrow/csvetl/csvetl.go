// Package csvetl does the workload csv-etl on Arrow record batches: rows stream from blocks of the file into column
// builders, and each full batch is summed by columns, or written by the library's CSV or Parquet writer.
package csvetl

import "bench/protocol"

// workload remembers the request: nothing is read before the clock of a step starts.
type workload struct{ req *protocol.Request }

// New makes the workload.
func New() protocol.Workload { return &workload{} }

// Load reads nothing.
func (w *workload) Load(req *protocol.Request) (int64, error) {
	w.req = req
	return 0, nil
}

// Threads uses all that are allowed: blocks are independent of each other.
func (w *workload) Threads(allowed int) int { return allowed }

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
