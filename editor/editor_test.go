package editor

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/modules"
	"runner/modules/modulestest"

	"runner/js"
)

func TestEveryModuleHasTypes(t *testing.T) {
	files := Types(modules.All())
	for name, m := range modules.All() {
		if !strings.Contains(files[name+".d.ts"], `declare module "runner/`+name+`"`) {
			t.Errorf("runner/%s has no types", name)
		}
		if m.Bare && !strings.Contains(files[name+".d.ts"], `declare module "`+name+`"`) {
			t.Errorf("%s has no types under its bare name", name)
		}
	}
}

var declared = regexp.MustCompile(`(?m)^declare (?:var|function) (\w+)`)

func TestEveryGlobalThatIsDeclaredIsThere(t *testing.T) {
	var source strings.Builder
	source.WriteString("export const missing = [];\n")
	names := declared.FindAllStringSubmatch(globalTypes, -1)
	if len(names) < 20 {
		t.Fatalf("only %d globals: %v", len(names), names)
	}
	for _, m := range names {
		source.WriteString("if (typeof " + m[1] + ` === "undefined") missing.push("` + m[1] + "\");\n")
	}
	vm, err := modulestest.Script(t, source.String(), &js.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if missing := vm.Exports().Get("missing").String(); missing != "" {
		t.Errorf("globals.d.ts has what a VM has not: %s", missing)
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, text string, elem ...string) {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestAConfigurationThatIsThereStays(t *testing.T) {
	for _, test := range []struct {
		what   string
		files  map[string]string
		ts     bool
		config string // that is written
		kept   string // that is told
	}{
		{"an empty folder", nil, false, "jsconfig.json", ""},
		{"an empty folder for TypeScript", nil, true, "tsconfig.json", ""},
		{"a script in TypeScript", map[string]string{"a.ts": ""}, false, "tsconfig.json", ""},
		{"a script in TypeScript in a folder", map[string]string{"src/a.ts": ""}, false, "tsconfig.json", ""},
		{"types of other things", map[string]string{"src/a.d.ts": ""}, false, "jsconfig.json", ""},
		{"a tsconfig.json of one's own", map[string]string{"tsconfig.json": "{}"}, false, "", "tsconfig.json"},
		{"a jsconfig.json of one's own", map[string]string{"jsconfig.json": "{}"}, true, "", "jsconfig.json"},
		{"one that leads to the types", map[string]string{"jsconfig.json": `{"include":["types/runner/*"]}`}, false, "", ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				write(t, text, dir, name)
			}
			done, err := Write(dir, modules.All(), test.ts)
			if err != nil {
				t.Fatal(err)
			}
			var config string
			for _, path := range done.Written {
				if strings.HasSuffix(path, "config.json") {
					config = filepath.Base(path)
				}
			}
			if config != test.config {
				t.Errorf("%q was written, want %q", config, test.config)
			}
			if kept := strings.TrimPrefix(strings.TrimPrefix(done.Kept, dir), "/"); kept != test.kept {
				t.Errorf("%q was told, want %q", kept, test.kept)
			}
			for name, text := range test.files {
				if d := cmp.Diff(text, read(t, dir, name)); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
		})
	}
}

func TestTypesAreWrittenAnewAndOnlyOurs(t *testing.T) {
	dir := t.TempDir()
	first, err := Write(dir, modules.All(), false)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(Types(modules.All())) + 1; len(first.Written) != want || first.Same != 0 {
		t.Errorf("%d written, %d the same, want %d and 0", len(first.Written), first.Same, want)
	}
	again, err := Write(dir, modules.All(), false)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Written) != 0 || again.Same != len(first.Written) {
		t.Errorf("the second time: %v written, %d the same", again.Written, again.Same)
	}
	path := filepath.Join(dir, Folder, "http.d.ts")
	write(t, marker+"old", path)
	if again, err = Write(dir, modules.All(), false); err != nil || len(again.Written) != 1 || again.Written[0] != path {
		t.Errorf("an old file: %v, %v", again, err)
	}
	write(t, "mine", path)
	if _, err = Write(dir, modules.All(), false); err == nil || !strings.Contains(err.Error(), "http.d.ts is there and was not written by runner") {
		t.Errorf("a foreign file: %v", err)
	}
	if text := read(t, path); text != "mine" {
		t.Errorf("a foreign file became %q", text)
	}
}
