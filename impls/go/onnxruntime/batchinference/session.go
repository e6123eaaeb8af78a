//go:build cgo

package batchinference

import (
	"errors"

	ort "github.com/yalue/onnxruntime_go"

	"bench/inference"
	"bench/protocol"
)

// openSession loads a graph. A name that the graph lacks is noticed when it is bound.
func openSession(t *inference.Task, input string) (*ort.DynamicAdvancedSession, error) {
	path, err := t.Request.Input(input)
	if err != nil {
		return nil, err
	}
	options, err := newOptions(t.Threads)
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	session, err := ort.NewDynamicAdvancedSession(path, nil, nil, options)
	if err != nil {
		return nil, protocol.BadInput("%s: %v", path, err)
	}
	return session, nil
}

// newOptions lets no thread spin, and the engine's own share a query where there may be several.
func newOptions(threads int) (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		options.SetIntraOpNumThreads(threads),
		options.SetInterOpNumThreads(1),
		options.SetExecutionMode(ort.ExecutionModeSequential),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if err != nil {
		options.Destroy()
		return nil, err
	}
	return options, nil
}
