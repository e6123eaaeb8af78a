package flights

import (
	"os"
	"sync"

	"bench/protocol"
)

// Consumer takes the kept rows of one block after the other.
type Consumer func(*Scanner) error

// Clean goes through the request's flights, on the calling goroutine where one thread is asked for, hands each block to
// the consumer of the thread that read it, and writes the malformed records to <step>.rejects.csv. The first error
// ends it for all.
func Clean(req *protocol.Request, step string, consumer func(thread int) Consumer) (tally Tally, err error) {
	path, err := req.Input("flights")
	if err != nil {
		return tally, err
	}
	source, err := Open(path)
	if err != nil {
		return tally, err
	}
	defer source.Close()
	err = Create(req, step+".rejects.csv", "line,reason\n", func(rejects *os.File) error {
		tally, err = clean(source, rejects, req.Threads, consumer)
		return err
	})
	return tally, err
}

func clean(source *Source, rejects *os.File, count int, consumer func(thread int) Consumer) (Tally, error) {
	threads := make([]thread, count)
	for i := range threads {
		threads[i] = thread{source: source, consume: consumer(i), rows: Scanner{rejects: NewLines(rejects)}}
	}
	if len(threads) == 1 {
		threads[0].run()
	} else {
		var all sync.WaitGroup
		for i := range threads {
			all.Go(threads[i].guarded)
		}
		all.Wait()
	}
	var total Tally
	for i := range threads {
		if threads[i].err != nil {
			return total, threads[i].err
		}
		total.add(threads[i].rows.Tally)
	}
	return total, nil
}

// Answer is that of a step which has written so many rows.
func Answer(rows int, tally Tally) *protocol.Answer {
	return &protocol.Answer{Rows: rows, Tally: tally.Sums(), Units: tally.Read}
}

// thread cleans the blocks that are its turn.
type thread struct {
	source  *Source
	consume Consumer
	rows    Scanner
	err     error
}

func (t *thread) run() {
	if t.err = t.blocks(); t.err != nil {
		t.source.Stop()
	}
}

func (t *thread) blocks() error {
	var block Block
	for {
		more, err := t.source.Next(&block)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		t.rows.start(&block)
		if err := t.consume(&t.rows); err != nil {
			return err
		}
		if err := t.rows.rejects.Flush(); err != nil {
			return err
		}
	}
}

// guarded keeps a panic from ending the process before the error is told.
func (t *thread) guarded() {
	work := func() error {
		t.run()
		return nil
	}
	if err := protocol.Guarded(work); err != nil {
		t.err = err
		t.source.Stop()
	}
}
