package client

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		what, stream string
		want         []Event
	}{
		{"one event", "data: a\n\n", []Event{{"message", "a", ""}}},
		{"CR LF and CR", "data: a\r\n\r\ndata: b\r\rdata:c\n\n", []Event{{"message", "a", ""}, {"message", "b", ""}, {"message", "c", ""}}},
		{"several lines", "data: a\ndata\ndata:  b\n\n", []Event{{"message", "a\n\n b", ""}}},
		{"names and ids", "id: 1\nevent: x\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", []Event{{"x", "a", "1"}, {"message", "b", "1"}, {"message", "c", ""}}},
		{"comments and strangers", ": ping\n\nretry: 10\nfoo: bar\nDATA: no\n\ndata: a\n\n", []Event{{"message", "a", ""}}},
		{"a byte order mark", "\uFEFFdata: a\n\n", []Event{{"message", "a", ""}}},
		{"an event without data", "event: x\n\ndata: a\n\n", []Event{{"message", "a", ""}}},
		{"empty data", "data\n\n", []Event{{"message", "", ""}}},
		{"an unfinished event", "data: a\n\ndata: b\n", []Event{{"message", "a", ""}}},
		{"an id with a NUL", "id: a\x00b\ndata: a\n\n", []Event{{"message", "a", ""}}},
		{"not UTF-8", "data: \xff\n\n", []Event{{"message", "\uFFFD", ""}}},
	} {
		for size := 1; size <= len(test.stream); size++ {
			var p EventParser
			var got []Event
			for rest := []byte(test.stream); len(rest) > 0; {
				n := min(size, len(rest))
				p.Write(rest[:n], func(e Event) bool { got = append(got, e); return true })
				rest = rest[n:]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s in pieces of %d: %s", test.what, size, diff)
			}
		}
	}
}
