package events

import (
	"fmt"
	"io"
	"testing"
	"time"

	"runner/metrics"
)

// A second of a run with fifty series of a hundred values each.
func secondOfMetrics() Event {
	r := metrics.NewRegistry()
	for i := range 50 {
		rec := r.Recorder(int64(i), metrics.Tag{Key: ScenarioTag, Value: "a"})
		s := rec.Series(metrics.HTTPResponseTime, metrics.Tag{Key: "name", Value: fmt.Sprint("/", i)})
		for k := range 100 {
			rec.Add(s, 5+float64(i*k%97)/10)
		}
	}
	return Event{Kind: KindMetrics, Metrics: r.Drain()}
}

type discard struct{ io.Writer }

func (discard) Truncate(int64) error { return nil }
func (discard) Sync() error          { return nil }
func (discard) Close() error         { return nil }

func BenchmarkWriteMetrics50(b *testing.B) {
	w := &Writer{to: newAppender("events.log", discard{io.Discard})}
	e := secondOfMetrics()
	for b.Loop() {
		w.Write(e)
	}
	record, _ := encodeRecord(e)
	b.ReportMetric(float64(len(record)), "B/record")
}

func BenchmarkReadMetrics50(b *testing.B) {
	record, err := encodeRecord(secondOfMetrics())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, ok := decodeRecord(record[:len(record)-1]); !ok {
			b.Fatal("the record is damaged")
		}
	}
}

func BenchmarkApplyMetrics50(b *testing.B) {
	s := NewState()
	e := secondOfMetrics()
	for b.Loop() {
		e.At += time.Second
		s.Apply(e)
	}
}

func BenchmarkSummary(b *testing.B) {
	s := NewState()
	e := secondOfMetrics()
	for range 100 {
		e.At += time.Second
		s.Apply(e)
	}
	for b.Loop() {
		Summary(s)
	}
}
