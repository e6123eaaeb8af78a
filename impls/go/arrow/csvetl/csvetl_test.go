package csvetl

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bench/flights"
	"bench/protocol"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Three that are kept, one too short, one dropped, one malformed.
const flightsFile = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay," +
	"carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n" +
	"2013,1,5,517,515,2,830,819,16,UA,0015,N14228,EWR,IAH,227,1400,5,15,2013-01-05T11:00:00Z\n" +
	"2013,1,5,517,515,-2,830,819,-16,UA,15,NA,EWR,IAH,210,1400,5,15,2013-01-07T12:00:00Z\n" +
	"2014,1,5,517,515,0,830,819,15,\"X,\"\"\",15,\"a\nb\",EWR,IAH,1,500,5,15,2014-01-05T11:59:59Z\n" +
	"2013,1,5,517,515,2,830,819,16,UA,15,N14228,EWR,IAH,227,499,5,15,2013-01-05T11:00:00Z\n" +
	"2013,1,5,517,515,2,830,819,NA,UA,15,N14228,EWR,IAH,227,1400,5,15,2013-01-05T11:00:00Z\n" +
	"nothing\n"

func job(t *testing.T, threads int) (*workload, string) {
	t.Helper()
	folder := t.TempDir()
	inputs := map[string]string{}
	for name, content := range map[string]string{
		"flights": flightsFile, "airlines": "carrier,name\nUA,United Air Lines Inc.\n",
		"weather": "origin,time_hour,temp,wind_speed,visib\nEWR,2013-01-05T11:00:00Z,39.02,NA,10\n",
	} {
		inputs[name] = filepath.Join(folder, name+".csv")
		if err := os.WriteFile(inputs[name], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := new(workload)
	if _, err := w.Load(&protocol.Request{Inputs: inputs, Outputs: folder, Threads: threads}); err != nil {
		t.Fatal(err)
	}
	return w, folder
}

func run(t *testing.T, w *workload, step string, rows int) {
	t.Helper()
	answer, err := w.Step(step)()
	if err != nil {
		t.Fatal(err)
	}
	if answer.Rows != rows || answer.Units != 6 || answer.Tally["kept"] != 3 || answer.Tally["reject_lines"] != 8 {
		t.Errorf("%s: %+v", step, answer)
	}
}

var wantRows = []string{
	"UA,United Air Lines Inc.,15,N14228,EWR,IAH,2013,1,5,2013-01-05T11:00:00Z,2,16,227,1400,6,11,370.04405286343615,-14,1,39.02,,10",
	"UA,United Air Lines Inc.,15,,EWR,IAH,2013,1,5,2013-01-07T12:00:00Z,-2,-16,210,1400,1,12,400,14,0,,,",
	"\"X,\"\"\",,15,\"a\nb\",EWR,IAH,2014,1,5,2014-01-05T11:59:59Z,0,15,1,500,7,11,30000,-15,0,39.02,,10",
}

// wrote compares a file with its rows in any order, its header left out.
func wrote(t *testing.T, path string, rows ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	for _, row := range rows {
		rest = strings.Replace(rest, row+"\n", "", 1)
	}
	if rest != "" || len(text) <= len(strings.Join(rows, "\n"))+1 {
		t.Errorf("%s:\n%s", filepath.Base(path), text)
	}
}

func TestSteps(t *testing.T) {
	for threads := range 3 {
		w, folder := job(t, threads+1)
		run(t, w, "agg", 2)
		wrote(t, filepath.Join(folder, "agg.csv"), "UA,United Air Lines Inc.,EWR,1,2,1,1,1,0,385.0220264317181,39.02",
			`"X,""",,EWR,1,1,0,1,1,-15,30000,39.02`)
		run(t, w, "csv", 3)
		wrote(t, filepath.Join(folder, "csv.csv"), wantRows...)
		run(t, w, "parquet", 3)
		wrote(t, filepath.Join(folder, "parquet.rejects.csv"), "8,few")
		batch := readParquet(t, filepath.Join(folder, "parquet.parquet"))
		if err := asText(t, batch, filepath.Join(folder, "back.csv")); err != nil {
			t.Fatal(err)
		}
		wrote(t, filepath.Join(folder, "back.csv"), wantRows...)
	}
}

// readParquet also looks at the types that a reader is shown.
func readParquet(t *testing.T, path string) arrow.RecordBatch {
	t.Helper()
	from, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	reader, err := pqarrow.NewFileReader(from, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := reader.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range table.Schema().Fields() {
		types := []arrow.DataType{arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Float64, instant}
		if !slices.ContainsFunc(types, func(kind arrow.DataType) bool { return arrow.TypeEqual(kind, field.Type) }) {
			t.Errorf("%s is %s", field.Name, field.Type)
		}
	}
	rows := array.NewTableReader(table, table.NumRows())
	rows.Next()
	return rows.RecordBatch()
}

// asText writes what was read back by appending it to the builders of this package, row by row.
func asText(t *testing.T, batch arrow.RecordBatch, path string) error {
	t.Helper()
	var b strings.Builder
	b.WriteString("header\n")
	for row := range int(batch.NumRows()) {
		for i, col := range batch.Columns() {
			if i > 0 {
				b.WriteByte(',')
			}
			switch col := col.(type) {
			case *array.String:
				if col.IsValid(row) {
					b.Write(protocol.AppendText(nil, col.Value(row)))
				}
			case *array.Timestamp:
				b.WriteString(col.Value(row).ToTime(arrow.Millisecond).Format("2006-01-02T15:04:05Z"))
			default:
				if col.IsValid(row) {
					b.WriteString(col.ValueStr(row))
				}
			}
		}
		b.WriteByte('\n')
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

func TestBatchesAreHandedOnWhenFull(t *testing.T) {
	w, _ := job(t, 1)
	tables, err := flights.ReadTables(w.Req)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	tally, err := clean(w.Req, "agg", func(int) *batches {
		return newBatches(columns, 2, tables, func(batch arrow.RecordBatch) error {
			sizes = append(sizes, batch.NumRows())
			return nil
		})
	})
	if err != nil || tally.Kept != 3 || !slices.Equal(sizes, []int64{2, 1}) {
		t.Errorf("%+v, %v, %v", tally, sizes, err)
	}
}

func TestAFullDiskIsTold(t *testing.T) {
	for _, name := range []string{"csv.csv", "parquet.parquet", "agg.csv", "agg.rejects.csv"} {
		w, folder := job(t, 1)
		if err := os.Symlink("/dev/full", filepath.Join(folder, name)); err != nil {
			t.Skip(err)
		}
		step, _, _ := strings.Cut(name, ".")
		if _, err := w.Step(step)(); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStepsThatAreLacking(t *testing.T) {
	w, _ := job(t, 1)
	for _, step := range []string{"read", "filter", "join", "write", "other"} {
		if w.Step(step) != nil {
			t.Errorf("%s is there", step)
		}
	}
}
