package metrics

// CONTRACT (to be written by the metrics helper; signatures fixed, bodies to be made real)

// Registry knows the series of one node and drains what was recorded.
type Registry struct{}

// NewRegistry makes a registry with a few shards per core.
func NewRegistry() *Registry { panic("todo") }

// Register makes a metric known by name, or returns the one that is; an error if kind or unit differ.
func (r *Registry) Register(m *Metric) (*Metric, error) { panic("todo") }

// Lookup finds a metric by name, nil if there is none.
func (r *Registry) Lookup(name string) *Metric { panic("todo") }

// Series is one metric with one set of tags, in the registry that made it.
type Series struct{}

// Recorder records for one user (or one controller): it is bound to a shard and to base tags
// (scenario, node …). Safe to use from any goroutine.
type Recorder struct{}

// Recorder makes a recorder on the shard that belongs to n (a user's id).
func (r *Registry) Recorder(n int64, base ...Tag) *Recorder { panic("todo") }

// Series resolves a metric and tags on top of the base tags, once; keep what it returns: it is the
// fast way. Past 10,000 series of one metric it returns a catch-all series whose tags say so, and
// the registry warns once through OnWarning.
func (rec *Recorder) Series(m *Metric, tags ...Tag) *Series { panic("todo") }

// Add records one value.
func (rec *Recorder) Add(s *Series, v float64) { panic("todo") }

// Sample is one value of one series.
type Sample struct {
	Series *Series
	Value  float64
}

// AddAll records several values under one lock.
func (rec *Recorder) AddAll(samples []Sample) { panic("todo") }

// Drain takes what was recorded since the last call, merged over the shards.
func (r *Registry) Drain() *Delta { panic("todo") }

// Delta is what was recorded in a span of time: mergeable and serialisable (JSON).
type Delta struct{}

func (d *Delta) Merge(o *Delta) { panic("todo") }

// Store folds deltas into whole-run figures and sliding windows (up to some minutes, bounded).
// Safe for concurrent use.
type Store struct{}

func NewStore() *Store { panic("todo") }

// Apply adds a delta that was drained at the given time since the run began, in nanoseconds.
// func (s *Store) Apply(at time.Duration, d *Delta)

// Query merges all series of a metric whose tags contain the given ones, over the whole run
// (window 0) or the last window. Known says whether the metric has any series at all.
// func (s *Store) Query(metric string, tags map[string]string, window time.Duration) Stats

// Stats are the figures of a query.
type Stats struct {
	Kind                 Kind
	Count                int64   // how many values; of a Rate, how many were asked
	Sum, Min, Max, Last  float64 // of a Rate, Sum is how many were true
	// unexported: the merged sketch
}

func (s Stats) Mean() float64              { panic("todo") }
func (s Stats) Rate() float64              { panic("todo") } // Sum/Count
func (s Stats) Quantile(q float64) float64 { panic("todo") } // 0…1; exact min and max at the ends; NaN without values
