package js

import (
	"encoding/json"
	"errors"
	"strings"
)

// sourceMap rewrites the bundler's map for goja: the sources as the user would write them, noted in
// sources, and the columns counted from 1, as goja counts them and people read them. goja resolves
// sources as URLs, so they are encoded here and decoded when a stack is read. opener is what wrap put
// before the first line.
func (b *bundle) sourceMap(sources map[string]bool, opener int) ([]byte, error) {
	var m struct {
		Version  int      `json:"version"`
		Sources  []string `json:"sources"`
		Names    []string `json:"names"`
		Mappings string   `json:"mappings"`
	}
	if err := json.Unmarshal(b.smap, &m); err != nil {
		return nil, err
	}
	m.Names = nil
	for i, s := range m.Sources {
		shown := b.show(s)
		sources[shown] = true
		m.Sources[i] = encodePath(shown)
	}
	var err error
	if m.Mappings, err = shiftColumns(m.Mappings, opener); err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// shiftColumns counts columns from 1 instead of 0, in the bundle and in the sources, and moves the
// bundle's first line right.
//
// Segments are separated by commas, lines by semicolons. A segment is a row of numbers: the column in the
// bundle, relative to the segment before it on the same line; then source, line and column, each relative
// to the last segment that had them.
func shiftColumns(mappings string, firstLine int) (string, error) {
	var b strings.Builder
	b.Grow(len(mappings) + len(mappings)/8)
	first := true
	for i, line := range strings.Split(mappings, ";") {
		shift := 1
		if i == 0 {
			shift += firstLine
		} else {
			b.WriteByte(';')
		}
		if line == "" {
			continue
		}
		segment, rest, more := strings.Cut(line, ",")
		column, n, err := readVLQ(segment)
		if err != nil {
			return "", err
		}
		writeVLQ(&b, column+shift)
		segment = segment[n:]
		if first && segment != "" {
			var fields [3]int
			for f := range fields {
				fields[f], n, err = readVLQ(segment)
				if err != nil {
					return "", err
				}
				segment = segment[n:]
			}
			fields[2]++
			for _, f := range fields {
				writeVLQ(&b, f)
			}
			first = false
		}
		b.WriteString(segment)
		if more {
			b.WriteByte(',')
			b.WriteString(rest)
		}
	}
	return b.String(), nil
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

var errMap = errors.New("the map's numbers are malformed")

// readVLQ reads one number and says how many characters it had: five bits each, the lowest first, the
// sign in the lowest bit of all.
func readVLQ(s string) (value, n int, err error) {
	for shift := 0; n < len(s) && shift < 60; shift += 5 {
		digit := strings.IndexByte(base64Digits, s[n])
		if digit < 0 {
			return 0, 0, errMap
		}
		n++
		value |= (digit & 31) << shift
		if digit&32 == 0 {
			if value&1 != 0 {
				return -(value >> 1), n, nil
			}
			return value >> 1, n, nil
		}
	}
	return 0, 0, errMap
}

func writeVLQ(b *strings.Builder, value int) {
	bits := value << 1
	if value < 0 {
		bits = -value<<1 | 1
	}
	for {
		digit := bits & 31
		if bits >>= 5; bits == 0 {
			b.WriteByte(base64Digits[digit])
			return
		}
		b.WriteByte(base64Digits[digit|32])
	}
}
