package inference

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strings"

	"bench/protocol"
)

// Tensors is a safetensors file in memory, found to hold what its header says.
type Tensors struct {
	path     string
	metadata map[string]string
	entries  map[string]entry
	body     []byte
}

type entry struct {
	DType   string   `json:"dtype"`
	Shape   []uint64 `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

// Any stands for any size of one dimension in a shape that is asked for.
const Any = -1

// Value is a type that a tensor may have.
type Value interface {
	uint8 | int32 | int64 | float32 | float64
}

// Only of these is the size known: the files of this workload have no others.
var dtypes = map[string]uint64{"U8": 1, "I32": 4, "I64": 8, "F32": 4, "F64": 8}

// Tensors reads a named input of the request.
func (t *Task) Tensors(input string) (*Tensors, error) {
	path, err := t.Request.Input(input)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	file, err := parse(data)
	if err != nil {
		return nil, protocol.BadInput("%s is no safetensors file: %v", path, err)
	}
	file.path = path
	return file, nil
}

// parse takes the header apart. It is not trusted: every number in it is checked before it is used.
func parse(data []byte) (*Tensors, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("it ends after %d bytes", len(data))
	}
	size, rest := binary.LittleEndian.Uint64(data), data[8:]
	if size > uint64(len(rest)) {
		return nil, fmt.Errorf("its header of %d bytes goes beyond its end", size)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(rest[:size], &header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	t := &Tensors{entries: make(map[string]entry, len(header)), body: rest[size:]}
	for name, text := range header {
		if err := t.add(name, text); err != nil {
			return nil, fmt.Errorf("%q in its header: %w", name, err)
		}
	}
	return t, t.filled()
}

func (t *Tensors) add(name string, text json.RawMessage) error {
	if name == "__metadata__" {
		return json.Unmarshal(text, &t.metadata)
	}
	var e entry
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	t.entries[name] = e
	return e.consistent()
}

// consistent holds the number of bytes against the shape.
func (e entry) consistent() error {
	size, known := dtypes[e.DType]
	if !known {
		return fmt.Errorf("dtype %q", e.DType)
	}
	for _, n := range e.Shape {
		var over uint64
		if over, size = bits.Mul64(size, n); over != 0 {
			return fmt.Errorf("the shape %d", e.Shape)
		}
	}
	if len(e.Offsets) != 2 || e.Offsets[0] > e.Offsets[1] || e.Offsets[1]-e.Offsets[0] != size {
		return fmt.Errorf("%s %d does not lie at %d", e.DType, e.Shape, e.Offsets)
	}
	return nil
}

// filled wants the tensors to lie side by side from the header to the end of the file, as the format has it: so a file that was
// cut off is seen whatever tensor is read.
func (t *Tensors) filled() error {
	spans := make([][]uint64, 0, len(t.entries))
	for _, e := range t.entries {
		spans = append(spans, e.Offsets)
	}
	slices.SortFunc(spans, slices.Compare)
	var end uint64
	for _, span := range spans {
		if span[0] != end {
			return fmt.Errorf("a tensor begins at %d, not at %d", span[0], end)
		}
		end = span[1]
	}
	if end != uint64(len(t.body)) {
		return fmt.Errorf("its tensors have %d bytes, the file has %d for them", end, len(t.body))
	}
	return nil
}

// WantFormat refuses a file whose metadata name another format.
func (t *Tensors) WantFormat(format string) error {
	if got := t.metadata["format"]; got != format {
		return protocol.BadInput("%s has the format %q, not %q", t.path, got, format)
	}
	return nil
}

// Read gives a tensor's values, in C order. A shape's dimensions may be Any.
func Read[T Value](t *Tensors, name string, shape ...int) ([]T, error) {
	e, ok := t.entries[name]
	if !ok {
		return nil, protocol.BadInput("%s has no tensor %s", t.path, name)
	}
	if e.DType != dtypeOf[T]() || !fits(e.Shape, shape) {
		want := strings.ReplaceAll(fmt.Sprint(shape), fmt.Sprint(Any), "n")
		return nil, protocol.BadInput("%s: %s is %s %d, not %s %s", t.path, name, e.DType, e.Shape, dtypeOf[T](), want)
	}
	data := t.body[e.Offsets[0]:e.Offsets[1]]
	values := make([]T, uint64(len(data))/dtypes[e.DType])
	_, err := binary.Decode(data, binary.LittleEndian, values)
	return values, err
}

func fits(shape []uint64, want []int) bool {
	return slices.EqualFunc(shape, want, func(n uint64, w int) bool { return w == Any || n == uint64(w) })
}

func dtypeOf[T Value]() string {
	switch any(*new(T)).(type) {
	case uint8:
		return "U8"
	case int32:
		return "I32"
	case int64:
		return "I64"
	case float32:
		return "F32"
	}
	return "F64"
}
