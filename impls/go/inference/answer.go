package inference

import (
	"strconv"

	"bench/protocol"
)

// answer makes the spec's columns of the outputs of rows, which lie one row after the other.
func (c Case) answer(out []float32) *protocol.Answer {
	width := c.Model.Width
	return &protocol.Answer{
		Rows:   len(out),
		Keys:   []protocol.Key{{Name: "row", Field: quotient(width)}, {Name: "output", Field: remainder(width)}},
		Values: []protocol.Value{{Name: "value", Number: values(out)}},
	}
}

// quotient is the column of rows: the place of a value by the row's width.
type quotient int

// AppendCSV writes a value's row.
func (w quotient) AppendCSV(dst []byte, i int) []byte {
	return strconv.AppendInt(dst, int64(i/int(w)), 10)
}

// remainder is the column of outputs.
type remainder int

// AppendCSV writes a value's place in its row.
func (w remainder) AppendCSV(dst []byte, i int) []byte {
	return strconv.AppendInt(dst, int64(i%int(w)), 10)
}

type values []float32

// AppendCSV writes a value.
func (v values) AppendCSV(dst []byte, i int) []byte { return protocol.AppendFloat(dst, float64(v[i])) }

// Sum adds all of them.
func (v values) Sum() (total float64) {
	for _, x := range v {
		total += float64(x)
	}
	return total
}
