package csvetl

import (
	"bench/flights"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// batches gathers one thread's kept rows and hands them on by the batch.
type batches struct {
	rows     int // in the builder
	size     int // of a full batch
	builder  *array.RecordBuilder
	append   []func(*joined)
	tables   *flights.Tables
	airlines map[string][]byte
	full     func(arrow.RecordBatch) error
}

func newBatches(columns []column, size int, tables *flights.Tables, full func(arrow.RecordBatch) error) *batches {
	b := &batches{size: size, tables: tables, airlines: map[string][]byte{}, full: full}
	b.builder = array.NewRecordBuilder(memory.DefaultAllocator, schemaOf(columns))
	for i, c := range columns {
		b.append = append(b.append, c.bind(b.builder.Field(i)))
	}
	for carrier, name := range tables.Airlines {
		b.airlines[carrier] = []byte(name)
	}
	return b
}

// add takes a block's rows.
func (b *batches) add(rows *flights.Scanner) error {
	for rows.Next() {
		if b.rows == 0 {
			b.builder.Reserve(b.size)
		}
		r := joined{&rows.Row, b.airlines[string(rows.Row.Carrier)], b.tables.Station(rows.Row.Origin)}
		for _, column := range b.append {
			column(&r)
		}
		if b.rows++; b.rows == b.size {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush hands on what there is.
func (b *batches) flush() error {
	if b.rows == 0 {
		return nil
	}
	b.rows = 0
	batch := b.builder.NewRecordBatch()
	defer batch.Release()
	return b.full(batch)
}

// clean goes through the request's flights, with the batches that open makes for each thread.
func clean(req *protocol.Request, step string, open func(thread int) *batches) (flights.Tally, error) {
	all := make([]*batches, req.Threads)
	tally, err := flights.Clean(req, step, func(thread int) flights.Consumer {
		all[thread] = open(thread)
		return all[thread].add
	})
	for _, b := range all {
		if err == nil {
			err = b.flush()
		}
	}
	return tally, err
}
