package flights

import "bytes"

// fields are those of one record, unquoted: parts of the record's own bytes, or of a buffer where quotes were doubled.
type fields struct {
	list     [columns][]byte
	count    int // of all, also of those beyond the list
	unquoted []byte
}

func (f *fields) reset() {
	if f.unquoted == nil { // never to grow: fields that lie in it would be left behind
		f.unquoted = make([]byte, 0, reach)
	}
	f.count, f.unquoted = 0, f.unquoted[:0]
}

func (f *fields) add(field []byte) {
	if f.count < columns {
		f.list[f.count] = field
	}
	f.count++
}

// frame cuts the record off the front of data: its content is without its ending, its size with it. Where it is broken,
// it is the first line alone; where it is open, more of the file is needed. final says that the file ends with data.
func (f *fields) frame(data []byte, final bool) (content []byte, size int, result outcome) {
	line, size := firstLine(data)
	switch {
	case bytes.IndexByte(line, '"') >= 0:
		length, whole, result := f.quoted(data, final)
		if result != broken {
			return data[:length], whole, result
		}
	case len(line) <= longest && bytes.IndexByte(line, '\r') < 0:
		f.split(line)
		return line, size, complete
	}
	return line, size, broken
}

// firstLine is the line at the front of data without its ending, and its size with it.
func firstLine(data []byte) (line []byte, size int) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return data, len(data)
	}
	return bytes.TrimSuffix(data[:end], []byte{'\r'}), end + 1
}

// split takes the fields of a record without quotes.
func (f *fields) split(record []byte) {
	f.reset()
	for {
		field, rest, more := bytes.Cut(record, []byte{','})
		f.add(field)
		if !more {
			return
		}
		record = rest
	}
}

// outcome is what came of reading a record with quotes.
type outcome int

const (
	complete outcome = iota
	broken           // the quotes do not read, or go on beyond the longest record
	open             // more of the file is needed to tell
)

// reach is how far a record's own bytes and its ending may go.
const reach = longest + len("\r\n")

// quoted reads the record at the front of data as RFC 4180 has it: its length without its ending, and its size with it.
//
// Not taken: encoding/csv, which drops a CR before an LF inside quotes and empty lines, takes a lone CR for text, and
// after an error does not go on with the next line.
func (f *fields) quoted(data []byte, final bool) (length, size int, result outcome) {
	f.reset()
	data = data[:min(len(data), reach)] // beyond it, a reading is past the longest anyway
	at, closed := f.take(data, 0)
	for at < len(data) && data[at] == ',' {
		at, closed = f.take(data, at+1)
	}
	rest := data[at:]
	switch {
	case at > longest:
		return 0, 0, broken
	case len(rest) == 0 && !final, string(rest) == "\r" && !final:
		return 0, 0, open
	case len(rest) == 0 && closed:
		return at, at, complete
	case bytes.HasPrefix(rest, []byte("\n")):
		return at, at + 1, complete
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return at, at + 2, complete
	}
	return 0, 0, broken
}

// take takes the field that begins at `at`, and returns the first place that is not of it; closed is false where the
// data end within its quotes.
func (f *fields) take(data []byte, at int) (end int, closed bool) {
	if at < len(data) && data[at] == '"' {
		return f.inQuotes(data, at+1)
	}
	return f.bare(data, at), true
}

// inQuotes takes the field that begins at `at`, after its opening quote.
func (f *fields) inQuotes(data []byte, at int) (end int, closed bool) {
	start, kept := at, len(f.unquoted)
	for {
		n := bytes.IndexByte(data[at:], '"')
		if n < 0 {
			return len(data), false
		}
		at += n + 1
		if at == len(data) || data[at] != '"' {
			break
		}
		f.unquoted = append(f.unquoted, data[start:at]...)
		at++
		start = at
	}
	if len(f.unquoted) == kept {
		f.add(data[start : at-1])
		return at, true
	}
	f.unquoted = append(f.unquoted, data[start:at-1]...)
	f.add(f.unquoted[kept:])
	return at, true
}

// bare takes the field that begins at `at` without a quote, and returns the place of the first byte that it cannot hold.
func (f *fields) bare(data []byte, at int) int {
	start := at
	for at < len(data) && data[at] != ',' && data[at] != '"' && data[at] != '\r' && data[at] != '\n' {
		at++
	}
	f.add(data[start:at])
	return at
}
