package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

	"runner/events"
	"runner/verdict"
)

// output is one --out.
type output struct{ format, path string }

func parseOuts(list []string) ([]output, error) {
	var outs []output
	for _, text := range list {
		format, path, ok := strings.Cut(text, "=")
		if !ok || format != "json" || path == "" {
			return nil, verdict.Wrap(verdict.Usage, fmt.Errorf("--out %q: it must be json=FILE, or json=- for standard output", text))
		}
		outs = append(outs, output{format, path})
	}
	return outs, nil
}

func toStdout(outs []output) bool {
	for _, o := range outs {
		if o.path == "-" {
			return true
		}
	}
	return false
}

func (o output) write(s *streams, state *events.State) error {
	run := events.Summary(state)
	if o.path != "-" {
		return events.WriteSummary(o.path, run)
	}
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(run)
}
