package inference

import (
	"sync"
	"time"

	"bench/protocol"
)

// first answers the first query, into nothing.
func (c Case) first(engine Engine) error {
	return engine.Answer(make([]float32, c.Batch*c.Model.Width), 0)
}

// offline answers all rows.
func (c Case) offline(engine Engine) (*protocol.Answer, error) {
	out := make([]float32, c.Rows*c.Model.Width)
	reset(engine)
	if err := c.deal(engine, out); err != nil {
		return nil, err
	}
	return c.answer(out), nil
}

// deal gives each thread an equal part of the queries, in one piece: they are of one size and cost.
func (c Case) deal(engine Engine, out []float32) error {
	forker, ok := engine.(Forker)
	if !ok || c.Threads == 1 {
		return c.serve(engine, out, 0, c.Rows)
	}
	queries := c.Rows / c.Batch
	errs := make([]error, c.Threads)
	var all sync.WaitGroup
	for i := range errs {
		from, to := queries*i/c.Threads, queries*(i+1)/c.Threads
		all.Go(func() {
			errs[i] = protocol.Guarded(func() error { return c.serve(forker.Fork(), out, from*c.Batch, to*c.Batch) })
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// serve answers the rows from one to another, query by query.
func (c Case) serve(engine Engine, out []float32, from, to int) error {
	for ; from < to; from += c.Batch {
		if err := engine.Answer(out[from*c.Model.Width:(from+c.Batch)*c.Model.Width], from); err != nil {
			return err
		}
	}
	return nil
}

// stream answers the first rows one by one. The clock is read once a query: where one ends the next begins.
func (c Case) stream(engine Engine) (*protocol.Answer, error) {
	width := c.Model.Width
	out := make([]float32, c.Queries*width)
	took := make([]int64, c.Queries)
	reset(engine)
	start := time.Now()
	var last time.Duration
	for i := range took {
		if err := engine.Answer(out[i*width:(i+1)*width], i); err != nil {
			return nil, err
		}
		end := time.Since(start)
		took[i] = int64(end - last)
		last = end
	}
	answer := c.answer(out)
	answer.Units, answer.Queries = int64(c.Queries), took
	return answer, nil
}

func reset(engine Engine) {
	if r, ok := engine.(Resetter); ok {
		r.Reset()
	}
}
