// Package csvetl does the workload csv-etl with the standard library alone: the flights stream through blocks that are
// used again, a kept row goes from its bytes into its group's sums or into a line of text, and no row costs an
// allocation.
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
	}
	return nil
}
