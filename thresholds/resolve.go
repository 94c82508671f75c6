package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"runner/metrics"
)

// Known are the metrics that there are: those of runner and those that a script made as it was loaded.
type Known interface {
	Lookup(name string) *metrics.Metric
	Metrics() []*metrics.Metric
}

// tagKeys are the tags that built-in metrics have, by their family; open families may have more, which
// a script gives to its requests and checks.
var tagKeys = map[string][]string{
	"http":       {"name", "method", "status", "error", "group"},
	"checks":     {"check", "group"},
	"iterations": nil,
}

var openFamilies = map[string]bool{"http": true, "checks": true}

// builtin knows runner's own metrics.
var builtin = metrics.NewRegistry()

// Resolve checks the threshold against the metrics that there are, and gives one that can be judged.
func (t *Threshold) Resolve(known Known) (*Threshold, error) {
	m := known.Lookup(t.Metric)
	if m == nil {
		var names []string
		for _, k := range known.Metrics() {
			names = append(names, k.Name)
		}
		slices.Sort(names)
		hint := didYouMean(t.Metric, names)
		if hint == "" {
			hint = ": there are " + strings.Join(names, ", ")
		}
		return nil, fmt.Errorf("%s: there is no metric %q%s (a metric of the script's own must be made at its top level)", t, t.Metric, hint)
	}
	if err := checkTags(t, m); err != nil {
		return nil, err
	}
	if err := t.suits(m); err != nil {
		return nil, err
	}
	r := *t
	r.metric = *m
	limit, err := r.convert()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	r.Check.limit = limit
	return &r, nil
}

// suits says whether the metric can be asked for the figure.
func (t *Threshold) suits(m *metrics.Metric) error {
	if t.agg.kind == errorRate {
		if family(m.Name) == "" {
			return fmt.Errorf("%s: error_rate is of requests (http.…), iterations (iteration.…) or checks; a %s such as %s can be asked for %s",
				t, m.Kind, m.Name, words(accepted[m.Kind]))
		}
		return nil
	}
	if slices.Contains(accepted[m.Kind], t.agg.kind) {
		return nil
	}
	list := accepted[m.Kind]
	if family(m.Name) != "" {
		list = append(slices.Clone(list), errorRate)
	}
	return fmt.Errorf("%s: %s is a %s, which has no %s: it can be asked for %s", t, m.Name, m.Kind, t.agg.name, words(list))
}

func checkTags(t *Threshold, m *metrics.Metric) error {
	if builtin.Lookup(m.Name) == nil {
		return nil // the script gives its metrics the tags that it likes
	}
	keys := append([]string{"scenario"}, tagKeys[family(m.Name)]...)
	for _, tag := range t.Tags {
		if slices.Contains(keys, tag.Key) {
			continue
		}
		near := nearest(tag.Key, keys)
		if openFamilies[family(m.Name)] && (near == "" || distance(tag.Key, near) > 1) {
			continue // a tag of the script's own
		}
		hint := ""
		if near != "" {
			hint = fmt.Sprintf(", did you mean %s?", near)
		}
		return fmt.Errorf("%s: %s has no tag %q%s (known: %s)", t, m.Name, tag.Key, hint, strings.Join(keys, ", "))
	}
	return nil
}

func didYouMean(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf(", did you mean %s?", best)
	}
	return ""
}

// nearest is the known word that a wrong one was most likely meant to be, empty if none is near.
func nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters must be inserted, removed, replaced or swapped with the next to make
// b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
