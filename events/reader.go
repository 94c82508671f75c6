package events

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Incomplete says what a recording lacks. All that is whole has been read.
type Incomplete struct {
	// Byte and Line (from 1) are where the first damage is, or the end of the file if only the end of
	// the run is missing.
	Byte int64
	Line int
	// Skipped is how many lines are damaged, one that was cut short included.
	Skipped int
	// Ended says whether the end of the run is in the recording.
	Ended bool
}

func (e *Incomplete) Error() string {
	var parts []string
	switch {
	case e.Skipped == 1:
		parts = append(parts, fmt.Sprintf("line %d (byte %d) is damaged and left out", e.Line, e.Byte))
	case e.Skipped > 1:
		parts = append(parts, fmt.Sprintf("from line %d (byte %d) on, %d lines are damaged and left out", e.Line, e.Byte, e.Skipped))
	}
	if !e.Ended {
		where := ""
		if e.Skipped == 0 {
			where = fmt.Sprintf(" after line %d (byte %d)", e.Line-1, e.Byte)
		}
		parts = append(parts, "it stops before the end of the run"+where)
	}
	return "the recording is incomplete: " + strings.Join(parts, "; ")
}

// Read calls each for every whole event of a recording, in order. It returns an *Incomplete if
// anything is damaged or missing, and another error if r cannot be read.
func Read(r io.Reader, each func(Event)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	incomplete := Incomplete{Line: 1}
	at, line := int64(0), 1
	damaged := func() {
		if incomplete.Skipped == 0 {
			incomplete.Byte, incomplete.Line = at, line
		}
		incomplete.Skipped++
	}
	take := func(e Event) {
		incomplete.Ended = incomplete.Ended || e.Kind == KindRunEnded
		each(e)
	}
	for {
		text, err := in.ReadBytes('\n')
		if len(text) > 0 {
			body, whole := bytes.CutSuffix(text, []byte("\n"))
			if e, ok := decodeRecord(body); ok {
				// A last record that lacks only its newline is whole too.
				take(e)
			} else {
				damaged()
				for _, e := range salvage(body) {
					take(e)
				}
			}
			at += int64(len(text))
			if whole {
				line++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading a recording at byte %d: %w", at, err)
		}
	}
	if incomplete.Skipped == 0 {
		incomplete.Byte, incomplete.Line = at, line
	}
	if incomplete.Skipped > 0 || !incomplete.Ended {
		return &incomplete
	}
	return nil
}

// ReadFile reads the recording at path as Read does.
func ReadFile(path string, each func(Event)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading a recording: %w", err)
	}
	defer f.Close()
	return Read(f, each)
}

// decodeRecord reads a line without its newline.
func decodeRecord(line []byte) (Event, bool) {
	var e Event
	if len(line) < crcDigits+3 || line[crcDigits] != ' ' {
		return e, false
	}
	body := line[crcDigits+1:]
	if digits := checksum(body); string(digits[:]) != string(line[:crcDigits]) {
		return e, false
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, false
	}
	return e, true
}

// recordStart is how a record goes on after its checksum. Within a record it cannot stand: JSON is
// written without spaces, and in a text the quotes would have backslashes.
var recordStart = []byte(` {"at":`)

// salvage finds the whole records in a damaged line: when a newline was hit, two records stand in one.
func salvage(line []byte) (found []Event) {
	var starts []int
	for from := 0; ; {
		i := bytes.Index(line[from:], recordStart)
		if i < 0 {
			break
		}
		if start := from + i - crcDigits; start >= 0 {
			starts = append(starts, start)
		}
		from += i + len(recordStart)
	}
	for i, start := range starts {
		end := len(line)
		if i+1 < len(starts) {
			end = starts[i+1] - 1 // without what stands for the newline
		}
		if end <= start {
			continue
		}
		e, ok := decodeRecord(line[start:end])
		if !ok { // the last newline of the file may have been hit too
			e, ok = decodeRecord(line[start : end-1])
		}
		if ok {
			found = append(found, e)
		}
	}
	return found
}
