package flights

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"bench/protocol"
)

func request(t *testing.T, content string) *protocol.Request {
	t.Helper()
	path := write(t, content)
	return &protocol.Request{Inputs: map[string]string{"flights": path}, Outputs: filepath.Dir(path)}
}

// mixed is a file with rows of each kind, of several blocks.
func mixed() string {
	var b strings.Builder
	b.WriteString(header)
	for i := range 20_000 {
		switch {
		case i%1000 == 7:
			b.WriteString("\n" + withTail("\"a\nb\""))
		case i%100 == 1:
			b.WriteString("\nbad")
		case i%100 == 2:
			b.WriteString("\n" + with(map[int]string{airTime: "NA"}))
		case i%100 == 3:
			b.WriteString("\r\n" + with(map[int]string{distance: "499"}))
		default:
			fmt.Fprintf(&b, "\n%s", with(map[int]string{flight: fmt.Sprint(i)}))
		}
	}
	return b.String()
}

func TestCleanOnSeveralThreads(t *testing.T) {
	content := mixed()
	var lines int64
	var want []string
	for _, record := range model(content) {
		line, verdict, _ := strings.Cut(record, " ")
		if !strings.HasPrefix(verdict, "[") && verdict != "dropped" {
			var number int64
			fmt.Sscan(line, &number)
			lines += number
			want = append(want, line+","+verdict)
		}
	}
	slices.Sort(want)
	for threads := range 4 {
		req := request(t, content)
		req.Threads = threads + 1
		kept := make([]int64, req.Threads)
		tally, err := Clean(req, "x", func(thread int) Consumer {
			return func(rows *Scanner) error {
				for rows.Next() {
					kept[thread]++
				}
				return nil
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if tally != (Tally{Read: 20_000, Clean: 19_600, Dropped: 200, Rejected: 200, Kept: 19_400, RejectLines: lines}) {
			t.Errorf("%+v", tally)
		}
		var sum int64
		for _, k := range kept {
			sum += k
		}
		text, err := os.ReadFile(filepath.Join(req.Outputs, "x.rejects.csv"))
		got := strings.Split(strings.TrimSpace(string(text)), "\n")
		slices.Sort(got[1:])
		if sum != tally.Kept || err != nil || got[0] != "line,reason" || !slices.Equal(got[1:], want) {
			t.Errorf("%d kept; rejects %d, want %d; %v", sum, len(got)-1, len(want), err)
		}
	}
}

// idle takes the rows and does nothing.
func idle(rows *Scanner) error {
	for rows.Next() {
	}
	return nil
}

func TestAnErrorOrPanicOfAConsumerEndsAll(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("lost") },
		"panic": func() error { panic("lost") },
	} {
		req := request(t, mixed())
		req.Threads = 3
		var once sync.Once
		failing := make(chan struct{})
		consume := func(*Scanner) error {
			once.Do(func() { close(failing) })
			return fail()
		}
		// Else it might have read the whole file before another had a block.
		patient := func(rows *Scanner) error {
			<-failing
			return idle(rows)
		}
		_, err := Clean(req, "x", func(thread int) Consumer { return []Consumer{patient, consume, consume}[thread] })
		if err == nil || !strings.Contains(err.Error(), "lost") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRejectsThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	source, err := Open(write(t, mixed()))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	if _, err := clean(source, full, 1, func(int) Consumer { return idle }); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Error(err)
	}
	req := request(t, mixed())
	req.Outputs = ""
	if _, err := Clean(req, "x", func(int) Consumer { return idle }); !strings.Contains(refused(t, err), "outputs") {
		t.Error(err)
	}
	req.Outputs = "/nowhere/at/all"
	if _, err := Clean(req, "x", func(int) Consumer { return idle }); err == nil {
		t.Error("written to nowhere")
	}
}

func TestRowsCostNoAllocation(t *testing.T) {
	block := Block{data: []byte(strings.Repeat(good+"\n"+"bad\n"+withTail(`"""q"""`)+"\n", 100)), line: 2}
	s := Scanner{rejects: &Lines{}}
	allocations := testing.AllocsPerRun(10, func() {
		s.rejects.Text = s.rejects.Text[:0]
		for s.start(&block); s.Next(); {
		}
	})
	if allocations != 0 {
		t.Errorf("%v", allocations)
	}
}
