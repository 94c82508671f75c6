package report

import "time"

// None stands where there is no figure.
const None = none

// These write figures as the terminal shows them, for other reports.

// Grouped writes an integer with a comma between thousands.
func Grouped(n int64) string { return grouped(n) }

// Millis writes a time in milliseconds in the unit that suits it.
func Millis(ms float64) string { return millis(ms) }

// Duration writes a duration in the unit that suits it.
func Duration(d time.Duration) string { return duration(d) }

// Clock writes the time since the start as 00:42 or 1:02:03.
func Clock(d time.Duration) string { return clock(d) }

// PerSecond writes a rate.
func PerSecond(v float64) string { return perSecond(v) }

// Share writes part of whole as a percentage that never rounds to a false nothing or a false all.
func Share(part, whole int64) string { return share(part, whole) }

// ByteSize writes a number of bytes in decimal units.
func ByteSize(v float64) string { return byteSize(v) }

// Quantity writes a metric's value in its unit.
func Quantity(v float64, unit string) string { return quantity(v, unit) }

// Plural writes a count with its noun.
func Plural(n int64, one, many string) string { return plural(n, one, many) }

// Clean replaces what a terminal would take for a command.
func Clean(s string) string { return clean(s) }
