package runtime

import (
	"context"
	"testing"
	"time"

	"runner/events"
	"runner/loadmodels"
	"runner/value"
)

// BenchmarkIteration is what the engine itself costs an iteration, without a script.
func BenchmarkIteration(b *testing.B) {
	f := &fake{name: "s", start: func(*fakeUser) (value.Value, error) { return float64(1), nil }}
	f.model = func(c loadmodels.Commands) error {
		c.AddWork(b.N)
		b.ResetTimer()
		c.ScaleUsers(2)
		for done := int64(0); done < int64(b.N); {
			got, err := c.LatestResults(loadmodels.ResultOptions{Timeout: time.Second})
			if err != nil {
				return err
			}
			done += int64(len(got))
		}
		return nil
	}
	b.ReportAllocs()
	r := New(RunOptions{ID: "bench", Sink: func(events.Event) {}}, []*Scenario{f.scenario()})
	r.Do(context.Background())
}

// BenchmarkArrival is what one arrival of an open model costs.
func BenchmarkArrival(b *testing.B) {
	f := &fake{name: "s", start: func(*fakeUser) (value.Value, error) { return float64(1), nil }}
	f.model = func(c loadmodels.Commands) error {
		rate := 200_000.0
		b.ResetTimer()
		c.SetArrivals(loadmodels.Arrivals{{Duration: time.Duration(float64(b.N) / rate * float64(time.Second)), From: rate, To: rate}},
			loadmodels.ArrivalOptions{Users: 100, MaxUsers: 1000})
		for done := int64(0); done < int64(b.N); {
			got, err := c.LatestResults(loadmodels.ResultOptions{Timeout: time.Second})
			if err != nil {
				return err
			}
			if len(got) == 0 {
				break
			}
			done += int64(len(got))
		}
		return nil
	}
	b.ReportAllocs()
	r := New(RunOptions{ID: "bench", Sink: func(events.Event) {}}, []*Scenario{f.scenario()})
	r.Do(context.Background())
}
