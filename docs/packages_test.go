package docs

import (
	"os/exec"
	"strings"
	"testing"
)

// TestPackagesNeedWhatTheyMay holds the packages to what docs/architecture.md says of them.
func TestPackagesNeedWhatTheyMay(t *testing.T) {
	for _, rule := range []struct {
		packages string
		never    []string // prefixes of import paths
		why      string
	}{
		{"./value ./verdict ./metrics ./demo", []string{"runner/"}, "these need nothing of ours"},
		{"./runtime ./loadmodels ./events", []string{"runner/js", "runner/modules", "runner/script", "runner/report", "runner/cmd",
			"github.com/dop251/goja", "github.com/valyala/fasthttp"}, "the engine knows no JavaScript and no protocol"},
		{"./js", []string{"runner/modules", "runner/script", "runner/runtime", "runner/events"}, "js does not know what a scenario is"},
		{"./report", []string{"runner/runtime", "runner/js", "runner/script"}, "a view cannot reach the engine"},
		{"./modules/...", []string{"runner/script", "runner/report", "runner/cmd"}, "a module knows js and what it shows"},
	} {
		for path, imports := range importsOf(t, strings.Fields(rule.packages)...) {
			for _, i := range imports {
				for _, never := range rule.never {
					if strings.HasPrefix(i, never) {
						t.Errorf("%s imports %s, but %s", path, i, rule.why)
					}
				}
			}
		}
	}
	for path, imports := range importsOf(t, "./modules/...") {
		for _, i := range imports {
			if strings.HasPrefix(i, "runner/modules/") && path != "runner/modules" && !strings.HasPrefix(i, path+"/") {
				t.Errorf("module %s imports module %s", path, i)
			}
		}
	}
}

// importsOf lists what packages import themselves, without their tests.
func importsOf(t *testing.T, packages ...string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-f", `{{.ImportPath}} {{join .Imports " "}}`}, packages...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		imports[fields[0]] = fields[1:]
	}
	if len(imports) == 0 {
		t.Fatalf("no packages: %v", packages)
	}
	return imports
}
