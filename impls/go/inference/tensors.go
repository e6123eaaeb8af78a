package inference

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
	"strings"

	"bench/protocol"
)

// Tensors is an open safetensors file, found to have room for what its header says.
type Tensors struct {
	Path     string
	metadata map[string]string
	entries  map[string]entry
	body     *io.SectionReader
	close    func() error
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

// Tensors opens a named input of the request.
func (t *Task) Tensors(input string) (*Tensors, error) {
	path, err := t.Request.Input(input)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	tensors, err := openTensors(file)
	if err != nil {
		file.Close()
		return nil, protocol.BadInput("%s is no safetensors file: %v", path, err)
	}
	tensors.Path, tensors.close = path, file.Close
	return tensors, nil
}

// Close ends the reading.
func (t *Tensors) Close() { t.close() } // nothing was written: an error changes nothing

func openTensors(file *os.File) (*Tensors, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return parse(file, uint64(info.Size()))
}

// parse takes the header apart. It is not trusted: every number in it is checked before it is used.
func parse(file io.ReaderAt, size uint64) (*Tensors, error) {
	var first [8]byte
	if _, err := file.ReadAt(first[:], 0); err != nil {
		return nil, fmt.Errorf("it ends after %d bytes", size)
	}
	length := binary.LittleEndian.Uint64(first[:])
	if length > size-uint64(len(first)) {
		return nil, fmt.Errorf("its header of %d bytes goes beyond its end", length)
	}
	text := make([]byte, length)
	if _, err := file.ReadAt(text, int64(len(first))); err != nil {
		return nil, err
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(text, &header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	begin := int64(len(first)) + int64(length)
	t := &Tensors{entries: make(map[string]entry, len(header)), body: io.NewSectionReader(file, begin, int64(size)-begin)}
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
	if end != uint64(t.body.Size()) {
		return fmt.Errorf("its tensors have %d bytes, the file has %d for them", end, t.body.Size())
	}
	return nil
}

// WantFormat refuses a file whose metadata name another format.
func (t *Tensors) WantFormat(format string) error {
	if got := t.metadata["format"]; got != format {
		return protocol.BadInput("%s has the format %q, not %q", t.Path, got, format)
	}
	return nil
}

// Read gives a tensor's values, in C order. A shape's dimensions may be Any.
func Read[T Value](t *Tensors, name string, shape ...int) ([]T, error) {
	e, ok := t.entries[name]
	if !ok {
		return nil, protocol.BadInput("%s has no tensor %s", t.Path, name)
	}
	if want := dtypeOf[T](); e.DType != want {
		return nil, protocol.BadInput("%s: %s has the dtype %s, not %s", t.Path, name, e.DType, want)
	}
	if !fits(e.Shape, shape) {
		want := strings.ReplaceAll(fmt.Sprint(shape), fmt.Sprint(Any), "n")
		return nil, protocol.BadInput("%s: %s has the shape %d, not %s", t.Path, name, e.Shape, want)
	}
	values := make([]T, (e.Offsets[1]-e.Offsets[0])/dtypes[e.DType])
	in := io.NewSectionReader(t.body, int64(e.Offsets[0]), int64(e.Offsets[1]-e.Offsets[0]))
	if err := decode(in, values); err != nil {
		return nil, protocol.BadInput("%s: %s: %v", t.Path, name, err)
	}
	return values, nil
}

// decode takes a piece at a time, so that the file is never in memory beside its values.
func decode[T Value](in io.Reader, values []T) error {
	var piece [1 << 16]byte
	for len(values) > 0 {
		n := min(len(values), len(piece)/binary.Size(values[0]))
		data := piece[:n*binary.Size(values[0])]
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		if _, err := binary.Decode(data, binary.LittleEndian, values[:n]); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
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
