package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// counter is a workload that answers with the number of times it was asked, and breaks on demand.
type counter struct {
	asked   float64
	outputs string
}

type column []float64

func (c column) AppendCSV(dst []byte, row int) []byte { return AppendFloat(dst, c[row]) }

func (c column) Sum() (total float64) {
	for _, v := range c {
		if !math.IsNaN(v) {
			total += v
		}
	}
	return total
}

func (c *counter) Load(req *Request) (int64, error) {
	c.outputs = req.Outputs
	return 42, nil
}

func (c *counter) Phases() map[string]int64 { return map[string]int64{"reading": 3} }

func (c *counter) Threads(allowed int) int { return allowed }

// publish writes what it has, and then breaks where it was told so.
func (c *counter) publish(name string, err error) (*Answer, error) {
	for _, end := range []string{".csv", ".rest.csv"} {
		if err := os.WriteFile(filepath.Join(c.outputs, name+end), []byte("k\n"), 0o600); err != nil {
			return nil, err
		}
	}
	c.asked++
	return &Answer{Rows: 1, Units: 7, Phases: map[string]int64{"writing": 5}, Tally: map[string]int64{"read": 1 << 40}}, err
}

func (c *counter) Step(name string) Step {
	return map[string]Step{
		"count": func() (*Answer, error) {
			c.asked++
			runtime.GC()
			return &Answer{
				Rows:   2,
				Keys:   []Key{{"k", column{1, math.NaN()}}},
				Values: []Value{{"asked", column{c.asked, math.NaN()}}},

				Queries: []int64{40, 2},
			}, nil
		},
		"publish": func() (*Answer, error) { return c.publish("publish", nil) },
		"half":    func() (*Answer, error) { return c.publish("half", errors.New("disk full")) },
		"fail":    func() (*Answer, error) { return nil, errors.New("broken\nin two lines") },
		"panic":   func() (*Answer, error) { panic("lost") },
	}[name]
}

var variant = Variant{Name: "test", Workloads: map[string]func() Workload{
	"counter": func() Workload { return new(counter) },
}}

// serveRequest runs a job and gives the events by line, and the exit code.
func serveRequest(t *testing.T, edit map[string]any) ([]map[string]any, int) {
	t.Helper()
	request := map[string]any{
		"protocol": 1, "workload": "counter", "steps": []string{"count"}, "warmup": 1, "timed": 2,
		"threads": runtime.GOMAXPROCS(0), "meter": map[string]int{"interval_ns": 1e6, "threshold_ns": 0},
	}
	maps.Copy(request, edit)
	line, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	code := variant.serve(strings.NewReader(string(line)+"\n"), &out)
	var events []map[string]any
	for text := range strings.Lines(out.String()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		events = append(events, event)
	}
	return events, code
}

func names(events []map[string]any) string {
	var all []string
	for _, e := range events {
		all = append(all, e["event"].(string))
	}
	return strings.Join(all, " ")
}

func TestCourseOfAJob(t *testing.T) {
	folder := t.TempDir()
	events, code := serveRequest(t, map[string]any{"answers": folder})
	if got, want := names(events), "hello ready sample sample sample sample answer pauses stalls done"; got != want || code != 0 {
		t.Fatalf("exit code %d, events %s", code, got)
	}
	if threads := events[1]["threads"]; threads != float64(runtime.GOMAXPROCS(0)) {
		t.Errorf("ready with %v threads", threads)
	}
	load, last, answer := events[2], events[5], events[6]
	if load["check"] != nil || load["step"] != "load" || load["units"] != 42. || events[3]["warmup"] != true {
		t.Errorf("load %v, first %v", load, events[3])
	}
	if phases := load["phases"].(map[string]any); len(phases) != 1 || phases["reading"] != 3. || load["queries"] != nil {
		t.Errorf("load %v", load)
	}
	if queries := last["queries"].([]any); len(queries) != 2 || queries[0] != 40. || queries[1] != 2. || last["phases"] != nil {
		t.Errorf("queries %v, phases %v", queries, last["phases"])
	}
	if last["warmup"] != false || last["index"] != 3. || last["pass"] != 3. {
		t.Errorf("last %v", last)
	}
	if check := last["check"].(map[string]any); check["rows"] != 2. || check["sums"].(map[string]any)["asked"] != 3. {
		t.Errorf("check %v", check)
	}
	text, err := os.ReadFile(filepath.Join(folder, "count.csv"))
	if err != nil || string(text) != "k,asked\n1,3\n,\n" {
		t.Errorf("answer %q, %v", text, err)
	}
	// printf 'k,asked\n1,3\n,\n' | sha256sum
	if digest := "a28a26d5740f569a1e052be6343826d73642ccf3d988a81d5a89d090c01ee99e"; answer["sha256"] != digest {
		t.Errorf("digest %v", answer["sha256"])
	}
}

func list(t *testing.T, folder string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		found = append(found, file.Name())
	}
	return found
}

func TestOutputsOfAWholePassAreKept(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "publish.old.csv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	events, code := serveRequest(t, map[string]any{"outputs": folder, "answers": folder, "steps": []string{"publish"}})
	if got, want := names(events), "hello ready sample sample sample sample pauses stalls done"; got != want || code != 0 {
		t.Fatalf("exit code %d, events %s", code, got)
	}
	if found := list(t, folder); !slices.Equal(found, []string{"publish.csv", "publish.rest.csv"}) {
		t.Errorf("kept %v", found)
	}
	last := events[5]
	if last["units"] != 7. || last["phases"].(map[string]any)["writing"] != 5. {
		t.Errorf("last %v", last)
	}
	if sums := last["check"].(map[string]any)["sums"].(map[string]any); sums["read"] != float64(1<<40) || len(sums) != 1 {
		t.Errorf("sums %v", sums)
	}
}

func TestOutputsOfABrokenPassAreNotKept(t *testing.T) {
	for _, step := range []string{"half", "panic"} {
		folder := t.TempDir()
		if _, code := serveRequest(t, map[string]any{"outputs": folder, "steps": []string{step}}); code != 1 {
			t.Errorf("%s: exit code %d", step, code)
		}
		if found := list(t, folder); len(found) != 0 {
			t.Errorf("%s: kept %v", step, found)
		}
	}
}

func TestForcedCollectionsAreSeen(t *testing.T) {
	events, _ := serveRequest(t, nil)
	first, last, pauses := events[1]["now_ns"].(float64), events[len(events)-1]["now_ns"].(float64), events[6]
	cycles := pauses["events"].([]any)
	if len(cycles) < 3 || pauses["count"].(float64) < float64(len(cycles)) || pauses["total_ns"].(float64) <= 0 {
		t.Fatalf("%v", pauses)
	}
	for _, c := range cycles {
		if start := c.(map[string]any)["start_ns"].(float64); start < first || start > last {
			t.Errorf("a cycle at %v, not from ready at %v to done at %v", start, first, last)
		}
	}
}

func TestNoMeterNoStalls(t *testing.T) {
	events, code := serveRequest(t, map[string]any{"meter": nil})
	if got := names(events); strings.Contains(got, "stalls") || code != 0 {
		t.Errorf("exit code %d, events %s", code, got)
	}
}

func TestEachPassWaitsForItsTurn(t *testing.T) {
	in, turns := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan int)
	go func() { ended <- variant.serve(in, out) }()
	lines := make(chan string)
	go func() {
		for scanner := bufio.NewScanner(said); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	request := `{"protocol":1,"workload":"counter","steps":["count"],"warmup":1,"timed":1,"threads":1,"turns":true}`
	fmt.Fprintln(turns, request)
	for range 3 { // hello, ready, load
		<-lines
	}
	for turn := range 2 {
		select {
		case line := <-lines:
			t.Fatalf("before its turn: %s", line)
		case <-time.After(50 * time.Millisecond):
		}
		fmt.Fprintf(turns, "{\"turn\":%d}\n", turn+1)
		if line := <-lines; !strings.Contains(line, fmt.Sprintf(`"pass":%d`, turn+1)) {
			t.Fatalf("at its turn: %s", line)
		}
	}
	<-lines // pauses
	<-lines // done
	turns.Close()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAtTheEndOfInputNoTurnIsWaitedFor(t *testing.T) {
	if events, code := serveRequest(t, map[string]any{"turns": true}); strings.Count(names(events), "sample") != 4 || code != 0 {
		t.Errorf("exit code %d, events %s", code, names(events))
	}
}

func TestHelloAlone(t *testing.T) {
	var out strings.Builder
	if code := variant.serve(strings.NewReader(""), &out); code != 0 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("exit code %d, %s", code, out.String())
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, kind, message string
		edit                map[string]any
	}{
		{"workload", "unsupported", "other", map[string]any{"workload": "other"}},
		{"step", "unsupported", "other", map[string]any{"steps": []string{"count", "other"}}},
		{"failure", "internal", "step fail: broken in two lines", map[string]any{"steps": []string{"fail"}}},
		{"panic", "internal", "lost", map[string]any{"steps": []string{"panic"}}},
		{"no outputs", "input", "/nowhere/at/all", map[string]any{"outputs": "/nowhere/at/all"}},
		{"no folder", "internal", "no such file", map[string]any{"answers": "/nowhere/at/all"}},
	} {
		events, code := serveRequest(t, c.edit)
		last := events[len(events)-1]
		if code != 1 || last["event"] != "error" || last["kind"] != c.kind || !strings.Contains(last["message"].(string), c.message) {
			t.Errorf("%s: exit code %d, %v", c.name, code, last)
		}
	}
}

func TestClockIsTheMachines(t *testing.T) {
	before := clockMonotonic()
	got := now()
	after := clockMonotonic()
	if got < before-monotonic.error || got > after+monotonic.error {
		t.Errorf("%d is not from %d to %d, give or take %d", got, before, after, monotonic.error)
	}
}

func TestAppend(t *testing.T) {
	for text, want := range map[string]string{"": "", "plain": "plain", `a"b`: `"a""b"`, "a,b": `"a,b"`, "a\nb": "\"a\nb\""} {
		if got := string(AppendText(nil, text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	for _, v := range []float64{0.1, 1e300, -5e-324, 1 << 53} {
		if back, err := strconv.ParseFloat(string(AppendFloat(nil, v)), 64); back != v || err != nil {
			t.Errorf("%v reads back as %v, %v", v, back, err)
		}
	}
}

func TestBucket(t *testing.T) {
	for ns, want := range map[int64]int{0: 0, 1999: 0, 2000: 1, 3999: 1, 4000: 2, 8_192_000: 13, math.MaxInt64: histogramSize - 1} {
		if got := bucket(ns); got != want {
			t.Errorf("%d ns in bucket %d, want %d", ns, got, want)
		}
	}
}

func TestLongestKeepsTheLongest(t *testing.T) {
	l := newLongest()
	const extra = 1000
	for i := range int64(maxEvents + extra) {
		// 7919 is prime, so that every length comes once, in no order.
		l.add(interval{StartNS: i, WallNS: i * 7919 % (maxEvents + extra)})
	}
	kept := l.ordered()
	if len(kept) != maxEvents || l.dropped != extra {
		t.Fatalf("%d kept, %d dropped", len(kept), l.dropped)
	}
	if !slices.IsSortedFunc(kept, func(a, b interval) int { return int(a.StartNS - b.StartNS) }) {
		t.Error("not in order")
	}
	for _, e := range kept {
		if e.WallNS < extra {
			t.Fatalf("%+v was kept", e)
		}
	}
}
