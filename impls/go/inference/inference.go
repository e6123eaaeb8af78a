// Package inference is what all Go variants of batch-inference share: it reads the inputs and refuses what is none, cuts the
// rows into queries, hands them to an engine one after the other or dealt out to goroutines, and makes the answers.
//
// A variant supplies nothing but its engines: how a model is opened, and how the rows of one query are answered.
package inference

import "bench/protocol"

// Engine is a model ready to answer. It keeps nothing from one query to the next but a recording's state.
type Engine interface {
	// Answer takes the rows from row first on, as many as out has room for the answers of.
	Answer(out []float32, first int) error
}

// Forker is an engine whose queries may be dealt out to several goroutines.
type Forker interface {
	// Fork makes an engine on the same weights that another goroutine may use at the same time.
	Fork() Engine
}

// Resetter is an engine with state.
type Resetter interface {
	// Reset forgets the state, before a pass.
	Reset()
}

// Task is what an engine is opened for.
type Task struct {
	Case
	Inputs  *Inputs
	Request *protocol.Request
}

// Open opens the model of a task. A model that it does not take is an error of kind input.
type Open func(*Task) (Engine, error)
