// Package csvetl does the workload csv-etl with the standard library alone: the flights stream through blocks that are
// used again, a kept row goes from its bytes into its group's sums or into a line of text, and no row costs an
// allocation.
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
	}
	return nil
}
