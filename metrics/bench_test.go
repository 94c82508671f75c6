package metrics

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

func benchValues() []float64 {
	values := make([]float64, 4096)
	x := uint32(1)
	for i := range values {
		x = x*1664525 + 1013904223
		values[i] = 0.5 + float64(x>>8)/float64(1<<24)*40
	}
	return values
}

func BenchmarkAdd(b *testing.B) {
	r := NewRegistry()
	rec := r.Recorder(1)
	s := rec.Series(HTTPResponseTime)
	values := benchValues()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rec.Add(s, values[i&4095])
	}
}

func BenchmarkAddCounter(b *testing.B) {
	r := NewRegistry()
	rec := r.Recorder(1)
	s := rec.Series(HTTPRequests)
	for b.Loop() {
		rec.Add(s, 1)
	}
}

func BenchmarkAddParallel(b *testing.B) {
	r := NewRegistry()
	values := benchValues()
	ids := make(chan int64, 1024)
	for i := range int64(1024) {
		ids <- i
	}
	b.RunParallel(func(pb *testing.PB) {
		rec := r.Recorder(<-ids)
		s := rec.Series(HTTPResponseTime)
		for i := 0; pb.Next(); i++ {
			rec.Add(s, values[i&4095])
		}
	})
}

func BenchmarkAddAll8(b *testing.B) {
	r := NewRegistry()
	rec := r.Recorder(1)
	var samples []Sample
	for _, m := range []*Metric{HTTPResponseTime, HTTPBlocked, HTTPDNS, HTTPConnect, HTTPTLS, HTTPSend, HTTPWait, HTTPReceive} {
		samples = append(samples, Sample{rec.Series(m), 0})
	}
	values := benchValues()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for k := range samples {
			samples[k].Value = values[(i+k)&4095]
		}
		rec.AddAll(samples)
	}
}

func BenchmarkSeriesLookup(b *testing.B) {
	r := NewRegistry()
	rec := r.Recorder(1, Tag{"scenario", "stress"}, Tag{"node", "local"})
	b.ReportAllocs()
	for b.Loop() {
		rec.Series(HTTPRequests, Tag{"method", "GET"}, Tag{"name", "/users/{id}"}, Tag{"status", "200"})
	}
}

// thousand records n values into each of 1,000 series, spread over all shards.
func thousand(r *Registry, n int) {
	values := benchValues()
	for u := range r.shards {
		rec := r.Recorder(int64(u), Tag{"scenario", "s"})
		for i := range 1000 {
			s := rec.Series(HTTPResponseTime, Tag{"name", fmt.Sprint(i)})
			for k := range n / len(r.shards) {
				rec.Add(s, values[(i*7+u*13+k)&4095])
			}
		}
	}
}

func BenchmarkDrain1000(b *testing.B) {
	r := NewRegistry()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		thousand(r, 80)
		b.StartTimer()
		r.Drain()
	}
}

func BenchmarkDeltaJSON1000(b *testing.B) {
	r := NewRegistry()
	thousand(r, 80)
	d := r.Drain()
	var size int
	for b.Loop() {
		text, err := json.Marshal(d)
		if err != nil {
			b.Fatal(err)
		}
		size = len(text)
	}
	b.ReportMetric(float64(size)/1000, "B/series")
}

func benchStore() *Store {
	r := NewRegistry()
	s := NewStore()
	thousand(r, 80)
	d := r.Drain()
	for n := 1; n <= 300; n++ {
		s.Apply(time.Duration(n)*time.Second, d)
	}
	return s
}

func BenchmarkApply1000(b *testing.B) {
	r := NewRegistry()
	thousand(r, 80)
	d := r.Drain()
	s := benchStore()
	at := s.Now()
	for b.Loop() {
		at += time.Second
		s.Apply(at, d)
	}
}

func BenchmarkQuery(b *testing.B) {
	s := benchStore()
	for _, c := range []struct {
		name   string
		tags   map[string]string
		window time.Duration
	}{
		{"one series, run", map[string]string{"name": "7"}, 0},
		{"one series, 10 s", map[string]string{"name": "7"}, 10 * time.Second},
		{"1000 series, run", nil, 0},
		{"1000 series, 10 s", nil, 10 * time.Second},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				stats, _ := s.Query("http.response_time", c.tags, c.window)
				stats.Quantile(0.99)
			}
		})
	}
}
