package inference

import (
	"encoding/json"

	"bench/protocol"
)

// Case is how a model's rows are cut into queries.
type Case struct {
	Model   *Model
	Batch   int // rows a query
	Rows    int
	Queries int // of the stream
	Streams int // vad: recordings side by side
	Threads int
}

func newCase(req *protocol.Request) (Case, error) {
	var params struct {
		Model                         string
		Batch, Rows, Queries, Streams int
	}
	if err := json.Unmarshal(req.Params, &params); err != nil {
		return Case{}, protocol.BadInput("the parameters do not read: %v", err)
	}
	model := models[params.Model]
	if model == nil {
		return Case{}, protocol.BadInput("there is no model %q", params.Model)
	}
	c := Case{model, params.Batch, params.Rows, params.Queries, params.Streams, req.Threads}
	return c, c.validate(req.Steps)
}

func (c Case) validate(steps []string) error {
	switch {
	case c.Rows < 1:
		return protocol.BadInput("no rows: %d", c.Rows)
	case c.Batch < 1 || c.Rows%c.Batch != 0:
		return protocol.BadInput("a batch of %d does not divide %d rows", c.Batch, c.Rows)
	case c.Model.Name == "vad" && (c.Streams < 1 || c.Streams%c.Batch != 0):
		return protocol.BadInput("a batch of %d does not divide %d streams", c.Batch, c.Streams)
	}
	for _, step := range steps {
		if err := c.takes(step); err != nil {
			return err
		}
	}
	return nil
}

// takes refuses a step of another model, and a stream of no queries or of more than there are rows.
func (c Case) takes(step string) error {
	switch step {
	case c.Model.Name, c.Model.Name + callSuffix:
		return nil
	case c.Model.Name + streamSuffix:
		if c.Queries < 1 || c.Queries > c.Rows {
			return protocol.BadInput("%d queries of one row each, of %d rows", c.Queries, c.Rows)
		}
		return nil
	}
	return protocol.BadInput("the step %s is of another model than %s", step, c.Model.Name)
}
