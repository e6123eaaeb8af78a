package csvetl

import (
	"math"

	"bench/flights"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// joined is a kept row with what it is joined with.
type joined struct {
	*flights.Row
	airline []byte // nil where unknown
	station *flights.Station
}

// column is one of a batch's: its type, and how a row's value goes into its builder.
type column struct {
	name string
	kind arrow.DataType
	bind func(array.Builder) func(*joined)
}

var (
	// words is text that recurs: coded here, it is coded in Parquet at no further cost, and plain strings to who reads it.
	words   = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	instant = arrow.FixedWidthTypes.Timestamp_ms
)

// columns are those of the steps that write rows, in the spec's order.
var columns = []column{
	word("carrier", func(r *joined) []byte { return r.Carrier }),
	word("name", func(r *joined) []byte { return r.airline }),
	whole("flight", func(r *joined) int32 { return r.Flight }),
	word("tailnum", func(r *joined) []byte { return r.Tailnum }),
	word("origin", func(r *joined) []byte { return r.Origin }),
	word("dest", func(r *joined) []byte { return r.Dest }),
	whole("year", func(r *joined) int32 { return r.Year }),
	whole("month", func(r *joined) int32 { return r.Month }),
	whole("day", func(r *joined) int32 { return r.Day }),
	{"time_hour", instant, func(b array.Builder) func(*joined) {
		times := b.(*array.TimestampBuilder)
		return func(r *joined) { times.Append(arrow.Timestamp(r.At.Unix * 1000)) }
	}},
	whole("dep_delay", func(r *joined) int32 { return r.DepDelay }),
	whole("arr_delay", func(r *joined) int32 { return r.ArrDelay }),
	whole("air_time", func(r *joined) int32 { return r.AirTime }),
	whole("distance", func(r *joined) int32 { return r.Distance }),
	whole("weekday", func(r *joined) int32 { return r.At.Weekday }),
	whole("hour", func(r *joined) int32 { return r.At.Hour }),
	real("speed", func(r *joined) float64 { return r.Speed() }),
	real("made_up", func(r *joined) float64 { return float64(r.MadeUp()) }),
	whole("late", func(r *joined) int32 { return r.Late() }),
	real("temp", func(r *joined) float64 { return r.station.Temp[r.At.Slot] }),
	real("wind_speed", func(r *joined) float64 { return r.station.WindSpeed[r.At.Slot] }),
	real("visib", func(r *joined) float64 { return r.station.Visib[r.At.Slot] }),
}

func whole(name string, value func(*joined) int32) column {
	return column{name, arrow.PrimitiveTypes.Int32, func(b array.Builder) func(*joined) {
		numbers := b.(*array.Int32Builder)
		return func(r *joined) { numbers.Append(value(r)) }
	}}
}

// real takes NaN for missing.
func real(name string, value func(*joined) float64) column {
	return column{name, arrow.PrimitiveTypes.Float64, func(b array.Builder) func(*joined) {
		numbers := b.(*array.Float64Builder)
		return func(r *joined) {
			if v := value(r); !math.IsNaN(v) {
				numbers.Append(v)
			} else {
				numbers.AppendNull()
			}
		}
	}}
}

// word takes nil for missing.
func word(name string, value func(*joined) []byte) column {
	return column{name, words, func(b array.Builder) func(*joined) {
		texts := b.(*array.BinaryDictionaryBuilder)
		return func(r *joined) {
			text := value(r)
			if text == nil {
				texts.AppendNull()
				return
			}
			// It can only fail where a batch has more words than an index of 32 bits can tell apart.
			if err := texts.Append(text); err != nil {
				panic(err)
			}
		}
	}}
}

// pick takes columns by their names.
func pick(names ...string) (picked []column) {
	for _, name := range names {
		for _, c := range columns {
			if c.name == name {
				picked = append(picked, c)
			}
		}
	}
	return picked
}

func schemaOf(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.kind, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}
