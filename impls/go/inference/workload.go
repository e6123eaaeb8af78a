package inference

import (
	"strings"

	"bench/protocol"
)

const (
	streamSuffix = "-stream"
	callSuffix   = "-call"
)

type workload struct {
	open    map[string]Open
	task    Task
	engines map[string]Engine
	phases  map[string]int64
}

// New gives a workload that has each step that open names, and the stream of each model that it names.
func New(open map[string]Open) func() protocol.Workload {
	return func() protocol.Workload { return &workload{open: open, engines: map[string]Engine{}} }
}

// Step finds a step by its name in the spec. There is no engine yet: the request is looked at before anything is loaded.
func (w *workload) Step(name string) protocol.Step {
	engine, stream := strings.CutSuffix(name, streamSuffix)
	switch {
	case w.open[engine] == nil || stream && models[engine] == nil:
		return nil
	case stream:
		return func() (*protocol.Answer, error) { return w.task.stream(w.engines[engine]) }
	}
	return func() (*protocol.Answer, error) { return w.task.offline(w.engines[engine]) }
}

// Threads uses all that are allowed: queries are independent of each other, or the engine has threads of its own.
func (w *workload) Threads(allowed int) int { return allowed }

// Phases gives the parts of the load.
func (w *workload) Phases() map[string]int64 { return w.phases }

// Load reads the inputs, opens the model and answers one query. The units of work are the rows.
func (w *workload) Load(req *protocol.Request) (int64, error) {
	c, err := newCase(req)
	if err != nil {
		return 0, err
	}
	w.task = Task{Case: c, Request: req}
	w.phases, err = inPhases(
		phase{"inputs", w.readInputs},
		phase{"model", func() error { return w.openEngine(c.Model.Name) }},
		phase{"first", func() error { return c.first(w.engines[c.Model.Name]) }},
	)
	if err != nil {
		return 0, err
	}
	return int64(c.Rows), w.openOthers()
}

func (w *workload) readInputs() (err error) {
	w.task.Inputs, err = readInputs(&w.task)
	return err
}

// openOthers opens the graph that is only called. It is part of load, but of none of its phases, which are the model's own.
func (w *workload) openOthers() error {
	for _, step := range w.task.Request.Steps {
		if name := strings.TrimSuffix(step, streamSuffix); w.engines[name] == nil {
			if err := w.openEngine(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workload) openEngine(name string) error {
	open := w.open[name]
	if open == nil {
		return protocol.Unsupported("the model %s is not in this variant", name)
	}
	engine, err := open(&w.task)
	if err == nil {
		w.engines[name] = engine
	}
	return err
}
