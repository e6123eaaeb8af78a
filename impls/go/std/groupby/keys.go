package groupby

import (
	"math"
	"math/bits"
	"strconv"

	"bench/protocol"
)

// key is a column to group by, seen as a digit a row: 0 where it is missing, then from 1 without many gaps.
// Digits of several keys side by side in one word are a group's number.
type key interface {
	// width is the number of bits that hold any digit of the column.
	width() int
	// digits gives those of the rows from and up to to, in scratch or in the column's own memory.
	digits(from, to int, scratch []uint32) []uint32
	digit(row int) uint32
	// column turns digits, one a group, back into a column of an answer. It keeps them.
	column(digits []uint32) protocol.Field
}

func (t *text) width() int { return bits.Len(uint(len(t.words) - 1)) }

func (t *text) digits(from, to int, _ []uint32) []uint32 { return t.codes[from:to] }

func (t *text) digit(row int) uint32 { return t.codes[row] }

func (t *text) column(digits []uint32) protocol.Field { return &text{digits, t.words} }

// AppendCSV writes the word of a row.
func (t *text) AppendCSV(dst []byte, row int) []byte {
	return protocol.AppendText(dst, t.words[t.codes[row]])
}

// wholeKey is a column of whole numbers as digits: the smallest value is 1.
type wholeKey struct {
	values ints
	before int32 // one less than the smallest value
	bits   int
}

// keyed looks for the smallest and the largest value. That is part of the question's time, for load may
// prepare nothing of an answer. The smallest is kept less one, wrapping around: so the missing marker, the
// least of all numbers, becomes the greatest, and the loop need not ask for it.
func (v ints) keyed() *wholeKey {
	before, most := int32(math.MaxInt32), int32(missingInt)
	for _, x := range v {
		before = min(before, x-1)
		most = max(most, x)
	}
	if most == missingInt {
		return &wholeKey{values: v}
	}
	return &wholeKey{v, before, bits.Len32(uint32(most - before))}
}

func (k *wholeKey) width() int { return k.bits }

func (k *wholeKey) digits(from, to int, scratch []uint32) []uint32 {
	scratch = scratch[:to-from]
	for i, x := range k.values[from:to] {
		d := uint32(x - k.before)
		if x == missingInt {
			d = 0
		}
		scratch[i] = d
	}
	return scratch
}

func (k *wholeKey) digit(row int) uint32 {
	var one [1]uint32
	return k.digits(row, row+1, one[:])[0]
}

func (k *wholeKey) column(digits []uint32) protocol.Field { return wholeColumn{digits, k.before} }

// wholeColumn is a key column of an answer: each value as its distance from before, 0 for missing.
type wholeColumn struct {
	digits []uint32
	before int32
}

// AppendCSV writes the number of a row.
func (c wholeColumn) AppendCSV(dst []byte, row int) []byte {
	if c.digits[row] == 0 {
		return dst
	}
	return strconv.AppendInt(dst, int64(c.before)+int64(c.digits[row]), 10)
}

// totalWidth is the number of bits of the keys side by side.
func totalWidth(keys []key) int {
	total := 0
	for _, k := range keys {
		total += k.width()
	}
	return total
}
