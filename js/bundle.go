package js

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

// nativePrefix is what a built-in module is called inside a bundle, so that its imports can be told
// from all other text.
const nativePrefix = "runner-native:"

// errTopLevelAwait says that the script must be built again, as an async function.
var errTopLevelAwait = errors.New("top-level await")

// lowered is what goja does not have and esbuild can write in other words. Nothing else is lowered.
var lowered = []string{
	"async-generator", "for-await", "using", "decorators", "dynamic-import", "import-meta",
	"regexp-match-indices", "regexp-set-notation",
}

// maxProblems is how many problems of a script are shown.
const maxProblems = 10

type bundler struct {
	path     string
	cwd      string
	registry Registry
}

func newBundler(path string, registry Registry) *bundler {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = string(filepath.Separator)
	}
	return &bundler{path: path, cwd: cwd, registry: registry}
}

// build runs esbuild. The output is an ES module, not CommonJS: its imports and exports are plain
// statements that wrap turns into reads and a return, where CommonJS output would cost each VM a
// closure for every export.
func (b *bundler) build(async bool) (*bundle, error) {
	supported := map[string]bool{"top-level-await": async}
	for _, feature := range lowered {
		supported[feature] = false
	}
	entry := b.path
	if !filepath.IsAbs(entry) {
		entry = filepath.Join(b.cwd, entry)
	}
	used, strict := map[string]bool{}, map[string]bool{}
	result := api.Build(api.BuildOptions{
		EntryPoints:    []string{entry},
		Bundle:         true,
		Format:         api.FormatESModule,
		Platform:       api.PlatformBrowser,
		Target:         api.ES2022,
		Supported:      supported,
		Charset:        api.CharsetUTF8,
		Sourcemap:      api.SourceMapExternal,
		SourcesContent: api.SourcesContentExclude,
		Metafile:       true,
		LogLevel:       api.LogLevelSilent,
		LegalComments:  api.LegalCommentsNone, // they would stand behind the closing export
		AbsWorkingDir:  b.cwd,
		Outfile:        filepath.Join(b.cwd, "bundle.js"),
		Define:         map[string]string{"process.env.NODE_ENV": `"production"`},
		Loader:         map[string]api.Loader{".css": api.LoaderNone, ".txt": api.LoaderText},
		Plugins:        []api.Plugin{b.plugin(used, strict)},
	})
	if err := b.problems(result, async); err != nil {
		return nil, err
	}
	out := &bundle{path: b.path, cwd: b.cwd, async: async, modules: map[string]bool{}, strictFiles: strict}
	for _, f := range result.OutputFiles {
		if strings.HasSuffix(f.Path, ".map") {
			out.smap = f.Contents
		} else {
			out.code = string(f.Contents)
		}
	}
	var meta struct {
		Inputs map[string]struct{ Format string }
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, loadError(b.path, "", "cannot read the bundler's account: %v", err)
	}
	for name, input := range meta.Inputs {
		out.inputs = append(out.inputs, out.show(name))
		switch input.Format {
		case "cjs":
			out.commonJS = true
		case "esm":
			out.esModules = true
		}
	}
	sort.Strings(out.inputs)
	for name := range used {
		if strings.Contains(out.code, `"`+nativePrefix+name+`"`) {
			out.modules[modulePrefix+name] = true
		}
	}
	return out, nil
}

// useStrict is the directive at the beginning of a file, behind comments.
var useStrict = regexp.MustCompile(`^(?:\xef\xbb\xbf)?(?:\s+|//[^\n]*\n|/\*(?s:.*?)\*/)*["']use strict["']`)

// plugin finds the built-in modules, and looks at each file before esbuild's parser does: it notes in
// strict which ask to be strict code. esbuild calls it from several goroutines.
func (b *bundler) plugin(used, strict map[string]bool) api.Plugin {
	var lock sync.Mutex
	return api.Plugin{Name: "runner", Setup: func(build api.PluginBuild) {
		external := func(name string) api.OnResolveResult {
			lock.Lock()
			used[name] = true
			lock.Unlock()
			return api.OnResolveResult{Path: nativePrefix + name, External: true, SideEffects: api.SideEffectsFalse}
		}
		build.OnResolve(api.OnResolveOptions{Filter: `^runner(/|$)`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			name := strings.TrimPrefix(a.Path, modulePrefix)
			if _, ok := b.registry[name]; ok {
				return external(name), nil
			}
			return api.OnResolveResult{}, errors.New(b.unknownModule(a.Path))
		})
		var bare []string
		for name, m := range b.registry {
			if m.Bare {
				bare = append(bare, regexp.QuoteMeta(name))
			}
		}
		if len(bare) > 0 {
			filter := "^(" + strings.Join(bare, "|") + ")$"
			build.OnResolve(api.OnResolveOptions{Filter: filter}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
				// A dependency that wants "http" means Node's.
				if isDependency(a.Importer) {
					return api.OnResolveResult{}, nil
				}
				return external(a.Path), nil
			})
		}
		build.OnLoad(api.OnLoadOptions{Filter: `\.([mc]?[jt]s|[jt]sx|json)$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			data, err := os.ReadFile(a.Path)
			if err != nil { // esbuild says it better
				return api.OnLoadResult{}, nil
			}
			if err := checkSource(string(data), maxFileNesting); err != nil {
				place := &api.Location{File: showPath(b.cwd, a.Path)}
				return api.OnLoadResult{Errors: []api.Message{{Text: err.Error(), Location: place}}}, nil
			}
			if useStrict.Match(data) {
				lock.Lock()
				strict[showPath(b.cwd, a.Path)] = true
				lock.Unlock()
			}
			return api.OnLoadResult{}, nil
		})
	}}
}

func isDependency(path string) bool {
	return strings.Contains(filepath.ToSlash(path), "/node_modules/")
}

// unknownModule says what there is instead of a module that there is not.
func (b *bundler) unknownModule(path string) string {
	known := b.registry.names()
	message := fmt.Sprintf("there is no module %q", path)
	if near := nearest(path, known); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	if len(known) > 0 {
		message += " (there are " + strings.Join(known, ", ") + ")"
	}
	return message
}

// problems makes a LoadError of what esbuild refuses, and of those of its warnings that mean a
// script which would not do what it says.
func (b *bundler) problems(result api.BuildResult, async bool) error {
	var e LoadError
	for _, m := range result.Errors {
		if !async && strings.HasPrefix(m.Text, "Top-level await is not available") {
			return errTopLevelAwait
		}
	}
	for _, m := range result.Errors {
		b.add(&e, m)
	}
	for _, m := range result.Warnings {
		if m.ID != "commonjs-variable-in-esm" || m.Location == nil || isDependency("/"+m.Location.File) {
			continue
		}
		if variable := quoted.FindString(m.Text); len(e.Problems) == 0 {
			m.Notes = nil
			m.Text = fmt.Sprintf("this file exports both as an ES module (export …) and as CommonJS (%s): its CommonJS exports would be lost", strings.Trim(variable, `"`))
			b.add(&e, m)
			e.Hint = "use one of the two in a file"
		}
	}
	if len(e.Problems) == 0 {
		return nil
	}
	if more := len(e.Problems) - maxProblems; more > 0 {
		e.Problems = append(e.Problems[:maxProblems:maxProblems], Problem{Message: fmt.Sprintf("… and %d more", more)})
	}
	return &e
}

var (
	quoted         = regexp.MustCompile(`"[^"]*"`)
	unresolved     = regexp.MustCompile(`^Could not resolve "(.*)"$`)
	noLoader       = regexp.MustCompile(`^No loader is configured for "(.*)" files: (.*)$`)
	continueExport = regexp.MustCompile(`^\s*export\s+(async\s+)?(function\s*\*?|const|let|var|class)\s+continue\b`)
)

// reserved is how a script exports under a reserved name.
const reserved = "`continue` is a reserved word: name the function otherwise and export it as `export { keepGoing as continue }`"

// add makes a Problem of a message of esbuild's.
func (b *bundler) add(e *LoadError, m api.Message) {
	p := Problem{Message: lowerFirst(m.Text)}
	if l := m.Location; l != nil {
		p.File = showPath(b.cwd, l.File)
		p.Line = l.Line
		p.Column = utf8.RuneCountInString(l.LineText[:min(l.Column, len(l.LineText))]) + 1
		p.Text = l.LineText
	} else {
		p.File = showPath(b.cwd, b.path)
	}
	switch {
	case continueExport.MatchString(p.Text) && strings.Contains(m.Text, `"continue"`):
		p.Message = reserved
	case unresolved.MatchString(m.Text):
		name := unresolved.FindStringSubmatch(m.Text)[1]
		p.Message = fmt.Sprintf("cannot find %q", name)
		if hint := hintFor(name, m); hint != "" && e.Hint == "" {
			e.Hint = hint
		}
	case noLoader.MatchString(m.Text):
		sub := noLoader.FindStringSubmatch(m.Text)
		p.Message = fmt.Sprintf("cannot import a %q file (%s); JavaScript, TypeScript, JSON and text (.txt) can be imported", sub[1], showPath(b.cwd, sub[2]))
	case strings.HasPrefix(m.Text, "With statements cannot be used"):
		p.Message = "`with` statements cannot be used: the bundle is strict code"
	default:
		for _, note := range m.Notes {
			if note.Location != nil && !strings.HasPrefix(note.Text, "The plugin") {
				p.Message += fmt.Sprintf(" (%s %s:%d)", strings.TrimSuffix(lowerFirst(note.Text), ":"), showPath(b.cwd, note.Location.File), note.Location.Line)
			}
		}
	}
	e.Problems = append(e.Problems, p)
}

// hintFor says how to get a package that was not found.
func hintFor(name string, m api.Message) string {
	if strings.HasPrefix(name, ".") || filepath.IsAbs(name) {
		return ""
	}
	for _, n := range m.Notes {
		if strings.Contains(n.Text, "built into node") {
			return fmt.Sprintf("%q is a part of Node, which runner is not", name)
		}
	}
	parts := strings.SplitN(name, "/", 3)
	pkg := parts[0]
	if strings.HasPrefix(pkg, "@") && len(parts) > 1 {
		pkg += "/" + parts[1]
	}
	return "npm install " + pkg
}

// lowerFirst begins a message of esbuild's as ours begin.
func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && !(s[1] >= 'A' && s[1] <= 'Z') {
		return string(s[0]+'a'-'A') + s[1:]
	}
	return s
}
