package protocol

import (
	"bufio"
	"errors"
	"strings"
	"testing"
)

const goodRequest = `{"protocol":1,"workload":"w","inputs":{"table":"/t"},"params":{"rows":3},"steps":["a"],` +
	`"warmup":1,"timed":1,"threads":1,"seed":7,"time_limit_s":9,"answers":null,` +
	`"meter":{"interval_ns":1,"threshold_ns":0},"unknown":[]}`

func TestParseRequest(t *testing.T) {
	req, err := parseRequest([]byte(goodRequest))
	if err != nil {
		t.Fatal(err)
	}
	if req.Workload != "w" || req.Steps[0] != "a" || req.Answers != nil || req.Meter.IntervalNS != 1 {
		t.Errorf("%+v", req)
	}
	if path, err := req.Input("table"); path != "/t" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	if _, err := req.Input("other"); kindOf(err) != "input" {
		t.Errorf("an input that is not there: %v", err)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for _, c := range []struct{ name, from, to, kind string }{
		{"another protocol", `"protocol":1`, `"protocol":2`, "unsupported"},
		{"another protocol of other types", `"protocol":1,"workload":"w"`, `"protocol":2,"workload":{}`, "unsupported"},
		{"no JSON", goodRequest, "hello", "input"},
		{"a list", goodRequest, "[1]", "input"},
		{"a wrong type", `"steps":["a"]`, `"steps":"a"`, "input"},
		{"no workload", `"workload":"w"`, `"workload":""`, "input"},
		{"no pass", `"warmup":1,"timed":1`, `"warmup":0,"timed":0`, "input"},
		{"less than no pass", `"timed":1`, `"timed":-1`, "input"},
		{"no thread", `"threads":1`, `"threads":0`, "input"},
		{"a meter that never sleeps", `"interval_ns":1`, `"interval_ns":0`, "input"},
	} {
		_, err := parseRequest([]byte(strings.Replace(goodRequest, c.from, c.to, 1)))
		if kindOf(err) != c.kind {
			t.Errorf("%s: %v, want kind %s", c.name, err, c.kind)
		}
	}
}

func TestReadRequest(t *testing.T) {
	for _, c := range []struct {
		name, input string
		request     bool
		kind        string
	}{
		{"nothing", "", false, ""},
		{"a line", goodRequest + "\n", true, ""},
		{"a line that ends with the input", goodRequest, true, ""},
		{"an empty line", "\n", false, "input"},
	} {
		req, err := readRequest(bufio.NewReader(strings.NewReader(c.input)))
		if (req != nil && err == nil) != c.request || kindOf(err) != c.kind {
			t.Errorf("%s: %+v, %v", c.name, req, err)
		}
	}
}

// FuzzParseRequest: whatever comes, a request that is taken is one that can be run, and a refusal has a kind.
func FuzzParseRequest(f *testing.F) {
	f.Add(goodRequest)
	f.Add(`{"protocol":1}`)
	f.Add(`{"protocol":1e0,"threads":99999999999999999999}`)
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, line string) {
		req, err := parseRequest([]byte(line))
		if err != nil {
			if kind := kindOf(err); kind != "input" && kind != "unsupported" {
				t.Fatalf("kind %q: %v", kind, err)
			}
			return
		}
		if req.Workload == "" || req.Threads < 1 || req.Warmup < 0 || req.Timed < 0 || req.Warmup+req.Timed < 1 {
			t.Fatalf("taken: %+v", req)
		}
	})
}

func kindOf(err error) string {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Kind
	}
	return ""
}
