package flights

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"bench/protocol"
)

// blockSize stays well within a core's own cache, so that parsing finds there what reading put there.
const blockSize = 256 << 10

// Block is a piece of the file that holds whole records, and the number of its first line.
type Block struct {
	data []byte
	line int64
}

// Source cuts a flights file into blocks, for one or several goroutines.
//
// Not taken: mapping the file, whose page faults cost more than the copy into a block that stays in cache; and a
// goroutine that reads ahead for the others: they take turns, so no core waits and no block changes hands.
type Source struct {
	turn      sync.Mutex
	path      string
	file      *os.File
	blockSize int
	size      int64 // when it was opened
	read      int64
	line      int64  // of the next block
	ahead     []byte // what follows the last block's last record
	ended     bool
	fields    fields
}

// Open opens a flights file and refuses one that does not begin with the header.
func Open(path string) (*Source, error) { return openIn(path, blockSize) }

// openIn takes the size of a block, which tests make small.
func openIn(path string, blockSize int) (*Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	s := &Source{path: path, file: file, blockSize: blockSize, line: 2}
	if err := s.begin(); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// Close may be called where the source was not read to its end.
func (s *Source) Close() { s.file.Close() } // nothing was written: an error changes nothing

func (s *Source) begin() error {
	info, err := s.file.Stat()
	if err != nil {
		return s.unreadable(err)
	}
	s.size = info.Size()
	first := make([]byte, len(bom)+len(header)+len("\r\n"))
	n, err := io.ReadFull(s.file, first)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return s.unreadable(err)
	}
	s.read = int64(n)
	rest, ok := cutHeader(first[:n])
	if !ok {
		return protocol.BadInput("%s %s; give a CSV file that begins with the header %s", s.path, describe(first[:n]), header)
	}
	s.ahead = append(make([]byte, 0, reach+1), rest...)
	return nil
}

// Next reads the next block into b, whose memory it uses again; false at the end of the file.
func (s *Source) Next(b *Block) (bool, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	for !s.ended {
		if err := s.fill(b); err != nil {
			return false, err
		}
		end := s.wholeRecords(b.data)
		rest := b.data[end:]
		// A rest beyond the reach of a record is the beginning of an overlong line; cut short, it still is one.
		s.ahead = append(s.ahead[:0], rest[:min(len(rest), reach+1)]...)
		if end > 0 {
			b.data, b.line = b.data[:end], s.line
			s.line += int64(bytes.Count(b.data, []byte{'\n'}))
			return true, nil
		}
	}
	return false, nil
}

// Stop ends the file for all who read it: an error has come up.
func (s *Source) Stop() {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.ended = true
}

// fill makes b what lies ahead and as much again as one read gives.
func (s *Source) fill(b *Block) error {
	if b.data == nil {
		b.data = make([]byte, 0, cap(s.ahead)+s.blockSize)
	}
	b.data = append(b.data[:0], s.ahead...)
	n, err := s.file.Read(b.data[len(b.data) : len(b.data)+s.blockSize])
	b.data = b.data[:len(b.data)+n]
	s.read += int64(n)
	switch {
	case err == io.EOF:
		s.ended = true
		return s.unchanged()
	case err != nil:
		return s.unreadable(err)
	}
	return nil
}

// unchanged compares the file's size with what it was, and with what was read.
func (s *Source) unchanged() error {
	info, err := s.file.Stat()
	if err != nil {
		return s.unreadable(err)
	}
	if s.read != s.size || info.Size() != s.size {
		return protocol.BadInput("%s changed while it was read: %d bytes when it was opened, %d read, %d now; run again when nothing writes it",
			s.path, s.size, s.read, info.Size())
	}
	return nil
}

func (s *Source) unreadable(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return protocol.BadInput("%s cannot be read: %v", s.path, err)
}

// wholeRecords finds the end of the last record that data hold whole. Without quotes that is the last LF.
func (s *Source) wholeRecords(data []byte) int {
	if s.ended {
		return len(data)
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	for start := 0; ; {
		quote := bytes.IndexByte(data[start:end], '"')
		if quote < 0 {
			return end
		}
		start += bytes.LastIndexByte(data[start:start+quote], '\n') + 1
		_, size, result := s.fields.frame(data[start:], false)
		if result == open {
			return start
		}
		start += size
	}
}
