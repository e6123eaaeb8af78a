package groupby

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// fields takes one field after the other from the front of a block that ends with LF. The first error
// stays in err, and what is returned after it means nothing.
type fields struct {
	rest []byte
	err  error
}

var errTooFew = errors.New("fewer than 9 fields")

// word takes a text field up to its comma.
func (f *fields) word(d *dictionary) shortWord {
	if len(f.rest) < 16 {
		return f.slowWord(d)
	}
	low, high := binary.LittleEndian.Uint64(f.rest), binary.LittleEndian.Uint64(f.rest[8:])
	n := first(',', low)
	if n < 8 {
		low, high = low&(1<<(8*n)-1), 0
	} else if n += first(',', high); n < 16 {
		high &= 1<<(8*n-64) - 1
	} else {
		return f.slowWord(d)
	}
	if first('\n', low)+first('\n', high) < 16 {
		f.fail(errTooFew)
	}
	f.rest = f.rest[n+1:]
	return shortWord{low, high | uint64(n)<<lengthShift}
}

// first is the place of a byte in eight, lowest first, and 8 if it is not there: where the byte is, taking
// it away leaves zero, and the lowest zero is the first to borrow from its own highest bit.
func first(b byte, eight uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	x := eight ^ uint64(b)*ones
	return bits.TrailingZeros64((x-ones)&^x&tops) / 8
}

// slowWord is word for long ones and for those near the block's end.
func (f *fields) slowWord(d *dictionary) shortWord {
	word, rest, ok := bytes.Cut(f.rest, []byte{','})
	if !ok || bytes.IndexByte(word, '\n') >= 0 {
		f.fail(errTooFew)
	}
	f.rest = rest
	if len(word) > longestShort {
		return d.addLong(word)
	}
	var text [16]byte
	copy(text[:], word)
	return shortWord{
		binary.LittleEndian.Uint64(text[:8]),
		binary.LittleEndian.Uint64(text[8:]) | uint64(len(word))<<lengthShift,
	}
}

// whole takes a whole number up to its end, which must be the delimiter given.
func (f *fields) whole(end byte) int32 {
	const longest = 10 // digits that an int64 holds in any case, and an int32 at most
	var value int64
	i, negative := 0, false
	if len(f.rest) > 0 && f.rest[0] == '-' {
		i, negative = 1, true
	}
	first := i
	for ; i < len(f.rest) && f.rest[i]-'0' <= 9; i++ {
		value = 10*value + int64(f.rest[i]-'0')
	}
	digits := i - first
	if i == len(f.rest) || f.rest[i] != end || (digits == 0 && negative) || digits > longest {
		return f.badWhole(end)
	}
	f.rest = f.rest[i+1:]
	if digits == 0 {
		return missingInt
	}
	if negative {
		value = -value
	}
	if value > math.MaxInt32 || value <= missingInt {
		f.fail(fmt.Errorf("%d does not fit 32 bits", value))
	}
	return int32(value)
}

func (f *fields) badWhole(end byte) int32 {
	f.fail(fmt.Errorf("%q is not a whole number", f.upTo(end)))
	return 0
}

// real takes a float64 up to its end. Up to 15 digits without an exponent are exact as a whole number, and
// so is the power of ten, so one division rounds just as strconv does; the rest is left to strconv.
func (f *fields) real(end byte) float64 {
	const longest = 15
	var mantissa uint64
	i, negative := 0, false
	if len(f.rest) > 0 && f.rest[0] == '-' {
		i, negative = 1, true
	}
	first := i
	for ; i < len(f.rest) && f.rest[i]-'0' <= 9; i++ {
		mantissa = 10*mantissa + uint64(f.rest[i]-'0')
	}
	digits, decimals := i-first, 0
	if i < len(f.rest) && f.rest[i] == '.' {
		i++
		first = i
		for ; i < len(f.rest) && f.rest[i]-'0' <= 9; i++ {
			mantissa = 10*mantissa + uint64(f.rest[i]-'0')
		}
		decimals = i - first
		digits += decimals
	}
	if digits == 0 || digits > longest || i == len(f.rest) || f.rest[i] != end {
		return f.slowReal(end)
	}
	f.rest = f.rest[i+1:]
	value := float64(mantissa) / powersOfTen[decimals]
	if negative {
		return -value
	}
	return value
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func (f *fields) slowReal(end byte) float64 {
	field := f.upTo(end)
	if len(field) == 0 {
		return math.NaN()
	}
	value, err := strconv.ParseFloat(field, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		f.fail(fmt.Errorf("%q is not a number", field))
	}
	return value
}

// upTo takes the field up to the delimiter, or all there is.
func (f *fields) upTo(end byte) string {
	field, rest, _ := bytes.Cut(f.rest, []byte{end})
	f.rest = rest
	return string(field)
}

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}
