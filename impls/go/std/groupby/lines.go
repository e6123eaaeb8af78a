package groupby

import (
	"bytes"
	"io"
)

// blockSize stays well within a core's own cache, so that parsing finds there what reading put there.
const blockSize = 256 << 10

// lineReader reads blocks of whole lines. Not taken: bufio.Scanner, which looks for every line's end
// before the line is parsed, and mapping the file, whose page faults cost more than the copy.
type lineReader struct {
	from          io.Reader
	buf           []byte
	given, filled int // buf[:given] is the block given last, buf[given:filled] the start of the next
}

func newLineReader(from io.Reader) *lineReader {
	return &lineReader{from: from, buf: make([]byte, blockSize)}
}

// next gives the next block, which is valid until next is called again; it is empty at the end.
// Every line in it ends with LF, the last one of the file too.
func (r *lineReader) next() ([]byte, error) {
	r.filled = copy(r.buf, r.buf[r.given:r.filled])
	r.given = 0
	for {
		n, err := r.from.Read(r.buf[r.filled:])
		fresh := r.buf[r.filled : r.filled+n]
		r.filled += n
		if end := bytes.LastIndexByte(fresh, '\n'); end >= 0 {
			r.given = r.filled - len(fresh) + end + 1
			return r.buf[:r.given], nil
		}
		if err == io.EOF {
			return r.last(), nil
		}
		if err != nil {
			return nil, err
		}
		if r.filled == len(r.buf) { // a line longer than a block
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
	}
}

// last gives what follows the last LF, and closes it with one.
func (r *lineReader) last() []byte {
	if r.filled == 0 {
		return nil
	}
	r.buf = append(r.buf[:r.filled], '\n')
	r.filled++
	r.given = r.filled
	return r.buf
}
