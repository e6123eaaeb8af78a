package flights

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Scanner goes through the records of blocks and stops at the rows that are kept.
type Scanner struct {
	Row   Row
	Tally Tally

	data    []byte
	at      int   // in data: the next record
	line    int64 // of data[counted]
	counted int
	rejects *Lines
	fields  fields
	memo    memo
}

// start begins a block, which must stay as it is until the scanner has gone through it.
func (s *Scanner) start(b *Block) { s.data, s.at, s.line, s.counted = b.data, 0, b.line, 0 }

// Next moves to the block's next row that is kept; false at its end.
func (s *Scanner) Next() bool {
	for s.at < len(s.data) {
		start := s.at
		s.Tally.Read++
		if reason := s.record(); reason != Lawful {
			s.reject(start, reason)
			continue
		}
		if s.Row.Missing {
			s.Tally.Dropped++
			continue
		}
		s.Tally.Clean++
		if s.Row.kept() {
			s.Tally.Kept++
			return true
		}
	}
	return false
}

// record reads the next record into Row: at one go if it is plain and lawful, as nearly all are, else by the letter.
func (s *Scanner) record() Reason {
	rest := s.data[s.at:]
	if len(rest) >= plainReach {
		if size := s.plain(rest); size > 0 {
			s.at += size
			return Lawful
		}
	}
	size, reason := s.judge(rest)
	s.at += size
	return reason
}

// judge reads the record at the front of data, which hold it whole, and finds the first reason that applies.
func (s *Scanner) judge(data []byte) (size int, reason Reason) {
	content, size, result := s.fields.frame(data, true)
	switch {
	case len(content) > longest:
		reason = Long
	case bytes.IndexByte(content, 0) >= 0:
		reason = Nul
	case !utf8.Valid(content):
		reason = UTF8
	case result == broken:
		reason = Quote
	default:
		reason = s.Row.parse(&s.fields)
	}
	return size, reason
}

// reject counts lines no further than to the last rejected record.
func (s *Scanner) reject(start int, reason Reason) {
	s.line += int64(bytes.Count(s.data[s.counted:start], []byte{'\n'}))
	s.counted = start
	s.Tally.Rejected++
	s.Tally.RejectLines += s.line
	s.rejects.Text = strconv.AppendInt(s.rejects.Text, s.line, 10)
	s.rejects.Text = append(append(append(s.rejects.Text, ','), reason.String()...), '\n')
}
