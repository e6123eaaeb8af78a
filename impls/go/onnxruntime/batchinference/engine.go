//go:build cgo

package batchinference

import (
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"bench/inference"
	"bench/protocol"
)

// engine answers with one session. It lives as long as the process, and so do its session and its tensors.
type engine struct {
	task     *inference.Task
	session  *ort.DynamicAdvancedSession
	output   string
	columns  int // of the output; the last ones are the answer
	bindings map[int]*binding
	pins     runtime.Pinner // all memory that the library keeps a pointer to
}

func newEngine(t *inference.Task, input, output string, columns int) (*engine, error) {
	session, err := openSession(t, input)
	if err != nil {
		return nil, err
	}
	e := &engine{task: t, session: session, output: output, columns: columns, bindings: map[int]*binding{}}
	for _, rows := range []int{t.Batch, 1} { // the stream has one row a query
		if e.bindings[rows] != nil {
			continue
		}
		if e.bindings[rows], err = e.bind(rows); err != nil {
			return nil, protocol.BadInput("%s: %v", t.Request.Inputs[input], err)
		}
	}
	return e, nil
}

// Answer runs the binding of as many rows as out has room for.
func (e *engine) Answer(out []float32, first int) error {
	width := e.task.Model.Width
	b := e.bindings[len(out)/width]
	if err := b.run(e.session, first); err != nil {
		return protocol.BadInput("from row %d: %v", first, err)
	}
	if e.columns == width {
		copy(out, b.output)
		return nil
	}
	for i := range out {
		row, k := i/width, i%width
		out[i] = b.output[row*e.columns+e.columns-width+k]
	}
	return nil
}
