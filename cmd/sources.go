package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"runner/events"
	"runner/loadmodels"
	"runner/report/page"
	"runner/script"
)

const (
	// sourcesFolder holds the scripts' text within a run's folder.
	sourcesFolder = "script"
	// maxSource is how large a file may be to be copied, maxSources how many there may be.
	maxSource  = 1 << 20
	maxSources = 100
)

// sourceFile is one of the files that the scripts are made of.
type sourceFile struct {
	events.SourceInfo
	text []byte
}

// sourcesOf reads the files that the scripts are made of; packages that were installed are left out.
func sourcesOf(l *loaded) (list []sourceFile) {
	seen := map[string]bool{}
	taken := map[string]bool{}
	add := func(path string) {
		key, err := filepath.Abs(path)
		if err != nil || seen[key] || len(list) == maxSources || strings.Contains(filepath.ToSlash(key), "/node_modules/") {
			return
		}
		seen[key] = true
		text, err := readSource(path)
		if err != nil {
			return
		}
		sum := sha256.Sum256(text)
		f := sourceFile{SourceInfo: events.SourceInfo{Path: path, SHA256: hex.EncodeToString(sum[:]), Bytes: len(text)}, text: text}
		if len(text) <= maxSource {
			name := filepath.Base(path)
			for n := 2; taken[name]; n++ {
				ext := filepath.Ext(path)
				name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(filepath.Base(path), ext), n, ext)
			}
			taken[name] = true
			f.Copy = name
		}
		list = append(list, f)
	}
	for _, s := range l.scripts {
		add(s.Program.Path())
		for _, path := range s.Program.Inputs() {
			add(path)
		}
	}
	return list
}

func readSource(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe gives its text once, and the script has it
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<20))
}

// writeSources copies the scripts into the run's folder.
func writeSources(folder string, list []sourceFile) error {
	dir := filepath.Join(folder, sourcesFolder)
	for _, f := range list {
		if f.Copy == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("copying the script: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Copy), f.text, 0o644); err != nil {
			return fmt.Errorf("copying the script: %w", err)
		}
	}
	return nil
}

// pageSources are the scripts as a page shows them.
func pageSources(list []sourceFile) (sources []page.Source) {
	for _, f := range list {
		if f.Copy != "" && utf8.Valid(f.text) {
			sources = append(sources, page.Source{Path: f.Path, Text: string(f.text)})
		}
	}
	return sources
}

// readSources reads the copies in a run's folder. The recording names them; a name that leads out of
// the folder is not followed.
func readSources(folder string, state *events.State) []page.Source {
	var infos []events.SourceInfo
	state.View(func(s *events.State) {
		if s.Run != nil {
			infos = s.Run.Sources
		}
	})
	var list []sourceFile
	for _, info := range infos {
		if info.Copy == "" || filepath.Base(info.Copy) != info.Copy {
			continue
		}
		text, err := readSource(filepath.Join(folder, sourcesFolder, info.Copy))
		if err == nil && len(text) <= maxSource {
			list = append(list, sourceFile{info, text})
		}
	}
	return pageSources(list)
}

// secret is true for the name of a setting whose value is shown to nobody.
var secret = regexp.MustCompile(`(?i)pass(word|phrase|wd)?$|passw|secret|token|api_?-?key|credential|authorization|private_?key`)

// hidden stands for a secret.
const hidden = "(hidden)"

func shown(name, value string) string {
	if secret.MatchString(name) && value != "" && value != "undefined" && value != `""` {
		return hidden
	}
	return value
}

// describeRun fills in what the first event says of scripts, options and variables.
func describeRun(started *events.RunStarted, l *loaded, sources []sourceFile) {
	for _, f := range sources {
		started.Sources = append(started.Sources, f.SourceInfo)
	}
	for _, s := range l.scripts {
		for _, v := range s.Variables {
			one := events.Setting{Name: v.Name, Value: shown(v.Name, v.Shown()), From: v.Origin, Description: v.Description}
			if len(l.scripts) > 1 {
				one.Script = s.Program.Path()
			}
			started.Variables = append(started.Variables, one)
		}
	}
}

// describeScenario fills in what the first event says of one scenario.
func describeScenario(info *events.ScenarioInfo, s *script.Scenario) {
	if s == nil {
		return
	}
	info.LoadModel, info.UserLoop = describeModel(s.LoadModel), describeModel(s.UserLoop)
	for name, v := range s.Options() {
		info.Options = append(info.Options, events.Setting{Name: name, Value: hideIn(name, v)})
	}
	sortSettings(info.Options)
}

func describeModel(model any) string {
	if model == nil {
		return "a function of the script"
	}
	return loadmodels.Describe(model)
}

// secretValue finds the values of secrets in an option that is an object, written as JSON.
var secretValue = regexp.MustCompile(`(?i)("(?:[^"\\]*(?:password|passphrase|secret|token|api_?-?key|credential|authorization|cookie|private_?key))"\s*:\s*)("(?:[^"\\]|\\.)*"|\[[^\]]*\])`)

func hideIn(name, value string) string {
	return secretValue.ReplaceAllString(shown(name, value), `$1"`+hidden+`"`)
}

func sortSettings(list []events.Setting) {
	slices.SortFunc(list, func(a, b events.Setting) int { return strings.Compare(a.Name, b.Name) })
}

// hideArgs hides the values of secrets among the arguments.
func hideArgs(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		prefix := ""
		if rest, ok := strings.CutPrefix(a, "--set="); ok {
			prefix, a = "--set=", rest
		} else if i == 0 || args[i-1] != "--set" {
			continue
		}
		if name, value, ok := strings.Cut(a, "="); ok {
			args[i] = prefix + name + "=" + shown(name, value)
		}
	}
	return args
}

// describing adds to the first event what only the command line knows.
func describing(l *loaded, sources []sourceFile, sink events.Sink) events.Sink {
	return func(e events.Event) {
		if e.Run != nil {
			describeRun(e.Run, l, sources)
			for i := range e.Run.Scenarios {
				describeScenario(&e.Run.Scenarios[i], l.scenarios[e.Run.Scenarios[i].Name])
			}
		}
		sink(e)
	}
}
