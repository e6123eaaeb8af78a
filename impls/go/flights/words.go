package flights

import (
	"encoding/binary"
	"math/bits"
)

// cursor goes through a record's fields; flaws is not 0 from the first one on that is not plain and lawful.
type cursor struct {
	at      int
	flaws   uint64
	missing bool
}

// Each constant is one byte in all eight places of a word.
const (
	ones   = 0x0101010101010101
	tops   = 0x80 * ones
	zeros  = '0' * ones
	blanks = ' ' * ones
	quotes = '"' * ones
	commas = ',' * ones
)

// word reads the eight bytes at the cursor, and how many bits of it lie before its first comma: 64 if it has none.
func word(data []byte, at int) (w uint64, length int) {
	w = binary.LittleEndian.Uint64(data[at:])
	// Where a comma was, taking it away leaves zero, and the lowest zero is the first to borrow from its own highest bit.
	x := w ^ commas
	return w, bits.TrailingZeros64((x-ones)&^x&tops) &^ 7
}

// number takes a whole number and the comma after it.
func number(data []byte, c cursor) (value int32, next cursor) {
	w, length := word(data, c.at)
	minus := (w&0xff ^ '-' - 1) >> 63 // 1 or 0
	// Moved to the word's end the digits have zeros before them, and so has a minus once it is made one.
	digits := (w ^ zeros ^ minus*('-'^'0')) << ((64 - length) & 63)
	c.flaws |= ((digits + 0x76*ones) | digits) & tops   // more than 9 in a byte
	c.flaws |= uint64(length&64) | uint64(length-1)>>63 // no comma, no digit
	c.flaws |= uint64(length-1-8*int(minus)) >> 63
	c.at += length/8 + 1
	value = int32(decimal(digits))
	return (value ^ -int32(minus)) + int32(minus), c
}

// decimal is the number whose eight digits are the word's bytes, the first in the lowest. Neighbours are joined to
// pairs, pairs to fours and fours to the whole, with two multiplications for the last two at once.
func decimal(digits uint64) uint64 {
	const pairs = 0xff | 0xff<<32
	digits = digits*10 + digits>>8
	return (digits&pairs*(100+1000000<<32) + digits>>16&pairs*(1+10000<<32)) >> 32
}

const missingWord, missingMask = 'N' | 'A'<<8 | ','<<16, 1<<24 - 1

// orMissing takes a number, or NA.
func orMissing(data []byte, c cursor) (value int32, next cursor) {
	if binary.LittleEndian.Uint64(data[c.at:])&missingMask == missingWord {
		c.at, c.missing = c.at+len("NA,"), true
		return 0, c
	}
	return number(data, c)
}

// text takes a text that is not NA, and the comma after it.
func text(data []byte, c cursor) (value []byte, next cursor) {
	w, length := word(data, c.at)
	inside := uint64(1)<<(length&63) - 1
	w = w&inside | blanks&^inside
	unquoted := w ^ quotes
	c.flaws |= (w-blanks)&^w&tops | w&tops | (unquoted-ones)&^unquoted&tops // a control character, not ASCII, a quote
	c.flaws |= uint64(length&64) | uint64(length-1)>>63                     // no comma, no text
	if length == 16 && uint16(w) == missingWord&0xffff {
		c.flaws = 1
	}
	start := c.at
	c.at += length/8 + 1
	return data[start : c.at-1], c
}

// orNoText takes a text, or NA.
func orNoText(data []byte, c cursor) (value []byte, next cursor) {
	if binary.LittleEndian.Uint64(data[c.at:])&missingMask == missingWord {
		c.at += len("NA,")
		return nil, c
	}
	return text(data, c)
}
