package protocol

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

// ServeRequest says where to listen (port 0: any that is free), and how many connections must be held.
type ServeRequest struct {
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Connections int    `json:"connections"`
}

// Server is a workload that is served.
type Server interface {
	// Load reads model and store, answers one prediction inside, and gives the nanoseconds of each part.
	Load(*Request) (phases map[string]int64, err error)
	// Serve answers until the context ends, drains, and says how many answers it sent, of any status.
	Serve(context.Context, *net.TCPListener) (answers int64, err error)
}

// Tracer is a server that knows its collector's work in full, where that was asked for: nil where not. Asked once, after Serve.
type Tracer interface {
	Collected() []Interval
}

// Interval is a stretch of time on CLOCK_MONOTONIC, with what it was.
type Interval = interval

type serving struct {
	Event string `json:"event"`
	Port  int    `json:"port"`
	NowNS int64  `json:"now_ns"`
}

// serveJob is the course of a job that serves, from the request on.
func (v Variant) serveJob(req *Request, in *bufio.Reader, events *emitter) error {
	if req.Serve == nil {
		return BadInput("the request has no 'serve'")
	}
	runtime.GOMAXPROCS(req.Threads)
	watch, server := startWatch(), v.Servers[req.Workload]()
	events.emit(ready{"ready", now(), req.Threads})
	listener, err := load(server, req, events)
	if err != nil {
		return err
	}
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	meter := startMeter(req.Meter)
	events.emit(serving{"serving", listener.Addr().(*net.TCPAddr).Port, now()})
	answers, err := server.Serve(terminated, listener)
	if err != nil {
		return err
	}
	collected := watch.stop()
	if tracer, ok := server.(Tracer); ok {
		collected.take(tracer.Collected())
	}
	events.emit(collected)
	if meter != nil {
		events.emit(meter.stop())
	}
	last := newDone()
	last.Served = &answers
	events.emit(last)
	if events.err != nil {
		return events.err
	}
	_, err = io.Copy(io.Discard, in)
	runtime.KeepAlive(server)
	return err
}

// load times the load and tells of it once it listens.
func load(server Server, req *Request, events *emitter) (listener *net.TCPListener, err error) {
	var phases map[string]int64
	t, err := timed(func() (err error) {
		if phases, err = server.Load(req); err != nil {
			return err
		}
		listener, err = listen(req.Serve)
		return err
	})
	if err == nil {
		events.emit(sample{
			Event: "sample", Step: "load", Pass: 1, StartNS: t.start, WallNS: t.wall, UserNS: t.user, SystemNS: t.system, Phases: phases,
		})
	}
	return listener, err
}

// listen has the system's largest backlog, as package net always has.
func listen(at *ServeRequest) (*net.TCPListener, error) {
	found, err := net.Listen("tcp", net.JoinHostPort(at.Host, strconv.Itoa(at.Port)))
	if err != nil {
		return nil, BadInput("%v", err)
	}
	listener, ok := found.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("a listener of type %T", found)
	}
	return listener, nil
}
