package inference

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bench/protocol"
)

// safetensors lays a header before a body.
func safetensors(header, body string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+body...)
}

const goodHeader = `{"__metadata__":{"format":"1"},"a":{"dtype":"I32","shape":[2,1],"data_offsets":[2,10]},` +
	`"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"none":{"dtype":"F64","shape":[0,9],"data_offsets":[10,10]}}`

const goodBody = "\x05\x06\x01\x00\x00\x00\xff\xff\xff\xff"

func TestRead(t *testing.T) {
	file, err := parse(bytes.NewReader(safetensors(goodHeader, goodBody)), uint64(8+len(goodHeader)+len(goodBody)))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := Read[int32](file, "a", Any, 1); !slices.Equal(a, []int32{1, -1}) || err != nil {
		t.Errorf("a: %v, %v", a, err)
	}
	if b, err := Read[uint8](file, "b", 2); !slices.Equal(b, []uint8{5, 6}) || err != nil {
		t.Errorf("b: %v, %v", b, err)
	}
	if none, err := Read[float64](file, "none", 0, Any); len(none) != 0 || err != nil {
		t.Errorf("none: %v, %v", none, err)
	}
	for message, read := range map[string]func() error{
		"no tensor c":                      func() error { _, err := Read[int32](file, "c", 2); return err },
		"a has the dtype I32, not F32":     func() error { _, err := Read[float32](file, "a", 2, 1); return err },
		"a has the shape [2 1], not [n]":   func() error { _, err := Read[int32](file, "a", Any); return err },
		"a has the shape [2 1], not [3 n]": func() error { _, err := Read[int32](file, "a", 3, Any); return err },
		`has the format "1", not "second"`: func() error { return file.WantFormat("second") },
	} {
		if err := read(); !refused(err, message) {
			t.Errorf("%s: %v", message, err)
		}
	}
	if err := file.WantFormat("1"); err != nil {
		t.Error(err)
	}
}

// TestReadInPieces: a tensor is longer than what is decoded at a time.
func TestReadInPieces(t *testing.T) {
	const n = 20_000
	values := make([]int64, n)
	for i := range values {
		values[i] = int64(i) << 20
	}
	var body bytes.Buffer
	if err := binary.Write(&body, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	header := `{"a":{"dtype":"I64","shape":[20000],"data_offsets":[0,160000]}}`
	data := safetensors(header, body.String())
	file, err := parse(bytes.NewReader(data), uint64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read[int64](file, "a", n); !slices.Equal(got, values) || err != nil {
		t.Errorf("%d values, %v", len(got), err)
	}
}

func TestParseRefuses(t *testing.T) {
	one := func(fields string) []byte { return safetensors(`{"a":{`+fields+`}}`, "1234") }
	for name, data := range map[string][]byte{
		"nothing":                []byte("1234567"),
		"a length beyond":        binary.LittleEndian.AppendUint64(nil, 1<<63),
		"no JSON":                safetensors("{", ""),
		"a list":                 safetensors("[]", ""),
		"metadata of numbers":    safetensors(`{"__metadata__":{"format":1}}`, ""),
		"no object":              safetensors(`{"a":3}`, ""),
		"another dtype":          one(`"dtype":"F8","shape":[4],"data_offsets":[0,4]`),
		"a negative size":        one(`"dtype":"U8","shape":[-4],"data_offsets":[0,4]`),
		"a product beyond 64":    one(`"dtype":"I32","shape":[4294967296,1073741824],"data_offsets":[0,0]`),
		"one offset":             one(`"dtype":"U8","shape":[4],"data_offsets":[4]`),
		"three offsets":          one(`"dtype":"U8","shape":[4],"data_offsets":[0,4,8]`),
		"offsets turned":         one(`"dtype":"U8","shape":[4],"data_offsets":[4,0]`),
		"more room than shape":   one(`"dtype":"U8","shape":[3],"data_offsets":[0,4]`),
		"an offset too far":      one(`"dtype":"U8","shape":[4],"data_offsets":[4,8]`),
		"cut off":                safetensors(goodHeader, goodBody[:9]),
		"more than its tensors":  safetensors(goodHeader, goodBody+"x"),
		"tensors on one another": safetensors(strings.Replace(goodHeader, "[0,2]", "[2,4]", 1), goodBody),
	} {
		if file, err := parse(bytes.NewReader(data), uint64(len(data))); err == nil {
			t.Errorf("%s: taken: %+v", name, file.entries)
		}
	}
}

func TestTensorsOfARequest(t *testing.T) {
	task := &Task{Request: &protocol.Request{Inputs: map[string]string{"gone": "/nowhere/at/all", "bad": filepath.Join(t.TempDir(), "bad")}}}
	if err := os.WriteFile(task.Request.Inputs["bad"], []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for input, message := range map[string]string{
		"other": `no input "other"`, "gone": "no such file", "bad": "bad is no safetensors file: it ends after 5 bytes",
	} {
		if _, err := task.Tensors(input); !refused(err, message) {
			t.Errorf("%s: %v", input, err)
		}
	}
}

// FuzzParse: whatever comes, what is taken lies within the file, and reading it neither panics nor takes memory that is not there.
func FuzzParse(f *testing.F) {
	f.Add(safetensors(goodHeader, goodBody))
	f.Add(safetensors("{}", ""))
	f.Add(safetensors(`{"a":{"dtype":"I64","shape":[9223372036854775807,2],"data_offsets":[0,18446744073709551615]}}`, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse(bytes.NewReader(data), uint64(len(data)))
		if err != nil {
			return
		}
		for name, e := range file.entries {
			if e.Offsets[1] > uint64(len(data)) {
				t.Fatalf("%s lies at %d", name, e.Offsets)
			}
			shape := make([]int, len(e.Shape))
			for i := range shape {
				shape[i] = Any
			}
			if e.DType == "F32" {
				if _, err := Read[float32](file, name, shape...); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// refused says whether an error is of kind input and says so.
func refused(err error, message string) bool {
	failure, ok := err.(*protocol.Failure)
	return ok && failure.Kind == "input" && strings.Contains(failure.Message, message)
}

func params(t *testing.T, edit map[string]any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(edit)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
