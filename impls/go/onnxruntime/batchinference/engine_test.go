//go:build cgo

package batchinference

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"bench/protocol"
)

var library = sync.OnceValues(StartLibrary)

// values are the first rows x width of the request's inputs.
type values []float32

// request is one for a model of testdata on random rows. Without the library there is nothing to test.
func request(t *testing.T, model, name string, shape []int, edit string) (*protocol.Request, values) {
	t.Helper()
	if _, err := library(); err != nil {
		t.Skip(err)
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	x := make(values, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = r.Float32()
	}
	dims, _ := json.Marshal(shape)
	header := fmt.Sprintf(`{%q:{"dtype":"F32","shape":%s,"data_offsets":[0,%d]}}`, name, dims, 4*size)
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	data, err := binary.Append(data, binary.LittleEndian, []float32(x))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "inputs")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return &protocol.Request{
		Inputs:  map[string]string{"inputs": path, "onnx": filepath.Join("testdata", model+".onnx")},
		Params:  json.RawMessage(fmt.Sprintf(`{"model":%q,"rows":%d,%s}`, model, shape[0], edit)),
		Steps:   []string{model, model + "-stream"},
		Threads: 1,
	}, x
}

// answers runs each step twice and holds each value against what it should be.
func answers(t *testing.T, req *protocol.Request, want func(i int) float32) {
	t.Helper()
	w := New()
	if _, err := w.Load(req); err != nil {
		t.Fatal(err)
	}
	for _, step := range append(req.Steps, req.Steps...) {
		answer, err := w.Step(step)()
		if err != nil {
			t.Fatal(err)
		}
		for i := range answer.Rows {
			text := string(answer.Values[0].AppendCSV(nil, i))
			var got float32
			if _, err := fmt.Sscan(text, &got); err != nil || got-want(i) > 1e-5 || want(i)-got > 1e-5 {
				t.Fatalf("%s: value %d is %s, not %v", step, i, text, want(i))
			}
		}
	}
}

func TestTheLastColumnAnswers(t *testing.T) {
	req, x := request(t, "gbdt", "input", []int{6, 10}, `"batch":3,"queries":4`)
	answers(t, req, func(row int) float32 { return x[row*10+4] })
}

// TestImagesInPlace: an image is too large for a copy.
func TestImagesInPlace(t *testing.T) {
	const size = 3 * 48 * 192
	req, x := request(t, "ocr-cls", "x", []int{4, 3, 48, 192}, `"batch":2,"queries":3`)
	answers(t, req, func(i int) float32 {
		var sum float64
		for _, v := range x[i/2*size:][:size] {
			sum += float64(v)
		}
		return float32(sum/size) * float32(1-2*(i%2))
	})
}

// TestStates: each recording has its own state, from frame to frame, and none from the pass before.
func TestStates(t *testing.T) {
	const streams = 4
	req, x := request(t, "vad", "input", []int{3 * streams, 576}, `"batch":2,"queries":9,"streams":4`)
	answers(t, req, func(row int) float32 {
		var before float32
		for earlier := row - streams; earlier >= 0; earlier -= streams {
			before -= x[earlier*576]
		}
		return before
	})
}

func TestModelsThatAreRefused(t *testing.T) {
	whole, err := os.ReadFile("testdata/gbdt.onnx")
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.onnx")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{cut, "/nowhere/at/all", "testdata/vad.onnx", "testdata/ocr-cls.onnx", "testdata/make.py"} {
		req, _ := request(t, "gbdt", "input", []int{2, 10}, `"batch":1,"queries":1`)
		req.Inputs["onnx"] = path
		_, err := New().Load(req)
		if failure, ok := err.(*protocol.Failure); !ok || failure.Kind != "input" {
			t.Errorf("%s: %v", path, err)
		}
	}
}
