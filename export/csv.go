package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

var csvHeader = []string{
	"at_s", "metric", "kind", "unit", "scenario", "group", "method", "name", "status", "error", "check", "node", "tags",
	"count", "sum", "min", "max", "last", "p50", "p90", "p95", "p99",
}

type csvWriter struct{ w *csv.Writer }

func newCSVWriter(out io.Writer) (*csvWriter, error) {
	c := &csvWriter{csv.NewWriter(out)}
	if err := c.w.Write(csvHeader); err != nil {
		return nil, err
	}
	return c, c.flush()
}

func (c *csvWriter) row(r row) error {
	f := r.figures()
	cells := []string{strconv.FormatFloat(r.At.Seconds(), 'f', 3, 64)}
	for _, text := range []string{r.Metric.Name, r.Metric.Kind.String(), r.Metric.Unit, r.Scenario, r.Group, r.Method, r.Name, r.Status, r.Error, r.Check, r.Node, r.Tags} {
		cells = append(cells, cell(text))
	}
	cells = append(cells, strconv.FormatInt(f.Count, 10))
	for _, v := range []*float64{f.Sum, f.Min, f.Max, f.Last, f.P50, f.P90, f.P95, f.P99} {
		text := ""
		if v != nil {
			text = strconv.FormatFloat(*v, 'f', -1, 64)
		}
		cells = append(cells, text)
	}
	return c.w.Write(cells)
}

// cell makes a text that no spreadsheet takes for a formula: one that begins with a sign of a formula,
// or with a blank before it, gets an apostrophe, by which spreadsheets know a text. A scenario or a URL
// could carry one that sends away what is in the other cells.
func cell(text string) string {
	if strings.ContainsRune("=+-@＝＋－＠|%", firstRune(strings.TrimLeft(text, " \t\r\n\v\f\u00a0\ufeff"))) || strings.IndexAny(text, "\t\r\n") == 0 {
		return "'" + text
	}
	return text
}

// firstRune is -1 for an empty text, which no set of characters has.
func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return -1
}

func (c *csvWriter) flush() error {
	c.w.Flush()
	return c.w.Error()
}

func (c *csvWriter) close() error { return c.flush() }
