package protocol

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
)

// job numbers the samples of one workload and writes them.
type job struct {
	work    Workload
	req     *Request
	in      *bufio.Reader
	events  *emitter
	outputs *outputs
	index   int
	units   int64
}

func runJob(w Workload, req *Request, in *bufio.Reader, events *emitter) error {
	kept, err := openOutputs(req)
	if err != nil {
		return err
	}
	j := &job{work: w, req: req, in: in, events: events, outputs: kept}
	if err := j.load(); err != nil {
		return err
	}
	for _, name := range req.Steps {
		if err := j.step(name, w.Step(name)); err != nil {
			return fmt.Errorf("step %s: %w", name, err)
		}
	}
	return nil
}

func (j *job) load() error {
	t, err := timed(func() (err error) {
		j.units, err = j.work.Load(j.req)
		return err
	})
	if err != nil {
		return err
	}
	var whole Answer
	if phased, ok := j.work.(Phased); ok {
		whole.Phases = phased.Phases()
	}
	j.sample("load", 1, false, t, &whole, nil)
	return nil
}

// step runs the passes of one step. An answer lives until its sample is written and is garbage from then
// on. runtime.GC is not called between passes: when the collector frees, and at whose cost, is Go's own
// affair, as in any Go service, and stays in the figures.
func (j *job) step(name string, work Step) error {
	passes := j.req.Warmup + j.req.Timed
	for pass := 1; pass <= passes; pass++ {
		if err := j.turn(); err != nil {
			return err
		}
		answer, t, err := j.pass(name, work)
		if err != nil {
			return err
		}
		j.sample(name, pass, pass <= j.req.Warmup, t, answer, answer.check())
		if pass == passes && j.req.Answers != nil && j.outputs.written == 0 {
			if err := j.write(name, answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn waits for the line that gives the next pass its turn, where the request wants turns; at the end of
// the input nobody gives any, and the work goes on.
func (j *job) turn() error {
	if !j.req.Turns {
		return nil
	}
	if _, err := j.in.ReadSlice('\n'); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (j *job) pass(name string, work Step) (answer *Answer, t timing, err error) {
	err = j.outputs.ofPass(name, func() (err error) {
		t, err = timed(func() (err error) {
			answer, err = work()
			return err
		})
		return err
	})
	return answer, t, err
}

func (j *job) sample(step string, pass int, warmup bool, t timing, a *Answer, c *check) {
	j.events.emit(sample{
		Event: "sample", Index: j.index, Step: step, Pass: pass, Warmup: warmup,
		StartNS: t.start, WallNS: t.wall, UserNS: t.user, SystemNS: t.system,
		Units: cmp.Or(a.Units, j.units), Check: c, Phases: a.Phases, Queries: a.Queries,
	})
	j.index++
}

func (j *job) write(step string, answer *Answer) error {
	path, digest, err := answer.writeFile(*j.req.Answers, step)
	if err == nil {
		j.events.emit(answerEvent{"answer", step, path, answer.Rows, digest})
	}
	return err
}
