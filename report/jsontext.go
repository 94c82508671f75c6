package report

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// longFraction is a number outside of quotes with more decimals than anyone reads while it moves.
var longFraction = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\d+\.\d{4,}`)

// roundFractions shortens long fractions to three decimals. It is for what is looked at, not for what
// is kept.
func roundFractions(text string) string {
	return longFraction.ReplaceAllStringFunc(text, func(match string) string {
		if match[0] == '"' {
			return match
		}
		f, err := strconv.ParseFloat(match, 64)
		if err != nil {
			return match
		}
		return strconv.FormatFloat(math.Round(f*1000)/1000, 'f', -1, 64)
	})
}

// compactJSON puts JSON on one line; what is not JSON is shown as it is. It looks at no more than a
// line can show.
func compactJSON(raw json.RawMessage) string {
	const most = 4096
	if len(raw) > most {
		raw = raw[:most]
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return clean(strings.Join(strings.Fields(string(raw)), " "))
	}
	return clean(roundFractions(b.String()))
}

// prettyJSON shows a value as a person would write it: text as text, what fits on one line there,
// the rest indented. It gives at most so many lines and says how many more there are.
func prettyJSON(raw json.RawMessage, columns, most int) (lines []string, more int) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, 0
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		lines = cleanLines(s)
		if len(lines) == 0 {
			lines = []string{`""`}
		}
	} else if one := spacedJSON(raw); len(raw) < 4096 && width(one) <= columns {
		return []string{one}, 0
	} else {
		var b bytes.Buffer
		if json.Indent(&b, raw, "", "  ") != nil {
			b.Reset()
			b.Write(raw)
		}
		lines = cleanLines(b.String())
	}
	if len(lines) > most {
		return lines[:most], len(lines) - most
	}
	return lines, 0
}

// spacedJSON is JSON on one line with a space after commas and colons.
func spacedJSON(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return clean(string(raw))
	}
	var out strings.Builder
	quoted, escaped := false, false
	for _, c := range b.Bytes() {
		out.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out.WriteByte(' ')
		}
	}
	return clean(out.String())
}
