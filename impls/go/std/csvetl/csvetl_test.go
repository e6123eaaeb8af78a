package csvetl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bench/protocol"
)

const flightsHeader = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay," +
	"carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n"

// Saturday 5 January 2013, 11:00, with weather; then Monday 7 January without; an unknown airline with quotes; one too
// short, one dropped, one malformed.
const flightsFile = flightsHeader +
	"2013,1,5,517,515,2,830,819,16,UA,0015,N14228,EWR,IAH,227,1400,5,15,2013-01-05T11:00:00Z\n" +
	"2013,1,5,517,515,-2,830,819,-16,UA,15,NA,EWR,IAH,210,1400,5,15,2013-01-07T12:00:00Z\n" +
	"2014,1,5,517,515,0,830,819,15,\"X,\"\"\",15,\"a\nb\",EWR,IAH,1,500,5,15,2014-01-05T11:59:59Z\n" +
	"2013,1,5,517,515,2,830,819,16,UA,15,N14228,EWR,IAH,227,499,5,15,2013-01-05T11:00:00Z\n" +
	"2013,1,5,517,515,2,830,819,NA,UA,15,N14228,EWR,IAH,227,1400,5,15,2013-01-05T11:00:00Z\n" +
	"nothing\n"

const weatherFile = "origin,time_hour,temp,wind_speed,visib\nEWR,2013-01-05T11:00:00Z,39.02,NA,10\n"

func job(t *testing.T, threads int) (*workload, string) {
	t.Helper()
	folder := t.TempDir()
	inputs := map[string]string{}
	for name, content := range map[string]string{
		"flights": flightsFile, "airlines": "carrier,name\nUA,United Air Lines Inc.\n", "weather": weatherFile,
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
	for name, want := range map[string]int64{"read": 6, "clean": 4, "dropped": 1, "rejected": 1, "kept": 3, "reject_lines": 8} {
		if answer.Tally[name] != want {
			t.Errorf("%s: %s %d, want %d", step, name, answer.Tally[name], want)
		}
	}
	if answer.Rows != rows || answer.Units != 6 {
		t.Errorf("%s: %d rows of %d", step, answer.Rows, answer.Units)
	}
}

// wrote compares a file with its header and rows in any order.
func wrote(t *testing.T, path string, want ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, body, _ := strings.Cut(string(text), "\n")
	rest := body
	for _, row := range want[1:] {
		rest = strings.Replace(rest, row+"\n", "", 1)
	}
	if header != want[0] || rest != "" || len(body) != len(strings.Join(want[1:], "\n"))+1 {
		t.Errorf("%s:\n%s", filepath.Base(path), text)
	}
}

func TestSteps(t *testing.T) {
	for threads := range 3 {
		w, folder := job(t, threads+1)
		run(t, w, "agg", 2)
		wrote(t, filepath.Join(folder, "agg.csv"), "carrier,name,origin,month,flights,late,weekend,early,made_up,speed,temp",
			"UA,United Air Lines Inc.,EWR,1,2,1,1,1,0,385.0220264317181,39.02",
			`"X,""",,EWR,1,1,0,1,1,-15,30000,39.02`)
		run(t, w, "csv", 3)
		wrote(t, filepath.Join(folder, "csv.csv"), strings.TrimSuffix(header, "\n"),
			"UA,United Air Lines Inc.,15,N14228,EWR,IAH,2013,1,5,2013-01-05T11:00:00Z,2,16,227,1400,6,11,370.04405286343615,-14,1,39.02,,10",
			"UA,United Air Lines Inc.,15,,EWR,IAH,2013,1,5,2013-01-07T12:00:00Z,-2,-16,210,1400,1,12,400,14,0,,,",
			"\"X,\"\"\",,15,\"a\nb\",EWR,IAH,2014,1,5,2014-01-05T11:59:59Z,0,15,1,500,7,11,30000,-15,0,39.02,,10")
		for _, step := range []string{"agg", "csv"} {
			wrote(t, filepath.Join(folder, step+".rejects.csv"), "line,reason", "8,few")
		}
	}
}

func TestWhatCannotBeDone(t *testing.T) {
	w, folder := job(t, 1)
	for _, step := range []string{"parquet", "read", "filter", "join", "write", "other"} {
		if w.Step(step) != nil {
			t.Errorf("%s is there", step)
		}
	}
	if err := os.Symlink("/dev/full", filepath.Join(folder, "csv.csv")); err != nil {
		t.Skip(err)
	}
	if _, err := w.Step("csv")(); err == nil || !strings.Contains(err.Error(), "csv.csv: no space left") {
		t.Errorf("a full disk: %v", err)
	}
	for _, input := range []string{"flights", "airlines", "weather"} {
		w, _ := job(t, 1)
		w.Req.Inputs[input] += ".gone"
		if _, err := w.Step("agg")(); err == nil || !strings.Contains(err.Error(), input+".csv.gone: no such file") {
			t.Errorf("no %s: %v", input, err)
		}
	}
}
