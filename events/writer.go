package events

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// A recording is a text file with one event a line: the CRC-32C of the JSON in eight hexadecimal
// digits, a space, the event as JSON, a newline. What a line holds can be seen by eye or
// with `cut -c10- events.log | jq`; whatever happens to the process, all lines but the last are whole.

const crcDigits = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes a recording. Write is a Sink. Safe for concurrent use; it starts no goroutine that
// lasts. An error never blocks or ends a run: it is remembered for Err, and writing is tried again.
type Writer struct {
	to *appender
}

// Create makes the recording at path, which must not be there yet.
func Create(path string) (*Writer, error) {
	to, err := createAppender(path)
	if err != nil {
		return nil, fmt.Errorf("making the recording: %w", err)
	}
	return &Writer{to: to}, nil
}

// Write adds an event. It is in the file at the scenario's next tick, or 250 ms later.
func (w *Writer) Write(e Event) {
	record, err := encodeRecord(e)
	if err != nil {
		w.to.mu.Lock()
		w.to.fail(err)
		w.to.lost++
		w.to.mu.Unlock()
		return
	}
	w.to.append(record)
	switch e.Kind {
	case KindTick, KindScenarioEnded, KindRunEnded:
		w.to.flush()
	}
}

// encodeRecord gives an event's line.
func encodeRecord(e Event) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("00000000 ")
	enc := json.NewEncoder(&b) // which ends the line
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("a %s event cannot be written: %w", e.Kind, err)
	}
	record := b.Bytes()
	digits := checksum(record[crcDigits+1 : len(record)-1])
	copy(record, digits[:])
	return record, nil
}

// checksum is the CRC-32C in hexadecimal digits.
func checksum(body []byte) (digits [crcDigits]byte) {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(body, castagnoli))
	hex.Encode(digits[:], sum[:])
	return digits
}

// Err is the first thing that went wrong since the recording began, once: later calls give nil.
func (w *Writer) Err() error { return w.to.failure() }

// Lost is how many events could not be kept.
func (w *Writer) Lost() int {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	return w.to.lost
}

// Flush hands what is waiting to the system.
func (w *Writer) Flush() { w.to.flush() }

// Close writes everything to the disk and returns what went wrong, if Err has not said it already.
func (w *Writer) Close() error { return w.to.close(true) }
