package metrics

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// MaxSeries is how many series one metric can have in one registry.
	MaxSeries = 10_000
	// MaxMetrics is how many metrics one registry can have.
	MaxMetrics = 1_000
	// OverflowTag marks, with the value "true", a series that took in what came past MaxSeries.
	OverflowTag = "overflow"

	maxOverflows = 1_000 // catch-all series of one metric, one for each set of base tags
	maxTagLength = 256   // bytes of a tag's key or value
)

// Registry knows the metrics and the series of one node and drains what was recorded. All its
// methods may be called from any goroutine.
type Registry struct {
	shards []*shard

	mu      sync.RWMutex
	metrics map[string]*registered
	series  []*Series // by their index
	byKey   map[string]*Series
	warn    func(message string)

	draining sync.Mutex
	first    []*cell // by series, used while draining
}

type registered struct {
	metric    *Metric
	series    int
	overflows int
	warned    bool // of too many series
	rejected  bool // of a value that is no number
}

// NewRegistry makes a registry with a few shards per core.
func NewRegistry() *Registry {
	r := &Registry{
		metrics: make(map[string]*registered),
		byKey:   make(map[string]*Series),
	}
	for range shardsPerCore * runtime.GOMAXPROCS(0) {
		r.shards = append(r.shards, newShard())
	}
	for _, m := range builtin {
		r.metrics[m.Name] = &registered{metric: m}
	}
	return r
}

// OnWarning sets who is told, once a metric, that it has too many series or was given a value that
// is no number. fn is called from the goroutine that recorded, outside the registry's locks.
func (r *Registry) OnWarning(fn func(message string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warn = fn
}

// Register makes a metric known by name, or returns the one that is; an error if kind or unit differ.
func (r *Registry) Register(m *Metric) (*Metric, error) {
	if m.Name == "" {
		return nil, fmt.Errorf("a metric needs a name")
	}
	if len(m.Name) > maxTagLength || !utf8.ValidString(m.Name) {
		return nil, fmt.Errorf("a metric's name must be valid text of at most %d bytes, not %.40q…", maxTagLength, m.Name)
	}
	if int(m.Kind) >= len(kindNames) {
		return nil, fmt.Errorf("metric %q: no such kind: %d", m.Name, m.Kind)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.metrics[m.Name]
	if known == nil {
		if len(r.metrics) >= MaxMetrics+len(builtin) {
			return nil, fmt.Errorf("metric %q is one too many: a script can have %d; use tags to tell things apart", m.Name, MaxMetrics)
		}
		r.metrics[m.Name] = &registered{metric: m}
		return m, nil
	}
	switch have := known.metric; {
	case have.Kind != m.Kind:
		return nil, fmt.Errorf("metric %q is already a %v and cannot be a %v too", m.Name, have.Kind, m.Kind)
	case have.Unit != m.Unit:
		return nil, fmt.Errorf("metric %q already has the unit %q and cannot have %q too", m.Name, have.Unit, m.Unit)
	}
	return known.metric, nil
}

// Lookup finds a metric by name, nil if there is none.
func (r *Registry) Lookup(name string) *Metric {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if known := r.metrics[name]; known != nil {
		return known.metric
	}
	return nil
}

// identity is a metric with one set of tags, sorted by key.
type identity struct {
	metric *Metric
	tags   []Tag
	key    string
}

// Series is one metric with one set of tags, in the registry that made it. Any recorder of that
// registry may record into it, from any goroutine.
type Series struct {
	*identity
	registry *Registry
	index    int
}

// Metric is what the series belongs to.
func (s *Series) Metric() *Metric { return s.metric }

// Tags are the series' tags, sorted by key. They must not be changed.
func (s *Series) Tags() []Tag { return s.tags }

// mergeTags appends base and extra to room, sorted by key; of one key the last counts, and a tag
// without a value is none.
func mergeTags(room, base, extra []Tag) []Tag {
	for _, tags := range [2][]Tag{base, extra} {
		for _, t := range tags {
			at := len(room)
			for at > 0 && room[at-1].Key > t.Key {
				at--
			}
			if at > 0 && room[at-1].Key == t.Key {
				room[at-1] = t
				continue
			}
			room = append(room, Tag{})
			copy(room[at+1:], room[at:])
			room[at] = t
		}
	}
	kept := room[:0]
	for _, t := range room {
		if t.Value != "" && t.Key != "" {
			kept = append(kept, t)
		}
	}
	return kept
}

// appendKey appends a text that no other metric and tags have.
func appendKey(b []byte, name string, tags []Tag) []byte {
	b = binary.AppendUvarint(b, uint64(len(name)))
	b = append(b, name...)
	for _, t := range tags {
		b = binary.AppendUvarint(b, uint64(len(t.Key)))
		b = append(b, t.Key...)
		b = binary.AppendUvarint(b, uint64(len(t.Value)))
		b = append(b, t.Value...)
	}
	return b
}

func newIdentity(m *Metric, tags []Tag) *identity {
	return &identity{metric: m, tags: tags, key: string(appendKey(nil, m.Name, tags))}
}

// cleanTags makes tags valid text of bounded length, in place, and says whether they were already.
func cleanTags(tags []Tag) bool {
	clean := func(s string) string {
		s = strings.ToValidUTF8(s, "\uFFFD")
		if len(s) <= maxTagLength {
			return s
		}
		cut := maxTagLength - len("…")
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		return s[:cut] + "…"
	}
	was := true
	for i, t := range tags {
		tags[i] = Tag{clean(t.Key), clean(t.Value)}
		was = was && tags[i] == t
	}
	return was
}

// add finds or makes the series of a metric and tags, or the catch-all if there are too many.
// lasting says whether the same arguments will always give this series.
func (r *Registry) add(m *Metric, tags, base []Tag) (s *Series, lasting bool) {
	lasting = cleanTags(tags)
	if !lasting {
		tags = mergeTags(nil, tags, nil) // what was cleaned may be in another order, or the same
	}
	id := newIdentity(m, tags)

	r.mu.Lock()
	if s := r.byKey[id.key]; s != nil {
		r.mu.Unlock()
		return s, lasting
	}
	known := r.metrics[m.Name]
	if known == nil {
		known = &registered{metric: m}
		r.metrics[m.Name] = known
	}
	id.metric = known.metric
	if known.series < MaxSeries {
		known.series++
		s = r.insert(id)
		r.mu.Unlock()
		return s, lasting
	}

	s = r.overflow(known, base)
	var message string
	warn := r.warn
	if !known.warned {
		known.warned = true
		message = r.tooMany(known.metric)
	}
	r.mu.Unlock()
	if message != "" && warn != nil {
		warn(message)
	}
	return s, false
}

// insert adds a series; r.mu is held.
func (r *Registry) insert(id *identity) *Series {
	s := &Series{identity: id, registry: r, index: len(r.series)}
	r.series = append(r.series, s)
	r.byKey[id.key] = s
	return s
}

// overflow finds or makes a metric's catch-all series for a recorder's base tags, or for all when
// even these are too many; r.mu is held.
func (r *Registry) overflow(known *registered, base []Tag) *Series {
	mark := []Tag{{OverflowTag, "true"}}
	tags := slices.Clone(base)
	cleanTags(tags)
	id := newIdentity(known.metric, mergeTags(nil, tags, mark))
	if s := r.byKey[id.key]; s != nil {
		return s
	}
	if known.overflows >= maxOverflows {
		id = newIdentity(known.metric, mark)
		if s := r.byKey[id.key]; s != nil {
			return s
		}
	}
	known.overflows++
	return r.insert(id)
}

// tooMany words the warning that names the tag with most values; r.mu is held.
func (r *Registry) tooMany(m *Metric) string {
	values := make(map[string]map[string]struct{})
	for _, s := range r.series {
		if s.metric != m {
			continue
		}
		for _, t := range s.tags {
			if values[t.Key] == nil {
				values[t.Key] = make(map[string]struct{})
			}
			values[t.Key][t.Value] = struct{}{}
		}
	}
	var tag string
	for key, set := range values {
		if n := len(set); n > len(values[tag]) || n == len(values[tag]) && key < tag {
			tag = key
		}
	}
	return fmt.Sprintf("metric %q has %d series, the most that are kept: the tag %q has %d values; "+
		"what comes now is counted together under %s=true", m.Name, MaxSeries, tag, len(values[tag]), OverflowTag)
}

// reject warns once a metric of a value that cannot be recorded.
func (r *Registry) reject(m *Metric, v float64) {
	r.mu.Lock()
	known := r.metrics[m.Name]
	first := known != nil && !known.rejected
	if first {
		known.rejected = true
	}
	warn := r.warn
	r.mu.Unlock()
	if first && warn != nil {
		warn(fmt.Sprintf("metric %q was given %v, which is not a finite number: such values are left out", m.Name, v))
	}
}
