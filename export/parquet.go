package export

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetRow is a row of the Parquet file. What a kind of metric does not have is null.
type parquetRow struct {
	AtMs     int64    `parquet:"at_ms"`
	Metric   string   `parquet:"metric,dict"`
	Kind     string   `parquet:"kind,dict"`
	Unit     string   `parquet:"unit,dict"`
	Scenario string   `parquet:"scenario,dict"`
	Group    string   `parquet:"group,dict"`
	Method   string   `parquet:"method,dict"`
	Name     string   `parquet:"name,dict"`
	Status   string   `parquet:"status,dict"`
	Error    string   `parquet:"error,dict"`
	Check    string   `parquet:"check,dict"`
	Node     string   `parquet:"node,dict"`
	Tags     string   `parquet:"tags,dict"`
	Count    int64    `parquet:"count"`
	Sum      *float64 `parquet:"sum,optional"`
	Min      *float64 `parquet:"min,optional"`
	Max      *float64 `parquet:"max,optional"`
	Last     *float64 `parquet:"last,optional"`
	P50      *float64 `parquet:"p50,optional"`
	P90      *float64 `parquet:"p90,optional"`
	P95      *float64 `parquet:"p95,optional"`
	P99      *float64 `parquet:"p99,optional"`
}

// rowGroup is how many rows are kept in memory before they are written: a few megabytes.
const rowGroup = 50_000

type parquetWriter struct {
	w    *parquet.GenericWriter[parquetRow]
	rows []parquetRow
	held int
}

func newParquetWriter(out io.Writer) *parquetWriter {
	return &parquetWriter{w: parquet.NewGenericWriter[parquetRow](out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("runner", "", ""))}
}

func (p *parquetWriter) row(r row) error {
	f := r.figures()
	p.rows = append(p.rows, parquetRow{
		AtMs: r.At.Milliseconds(), Metric: r.Metric.Name, Kind: r.Metric.Kind.String(), Unit: r.Metric.Unit,
		Scenario: r.Scenario, Group: r.Group, Method: r.Method, Name: r.Name, Status: r.Status, Error: r.Error, Check: r.Check, Node: r.Node, Tags: r.Tags,
		Count: f.Count, Sum: f.Sum, Min: f.Min, Max: f.Max, Last: f.Last, P50: f.P50, P90: f.P90, P95: f.P95, P99: f.P99,
	})
	return nil
}

func (p *parquetWriter) flush() error {
	n, err := p.w.Write(p.rows)
	p.rows = p.rows[:0]
	p.held += n
	if err == nil && p.held >= rowGroup {
		p.held = 0
		err = p.w.Flush()
	}
	return err
}

// close writes the end, without which the file cannot be read.
func (p *parquetWriter) close() error { return p.w.Close() }
