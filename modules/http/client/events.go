package client

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Event is one server-sent event.
type Event struct {
	Name, Data, ID string
}

// maxEvent is how large one event may be.
const maxEvent = 16 << 20

// EventParser takes a stream of server-sent events apart (HTML Living Standard §9.2.6), however it is
// cut into pieces.
type EventParser struct {
	line    []byte
	data    []byte
	hasData bool
	name    string
	id      string
	begun   bool // the byte order mark was looked for
	cr      bool // the last byte was a CR: an LF that follows belongs to it
}

// Write takes the next bytes and calls f for each event that is complete. It stops when f returns
// false.
func (p *EventParser) Write(b []byte, f func(Event) bool) *Error {
	for len(b) > 0 {
		if p.cr {
			p.cr = false
			if b[0] == '\n' {
				b = b[1:]
				continue
			}
		}
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			p.line = append(p.line, b...)
			if len(p.line)+len(p.data) > maxEvent {
				return errorf(KindTooLarge, nil, "an event is larger than %d bytes", maxEvent)
			}
			return nil
		}
		p.line = append(p.line, b[:i]...)
		p.cr = b[i] == '\r'
		b = b[i+1:]
		if e, ok := p.take(); ok && !f(e) {
			return nil
		}
		if len(p.data) > maxEvent {
			return errorf(KindTooLarge, nil, "an event is larger than %d bytes", maxEvent)
		}
	}
	return nil
}

// take reads one line; an empty one ends the event.
func (p *EventParser) take() (e Event, ok bool) {
	line := p.line
	p.line = p.line[:0]
	if !p.begun {
		p.begun = true
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	if len(line) == 0 {
		if !p.hasData {
			p.name = ""
			return e, false
		}
		e = Event{Name: p.name, Data: text(p.data[:len(p.data)-1]), ID: p.id}
		if e.Name == "" {
			e.Name = "message"
		}
		p.data, p.hasData, p.name = p.data[:0], false, ""
		return e, true
	}
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data":
		p.data = append(append(p.data, value...), '\n')
		p.hasData = true
	case "event":
		p.name = text(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			p.id = text(value)
		}
	}
	return e, false
}

func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
