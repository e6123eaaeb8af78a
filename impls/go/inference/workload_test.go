package inference

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bench/protocol"
)

// echo answers a row with its first value and how often it was reset; it counts its forks.
type echo struct {
	inputs *Inputs
	resets int
	forks  int
	fail   error
}

func (e *echo) Answer(out []float32, first int) error {
	for i := range out {
		out[i] = e.inputs.Floats[(first+i)*10] + float32(1000*e.resets)
	}
	return e.fail
}

func (e *echo) Reset()       { e.resets++ }
func (e *echo) Fork() Engine { e.forks++; fork := *e; return &fork }

// made is a workload on an engine that the test can look at, and its request for n rows of gbdt, numbered in the first column.
func made(t *testing.T, n int, edit map[string]any) (protocol.Workload, *echo, *protocol.Request) {
	t.Helper()
	values := make([]float32, n*10)
	for row := range n {
		values[row*10], values[row*10+8] = float32(row), float32(math.NaN())
	}
	asked := map[string]any{"model": "gbdt", "batch": 2, "rows": n, "queries": 3}
	maps.Copy(asked, edit)
	engine := new(echo)
	open := func(task *Task) (Engine, error) { engine.inputs = task.Inputs; return engine, nil }
	return New(map[string]Open{"gbdt": open, "gbdt-call": open})(), engine, &protocol.Request{
		Inputs: map[string]string{"inputs": write(t, "input", fmt.Sprintf("[%d,10]", n), values)},
		Params: params(t, asked), Steps: []string{"gbdt", "gbdt-stream", "gbdt-call"}, Threads: 1,
	}
}

func write(t *testing.T, name, shape string, values []float32) string {
	t.Helper()
	header := fmt.Sprintf(`{"%s":{"dtype":"F32","shape":%s,"data_offsets":[0,%d]}}`, name, shape, 4*len(values))
	data, err := binary.Append(safetensors(header, ""), binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "inputs")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStepsAreKnownBeforeLoad(t *testing.T) {
	w, _, _ := made(t, 2, nil)
	for name, there := range map[string]bool{
		"gbdt": true, "gbdt-stream": true, "gbdt-call": true,
		"gbdt-call-stream": false, "mlp": false, "mlp-stream": false, "-stream": false, "": false,
	} {
		if (w.Step(name) != nil) != there {
			t.Errorf("%q", name)
		}
	}
}

func TestPasses(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		w, engine, req := made(t, 10, nil)
		req.Threads = threads
		if units, err := w.Load(req); units != 10 || err != nil {
			t.Fatal(units, err)
		}
		for pass := range 2 {
			answer, err := w.Step("gbdt")()
			if err != nil {
				t.Fatal(err)
			}
			// 0 to 9, and 1000 for each pass that was begun.
			if sum := answer.Values[0].Sum(); sum != float64(45+10_000*(pass+1)) || answer.Rows != 10 || answer.Queries != nil {
				t.Errorf("%d threads: %v of %d", threads, sum, answer.Rows)
			}
		}
		if want := 2 * threads; threads > 1 && engine.forks != want {
			t.Errorf("%d forks, not %d", engine.forks, want)
		}
	}
}

func TestStreamTimesEachQuery(t *testing.T) {
	w, _, req := made(t, 10, nil)
	if _, err := w.Load(req); err != nil {
		t.Fatal(err)
	}
	answer, err := w.Step("gbdt-stream")()
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Queries) != 3 || answer.Units != 3 || answer.Rows != 3 || answer.Values[0].Sum() != 3003 {
		t.Errorf("%+v", answer)
	}
	for _, ns := range answer.Queries {
		if ns <= 0 {
			t.Errorf("queries took %v", answer.Queries)
		}
	}
}

func TestLoadSaysItsPhases(t *testing.T) {
	w, _, req := made(t, 4, nil)
	if _, err := w.Load(req); err != nil {
		t.Fatal(err)
	}
	phases := w.(protocol.Phased).Phases()
	if names := slices.Sorted(maps.Keys(phases)); !slices.Equal(names, []string{"first", "inputs", "model"}) {
		t.Errorf("%v", phases)
	}
}

func TestCasesThatAreRefused(t *testing.T) {
	for message, edit := range map[string]map[string]any{
		"no rows":                          {"rows": 0},
		"batch of 0":                       {"batch": 0},
		"batch of 3 does not divide":       {"batch": 3},
		"11 queries":                       {"queries": 11},
		"0 queries":                        {"queries": 0},
		"input has 10 rows, not 12":        {"rows": 12},
		`no model "other"`:                 {"model": "other"},
		"is of another model":              {"model": "mlp"},
		"the parameters do not read: json": {"rows": "10"},
		"does not divide 7 streams":        {"model": "vad", "streams": 7},
	} {
		w, _, req := made(t, 10, edit)
		if _, err := w.Load(req); !refused(err, message) {
			t.Errorf("%s: %v", message, err)
		}
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		column int
		value  float32
		lawful bool
	}{{7, nan, true}, {9, nan, true}, {6, nan, false}, {0, nan, false}, {7, inf, false}, {3, -inf, false}} {
		values := make([]float32, 20)
		values[10+c.column] = c.value
		w, _, req := made(t, 2, nil)
		req.Steps = []string{"gbdt"}
		req.Inputs["inputs"] = write(t, "input", "[2,10]", values)
		_, err := w.Load(req)
		if c.lawful != (err == nil) || !c.lawful && !refused(err, fmt.Sprintf("row 1 has %v in column %d", c.value, c.column)) {
			t.Errorf("%v in column %d: %v", c.value, c.column, err)
		}
	}
}

func TestAnEngineThatFails(t *testing.T) {
	for _, threads := range []int{1, 2} {
		w, engine, req := made(t, 4, nil)
		req.Threads = threads
		if _, err := w.Load(req); err != nil {
			t.Fatal(err)
		}
		engine.fail = errors.New("lost")
		for _, step := range req.Steps {
			if _, err := w.Step(step)(); err != engine.fail {
				t.Errorf("%s: %v", step, err)
			}
		}
	}
}

// TestAPanicInAGoroutine: on the calling goroutine it is the protocol package that sees it.
func TestAPanicInAGoroutine(t *testing.T) {
	w, engine, req := made(t, 4, nil)
	req.Threads = 2
	if _, err := w.Load(req); err != nil {
		t.Fatal(err)
	}
	engine.inputs = nil
	if _, err := w.Step("gbdt")(); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Error(err)
	}
}

func TestAnswerColumns(t *testing.T) {
	answer := Case{Model: models["ocr-cls"]}.answer([]float32{0.1, 0.9, 1, 0})
	line := func(i int) string {
		return string(answer.Keys[0].AppendCSV(nil, i)) + " " + string(answer.Keys[1].AppendCSV(nil, i)) + " " + string(answer.Values[0].AppendCSV(nil, i))
	}
	if got := line(0) + "|" + line(3); got != "0 0 0.10000000149011612|1 1 0" {
		t.Error(got)
	}
}
