package report

import (
	"io"
	"strings"

	"runner/loadmodels"
)

// InspectInfo is what can be said of a script without running it.
type InspectInfo struct {
	File       string
	BundleSize int64    // bytes of the program that was made of it
	Inputs     []string // the files that went into it, the script itself included
	Modules    []string // the built-in modules that it imports, as "runner/http"
	Scenarios  []InspectScenario
	Variables  []InspectVariable
	Problems   []Problem
}

// InspectScenario is one scenario of a script.
type InspectScenario struct {
	Name      string
	Exports   []Export
	LoadModel string // its name and parameters, in words; empty: the default
	Plan      []loadmodels.Segment
	UserLoop  string
	DependsOn []string
	Tags      []string
	Options   []Setting // those that differ from the defaults
	Problems  []Problem
}

// Export is something that a script exports: a name that runner knows, and what stands there.
type Export struct {
	Name string // "start"
	Kind string // "function", "async function", "load model", …
}

// Setting is an option with its value as a person would write it.
type Setting struct {
	Name, Value string
}

// InspectVariable is a setting that the script declares.
type InspectVariable struct {
	Name, Value, Origin, Description string
}

// WriteInspect shows what a script has.
func WriteInspect(w io.Writer, info InspectInfo, o Options) error {
	return writeLines(w, inspectLines(info, o), o)
}

func inspectLines(info InspectInfo, o Options) []line {
	w := o.columns()
	head := line{text(strong, clean(info.File))}
	if n := len(info.Inputs); n > 0 {
		head.add(faint, "  "+plural(int64(n), "file", "files")+", "+byteSize(float64(info.BundleSize))+" bundled")
	}
	lines := []line{head}
	if len(info.Inputs) > 1 {
		lines = append(lines, listed("files", info.Inputs, w)...)
	}
	if len(info.Modules) > 0 {
		lines = append(lines, listed("imports", info.Modules, w)...)
	}
	for _, s := range info.Scenarios {
		lines = append(append(lines, nil), inspectScenario(s, w)...)
	}
	if len(info.Variables) > 0 {
		t := table{columns: []column{{head: "variable"}, {head: "value"}, {head: "from", rank: 2}, {head: "", rank: 1}}}
		for _, v := range info.Variables {
			t.add(text(plain, clean(v.Name)), text(plain, clean(v.Value)), text(faint, clean(v.Origin)), text(faint, clean(v.Description)))
		}
		lines = append(append(lines, nil), t.layout(gutter, w)...)
	}
	lines = append(lines, nil)
	problems := len(info.Problems)
	for _, p := range info.Problems {
		lines = append(lines, problemLines(p, w, w)...)
	}
	for _, s := range info.Scenarios {
		problems += len(s.Problems)
	}
	if problems == 0 {
		lines = append(lines, line{text(good, "✓ "), text(plain, "no problems found; nothing was sent")})
	} else {
		lines = append(lines, line{text(bad, "✗ "), text(plain, plural(int64(problems), "problem", "problems")+" found; nothing was sent")})
	}
	return lines
}

func inspectScenario(s InspectScenario, w int) []line {
	lines := []line{{text(plain, "scenario "), text(strong, clean(s.Name))}}
	column := 0
	for _, e := range s.Exports {
		column = max(column, width(clean(e.Name)))
	}
	for i, e := range s.Exports {
		l := label("")
		if i == 0 {
			l = label("exports")
		}
		l.add(plain, padRight(clean(e.Name), column))
		l.add(faint, "  "+clean(e.Kind))
		lines = append(lines, l)
	}
	model := s.LoadModel
	if model == "" {
		model = "runOnce() (the default)"
	}
	lines = append(lines, labelled("load model", wrap(clean(model), w-labelWidth), plain)...)
	if words := planWords(s.Plan); words != "" {
		lines = append(lines, labelled("", wrap(words, w-labelWidth), faint)...)
	}
	loop := s.UserLoop
	if loop == "" {
		loop = "whileHasWork() (the default)"
	}
	lines = append(lines, labelled("user loop", wrap(clean(loop), w-labelWidth), plain)...)
	if len(s.DependsOn) > 0 {
		lines = append(lines, listed("depends on", s.DependsOn, w)...)
	}
	if len(s.Tags) > 0 {
		lines = append(lines, listed("tags", s.Tags, w)...)
	}
	column = 0
	for _, p := range s.Options {
		column = max(column, width(clean(p.Name)))
	}
	for i, p := range s.Options {
		name := ""
		if i == 0 {
			name = "options"
		}
		l := label(name)
		l.add(plain, padRight(clean(p.Name), column)+"  ")
		l.add(plain, clean(p.Value))
		lines = append(lines, l.cut(w))
	}
	for _, p := range s.Problems {
		lines = append(lines, problemLines(p, w, w)...)
	}
	return lines
}

// listed writes names after a label, as many on a line as fit, at most some lines of them.
func listed(name string, names []string, w int) []line {
	const most = 30
	shown := make([]string, 0, len(names))
	for i, n := range names {
		if i == most {
			shown = append(shown, "… "+grouped(int64(len(names)-most))+" more")
			break
		}
		shown = append(shown, clean(n))
	}
	return labelled(name, wrap(strings.Join(shown, ", "), w-labelWidth), plain)
}
