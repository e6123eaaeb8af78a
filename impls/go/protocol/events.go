package protocol

import (
	"encoding/json"
	"io"
	"runtime"
)

// emitter writes one event a line. It keeps the first error: there is nobody to tell before the end.
type emitter struct {
	enc *json.Encoder
	err error
}

func newEmitter(out io.Writer) *emitter {
	enc := json.NewEncoder(out) // one unbuffered write an event
	enc.SetEscapeHTML(false)
	return &emitter{enc: enc}
}

func (e *emitter) emit(event any) {
	if err := e.enc.Encode(event); err != nil && e.err == nil {
		e.err = err
	}
}

type hello struct {
	Event       string            `json:"event"`
	Protocol    int               `json:"protocol"`
	Language    string            `json:"language"`
	Variant     string            `json:"variant"`
	Runtime     string            `json:"runtime"`
	Libraries   map[string]string `json:"libraries"`
	Parallelism int               `json:"parallelism"`
	Clock       string            `json:"clock"`
	Allocator   string            `json:"allocator"`
	NowNS       int64             `json:"now_ns"`
}

func (v Variant) hello() hello {
	libraries := v.Libraries
	if libraries == nil {
		libraries = map[string]string{}
	}
	return hello{
		Event: "hello", Protocol: Version, Language: "go", Variant: v.Name,
		Runtime: runtime.Version(), Libraries: libraries, Parallelism: runtime.GOMAXPROCS(0),
		Clock: "CLOCK_MONOTONIC", Allocator: "Go runtime", NowNS: now(),
	}
}

type ready struct {
	Event   string `json:"event"`
	NowNS   int64  `json:"now_ns"`
	Threads int    `json:"threads"`
}

type sample struct {
	Event    string           `json:"event"`
	Index    int              `json:"index"`
	Step     string           `json:"step"`
	Pass     int              `json:"pass"`
	Warmup   bool             `json:"warmup"`
	StartNS  int64            `json:"start_ns"`
	WallNS   int64            `json:"wall_ns"`
	UserNS   int64            `json:"user_ns"`
	SystemNS int64            `json:"system_ns"`
	Units    int64            `json:"units"`
	Check    *check           `json:"check"`
	Phases   map[string]int64 `json:"phases,omitempty"`
	Queries  []int64          `json:"queries,omitempty"`
}

type answerEvent struct {
	Event  string `json:"event"`
	Step   string `json:"step"`
	Path   string `json:"path"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// interval is a stretch of time that somebody had to wait.
type interval struct {
	StartNS int64  `json:"start_ns"`
	WallNS  int64  `json:"wall_ns"`
	Kind    string `json:"kind,omitempty"`
}
