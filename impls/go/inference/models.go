package inference

// Model is a row of the spec's table.
type Model struct {
	Name    string
	Inputs  []Tensor // all of one type
	Tokens  bool     // which is I64; else F32
	Output  string   // of the ONNX graph
	Columns int      // that the graph's output has
	Width   int      // how many of them, the last ones, are the answer
	missing [2]int   // the first column that may be NaN, and the first after it that may not
}

// Tensor is an input by the name that the file and the ONNX graph give it.
type Tensor struct {
	Name  string
	Shape []int // of one row
}

// Size is the number of values in a row.
func (t Tensor) Size() int {
	size := 1
	for _, n := range t.Shape {
		size *= n
	}
	return size
}

const tokens = 32 // of a text

var models = map[string]*Model{
	"gbdt": {
		Name: "gbdt", Inputs: []Tensor{{"input", []int{10}}}, Output: "probabilities", Columns: 2, Width: 1,
		missing: [2]int{7, 10},
	},
	"mlp":     {Name: "mlp", Inputs: []Tensor{{"input", []int{131}}}, Output: "output", Columns: 1, Width: 1},
	"vad":     {Name: "vad", Inputs: []Tensor{{"input", []int{576}}}, Output: "output", Columns: 1, Width: 1},
	"ocr-cls": {Name: "ocr-cls", Inputs: []Tensor{{"x", []int{3, 48, 192}}}, Output: "output", Columns: 2, Width: 2},
	"minilm": {
		Name: "minilm", Tokens: true, Output: "embedding", Columns: 384, Width: 384,
		Inputs: []Tensor{{"input_ids", []int{tokens}}, {"attention_mask", []int{tokens}}, {"token_type_ids", []int{tokens}}},
	},
}
