package thresholds

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"runner/metrics"
)

// Key names the figures that a threshold is asked of: those of a metric's series that have all the tags.
type Key struct {
	Metric string
	Tags   []metrics.Tag // sorted by key, each once
}

// ParseKey reads metric{tag:value, tag:"value"}. A value may be quoted; if it is not, it ends at a comma
// or at the brace that closes the tags, so that /users/{id} is one.
func ParseKey(text string) (Key, error) {
	k, rest, err := scanKey(text)
	if err != nil {
		return Key{}, err
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		return Key{}, fmt.Errorf("%q: nothing may follow the metric and its tags, but there is %q", text, rest)
	}
	return k, nil
}

// String is the key as ParseKey reads it.
func (k Key) String() string {
	if len(k.Tags) == 0 {
		return k.Metric
	}
	var parts []string
	for _, t := range k.Tags {
		v := t.Value
		if !plainValue(v) {
			v = strconv.Quote(v)
		}
		parts = append(parts, t.Key+":"+v)
	}
	return k.Metric + "{" + strings.Join(parts, ",") + "}"
}

// plainValue says whether a value needs no quotes.
func plainValue(v string) bool {
	if v == "" || v != strings.TrimSpace(v) || v[0] == '"' || v[0] == '\'' || !utf8.ValidString(v) {
		return false
	}
	depth := 0
	for _, r := range v {
		switch {
		case r == ',' || r < ' ' || r == 0x7f:
			return false
		case r == '{':
			depth++
		case r == '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

func nameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		return true
	case c >= '0' && c <= '9' || c == '.' || c == '-':
		return !first
	}
	return false
}

// scanKey reads a key from the beginning of a text and gives what follows it.
func scanKey(text string) (k Key, rest string, err error) {
	s := strings.TrimLeft(text, " \t\n")
	n := 0
	for n < len(s) && nameByte(s[n], n == 0) {
		n++
	}
	k.Metric, rest = s[:n], s[n:]
	if n == 0 {
		return k, "", fmt.Errorf("%q: it must begin with the name of a metric, as in %q", text, example)
	}
	after := strings.TrimLeft(rest, " \t\n")
	if !strings.HasPrefix(after, "{") {
		return k, rest, nil
	}
	rest = after[1:]
	for {
		rest = strings.TrimLeft(rest, " \t\n")
		if strings.HasPrefix(rest, "}") {
			rest = rest[1:]
			break
		}
		var tag metrics.Tag
		if tag, rest, err = scanTag(text, rest); err != nil {
			return k, "", err
		}
		for _, known := range k.Tags {
			if known.Key == tag.Key {
				return k, "", fmt.Errorf("%q: the tag %q stands there twice", text, tag.Key)
			}
		}
		k.Tags = append(k.Tags, tag)
		rest = strings.TrimLeft(rest, " \t\n")
		if strings.HasPrefix(rest, ",") {
			rest = rest[1:]
		} else if !strings.HasPrefix(rest, "}") {
			return k, "", fmt.Errorf("%q: after the tag %q must come a comma or }", text, tag.Key)
		}
	}
	sort.Slice(k.Tags, func(i, j int) bool { return k.Tags[i].Key < k.Tags[j].Key })
	return k, rest, nil
}

func scanTag(text, s string) (tag metrics.Tag, rest string, err error) {
	at := strings.IndexAny(s, ":=,{}")
	if at <= 0 || s[at] != ':' && s[at] != '=' {
		return tag, "", fmt.Errorf("%q: a tag must be key:value, as in {name:login}", text)
	}
	tag.Key = strings.TrimSpace(s[:at])
	if tag.Key == "" || !utf8.ValidString(tag.Key) || strings.ContainsAny(tag.Key, "\"'") {
		return tag, "", fmt.Errorf("%q: a tag must be key:value, as in {name:login}", text)
	}
	s = strings.TrimLeft(s[at+1:], " \t\n")
	if strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "'") {
		return scanQuoted(text, tag.Key, s)
	}
	depth, end := 0, -1
	for i := 0; i < len(s) && end < 0; i++ {
		switch s[i] {
		case '{':
			depth++
		case ',':
			if depth == 0 {
				end = i
			}
		case '}':
			if depth == 0 {
				end = i
			}
			depth--
		}
	}
	if end < 0 {
		return tag, "", fmt.Errorf("%q: the tags do not end, a } is missing", text)
	}
	tag.Value, rest = strings.TrimSpace(s[:end]), s[end:]
	if tag.Value == "" {
		return tag, "", fmt.Errorf("%q: the tag %q has no value", text, tag.Key)
	}
	if !utf8.ValidString(tag.Value) {
		return tag, "", fmt.Errorf("%q: the value of the tag %q is not text", text, tag.Key)
	}
	return tag, rest, nil
}

// scanQuoted reads a value in double quotes, with Go's escapes, or in single ones, without any.
func scanQuoted(text, key, s string) (tag metrics.Tag, rest string, err error) {
	tag.Key = key
	if s[0] == '\'' {
		at := strings.IndexByte(s[1:], '\'')
		if at < 0 {
			return tag, "", fmt.Errorf("%q: the value of the tag %q does not end, a ' is missing", text, key)
		}
		tag.Value, rest = s[1:1+at], s[at+2:]
	} else {
		quoted, qerr := strconv.QuotedPrefix(s)
		if qerr == nil {
			tag.Value, qerr = strconv.Unquote(quoted)
		}
		if qerr != nil {
			return tag, "", fmt.Errorf("%q: the value of the tag %q does not end, a \" is missing", text, key)
		}
		rest = s[len(quoted):]
	}
	if tag.Value == "" {
		return tag, "", fmt.Errorf("%q: the tag %q has no value", text, key)
	}
	if !utf8.ValidString(tag.Value) {
		return tag, "", fmt.Errorf("%q: the value of the tag %q is not text", text, key)
	}
	return tag, rest, nil
}
