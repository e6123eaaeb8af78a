package groupby

import (
	"math"
	"slices"
)

// missingInt marks a missing whole number, as NaN marks a missing float64: a marker in the column itself
// is read with the value, where a bitmap would be a second stream.
const missingInt = math.MinInt32

// table is the input in memory, about 40 bytes a row. Whole numbers are 32 bits wide as in db-benchmark's
// own schema; a wider one is refused when it is read.
type table struct {
	rows          int
	id1, id2, id3 text
	id4, id5, id6 ints
	v1, v2        ints
	v3            []float64
}

type ints []int32

// text is a dictionary-coded column. Code 0 is the missing value, and words[0] its empty stand-in.
type text struct {
	codes []uint32
	words []string
}

// reserve makes room for so many more rows in each column: called once with the number of rows expected,
// it keeps the columns from being moved as they fill.
func (t *table) reserve(rows int) {
	for _, c := range []*text{&t.id1, &t.id2, &t.id3} {
		c.codes = slices.Grow(c.codes, rows)
	}
	for _, c := range []*ints{&t.id4, &t.id5, &t.id6, &t.v1, &t.v2} {
		*c = slices.Grow(*c, rows)
	}
	t.v3 = slices.Grow(t.v3, rows)
}

// extend lengthens each column by so many rows, whose values are for the caller to set.
func (t *table) extend(rows int) {
	t.reserve(rows)
	t.rows += rows
	for _, c := range []*text{&t.id1, &t.id2, &t.id3} {
		c.codes = c.codes[:t.rows]
	}
	for _, c := range []*ints{&t.id4, &t.id5, &t.id6, &t.v1, &t.v2} {
		*c = (*c)[:t.rows]
	}
	t.v3 = t.v3[:t.rows]
}
