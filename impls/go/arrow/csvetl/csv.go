package csvetl

import (
	"bytes"
	"os"
	"strings"
	"time"

	"bench/flights"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/csv"
)

// csvRows is few: the library's writer turns each batch into strings, all of its columns, before it writes a row.
const csvRows = 8 << 10

// csv leaves the rows to the library's writer, a batch at a time into memory and from there into the file.
func (w *workload) csv() (*protocol.Answer, error) {
	tables, err := flights.ReadTables(w.Req)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	var tally flights.Tally
	err = flights.Create(w.Req, "csv.csv", strings.Join(names, ",")+"\n", func(file *os.File) error {
		tally, err = clean(w.Req, "csv", func(int) *batches {
			out := newCSVWriter(file)
			return newBatches(columns, csvRows, tables, out.write)
		})
		return err
	})
	return flights.Answer(int(tally.Kept), tally), err
}

// csvWriter writes whole batches to a file that other threads write too.
type csvWriter struct {
	file *os.File
	text bytes.Buffer
	csv  *csv.Writer
}

func newCSVWriter(file *os.File) *csvWriter {
	w := &csvWriter{file: file}
	w.csv = csv.NewWriter(&w.text, schemaOf(columns), csv.WithNullWriter(""), csv.WithCustomTypeConverter(convert))
	return w
}

func (w *csvWriter) write(batch arrow.RecordBatch) error {
	w.text.Reset()
	if err := w.csv.Write(batch); err != nil {
		return err
	}
	_, err := w.file.Write(w.text.Bytes())
	return err
}

// convert takes over what the library does not know, words in a dictionary, and what it writes in another form,
// instants without a T. Not taken: all types, with the texts of a column cut from one string; it was slower.
func convert(_ arrow.DataType, col arrow.Array) (texts []string, handled bool) {
	switch col := col.(type) {
	case *array.Dictionary:
		return ofWords(col), true
	case *array.Timestamp:
		return ofTimes(col), true
	}
	return nil, false
}

func ofWords(col *array.Dictionary) []string {
	texts, words := make([]string, col.Len()), col.Dictionary().(*array.String)
	for i, code := range codes(col) {
		if col.IsValid(i) {
			texts[i] = words.Value(int(code))
		}
	}
	return texts
}

func ofTimes(col *array.Timestamp) []string {
	texts := make([]string, col.Len())
	for i, t := range col.TimestampValues() {
		texts[i] = t.ToTime(arrow.Millisecond).Format(time.RFC3339)
	}
	return texts
}
