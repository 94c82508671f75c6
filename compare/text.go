package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"runner/report"
)

// Value writes a figure of a run.
func (f Figure) Value(v float64) string {
	switch {
	case math.IsNaN(v):
		return report.None
	case f.Kind == Rate:
		return report.PerSecond(v)
	case f.Kind == Time:
		return report.Millis(v)
	}
	return number(100*v) + " %"
}

func number(v float64) string {
	if math.Abs(v) < 0.005 {
		return "0.00"
	}
	digits := 1
	if a := math.Abs(v); a < 0.995 {
		digits = 2
	} else if a >= 99.5 {
		digits = 0
	}
	return strings.Replace(strconv.FormatFloat(v, 'f', digits, 64), "-", "−", 1)
}

// signed writes a change in percent, or in percentage points.
func (f Figure) signed(v float64) string {
	s := number(100 * v)
	if v > 0 && s != "0.00" {
		s = "+" + s
	}
	return s
}

func (f Figure) unit() string {
	if f.Kind == Share {
		return " pp"
	}
	return " %"
}

// ChangeText is the change, as in "+12.3 %"; of a share in percentage points.
func (f Figure) ChangeText() string {
	if math.IsNaN(f.Change) {
		return report.None
	}
	return f.signed(f.Change) + f.unit()
}

// IntervalText is the interval of the change.
func (f Figure) IntervalText() string {
	if math.IsNaN(f.Low) || math.IsInf(f.Low, 0) || math.IsInf(f.High, 0) || math.IsNaN(f.High) {
		return report.None
	}
	return f.signed(f.Low) + " … " + f.signed(f.High) + f.unit()
}

// PText is the adjusted p-value.
func (f Figure) PText() string {
	switch {
	case f.N == 0 || f.Answer == TooLittle || f.Answer == Gone:
		return report.None
	case f.Adjusted < 0.001:
		return "<0.001"
	}
	return strconv.FormatFloat(f.Adjusted, 'f', 3, 64)
}

// NText is how many values the answer rests on.
func (f Figure) NText() string {
	switch {
	case f.N == 0:
		return report.None
	case f.Kind == Share:
		return report.Grouped(int64(f.N))
	}
	return fmt.Sprintf("%d × %v", f.N, f.Step)
}

// Conclusion says in one line what a comparison comes to.
func (r Result) Conclusion(o Options) string {
	if o.MaxRegression <= 0 {
		o.MaxRegression = DefaultMaxRegression
	}
	limit := number(100*o.MaxRegression) + " %"
	limit = strings.Replace(limit, ".0 %", " %", 1)
	if len(r.Regressions) > 0 {
		var parts []string
		for i, f := range r.Regressions {
			if i == 3 {
				parts = append(parts, fmt.Sprintf("and %d more", len(r.Regressions)-3))
				break
			}
			name := f.Name
			if len(r.Scenarios) > 1 {
				name = f.Scenario + ": " + name
			}
			parts = append(parts, fmt.Sprintf("%s %s (%s)", name, f.ChangeText(), f.IntervalText()))
		}
		return "regression: " + strings.Join(parts, ", ")
	}
	answered, worse, better := 0, 0, 0
	for _, f := range r.Figures {
		switch f.Answer {
		case TooLittle, Gone:
			continue
		case Worse:
			worse++
		case Better:
			better++
		}
		if f.Kind != Share {
			answered++
		}
	}
	switch {
	case answered == 0:
		return "inconclusive: too little data"
	case worse > 0:
		return fmt.Sprintf("no regression for certain beyond %s, but %s got worse", limit, report.Plural(int64(worse), "figure", "figures"))
	case better > 0:
		return fmt.Sprintf("no regression: %s got better", report.Plural(int64(better), "figure", "figures"))
	}
	return "no evidence of a change"
}

// Mark is the sign of a comparison: ✓, ✗ or ?.
func (r Result) Mark(o Options) string {
	switch text := r.Conclusion(o); {
	case len(r.Regressions) > 0:
		return "✗"
	case strings.HasPrefix(text, "inconclusive"):
		return "?"
	}
	return "✓"
}

// WriteText writes a comparison for a terminal.
func WriteText(w io.Writer, base, head string, r Result, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Mark(o), report.Clean(r.Conclusion(o)))
	fmt.Fprintf(&b, "  base  %s\n  head  %s\n\n", report.Clean(base), report.Clean(head))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	scenario := ""
	for _, f := range r.Figures {
		if f.Scenario != scenario {
			scenario = f.Scenario
			fmt.Fprintf(t, "  %s\tbase\thead\tchange\t95 %% interval\tp\tn\t\n", report.Clean(scenario))
		}
		answer := string(f.Answer)
		if f.Answer == Regression {
			answer = "✗ " + answer
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", report.Clean(f.Name), f.Value(f.Base), f.Value(f.Head), f.ChangeText(), f.IntervalText(), f.PText(), f.NText(), answer)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, n := range r.Notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  note: %s\n", report.Clean(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type figureJSON struct {
	Scenario string   `json:"scenario"`
	Name     string   `json:"name"`
	Unit     string   `json:"unit"` // of base and head
	Base     *float64 `json:"base"`
	Head     *float64 `json:"head"`
	Change   *float64 `json:"change"` // relative; of a share the difference
	Low      *float64 `json:"low"`    // of the 95 % interval
	High     *float64 `json:"high"`
	P        *float64 `json:"p"`         // by itself
	Adjusted *float64 `json:"pAdjusted"` // for the number of figures
	N        int      `json:"n"`
	StepMs   float64  `json:"stepMs,omitempty"`
	Answer   Answer   `json:"answer"`
}

// MarshalJSON writes a figure; what is not known is null.
func (f Figure) MarshalJSON() ([]byte, error) {
	some := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	j := figureJSON{
		Scenario: f.Scenario, Name: f.Name, Unit: [...]string{Rate: "1/s", Time: "ms", Share: "share"}[f.Kind],
		Base: some(f.Base), Head: some(f.Head), Change: some(f.Change), Low: some(f.Low), High: some(f.High), N: f.N, Answer: f.Answer,
	}
	if f.Answer != TooLittle && f.Answer != Gone {
		j.P, j.Adjusted = some(f.P), some(f.Adjusted)
	}
	if f.Kind != Share {
		j.StepMs = float64(f.Step) / float64(time.Millisecond)
	}
	return json.Marshal(j)
}

// Report is a comparison as JSON has it.
type Report struct {
	Base       string   `json:"base"`
	Head       string   `json:"head"`
	Conclusion string   `json:"conclusion"`
	Regression bool     `json:"regression"`
	MaxChange  float64  `json:"maxRegression"`
	Figures    []Figure `json:"figures"`
	Notes      []string `json:"notes"`
}

// NewReport makes it.
func NewReport(base, head string, r Result, o Options) Report {
	if o.MaxRegression <= 0 {
		o.MaxRegression = DefaultMaxRegression
	}
	p := Report{Base: base, Head: head, Conclusion: r.Conclusion(o), Regression: len(r.Regressions) > 0, MaxChange: o.MaxRegression, Figures: r.Figures, Notes: r.Notes}
	if p.Figures == nil {
		p.Figures = []Figure{}
	}
	if p.Notes == nil {
		p.Notes = []string{}
	}
	return p
}
