package groupby

import (
	"math"
	"strconv"

	"bench/protocol"
)

// floats is a value column of an answer; NaN is missing.
type floats []float64

// AppendCSV writes the number of a row.
func (c floats) AppendCSV(dst []byte, row int) []byte { return protocol.AppendFloat(dst, c[row]) }

// Sum adds what is not missing.
func (c floats) Sum() float64 {
	total := 0.0
	for _, v := range c {
		if !math.IsNaN(v) {
			total += v
		}
	}
	return total
}

// missingWhole marks a missing number in wholes.
const missingWhole = math.MinInt64

// wholes is a value column of whole numbers.
type wholes []int64

// AppendCSV writes the number of a row.
func (c wholes) AppendCSV(dst []byte, row int) []byte {
	if c[row] == missingWhole {
		return dst
	}
	return strconv.AppendInt(dst, c[row], 10)
}

// Sum adds what is not missing.
func (c wholes) Sum() float64 {
	var total int64
	for _, v := range c {
		if v != missingWhole {
			total += v
		}
	}
	return float64(total)
}

// counts is a value column of numbers of rows, never missing.
type counts []uint32

// AppendCSV writes the number of a row.
func (c counts) AppendCSV(dst []byte, row int) []byte {
	return strconv.AppendUint(dst, uint64(c[row]), 10)
}

// Sum adds all.
func (c counts) Sum() float64 {
	var total uint64
	for _, n := range c {
		total += uint64(n)
	}
	return float64(total)
}
