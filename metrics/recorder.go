package metrics

// Recorder records for one user (or one controller): it is bound to a shard and to base tags
// (scenario, node …). Safe to use from any goroutine. It costs little memory of its own, so that
// every user can have one.
type Recorder struct {
	registry *Registry
	shard    *shard
	base     []Tag
}

// Recorder makes a recorder on the shard that belongs to n (a user's id).
func (r *Registry) Recorder(n int64, base ...Tag) *Recorder {
	return &Recorder{
		registry: r,
		shard:    r.shards[uint64(n)%uint64(len(r.shards))],
		base:     mergeTags(nil, base, nil),
	}
}

// Register is Registry.Register of the registry that it records into.
func (rec *Recorder) Register(m *Metric) (*Metric, error) { return rec.registry.Register(m) }

// Series resolves a metric and tags on top of the base tags, once; keep what it returns: it is the
// fast way. Of two tags with one key the last counts; a tag without a value is none; keys and values
// are cut at 256 bytes. A metric that nobody has registered is registered.
//
// Past MaxSeries series of one metric it returns a catch-all series, which has the base tags and
// OverflowTag, and the registry warns once through OnWarning.
func (rec *Recorder) Series(m *Metric, tags ...Tag) *Series {
	var tagRoom [12]Tag
	var keyRoom [256]byte
	all := mergeTags(tagRoom[:0], rec.base, tags)
	key := appendKey(keyRoom[:0], m.Name, all)

	sh := rec.shard
	sh.mu.Lock()
	s := sh.series[string(key)]
	sh.mu.Unlock()
	if s != nil {
		return s
	}
	s, lasting := rec.registry.add(m, append([]Tag(nil), all...), rec.base)
	if lasting {
		sh.mu.Lock()
		sh.series[s.key] = s
		sh.mu.Unlock()
	}
	return s
}

// Add records one value: what a counter grows by, a gauge's value, a trend's sample; of a rate 0
// means no and anything else yes. A value that is not finite is left out, and the registry warns
// once a metric.
func (rec *Recorder) Add(s *Series, v float64) {
	if v-v != 0 { // NaN, or an infinity
		rec.registry.reject(s.metric, v)
		return
	}
	if s.registry != rec.registry {
		s = rec.own(s)
	}
	sh := rec.shard
	sh.mu.Lock()
	sh.add(s, v)
	sh.mu.Unlock()
}

// Sample is one value of one series.
type Sample struct {
	Series *Series
	Value  float64
}

// AddAll records several values under one lock, as Add does each.
func (rec *Recorder) AddAll(samples []Sample) {
	rejected := -1
	sh := rec.shard
	sh.mu.Lock()
	for i := range samples {
		s, v := samples[i].Series, samples[i].Value
		if v-v != 0 || s.registry != rec.registry {
			rejected = i
			continue
		}
		sh.add(s, v)
	}
	sh.mu.Unlock()
	if rejected < 0 {
		return
	}
	for _, sample := range samples[:rejected+1] {
		if sample.Value-sample.Value != 0 || sample.Series.registry != rec.registry {
			rec.Add(sample.Series, sample.Value)
		}
	}
}

// own is the recorder's own series for one of another registry, whose index means nothing here.
func (rec *Recorder) own(s *Series) *Series {
	return (&Recorder{registry: rec.registry, shard: rec.shard}).Series(s.metric, s.tags...)
}
