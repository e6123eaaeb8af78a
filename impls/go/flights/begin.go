package flights

import (
	"bytes"
	"fmt"
)

const bom = "\xef\xbb\xbf"

// cutHeader takes the header's line off the front of a file, of which first holds at least as much as that line can be.
func cutHeader(first []byte) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(bytes.TrimPrefix(first, []byte(bom)), []byte(header))
	if !ok || len(rest) == 0 {
		return rest, ok
	}
	if rest, ok = bytes.CutPrefix(rest, []byte("\r\n")); ok {
		return rest, ok
	}
	return bytes.CutPrefix(rest, []byte("\n"))
}

// describe says what a file is that does not begin with the header.
func describe(first []byte) string {
	if len(first) == 0 {
		return "is empty"
	}
	for _, format := range []struct{ magic, name string }{
		{"\x1f\x8b", "is compressed with gzip"},
		{"\x28\xb5\x2f\xfd", "is compressed with zstd"},
		{"BZh", "is compressed with bzip2"},
		{"\xfd7zXZ", "is compressed with xz"},
		{"PK\x03\x04", "is a ZIP archive"},
		{"PAR1", "is a Parquet file"},
		{"\xff\xfe", "is UTF-16 or UTF-32, not UTF-8"},
		{"\xfe\xff", "is UTF-16, not UTF-8"},
		{"y\x00", "is UTF-16 or UTF-32, not UTF-8"},
		{"\x00", "is not text"},
	} {
		if bytes.HasPrefix(first, []byte(format.magic)) {
			return format.name
		}
	}
	line, _, _ := bytes.Cut(first, []byte("\n"))
	return fmt.Sprintf("begins with %.80q", line)
}
