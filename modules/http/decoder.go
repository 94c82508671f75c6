package http

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"runner/js"
	"runner/metrics"
	"runner/modules/http/client"
	"runner/value"
)

// decoder reads a Value key by key and keeps the first thing that is wrong.
type decoder struct {
	what string
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = js.TypeErrorf("%s: %s", d.what, fmt.Sprintf(format, args...))
	}
}

// object reads a plain object; each key must be one of keys.
func (d *decoder) object(v value.Value, keys map[string]func(*decoder, value.Value)) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object, not %s", show(v))
		return
	}
	for i := range o.Len() {
		key, val := o.At(i)
		read := keys[key]
		if read == nil {
			d.fail("%s", unknown(key, keys))
			return
		}
		if val == value.Undefined {
			continue
		}
		inner := &decoder{what: d.what + "." + key}
		read(inner, val)
		if inner.err != nil && d.err == nil {
			d.err = inner.err
		}
	}
}

// unknown says that there is no such key, and which is meant or accepted.
func unknown[V any](key string, known map[string]V) string {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	sort.Strings(names)
	if near := js.Nearest(key, names); near != "" {
		return fmt.Sprintf("there is no option %q; did you mean %q?", key, near)
	}
	return fmt.Sprintf("there is no option %q (there are %s)", key, strings.Join(names, ", "))
}

func show(v value.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool, float64:
		return fmt.Sprint(v)
	case string:
		return strconv.Quote(v)
	case *value.Array:
		return "a list"
	case *value.Object:
		return "an object"
	}
	if v == value.Undefined {
		return "undefined"
	}
	return fmt.Sprintf("%T", v)
}

func (d *decoder) duration(v value.Value, infinite bool) time.Duration {
	const accepted = `want a duration with a unit, as in "250ms", "5s" or "2m"`
	if f, ok := v.(float64); ok && math.IsInf(f, 1) && infinite {
		return math.MaxInt64 / 4
	}
	s, ok := v.(string)
	if !ok {
		d.fail("%s, not %s", accepted, show(v))
		return 0
	}
	if s == "Infinity" && infinite {
		return math.MaxInt64 / 4
	}
	t, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil || t < 0 {
		d.fail("%s, not %s", accepted, show(v))
		return 0
	}
	return t
}

func (d *decoder) bool(v value.Value) bool {
	b, ok := v.(bool)
	if !ok {
		d.fail("want true or false, not %s", show(v))
	}
	return b
}

func (d *decoder) string(v value.Value) string {
	s, ok := v.(string)
	if !ok {
		d.fail("want a string, not %s", show(v))
	}
	return s
}

func (d *decoder) oneOf(v value.Value, words ...string) string {
	s := d.string(v)
	if d.err == nil && !slices.Contains(words, s) {
		d.fail("want one of %s, not %q", strings.Join(words, ", "), s)
	}
	return s
}

func (d *decoder) int(v value.Value, least, most int64) int64 {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		d.fail("want an integer from %d to %d, not %s", least, most, show(v))
		return 0
	}
	return int64(f)
}

// strings reads one string or a list of them.
func (d *decoder) strings(v value.Value) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	a, ok := v.(*value.Array)
	if !ok {
		d.fail("want a list of strings, not %s", show(v))
		return nil
	}
	out := make([]string, len(a.Items))
	for i, item := range a.Items {
		out[i] = d.string(item)
	}
	return out
}

// size reads a number of bytes, or text such as "64MB".
func (d *decoder) size(v value.Value) int64 {
	switch v := v.(type) {
	case float64:
		if v >= 0 && v == math.Trunc(v) && v < 1<<53 {
			return int64(v)
		}
		if math.IsInf(v, 1) {
			return math.MaxInt64 / 2
		}
	case string:
		if n, err := parseSize(v); err == nil {
			return n
		}
	}
	d.fail(`want a number of bytes, or text as in "64MB", not %s`, show(v))
	return 0
}

func parseSize(s string) (int64, error) {
	number := strings.TrimRight(strings.TrimSpace(s), "BbKkMmGgi ")
	unit := strings.ToUpper(strings.TrimSpace(strings.TrimSpace(s)[len(number):]))
	scale := map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || scale == 0 || n < 0 || n*scale > 1<<53 {
		return 0, fmt.Errorf("no size")
	}
	return int64(n * scale), nil
}

// fields reads headers: a value may be a string, a number, a list of them, or null, which takes a
// default header away.
func (d *decoder) fields(v value.Value, drop *[]string) (fields []client.Field) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object of names and values, not %s", show(v))
		return nil
	}
	for i := range o.Len() {
		name, val := o.At(i)
		values := []value.Value{val}
		switch val := val.(type) {
		case nil:
			*drop = append(*drop, strings.ToLower(name))
			continue
		case *value.Array:
			values = val.Items
		}
		for _, val := range values {
			var text string
			switch val := val.(type) {
			case string:
				text = val
			case float64:
				text = strconv.FormatFloat(val, 'f', -1, 64)
			case bool:
				text = strconv.FormatBool(val)
			default:
				d.fail("the value of %q must be a string, not %s", name, show(val))
				return nil
			}
			if err := client.CheckField(name, text); err != nil {
				d.fail("%s", err)
				return nil
			}
			fields = append(fields, client.Field{Name: name, Value: text})
		}
	}
	return fields
}

func (d *decoder) tags(v value.Value) (tags []metrics.Tag) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object of names and values, not %s", show(v))
		return nil
	}
	for i := range o.Len() {
		name, val := o.At(i)
		switch val := val.(type) {
		case string:
			tags = append(tags, metrics.Tag{Key: name, Value: val})
		case float64, bool:
			tags = append(tags, metrics.Tag{Key: name, Value: fmt.Sprint(val)})
		default:
			d.fail("the tag %q must be a string, not %s", name, show(val))
		}
	}
	return tags
}
