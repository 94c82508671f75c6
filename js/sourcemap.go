package js

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// sourceMap rewrites the bundler's map for goja: its lines as wrap has put them, the sources as the user
// would write them, noted in sources, and the columns counted from 1, as goja counts them and people read
// them. names gets what esbuild has renamed, so that a stack can tell functions as the user called them.
func (b *bundle) sourceMap(sources map[string]bool, names map[string]string, w wrapped) ([]byte, error) {
	var m struct {
		Version  int      `json:"version"`
		Sources  []string `json:"sources"`
		Names    []string `json:"names"`
		Mappings string   `json:"mappings"`
	}
	if err := json.Unmarshal(b.smap, &m); err != nil {
		return nil, err
	}
	for i, s := range m.Sources {
		// esbuild encodes what a URL may not have.
		if decoded, err := url.PathUnescape(s); err == nil {
			s = decoded
		}
		shown := b.show(s)
		sources[shown] = true
		m.Sources[i] = encodePath(b.cwd, shown)
	}
	lines, err := readMappings(m.Mappings)
	if err != nil {
		return nil, err
	}
	b.renamed(names, m.Names, lines)
	m.Names = nil // goja has no use for them
	m.Mappings = writeMappings(lines, w)
	return json.Marshal(m)
}

// identifier is a name at the beginning of text.
var identifier = regexp.MustCompile(`^[\pL_$][\pL\pN_$]*`)

// renamed finds the names in the bundle that stand for others in the sources. One that stands for several is
// left as it is.
func (b *bundle) renamed(names map[string]string, originals []string, lines [][]segment) {
	text := strings.Split(b.code, "\n")
	for i, segments := range lines {
		if i >= len(text) {
			return
		}
		for _, s := range segments {
			// Columns are in UTF-16, so that behind other characters a name may be missed.
			if s.name < 0 || s.name >= len(originals) || s.column > len(text[i]) {
				continue
			}
			found := identifier.FindString(text[i][s.column:])
			if found == "" || found == originals[s.name] {
				continue
			}
			if other, ok := names[found]; ok && other != originals[s.name] {
				names[found] = found
			} else {
				names[found] = originals[s.name]
			}
		}
	}
}

// segment is where a column of the bundle comes from. source and name are -1 if there is none.
type segment struct{ column, source, line, sourceColumn, name int }

// readMappings reads a map's lines. Segments are separated by commas, lines by semicolons. A segment is a
// row of numbers: the column in the bundle, relative to the segment before it on the same line; then
// source, line and column, and it may be a name, each relative to the last segment that had them. A segment without a source
// ends the one before it.
func readMappings(mappings string) ([][]segment, error) {
	var lines [][]segment
	last := segment{name: -1}
	name := 0
	for line := range strings.SplitSeq(mappings, ";") {
		var segments []segment
		last.column = 0
		for text := range strings.SplitSeq(line, ",") {
			if text == "" {
				continue
			}
			var fields [5]int
			n := 0
			for ; text != "" && n < len(fields); n++ {
				value, used, err := readVLQ(text)
				if err != nil {
					return nil, err
				}
				fields[n], text = value, text[used:]
			}
			last.column += fields[0]
			if n < 4 {
				segments = append(segments, segment{column: last.column, source: -1, name: -1})
				continue
			}
			last.name = -1
			if n == 5 {
				name += fields[4]
				last.name = name
			}
			last.source += fields[1]
			last.line += fields[2]
			last.sourceColumn += fields[3]
			segments = append(segments, last)
		}
		lines = append(lines, segments)
	}
	return lines, nil
}

// writeMappings writes the lines that w has, in its order and with its shifts, all columns one higher.
func writeMappings(lines [][]segment, w wrapped) string {
	var b strings.Builder
	var last segment
	for i, l := range w {
		if i > 0 {
			b.WriteByte(';')
		}
		if l.from < 0 || l.from >= len(lines) {
			continue
		}
		column := 0
		for j, s := range lines[l.from] {
			if j > 0 {
				b.WriteByte(',')
			}
			s.column += l.shift + 1
			writeVLQ(&b, s.column-column)
			column = s.column
			if s.source < 0 {
				continue
			}
			s.sourceColumn++
			writeVLQ(&b, s.source-last.source)
			writeVLQ(&b, s.line-last.line)
			writeVLQ(&b, s.sourceColumn-last.sourceColumn)
			last = s
		}
	}
	return b.String()
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
