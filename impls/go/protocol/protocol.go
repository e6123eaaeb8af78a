// Package protocol is the Go side of PROTOCOL.md: a variant names its workloads and calls Main, and this
// package reads the request, times every pass around the work alone, and writes the events.
//
// It promises that nothing is written, allocated for the harness or checked inside a timed section, apart
// from what the stall meter and the watch on the collector need to wake up.
package protocol

import (
	"bufio"
	"io"
	"os"
	"runtime"
)

// Version is the protocol's, sent with hello and asked of every request.
const Version = 1

// Variant is one way of writing the workloads in Go: the command of one folder beside this package.
type Variant struct {
	Name      string
	Libraries map[string]string // name to version; empty when the standard library is all
	Workloads map[string]func() Workload
	Servers   map[string]func() Server
}

// Workload is one task as one variant does it. A job makes one, loads it once and then runs its steps,
// each several times over the same data.
type Workload interface {
	// Load brings the inputs into the variant's own memory format and returns the units of work (input rows).
	Load(*Request) (units int64, err error)
	// Step finds the step of that name; nil is one that the variant lacks.
	Step(name string) Step
}

// Threaded is a workload that may use several threads; any other keeps to one.
type Threaded interface {
	// Threads says how many the workload will use where so many are allowed.
	Threads(allowed int) int
}

// Phased is a workload that knows the parts of its load.
type Phased interface {
	// Phases gives the nanoseconds of each part by name. It is asked once, after Load.
	Phases() map[string]int64
}

// Step does the whole work of one step and returns its answer, whole in memory, or written and closed in
// the request's outputs.
type Step func() (*Answer, error)

// Main serves one job on standard input and output, and exits.
func (v Variant) Main() { os.Exit(v.serve(os.Stdin, os.Stdout)) }

// serve runs the course of a job and returns the exit code.
func (v Variant) serve(in io.Reader, out io.Writer) int {
	events := newEmitter(out)
	if err := Guarded(func() error { return v.course(bufio.NewReader(in), events) }); err != nil {
		events.emit(newFailureEvent(err))
		return 1
	}
	return 0
}

func (v Variant) course(in *bufio.Reader, events *emitter) error {
	events.emit(v.hello())
	req, err := readRequest(in)
	if err != nil || req == nil {
		return err
	}
	if _, ok := v.Servers[req.Workload]; ok {
		return v.serveJob(req, in, events)
	}
	w, err := v.open(req)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(req.Threads)
	watch, meter := startWatch(), startMeter(req.Meter)
	events.emit(ready{"ready", now(), threads(w, req)})
	if err := runJob(w, req, in, events); err != nil {
		return err
	}
	events.emit(watch.stop())
	if meter != nil {
		events.emit(meter.stop())
	}
	events.emit(newDone())
	if err := events.err; err != nil {
		return err
	}
	// The harness reads the last figures of the cgroup before it closes our input; till then we hold what we have.
	_, err = io.Copy(io.Discard, in)
	runtime.KeepAlive(w)
	return err
}

// open makes the workload and refuses, before anything is read, a request that it cannot serve whole.
func (v Variant) open(req *Request) (Workload, error) {
	create, ok := v.Workloads[req.Workload]
	if !ok {
		return nil, Unsupported("workload %q is not in this variant", req.Workload)
	}
	w := create()
	for _, name := range req.Steps {
		if w.Step(name) == nil {
			return nil, Unsupported("step %q of %s is not in this variant", name, req.Workload)
		}
	}
	return w, nil
}

func threads(w Workload, req *Request) int {
	if threaded, ok := w.(Threaded); ok {
		return threaded.Threads(req.Threads)
	}
	return 1
}
