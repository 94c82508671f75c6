package export

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"runner/events"
)

// maxWaiting is how many seconds of a run may wait to be written; when the disk is slower for longer,
// seconds are left out and counted.
const maxWaiting = 120

// tableWriter writes rows. Its calls come from one goroutine.
type tableWriter interface {
	row(r row) error
	flush() error
	close() error
}

// Table writes one row for each series and second into a file while the run goes. Write is an
// events.Sink and never waits for the disk.
type Table struct {
	path    string
	file    *os.File
	waiting chan events.Event
	done    chan struct{}
	closing sync.Once

	mu   sync.Mutex
	lost int
	err  error
}

// NewCSV makes a table of comma-separated values; path "-" writes to out.
func NewCSV(path string, out io.Writer) (*Table, error) {
	return newTable(path, out, func(w io.Writer) (tableWriter, error) { return newCSVWriter(w) })
}

// NewParquet makes a Parquet file.
func NewParquet(path string, out io.Writer) (*Table, error) {
	return newTable(path, out, func(w io.Writer) (tableWriter, error) { return newParquetWriter(w), nil })
}

func newTable(path string, out io.Writer, open func(io.Writer) (tableWriter, error)) (*Table, error) {
	t := &Table{path: path, waiting: make(chan events.Event, maxWaiting), done: make(chan struct{})}
	if path != "-" {
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		t.file, out = f, f
	}
	w, err := open(out)
	if err != nil {
		if t.file != nil {
			err = errors.Join(err, t.file.Close())
		}
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	go t.work(w)
	return t, nil
}

// Write takes in an event.
func (t *Table) Write(e events.Event) {
	if e.Metrics == nil {
		return
	}
	select {
	case t.waiting <- e:
	default:
		t.mu.Lock()
		t.lost++
		t.mu.Unlock()
	}
}

func (t *Table) work(w tableWriter) {
	defer close(t.done)
	for e := range t.waiting {
		if t.failed() != nil {
			t.mu.Lock()
			t.lost++
			t.mu.Unlock()
			continue
		}
		rowsOf(e, func(r row) {
			if t.failed() == nil {
				t.fail(w.row(r))
			}
		})
		if t.failed() == nil {
			t.fail(w.flush())
		}
	}
	t.fail(w.close())
	if t.file != nil {
		t.fail(t.file.Sync())
		t.fail(t.file.Close())
	}
}

func (t *Table) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *Table) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil && err != nil {
		t.err = err
	}
}

// Close writes what is waiting and says what went wrong. No Write may come after it.
func (t *Table) Close() error {
	t.closing.Do(func() { close(t.waiting) })
	<-t.done
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil && t.lost > 0:
		return fmt.Errorf("writing %s: %w; %d seconds of the run are not in it", t.path, t.err, t.lost)
	case t.err != nil:
		return fmt.Errorf("writing %s: %w", t.path, t.err)
	case t.lost > 0:
		return fmt.Errorf("writing %s: the disk was too slow: %d seconds of the run are not in it", t.path, t.lost)
	}
	return nil
}
