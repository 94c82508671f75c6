package editor

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"runner/modules"
	"runner/scaffold"
)

// typescript is the compiler's version: the types may use what it knows.
const typescript = "typescript@5.9.3"

var installed = sync.OnceValues(func() (string, error) {
	for _, program := range []string{"npm", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "runner-tsc")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", dir, typescript)
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("npm install %s: %w\n%s", typescript, err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := installed(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// tsc checks a folder and gives what is wrong.
func tsc(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: TypeScript is not installed")
	}
	home, err := installed()
	if err != nil {
		t.Skipf("types are not checked: %v", err)
	}
	cmd := exec.Command("node", append([]string{filepath.Join(home, "node_modules", "typescript", "bin", "tsc")}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	if (err != nil) != (len(out) > 0) {
		t.Fatalf("%v but %q", err, out)
	}
	return string(out)
}

var fence = regexp.MustCompile("(?ms)^```(js|ts)\n(.*?)^```$")

// fromFile stands before a block that is part of a file which is checked anyway.
var fromFile = regexp.MustCompile(`<!-- from \S+ -->\n(?:<!-- .* -->\n)*$`)

// copyScripts copies the scripts of a folder of the repository.
func copyScripts(t *testing.T, from, to string) (n int) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".js", ".ts", ".json":
			write(t, read(t, from, e.Name()), to, e.Name())
			n++
		}
	}
	return n
}

func TestEveryExampleAndSnippetIsRightByItsTypes(t *testing.T) {
	dir := t.TempDir()
	n := copyScripts(t, "../examples", filepath.Join(dir, "examples")) + copyScripts(t, "../docs/snippets", filepath.Join(dir, "snippets"))
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		text := read(t, page)
		for i, at := range fence.FindAllStringSubmatchIndex(text, -1) {
			if fromFile.MatchString(text[:at[0]]) {
				continue
			}
			name := fmt.Sprintf("%s-%d.%s", strings.TrimSuffix(filepath.Base(page), ".md"), i+1, text[at[2]:at[3]])
			write(t, text[at[4]:at[5]], dir, "pages", name)
			n++
		}
	}
	if n < 20 {
		t.Fatalf("only %d scripts", n)
	}
	if _, err := Write(dir, modules.All(), false); err != nil {
		t.Fatal(err)
	}
	// Those in TypeScript by the stricter rules, which want a type for every parameter.
	if err := os.Remove(filepath.Join(dir, "tsconfig.json")); err != nil {
		t.Fatal(err)
	}
	write(t, jsConfig, dir, "jsconfig.json")
	write(t, tsConfig, dir, "tsconfig.json")
	for _, config := range []string{"jsconfig.json", "tsconfig.json"} {
		if out := tsc(t, dir, "-p", config); out != "" {
			t.Errorf("%s:\n%s", config, out)
		}
	}
}

func TestTemplatesAreRightByTheirTypes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range scaffold.Shipped() {
		tmpl, err := scaffold.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tmpl.Values(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		files, err := tmpl.Render(values)
		if err != nil {
			t.Fatal(err)
		}
		if err := scaffold.Write(filepath.Join(dir, name), files); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Write(dir, modules.All(), false); err != nil {
		t.Fatal(err)
	}
	config := "jsconfig.json"
	if _, err := os.Stat(filepath.Join(dir, config)); err == nil {
		t.Error("the template in TypeScript was not seen")
	}
	// The stricter rules for TypeScript do not look into JavaScript.
	write(t, jsConfig, dir, config)
	for _, config := range []string{config, "tsconfig.json"} {
		if out := tsc(t, dir, "-p", config); out != "" {
			t.Errorf("%s:\n%s", config, out)
		}
	}
}

// The types themselves must be right too: skipLibCheck would hide it.
func TestTypesAreRight(t *testing.T) {
	dir := t.TempDir()
	if _, err := Write(dir, modules.All(), true); err != nil {
		t.Fatal(err)
	}
	write(t, "export {};\n", dir, "empty.ts")
	if out := tsc(t, dir, "-p", ".", "--skipLibCheck", "false"); out != "" {
		t.Error(out)
	}
}

func TestTheEditorFindsTypos(t *testing.T) {
	const options = "/** @type {import(\"runner/script\").Options} */\nexport const options = "
	tests := []struct{ what, script, wrong string }{
		{"an option of a request", `import http from "runner/http"; http.get("/", { timout: "5s" });`, `'timout' does not exist`},
		{"an option of a load model", `import { runOnce } from "runner/loadmodels"; export const loadModel = runOnce({ timeuot: "5s" });`, `'timeuot' does not exist`},
		{"an option of the script", options + `{ gracefullStop: "5s" };`, `'gracefullStop' does not exist`},
		{"an option of all requests", options + `{ http: { baseUrl: "http://localhost" } };`, `'baseUrl' does not exist`},
		{"a command", `export function loadModel(/** @type {import("runner/script").Commands} */ commands) { commands.scaleUser(3); }`, `Did you mean 'scaleUsers'`},
		{"an export of a module", `import { rampUser } from "runner/loadmodels"; rampUser(1, 2);`, `no exported member`},
		{"a module", `import http from "runner/htp"; http.get("/");`, `Cannot find module 'runner/htp'`},
		{"a page's global", `window.alert("hello");`, `Cannot find name 'window'`},
		{"Node's global", `process.exit(1);`, `Cannot find name 'process'`},
		{"an aggregator's signature", "/** @type {import(\"runner/script\").Aggregator} */\nexport const aggregator = (a, b, c) => 1;", `is not assignable to type 'Aggregator`},
		{"nothing", options + `{ gracefulStop: "5s", thresholds: { "http.response_time": "p(95) < 200ms" } };`, ``},
	}
	dir := t.TempDir()
	if _, err := Write(dir, modules.All(), false); err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		write(t, test.script, dir, fmt.Sprintf("script%d.js", i))
	}
	out := tsc(t, dir, "-p", "jsconfig.json")
	for i, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			var said string
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, fmt.Sprintf("script%d.js(", i)) {
					said += line
				}
			}
			if test.wrong == "" && said != "" || !strings.Contains(said, test.wrong) {
				t.Errorf("%s\nsays %q, want …%s…", test.script, said, test.wrong)
			}
		})
	}
}

func TestConfigurationsAreJSON(t *testing.T) {
	for _, text := range []string{jsConfig, tsConfig} {
		if !json.Valid([]byte(text)) {
			t.Errorf("not JSON: %s", text)
		}
	}
}
