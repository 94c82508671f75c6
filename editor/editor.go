// Package editor gives an editor what it needs to complete and check scenario scripts: the types of the modules, of
// what a script exports and of the globals, and a configuration that leads to them. It checks nothing itself:
// that is the editor's, or tsc's.
package editor

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"runner/js"
)

//go:embed script.d.ts
var scriptTypes string

//go:embed globals.d.ts
var globalTypes string

// Folder is where the types stand, below a project's folder.
const Folder = "types/runner"

// marker begins every file of types, so that it is known for ours when it is written again.
const marker = "// Written by `runner types`: changes are lost when it is run again.\n"

// Types are the files of types by name: one for each module, script.d.ts and globals.d.ts.
func Types(modules js.Registry) map[string]string {
	files := map[string]string{"script.d.ts": scriptTypes, "globals.d.ts": globalTypes}
	for name, m := range modules {
		if m.Types != "" {
			files[strings.ReplaceAll(name, "/", "-")+".d.ts"] = m.Types
		}
	}
	return files
}

const include = `["**/*.js", "**/*.mjs", "**/*.cjs", "**/*.ts", "**/*.mts", "` + Folder + `/*.d.ts"]`

// jsConfig is for projects in JavaScript, where a parameter need not say its type.
const jsConfig = `{
  "compilerOptions": {
    "checkJs": true,
    "strict": true,
    "noImplicitAny": false,
    "target": "ES2022",
    "lib": ["ESNext"],
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "resolveJsonModule": true,
    "skipLibCheck": true,
    "types": [],
    "noEmit": true
  },
  "include": ` + include + `
}
`

// tsConfig is for projects in TypeScript. JavaScript beside it can be imported and is not checked.
const tsConfig = `{
  "compilerOptions": {
    "allowJs": true,
    "strict": true,
    "target": "ES2022",
    "lib": ["ESNext"],
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "resolveJsonModule": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "types": [],
    "noEmit": true
  },
  "include": ` + include + `
}
`

// Done says what Write did. Paths are as dir was given.
type Done struct {
	// Written are the files that are new or changed, sorted; Same is how many were as they should be.
	Written []string
	Same    int
	// Kept is a configuration that was there already and does not lead to the types; empty if there is none.
	Kept string
}

// Write writes the types into dir/types/runner, and dir/jsconfig.json or, if typescript or dir has a file in
// TypeScript, dir/tsconfig.json. A configuration that is there stays as it is, and so does any file of types that
// is not ours, which is an error before anything is written.
func Write(dir string, modules js.Registry, typescript bool) (*Done, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, not a folder", dir)
	}
	types := Types(modules)
	folder := filepath.Join(dir, filepath.FromSlash(Folder))
	for name := range types {
		path := filepath.Join(folder, name)
		old, err := os.ReadFile(path)
		if err == nil && !strings.HasPrefix(string(old), marker) {
			return nil, fmt.Errorf("%s is there and was not written by runner: move it away first", path)
		}
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	d := &Done{}
	for name, text := range types {
		if err := d.write(filepath.Join(folder, name), marker+text); err != nil {
			return nil, err
		}
	}
	if err := d.configure(dir, typescript); err != nil {
		return nil, err
	}
	sort.Strings(d.Written)
	return d, nil
}

func (d *Done) write(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		d.Same++
		return nil
	}
	d.Written = append(d.Written, path)
	return os.WriteFile(path, []byte(text), 0o666)
}

// configure writes the configuration, unless there is one.
func (d *Done) configure(dir string, typescript bool) error {
	for _, name := range []string{"tsconfig.json", "jsconfig.json"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if strings.Contains(string(text), Folder) {
			d.Same++
		} else {
			d.Kept = path
		}
		return nil
	}
	if !typescript {
		for _, pattern := range []string{"*.ts", "*.mts", "*/*.ts"} {
			found, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
			if err != nil {
				return err
			}
			for _, path := range found {
				typescript = typescript || !strings.HasSuffix(path, ".d.ts")
			}
		}
	}
	if typescript {
		return d.write(filepath.Join(dir, "tsconfig.json"), tsConfig)
	}
	return d.write(filepath.Join(dir, "jsconfig.json"), jsConfig)
}

// escapeGlob makes a pattern that matches only a path itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
