package batchinference

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bench/protocol"
)

// tensor is one of a file that a test writes.
type tensor struct {
	dtype string
	shape []int
	data  any
}

func write(t *testing.T, format string, tensors map[string]tensor) string {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": format}}
	var body []byte
	for name, one := range tensors {
		begin := len(body)
		var err error
		if body, err = binary.Append(body, binary.LittleEndian, one.data); err != nil {
			t.Fatal(err)
		}
		header[name] = map[string]any{"dtype": one.dtype, "shape": one.shape, "data_offsets": []int{begin, len(body)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.safetensors")
	whole := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), string(text)+string(body)...)
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const rows = 6

// request is one on random rows of a model, as wide as it takes them.
func request(t *testing.T, model string, width int, arrays string) (*protocol.Request, []float32) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, rows*width)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return &protocol.Request{
		Inputs:  map[string]string{"inputs": write(t, "", map[string]tensor{"input": {"F32", []int{rows, width}, x}}), "arrays": arrays},
		Params:  json.RawMessage(fmt.Sprintf(`{"model":%q,"batch":3,"rows":%d,"queries":2}`, model, rows)),
		Steps:   []string{model, model + "-stream"},
		Threads: 2,
	}, x
}

// answers runs both steps and holds each value against what it should be.
func answers(t *testing.T, req *protocol.Request, want func(row int) float64) {
	t.Helper()
	w := New()
	if _, err := w.Load(req); err != nil {
		t.Fatal(err)
	}
	for k, count := range []int{rows, 2} {
		answer, err := w.Step(req.Steps[k])()
		if err != nil || answer.Rows != count {
			t.Fatal(answer, err)
		}
		total := 0.0
		for row := range count {
			total += want(row)
		}
		if got := answer.Values[0].Sum(); math.Abs(got-total) > 1e-6 {
			t.Errorf("%s: %v, not %v", req.Steps[k], got, total)
		}
	}
}

func treeFile(t *testing.T, m *trees, edit func(map[string]tensor)) string {
	t.Helper()
	n := []int{len(m.feature)}
	tensors := map[string]tensor{
		"tree": {"I32", []int{len(m.tree)}, m.tree}, "feature": {"I32", n, m.feature}, "threshold": {"F64", n, m.threshold},
		"left": {"I32", n, m.left}, "right": {"I32", n, m.right}, "leaf": {"F64", []int{len(m.leaf)}, m.leaf},
		"default_left": {"U8", n, m.defaultLeft},
	}
	edit(tensors)
	return write(t, "1", tensors)
}

func TestTrees(t *testing.T) {
	m := random(rand.New(rand.NewPCG(5, 6)), 30, 10)
	req, x := request(t, "gbdt", 10, treeFile(t, m, func(map[string]tensor) {}))
	answers(t, req, func(row int) float64 { return sigmoid(m.walk(x[row*10:][:10])) })
}

func TestTreeFilesThatAreRefused(t *testing.T) {
	m := random(rand.New(rand.NewPCG(5, 6)), 3, 10)
	for message, edit := range map[string]func(map[string]tensor){
		"has no tensor left":     func(f map[string]tensor) { delete(f, "left") },
		"leaf has the dtype F32": func(f map[string]tensor) { f["leaf"] = tensor{"F32", []int{1}, []float32{1}} },
		"differ in length":       func(f map[string]tensor) { f["left"] = tensor{"I32", []int{1}, []int32{-1}} },
	} {
		refuses(t, "gbdt", 10, treeFile(t, m, edit), message)
	}
}

// dense is a network of 131-5-6-1 as the file has it.
func dense() map[string]tensor {
	r := rand.New(rand.NewPCG(7, 8))
	random := func(dims ...int) tensor {
		size := 1
		for _, n := range dims {
			size *= n
		}
		data := make([]float32, size)
		for i := range data {
			data[i] = float32(r.NormFloat64()) / 4
		}
		return tensor{"F32", dims, data}
	}
	return map[string]tensor{
		"weight0": random(131, 5), "bias0": random(5), "weight1": random(5, 6), "bias1": random(6),
		"weight2": random(6, 1), "bias2": random(1),
	}
}

// forward is the spec read aloud, in float64.
func forward(f map[string]tensor, row []float32) float64 {
	x := make([]float64, len(row))
	for i, v := range row {
		x[i] = float64(v)
	}
	for k := range layers {
		weights, bias := f[fmt.Sprintf("weight%d", k)].data.([]float32), f[fmt.Sprintf("bias%d", k)].data.([]float32)
		y := make([]float64, len(bias))
		for j := range y {
			y[j] = float64(bias[j])
			for i := range x {
				y[j] += x[i] * float64(weights[i*len(bias)+j])
			}
			if k < layers-1 {
				y[j] = max(y[j], 0)
			}
		}
		x = y
	}
	return sigmoid(x[0])
}

func TestNetwork(t *testing.T) {
	f := dense()
	req, x := request(t, "mlp", 131, write(t, "1", f))
	answers(t, req, func(row int) float64 { return forward(f, x[row*131:][:131]) })
}

func TestNetworksThatAreRefused(t *testing.T) {
	for message, edit := range map[string]func(map[string]tensor){
		"has no tensor bias1":                        func(f map[string]tensor) { delete(f, "bias1") },
		"weight1 has the shape [5 6], not [5 4]":     func(f map[string]tensor) { f["bias1"] = tensor{"F32", []int{4}, make([]float32, 4)} },
		"weight0 has the shape [5 131], not [131 5]": func(f map[string]tensor) { f["weight0"] = tensor{"F32", []int{5, 131}, make([]float32, 5*131)} },
		"the last layer has 2 outputs, not 1": func(f map[string]tensor) {
			f["weight2"], f["bias2"] = tensor{"F32", []int{6, 2}, make([]float32, 12)}, tensor{"F32", []int{2}, make([]float32, 2)}
		},
		"layer 1 has a weight of NaN": func(f map[string]tensor) {
			f["bias1"] = tensor{"F32", []int{6}, []float32{0, 0, 0, 0, 0, float32(math.NaN())}}
		},
		"weight2 has the dtype F64, not F32": func(f map[string]tensor) { f["weight2"] = tensor{"F64", []int{6, 1}, make([]float64, 6)} },
	} {
		f := dense()
		edit(f)
		refuses(t, "mlp", 131, write(t, "1", f), message)
	}
	refuses(t, "mlp", 131, write(t, "2", dense()), `the format "2", not "1"`)
}

func refuses(t *testing.T, model string, width int, arrays, message string) {
	t.Helper()
	req, _ := request(t, model, width, arrays)
	_, err := New().Load(req)
	if failure, ok := err.(*protocol.Failure); !ok || failure.Kind != "input" || !strings.Contains(failure.Message, message) {
		t.Errorf("%s: %v", message, err)
	}
}

func TestStepsThatAreLacking(t *testing.T) {
	for _, step := range []string{"gbdt-call", "vad", "vad-stream", "ocr-cls", "minilm"} {
		if New().Step(step) != nil {
			t.Errorf("%s is there", step)
		}
	}
}
