package groupby

import (
	"encoding/binary"
	"math/bits"
)

// shortWord is a text of up to 15 bytes as a value: the text from the lowest byte of low on, its length in
// the highest byte of high. Two are the same text when they are equal, and the zero one is the empty text.
// longMark in the place of the length says that low is the code of a longer text.
type shortWord struct{ low, high uint64 }

const (
	longestShort = 15
	longMark     = 0xff
	lengthShift  = 56
)

// dictionary numbers the distinct words of a text column in the order in which they come, from 1; the
// missing word is 0. Short words are compared inside the table, an open-addressing one with linear probing
// that is at most half full; long ones, which no case of this workload has, are left to a map.
// A map[string]uint32 for all takes twice the time with 100,000 words: each look-up waits for memory again
// and again, for the word after its place; here the table is all that is waited for.
type dictionary struct {
	slots []slot
	shift int // the hash's top bits choose the slot
	long  map[string]uint32
	words []string
}

// slot is free when its code is 0: then its word is the empty one, and the two are right for each other.
type slot struct {
	word shortWord
	code uint32
}

func newDictionary() *dictionary {
	const first = 10
	return &dictionary{slots: make([]slot, 1<<first), shift: 64 - first, long: map[string]uint32{}, words: []string{""}}
}

// encode looks up many words at once, in a loop so short that the processor waits for several of them together.
func (d *dictionary) encode(codes []uint32, words []shortWord) {
	for i, w := range words {
		if w.high>>lengthShift == longMark {
			codes[i] = uint32(w.low)
			continue
		}
		at, mask := w.hash()>>(d.shift&63), uint64(len(d.slots)-1)
		for d.slots[at].word != w && d.slots[at].code != 0 {
			at = (at + 1) & mask
		}
		if d.slots[at].word != w {
			d.add(w, at)
			codes[i] = uint32(len(d.words) - 1)
			continue
		}
		codes[i] = d.slots[at].code
	}
}

func (d *dictionary) add(w shortWord, at uint64) {
	d.slots[at] = slot{w, uint32(len(d.words))}
	d.words = append(d.words, w.String())
	if 2*len(d.words) > len(d.slots) {
		d.grow()
	}
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots, d.shift = make([]slot, 2*len(old)), d.shift-1
	mask := uint64(len(d.slots) - 1)
	for _, s := range old {
		if s.code == 0 {
			continue
		}
		at := s.word.hash() >> d.shift
		for d.slots[at].code != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = s
	}
}

// addLong gives a long word's code in a shortWord's place.
func (d *dictionary) addLong(word []byte) shortWord {
	code, known := d.long[string(word)]
	if !known {
		code = uint32(len(d.words))
		d.words = append(d.words, string(word))
		d.long[d.words[code]] = code
	}
	return shortWord{uint64(code), longMark << lengthShift}
}

// hash multiplies the halves, each made irregular by the golden ratio's digits or the square root of 2's.
func (w shortWord) hash() uint64 {
	const golden, root = 0x9e3779b97f4a7c15, 0x6a09e667f3bcc909
	high, low := bits.Mul64(w.low^golden, w.high^root)
	return high ^ low
}

func (w shortWord) String() string {
	var text [16]byte
	binary.LittleEndian.PutUint64(text[:8], w.low)
	binary.LittleEndian.PutUint64(text[8:], w.high)
	return string(text[:w.high>>lengthShift])
}
