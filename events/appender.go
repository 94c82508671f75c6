package events

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// flushDelay is how long what was appended may wait in memory.
	flushDelay = 250 * time.Millisecond
	// flushSize is how much may wait before it is written at once.
	flushSize = 64 << 10
	// maxPending is how much is kept while the disk is full; what comes then is lost.
	maxPending = 8 << 20
)

// outputFile is what an appender needs of an *os.File.
type outputFile interface {
	io.Writer
	Truncate(size int64) error
	Sync() error
	Close() error
}

// appender writes whole records to the end of a file, a little later. It never fails a caller: what
// goes wrong is remembered. After a failed write the file is cut back to its last whole record and
// what could not be written waits for the next try, so that a disk which is full for a moment loses
// nothing. Safe for concurrent use.
type appender struct {
	name string

	mu      sync.Mutex
	file    outputFile
	size    int64 // of the whole records in the file
	pending []byte
	waiting int // records in pending
	timer   *time.Timer
	armed   bool
	failing bool // the last write failed
	dead    bool // the file cannot be written any more
	lost    int  // records given up
	err     error
	told    bool
}

// createAppender makes a file that must not be there yet.
func createAppender(path string) (*appender, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	return newAppender(filepath.Base(path), f), nil
}

func newAppender(name string, f outputFile) *appender {
	a := &appender{name: name, file: f}
	a.timer = time.AfterFunc(time.Hour, a.flush)
	a.timer.Stop()
	return a
}

// append adds a record. It does not keep the slice.
func (a *appender) append(record []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dead || len(a.pending) > maxPending {
		a.lost++
		return
	}
	a.pending = append(a.pending, record...)
	a.waiting++
	if len(a.pending) >= flushSize && !a.failing { // while failing, not at every record
		a.write()
	}
	if len(a.pending) > 0 && !a.armed {
		a.armed = true
		a.timer.Reset(flushDelay)
	}
}

// flush writes what is waiting.
func (a *appender) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = false
	a.timer.Stop()
	a.write()
}

// write tries to write what is waiting; a.mu is held.
func (a *appender) write() {
	if a.dead || len(a.pending) == 0 {
		return
	}
	n, err := a.file.Write(a.pending)
	if err == nil {
		a.size += int64(n)
		a.pending, a.waiting = a.pending[:0], 0
		a.failing = false
		return
	}
	a.failing = true
	a.fail(err)
	kept := bytes.LastIndexByte(a.pending[:n], '\n') + 1
	a.size += int64(kept)
	a.waiting = max(0, a.waiting-bytes.Count(a.pending[:kept], []byte("\n")))
	a.pending = slices.Delete(a.pending, 0, kept)
	if n == kept {
		return
	}
	if err := a.file.Truncate(a.size); err != nil {
		a.giveUp() // half a record stands at the end: nothing can be added behind it
	}
}

// giveUp counts what is waiting as lost, and all that comes; a.mu is held.
func (a *appender) giveUp() {
	a.dead = true
	a.lost += a.waiting
	a.pending, a.waiting = nil, 0
}

// fail remembers the first error; a.mu is held.
func (a *appender) fail(err error) {
	if a.err == nil {
		a.err = fmt.Errorf("writing %s: %w", a.name, err)
	}
}

// failure is the first thing that went wrong, once.
func (a *appender) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil || a.told {
		return nil
	}
	a.told = true
	return a.err
}

// close writes what is waiting, syncs if asked to, and closes the file. It returns what went wrong
// if nobody has been told yet. Closing twice does nothing.
func (a *appender) close(sync bool) error {
	a.mu.Lock()
	if a.file != nil {
		a.timer.Stop()
		a.write()
		if sync {
			if err := a.file.Sync(); err != nil {
				a.fail(err)
			}
		}
		if err := a.file.Close(); err != nil {
			a.fail(err)
		}
		a.file = nil
		a.giveUp()
	}
	a.mu.Unlock()
	return a.failure()
}
