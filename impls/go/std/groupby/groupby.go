// Package groupby answers the ten questions of the groupby workload with the standard library alone.
//
// The table is read once into dense columns without pointers. A question turns each row's keys into the
// number of its group, a block of rows at a time, and adds the row to that group's accumulator in a plain
// slice; no row costs an allocation. Only question 10, with about as many groups as rows, goes another way.
package groupby

import "bench/protocol"

// workload holds the table between load and the questions.
type workload struct{ table *table }

// New makes the workload, not yet loaded.
func New() protocol.Workload { return &workload{} }

var questions = map[string]func(*table) *protocol.Answer{
	"q1":  (*table).sumByID1,
	"q2":  (*table).sumByID1ID2,
	"q3":  (*table).sumAndMeanByID3,
	"q4":  (*table).meansByID4,
	"q5":  (*table).sumsByID6,
	"q6":  (*table).medianAndSDByID4ID5,
	"q7":  (*table).rangeByID3,
	"q8":  (*table).largestTwoByID6,
	"q9":  (*table).correlationByID2ID4,
	"q10": (*table).sumAndCountBySixKeys,
}

// Load reads the table. The units of work are its rows.
func (w *workload) Load(req *protocol.Request) (int64, error) {
	path, err := req.Input("table")
	if err != nil {
		return 0, err
	}
	w.table, err = load(path)
	if err != nil {
		return 0, err
	}
	return int64(w.table.rows), nil
}

// Step finds a question by its name in the spec.
func (w *workload) Step(name string) protocol.Step {
	question := questions[name]
	if question == nil {
		return nil
	}
	return func() (*protocol.Answer, error) { return question(w.table), nil }
}
