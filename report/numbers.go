package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// none stands where there is no figure.
const none = "–"

// grouped writes an integer with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// three writes a number that is not negative with three significant digits, without an exponent.
func three(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 999.5:
		return grouped(int64(math.Round(v)))
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// millis writes a time in milliseconds with three significant digits in the unit that suits it; from a
// minute on in minutes and seconds.
func millis(ms float64) string {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return none
	case ms < 0:
		return "-" + millis(-ms)
	case ms == 0:
		return "0 ms"
	case ms < 0.0009995:
		return three(ms*1e6) + " ns"
	case ms < 0.9995:
		return three(ms*1e3) + " µs"
	case ms < 999.5:
		return three(ms) + " ms"
	case ms < 59_950:
		return three(ms/1e3) + " s"
	}
	return span2(time.Duration(ms * float64(time.Millisecond)).Round(time.Second))
}

// duration writes a duration as millis does.
func duration(d time.Duration) string {
	return millis(float64(d) / float64(time.Millisecond))
}

// span2 writes a duration from a minute on by its two largest units.
func span2(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh %02dm", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%dd %02dh", s/86400, s%86400/3600)
}

// clock writes the time since the start as 00:42 or 1:02:03.
func clock(d time.Duration) string {
	s := int64(max(0, d) / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%02d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// short writes a planned duration exactly and without empty parts: 90s is 1m30s, 1h0m0s is 1h.
func short(d time.Duration) string {
	s := d.Round(time.Millisecond).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// perSecond writes a rate.
func perSecond(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return none
	}
	if v > 0 && v < 0.01 {
		return "<0.01/s"
	}
	if v < 0.995 && v > 0 {
		return strconv.FormatFloat(v, 'f', 2, 64) + "/s"
	}
	return three(v) + "/s"
}

// share writes part of whole as a percentage that never rounds to a false nothing or a false all.
func share(part, whole int64) string {
	if whole <= 0 {
		return none
	}
	p := float64(part) / float64(whole) * 100
	switch {
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	case p < 0.01:
		return "<0.01 %"
	case p > 99.99:
		return ">99.99 %"
	case p < 9.995:
		return strconv.FormatFloat(p, 'f', 2, 64) + " %"
	case p > 99.9:
		return strconv.FormatFloat(math.Floor(p*100)/100, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(math.Floor(p*10)/10, 'f', 1, 64) + " %"
}

// byteSize writes a number of bytes in decimal units.
func byteSize(v float64) string {
	switch {
	case v < 999.5:
		return grouped(int64(math.Round(v))) + " B"
	case v < 999.5e3:
		return three(v/1e3) + " kB"
	case v < 999.5e6:
		return three(v/1e6) + " MB"
	case v < 999.5e9:
		return three(v/1e9) + " GB"
	}
	return three(v/1e12) + " TB"
}

// quantity writes a metric's value in its unit.
func quantity(v float64, unit string) string {
	switch unit {
	case "ms":
		return millis(v)
	case "bytes":
		return byteSize(v)
	}
	s := number(v)
	if unit == "" || unit == "1" {
		return s
	}
	return s + " " + clean(unit)
}

// number writes any number: whole ones exactly, others with four significant digits.
func number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return none
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return grouped(int64(v))
	case math.Abs(v) >= 1e15 || math.Abs(v) < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case math.Abs(v) >= 1000:
		return grouped(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// plural writes a count with its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
