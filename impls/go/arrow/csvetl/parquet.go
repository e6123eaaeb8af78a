package csvetl

import (
	"io"
	"os"
	"sync"

	"bench/flights"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// parquetRows is a row group: large enough for dictionaries to pay, small enough for a flat memory.
const parquetRows = 32 << 10

// parquet writes each batch as a row group of its own; threads build batches side by side and write them in turn.
func (w *workload) parquet() (*protocol.Answer, error) {
	tables, err := flights.ReadTables(w.Req)
	if err != nil {
		return nil, err
	}
	var tally flights.Tally
	err = flights.Create(w.Req, "parquet.parquet", "", func(file *os.File) error {
		// Snappy is what most writers of Parquet choose unless told otherwise; this library would not compress at all.
		properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))
		// The writer would close the file, and its error be lost: so it is shown a writer and nothing more.
		out, err := pqarrow.NewFileWriter(schemaOf(columns), struct{ io.Writer }{file}, properties, pqarrow.DefaultWriterProps())
		if err != nil {
			return err
		}
		var turn sync.Mutex
		write := func(batch arrow.RecordBatch) error {
			turn.Lock()
			defer turn.Unlock()
			return out.Write(batch)
		}
		tally, err = clean(w.Req, "parquet", func(int) *batches { return newBatches(columns, parquetRows, tables, write) })
		if err != nil {
			return err
		}
		return out.Close()
	})
	return flights.Answer(int(tally.Kept), tally), err
}
