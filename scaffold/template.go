// Package scaffold makes new projects of templates: those that ship, and folders and archives of one's own. It knows
// nothing of scripts; a template is files with places for variables.
package scaffold

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"runner/js"
)

// manifestName is the file of a template that describes it. It is no part of the project.
const manifestName = "template.json"

// Template is a project with places for variables.
type Template struct {
	// Name is what the template was asked for by.
	Name        string
	Description string
	// Variables are in the manifest's order.
	Variables []Variable
	// Try are the commands that a new project is tried with, in its folder.
	Try []string

	files []File
}

// Variable is what a project says of itself. Where a file of the template has {{name}} it gets the value, where it
// has {{name:json}} the value as JSON text, which is a string of JavaScript.
type Variable struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Default     *string `json:"default"` // nil: it must be given
	// Pattern is a regular expression that the whole value must match; empty: any value will do.
	Pattern string `json:"pattern"`

	pattern *regexp.Regexp
}

// Check says what is wrong with a value.
func (v Variable) Check(value string) error {
	if v.pattern != nil && !v.pattern.MatchString(value) {
		return fmt.Errorf("%s is %q, it must match %s", v.Name, value, v.Pattern)
	}
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf("%s has a zero byte", v.Name)
	}
	return nil
}

// File is one file of a project.
type File struct {
	Path       string // with slashes, below the project's folder
	Data       []byte
	Executable bool
}

//go:embed all:templates
var shipped embed.FS

// Shipped are the names of the templates that ship, the default one first.
func Shipped() []string {
	entries, err := shipped.ReadDir("templates")
	if err != nil {
		panic(err) // they are in the program
	}
	names := []string{Default}
	for _, e := range entries {
		if e.Name() != Default {
			names = append(names, e.Name())
		}
	}
	return names
}

// Default is the template that is taken unless another is named.
const Default = "minimal"

// Find gives the template of a name: one that ships, or a folder, an archive or a git checkout by its path. A path
// with the name of a template that ships is written as "./name".
func Find(name string) (*Template, error) {
	if slices.Contains(Shipped(), name) {
		sub, err := fs.Sub(shipped, path.Join("templates", name))
		if err != nil {
			return nil, err
		}
		files, err := readFS(sub)
		if err != nil {
			return nil, err
		}
		return parse(name, files)
	}
	files, err := readPath(name)
	if errors.Is(err, fs.ErrNotExist) {
		message := fmt.Sprintf("there is no template, folder or archive %q", name)
		if near := js.Nearest(name, Shipped()); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		return nil, fmt.Errorf("%s (there are %s)", message, strings.Join(Shipped(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return parse(name, files)
}

var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// parse takes the manifest out of the files.
func parse(name string, files []File) (*Template, error) {
	t := &Template{Name: name}
	for _, f := range files {
		if f.Path != manifestName {
			t.files = append(t.files, f)
			continue
		}
		var m struct {
			Description string     `json:"description"`
			Variables   []Variable `json:"variables"`
			Try         []string   `json:"try"`
		}
		d := json.NewDecoder(bytes.NewReader(f.Data))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("template %s: %s: %w", name, manifestName, err)
		}
		t.Description, t.Variables, t.Try = m.Description, m.Variables, m.Try
	}
	if len(t.files) == 0 {
		return nil, fmt.Errorf("template %s has no files", name)
	}
	seen := map[string]bool{}
	for i := range t.Variables {
		v := &t.Variables[i]
		if !variableName.MatchString(v.Name) || seen[v.Name] {
			return nil, fmt.Errorf("template %s: %s: the variable %q is there twice or is not of letters, digits and _", name, manifestName, v.Name)
		}
		seen[v.Name] = true
		if v.Pattern != "" {
			var err error
			if v.pattern, err = regexp.Compile(`^(?:` + v.Pattern + `)$`); err != nil {
				return nil, fmt.Errorf("template %s: the pattern of %s: %w", name, v.Name, err)
			}
		}
	}
	slices.SortFunc(t.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return t, nil
}

// Values completes given values by the defaults. ask is called for each variable that is not given, in order; nil
// asks for none. All that is wrong comes in one error.
func (t *Template) Values(given map[string]string, ask func(Variable) (string, error)) (map[string]string, error) {
	values := map[string]string{}
	var names []string
	var wrong []error
	for _, v := range t.Variables {
		names = append(names, v.Name)
		value, ok := given[v.Name]
		switch {
		case ok:
		case ask != nil:
			var err error
			if value, err = ask(v); err != nil {
				return nil, err
			}
		case v.Default != nil:
			value = *v.Default
		default:
			wrong = append(wrong, fmt.Errorf("%s must be given, as --set %s=… (%s)", v.Name, v.Name, v.Description))
			continue
		}
		if err := v.Check(value); err != nil {
			wrong = append(wrong, err)
		}
		values[v.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(names, name) {
			continue
		}
		message := fmt.Sprintf("template %s has no variable %q", t.Name, name)
		if near := js.Nearest(name, names); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		} else if len(names) > 0 {
			message += " (it has " + strings.Join(names, ", ") + ")"
		}
		wrong = append(wrong, errors.New(message))
	}
	return values, errors.Join(wrong...)
}

// Render fills in the variables. Files that are not text stay as they are.
func (t *Template) Render(values map[string]string) ([]File, error) {
	var pairs []string
	for _, v := range t.Variables {
		text, err := json.Marshal(values[v.Name])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, "{{"+v.Name+"}}", values[v.Name], "{{"+v.Name+":json}}", string(text))
	}
	fill := strings.NewReplacer(pairs...)
	var out []File
	from := map[string]string{}
	for _, f := range t.files {
		name := fill.Replace(f.Path)
		if err := checkPath(name); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.Name, err)
		}
		if strings.Count(name, "/") != strings.Count(f.Path, "/") {
			return nil, fmt.Errorf("template %s: the name of %s would become %q: a value in a name must not have a slash", t.Name, f.Path, name)
		}
		if other, ok := from[name]; ok {
			return nil, fmt.Errorf("template %s: %s and %s would both become %s", t.Name, other, f.Path, name)
		}
		from[name] = f.Path
		r := File{Path: name, Data: f.Data, Executable: f.Executable}
		if utf8.Valid(f.Data) && !bytes.ContainsRune(f.Data, 0) {
			r.Data = []byte(fill.Replace(string(f.Data)))
		}
		out = append(out, r)
	}
	return out, nil
}
