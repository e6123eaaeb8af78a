package groupby

import (
	"bytes"
	"fmt"
	"math"
	"os"

	"bench/protocol"
)

const header = "id1,id2,id3,id4,id5,id6,v1,v2,v3\n"

// loader fills the table's columns from blocks of lines.
type loader struct {
	table table
	dicts [3]*dictionary
	words [3][chunkRows]shortWord
}

// chunkRows is how many rows' words wait for the dictionaries: enough to look up many at once, few enough
// to stay in the first-level cache.
const chunkRows = 256

// load reads a table from a CSV file as the spec has it: never quoted, an empty field is missing.
func load(path string) (*table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	t, err := read(newLineReader(file), info.Size())
	if err != nil {
		return nil, protocol.BadInput("%s: %v", path, err)
	}
	return t, nil
}

// read takes the size only to guess the number of rows.
func read(lines *lineReader, size int64) (*table, error) {
	block, err := lines.next()
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(block, []byte(header))
	if !ok {
		return nil, fmt.Errorf("line 1 is not the header %s", header[:len(header)-1])
	}
	l := &loader{dicts: [3]*dictionary{newDictionary(), newDictionary(), newDictionary()}}
	l.table.reserve(expectedRows(rest, size))
	for block = rest; ; {
		if err := l.parse(block); err != nil {
			return nil, err
		}
		if block, err = lines.next(); err != nil {
			return nil, err
		}
		if len(block) == 0 {
			return l.finish(), nil
		}
	}
}

// expectedRows measures the first block's lines and allows for later ones to be a little shorter. Too
// many cost nothing, since the system gives no memory to what is never touched; too few cost a copy.
func expectedRows(first []byte, size int64) int {
	lines := bytes.Count(first, []byte{'\n'})
	if lines == 0 {
		return 0
	}
	perLine := float64(len(first)) / float64(lines)
	return int(float64(size)/perLine*1.02) + 1
}

// finish hands the words over to the columns; the dictionaries' tables end here.
func (l *loader) finish() *table {
	for i, column := range []*text{&l.table.id1, &l.table.id2, &l.table.id3} {
		column.words = l.dicts[i].words
	}
	return &l.table
}

// parse adds the lines of a block to the columns.
func (l *loader) parse(block []byte) error {
	first := l.table.rows
	l.table.extend(bytes.Count(block, []byte{'\n'}))
	if l.table.rows > math.MaxUint32 { // rows, groups and words are all numbered in 32 bits
		return fmt.Errorf("more than %d rows", math.MaxUint32)
	}
	f := fields{rest: block}
	for from := first; from < l.table.rows; from += chunkRows {
		if err := l.parseRows(&f, from, min(from+chunkRows, l.table.rows)); err != nil {
			return err
		}
	}
	return nil
}

// parseRows takes all nine fields of a line at once, but leaves the words of all its lines for the end.
func (l *loader) parseRows(f *fields, from, to int) error {
	t := &l.table
	for row := from; row < to; row++ {
		for c := range l.words {
			l.words[c][row-from] = f.word(l.dicts[c])
		}
		t.id4[row] = f.whole(',')
		t.id5[row] = f.whole(',')
		t.id6[row] = f.whole(',')
		t.v1[row] = f.whole(',')
		t.v2[row] = f.whole(',')
		t.v3[row] = f.real('\n')
		if f.err != nil {
			return fmt.Errorf("line %d: %w", row+2, f.err)
		}
	}
	for c, column := range []*text{&t.id1, &t.id2, &t.id3} {
		l.dicts[c].encode(column.codes[from:to], l.words[c][:to-from])
	}
	return nil
}
