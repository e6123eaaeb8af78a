//go:build cgo

package batchinference

import (
	"bench/inference"
	"bench/protocol"
)

const (
	halves    = 2   // of a recording's state
	stateSize = 128 // of one half
)

// recurrent is vad's engine: it brings each recording's state to its next frame.
type recurrent struct {
	*engine
	kept   [halves][]float32 // recording by recording
	states map[int]*state
}

// state is what a binding reads and writes of it, [halves, rows, stateSize].
type state struct{ before, after []float32 }

func openRecurrent(t *inference.Task) (inference.Engine, error) {
	e, err := newEngine(t, "onnx", t.Model.Output, t.Model.Columns)
	if err != nil {
		return nil, err
	}
	r := &recurrent{engine: e, states: map[int]*state{}}
	for half := range r.kept {
		r.kept[half] = make([]float32, t.Streams*stateSize)
	}
	for rows, b := range e.bindings {
		if r.states[rows], err = e.bindState(b, rows); err != nil {
			return nil, protocol.BadInput("%s: %v", t.Request.Inputs["onnx"], err)
		}
	}
	return r, nil
}

func (e *engine) bindState(b *binding, rows int) (s *state, err error) {
	s = new(state)
	if s.before, err = bindInput[float32](e, b.io, "state", halves, rows, stateSize); err != nil {
		return nil, err
	}
	s.after, err = e.bindOutput(b.io, "stateN", halves, rows, stateSize)
	return s, err
}

// Reset begins all recordings anew.
func (r *recurrent) Reset() {
	for _, half := range r.kept {
		clear(half)
	}
}

// Answer takes a frame each of recordings that lie side by side, for a batch divides the streams.
func (r *recurrent) Answer(out []float32, first int) error {
	s := r.states[len(out)] // one value a row
	size := len(s.before) / halves
	at := first % r.task.Streams * stateSize
	for half, kept := range r.kept {
		copy(s.before[half*size:][:size], kept[at:])
	}
	if err := r.engine.Answer(out, first); err != nil {
		return err
	}
	for half, kept := range r.kept {
		copy(kept[at:], s.after[half*size:][:size])
	}
	return nil
}
