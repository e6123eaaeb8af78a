package protocol

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// Failure is an error whose kind the protocol knows. Any other error is told as internal.
type Failure struct {
	Kind    string
	Message string
}

func (f *Failure) Error() string { return f.Message }

// Unsupported says that the request asks for what this variant lacks.
func Unsupported(format string, args ...any) error {
	return &Failure{"unsupported", fmt.Sprintf(format, args...)}
}

// BadInput says that the request or a file it names is not what it should be.
func BadInput(format string, args ...any) error {
	return &Failure{"input", fmt.Sprintf(format, args...)}
}

type failureEvent struct {
	Event   string `json:"event"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// newFailureEvent never says "memory": the Go runtime ends the process itself when memory runs out.
func newFailureEvent(err error) failureEvent {
	failure := &Failure{"internal", err.Error()}
	errors.As(err, &failure)
	return failureEvent{"error", failure.Kind, strings.ReplaceAll(failure.Message, "\n", " ")}
}

// Guarded turns a panic into an error, with its stack on standard error, which the harness keeps. A goroutine of a workload
// needs one of its own: a panic in it would end the process before the error is told.
func Guarded(work func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", cause, debug.Stack())
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return work()
}
