package csvetl

import (
	"strings"

	"bench/flights"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// aggRows is a batch that stays in the second-level cache from when it is built until it is summed.
const aggRows = 4 << 10

// agg sums each thread's batches in groups of its own, and merges them in the end.
func (w *workload) agg() (*protocol.Answer, error) {
	tables, err := flights.ReadTables(w.Req)
	if err != nil {
		return nil, err
	}
	columns := pick("carrier", "origin", "month", "weekday", "hour", "made_up", "late", "speed", "temp")
	shares := make([]*sums, w.Req.Threads)
	tally, err := clean(w.Req, "agg", func(thread int) *batches {
		shares[thread] = &sums{all: flights.Groups{}, tables: tables}
		return newBatches(columns, aggRows, tables, shares[thread].add)
	})
	if err != nil {
		return nil, err
	}
	for _, share := range shares[1:] {
		shares[0].all.Merge(share.all)
	}
	groups := shares[0].all
	return flights.Answer(len(groups), tally), groups.Write(w.Req, tables)
}

// sums adds batches up, one column after the other. The library has kernels that add, compare and filter, but none
// that groups: that much is ours.
type sums struct {
	all    flights.Groups
	tables *flights.Tables
	byCode map[code]*flights.Sums // of the batch
	groups []*flights.Sums        // of the batch, by row
}

// code is a group's key in the batch's own dictionaries.
type code struct{ carrier, origin, month int32 }

func (s *sums) add(batch arrow.RecordBatch) error {
	s.group(batch)
	for i, weekday := range wholes(batch, 3) {
		if s.groups[i].Flights++; weekday >= 6 {
			s.groups[i].Weekend++
		}
	}
	for i, hour := range wholes(batch, 4) {
		if hour < 12 {
			s.groups[i].Early++
		}
	}
	for i, minutes := range reals(batch, 5).Float64Values() {
		s.groups[i].MadeUp += int64(minutes)
	}
	for i, late := range wholes(batch, 6) {
		s.groups[i].Late += int64(late)
	}
	for i, speed := range reals(batch, 7).Float64Values() {
		s.groups[i].Speed += speed
	}
	temps := reals(batch, 8)
	for i, temp := range temps.Float64Values() {
		if temps.IsValid(i) {
			s.groups[i].Temp += temp
			s.groups[i].Temps++
		}
	}
	return nil
}

// group finds each row's group: by its codes, and by its texts where the batch shows them first.
func (s *sums) group(batch arrow.RecordBatch) {
	carriers, origins, months := batch.Column(0).(*array.Dictionary), batch.Column(1).(*array.Dictionary), wholes(batch, 2)
	carrier, origin := codes(carriers), codes(origins)
	s.byCode, s.groups = map[code]*flights.Sums{}, s.groups[:0]
	for i, month := range months {
		c := code{carrier[i], origin[i], month}
		group := s.byCode[c]
		if group == nil {
			key := flights.Key{Carrier: text(carriers, c.carrier), Origin: text(origins, c.origin), Month: month}
			if group = s.all[key]; group == nil {
				group = s.all.New(key, s.tables)
			}
			s.byCode[c] = group
		}
		s.groups = append(s.groups, group)
	}
}

func wholes(batch arrow.RecordBatch, column int) []int32 {
	return batch.Column(column).(*array.Int32).Int32Values()
}

func reals(batch arrow.RecordBatch, column int) *array.Float64 {
	return batch.Column(column).(*array.Float64)
}

func codes(texts *array.Dictionary) []int32 { return texts.Indices().(*array.Int32).Int32Values() }

// text is a copy: the batch's own memory goes to the next one.
func text(texts *array.Dictionary, code int32) string {
	return strings.Clone(texts.Dictionary().(*array.String).Value(int(code)))
}
