package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
)

// Request is the harness's one line, of the fields that a Go implementation uses.
type Request struct {
	Protocol int               `json:"protocol"`
	Workload string            `json:"workload"`
	Inputs   map[string]string `json:"inputs"`
	Params   json.RawMessage   `json:"params"` // what they mean is the workload's own affair
	Steps    []string          `json:"steps"`
	Warmup   int               `json:"warmup"`
	Timed    int               `json:"timed"`
	Threads  int               `json:"threads"`
	Seed     int64             `json:"seed"`
	Answers  *string           `json:"answers"`
	Outputs  string            `json:"outputs"` // to a workload: the working folder that a step writes into, "" for none
	Meter    *MeterRequest     `json:"meter"`
	Serve    *ServeRequest     `json:"serve"`
	Turns    bool              `json:"turns"`
}

// MeterRequest sets the stall meter.
type MeterRequest struct {
	IntervalNS  int64 `json:"interval_ns"`
	ThresholdNS int64 `json:"threshold_ns"`
}

// Input finds the path of a named input.
func (r *Request) Input(name string) (string, error) {
	path, ok := r.Inputs[name]
	if !ok {
		return "", BadInput("the request names no input %q", name)
	}
	return path, nil
}

// readRequest reads one line; nil without an error means that the harness asked for hello alone.
func readRequest(in *bufio.Reader) (*Request, error) {
	line, err := in.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(line) == 0 {
		return nil, nil
	}
	return parseRequest(line)
}

// parseRequest looks at the protocol's number first: a later one may give other fields other types.
func parseRequest(line []byte) (*Request, error) {
	var head struct {
		Protocol int `json:"protocol"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, BadInput("the request is not an object with a protocol number: %v", err)
	}
	if head.Protocol != Version {
		return nil, Unsupported("protocol %d; this implementation speaks %d", head.Protocol, Version)
	}
	req := new(Request)
	if err := json.Unmarshal(line, req); err != nil {
		return nil, BadInput("the request does not read: %v", err)
	}
	return req, req.validate()
}

func (r *Request) validate() error {
	switch {
	case r.Workload == "":
		return BadInput("the request names no workload")
	case r.Warmup < 0 || r.Timed < 0 || r.Warmup+r.Timed < 1:
		return BadInput("a step needs a pass: warmup %d, timed %d", r.Warmup, r.Timed)
	case r.Threads < 1:
		return BadInput("threads must be at least 1, not %d", r.Threads)
	case r.Meter != nil && (r.Meter.IntervalNS < 1 || r.Meter.ThresholdNS < 0):
		return BadInput("the meter needs an interval above 0 and a threshold of 0 or more")
	}
	return nil
}
