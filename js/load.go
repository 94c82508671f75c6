package js

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// Program is a bundled and compiled script, shared by all its VMs.
type Program struct {
	path    string
	cwd     string
	main    *goja.Program
	async   bool // the top level awaits
	bytes   int
	inputs  []string
	modules []string
	sources map[string]bool // as frames name them: only these are the user's
	words   words
	named   map[string]bool   // see findNames
	renamed map[string]string // what the bundler has renamed: the user's names by its
}

// scriptName is what the bundle is called. A frame that still has this name belongs to glue that no
// source stands for.
const scriptName = "(bundle)"

// Path is the script's path as it was given to Load.
func (p *Program) Path() string { return p.path }

// Bytes is the size of the bundle.
func (p *Program) Bytes() int { return p.bytes }

// Inputs are the files that went into the bundle, the script among them, as the user would write
// their paths, sorted.
func (p *Program) Inputs() []string { return p.inputs }

// Modules are the built-in modules that the script and its dependencies import, as "runner/http",
// sorted.
func (p *Program) Modules() []string { return p.modules }

// Load bundles the script at path (JavaScript, TypeScript, their imports, JSON, npm packages) and
// compiles it once. Errors are *LoadError.
func Load(path string, modules Registry) (program *Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			program, err = nil, loadError(path, "this is a fault of runner: please report it",
				"cannot load the script: internal error: %v", r)
		}
	}()
	if err := checkFile(path); err != nil {
		return nil, err
	}
	b := newBundler(path, modules)
	built, err := b.build(false)
	if errors.Is(err, errTopLevelAwait) {
		built, err = b.build(true)
	}
	if err != nil {
		return nil, err
	}
	program, err = built.compile()
	if err != nil {
		return nil, err
	}
	return program, nil
}

// extensions are those of files that can be a script.
var extensions = []string{".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"}

// checkFile refuses what cannot be a script, with a better word than the bundler has for it.
func checkFile(path string) error {
	if err := checkRegular(path); err != nil {
		err.Missing = true
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return loadError(path, "", "cannot read the script: %v", errors.Unwrap(err))
	}
	if strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff")) == "" {
		return loadError(path, "", "the file is empty")
	}
	return nil
}

// checkRegular refuses what is not a file that a script could be in.
func checkRegular(path string) *LoadError {
	if path == "" {
		return loadError("", "", "no script given")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return loadError(path, "", "no such file")
	case err != nil:
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return loadError(path, "", "cannot read the script: %v", err)
	case info.IsDir():
		return loadError(path, "", "is a directory; a script is a file")
	case !info.Mode().IsRegular():
		return loadError(path, "", "is not a regular file")
	}
	if ext := strings.ToLower(filepath.Ext(path)); !contains(extensions, ext) {
		if ext == "" {
			return loadError(path, "", "has no extension; a script's name ends in one of %s", strings.Join(extensions, ", "))
		}
		return loadError(path, "", "cannot run a %q file; a script's name ends in one of %s", ext, strings.Join(extensions, ", "))
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// bundle is what the bundler made of a script.
type bundle struct {
	path    string
	cwd     string
	code    string
	smap    []byte
	async   bool
	inputs  []string
	modules map[string]bool
	// commonJS and esModules say whether files of that kind are in the bundle; strictFiles are those that ask to be
	// strict code, which esbuild leaves out.
	commonJS    bool
	esModules   bool
	strictFiles map[string]bool
}

// compile makes the bundle's code into one function expression, compiles it, and gives goja the map
// that leads from its places to the user's.
func (b *bundle) compile() (*Program, error) {
	p := &Program{path: b.path, cwd: b.cwd, async: b.async, bytes: len(b.code), inputs: b.inputs, sources: map[string]bool{}, renamed: map[string]string{}}
	for m := range b.modules {
		p.modules = append(p.modules, m)
	}
	sort.Strings(p.modules)

	w, err := b.wrap()
	if err != nil {
		return nil, loadError(b.path, "", "%v", err)
	}
	code := w.text()
	smap, err := b.sourceMap(p.sources, p.renamed, w)
	if err != nil {
		return nil, loadError(b.path, "", "cannot read the source map: %v", err)
	}
	p.words = findWords(code)
	p.named = findNames(code)
	ast, err := goja.Parse(scriptName, code+"\n//# sourceMappingURL=map",
		parser.WithSourceMapLoader(func(string) ([]byte, error) { return smap, nil }))
	if err != nil {
		return nil, b.compileError(err)
	}
	if p.words.has(wordEval | wordProperty) {
		rewriteSyntax(ast)
	}
	p.main, err = goja.CompileAST(ast, false)
	if err != nil {
		return nil, b.compileError(err)
	}
	return p, nil
}

// show gives a path of the bundler's as the user would write it.
func (b *bundle) show(path string) string { return showPath(b.cwd, path) }

// showPath gives a path relative to the working directory if it is below it, else absolute.
func showPath(cwd, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(cwd, path)
	}
	if rel, err := filepath.Rel(cwd, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(path)
}

// encodePath makes a path safe for goja, which takes a source's name for a URL and puts it together anew:
// what would not survive that, and what is not below the working directory, is named by an absolute URL.
func encodePath(cwd, path string) string {
	if !strings.ContainsAny(path, "%#?:") && !strings.HasPrefix(path, "/") {
		return path
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(cwd, path)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// decodePath makes a path of what encodePath and goja made of it.
func decodePath(cwd, name string) string {
	rest, absolute := strings.CutPrefix(name, "file://")
	if decoded, err := url.PathUnescape(rest); err == nil {
		rest = decoded
	}
	if absolute {
		return showPath(cwd, rest)
	}
	return rest
}

// gojaPlace is the end or the beginning of goja's messages about syntax.
var gojaPlace = regexp.MustCompile(`^(.*?): Line (\d+):(\d+) (.*)$`)

// gojaPlaceAt is how a compile error says where it is.
var gojaPlaceAt = regexp.MustCompile(`^(.*) at (.*):(\d+):(\d+)$`)

// compileError shows what goja refuses although the bundler took it.
func (b *bundle) compileError(err error) error {
	message, _, _ := strings.Cut(err.Error(), "\n")
	message = strings.TrimPrefix(message, "SyntaxError: ")
	if i := strings.Index(message, " (and "); i > 0 {
		message = message[:i]
	}
	p := Problem{File: b.show(b.path), Message: message}
	if m := gojaPlace.FindStringSubmatch(message); m != nil {
		p.File, p.Message = decodePath(b.cwd, m[1]), m[4]
		p.Line, _ = strconv.Atoi(m[2])
		p.Column, _ = strconv.Atoi(m[3])
	} else if m := gojaPlaceAt.FindStringSubmatch(message); m != nil {
		p.File, p.Message = decodePath(b.cwd, m[2]), m[1]
		p.Line, _ = strconv.Atoi(m[3])
		p.Column, _ = strconv.Atoi(m[4])
	}
	if p.File == scriptName {
		p.File, p.Line, p.Column = b.show(b.path), 0, 0
	} else {
		p.Text = sourceLine(filepath.Join(b.cwd, p.File), p.Line)
	}
	p.Message = fmt.Sprintf("cannot be compiled: %s", p.Message)
	return &LoadError{Problems: []Problem{p}}
}

// sourceLine reads one line of a file; it is empty if there is none.
func sourceLine(path string, line int) string {
	data, err := os.ReadFile(path)
	if err != nil || line < 1 {
		return ""
	}
	lines := strings.Split(string(data), "\n")
	if line > len(lines) {
		return ""
	}
	return lines[line-1]
}
