package scaffold

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is a file of an archive or a folder; link makes it a symbolic link.
type entry struct{ name, text, link string }

func folder(t *testing.T, entries ...entry) string {
	t.Helper()
	dir := t.TempDir()
	for _, e := range entries {
		path := filepath.Join(dir, e.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		var err error
		if e.link != "" {
			err = os.Symlink(e.link, path)
		} else {
			err = os.WriteFile(path, []byte(e.text), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func zipped(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644)
		if e.link != "" {
			h.SetMode(fs.ModeSymlink | 0o777)
			e.text = e.link
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return save(t, "t.zip", b.Bytes())
}

func tarred(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.link != "" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return save(t, "t.tar.gz", b.Bytes())
}

func save(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// project renders a template and gives its files as text, with an x for those that can be run.
func project(t *testing.T, path string, given map[string]string) (map[string]string, error) {
	t.Helper()
	tmpl, err := Find(path)
	if err != nil {
		return nil, err
	}
	values, err := tmpl.Values(given, nil)
	if err != nil {
		return nil, err
	}
	files, err := tmpl.Render(values)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range files {
		out[f.Path] = string(f.Data)
	}
	return out, nil
}

const manifest = `{"description": "ours", "variables": [
	{"name": "team", "description": "whose it is"},
	{"name": "url", "description": "where", "default": "http://localhost", "pattern": "https?://.*"}], "try": ["runner run a.js"]}`

func TestTemplatesAreFoldersAndArchives(t *testing.T) {
	entries := []entry{
		{name: manifestName, text: manifest},
		{name: "tests/{{team}}.js", text: `const url = {{url:json}}; // {{team}}, {{unknown}}, {{ team }}`},
		{name: "data.bin", text: "\x00{{team}}"},
	}
	ignored := []entry{{name: ".git/config", text: "x"}, {name: "node_modules/a/b.js", text: "x"}, {name: "runner-results/x/y", text: "x"}}
	var below []entry
	for _, e := range entries {
		below = append(below, entry{name: "checkout-1.2/" + e.name, text: e.text})
	}
	want := map[string]string{
		"tests/shop.js": `const url = "https://a\"b"; // shop, {{unknown}}, {{ team }}`,
		"data.bin":      "\x00{{team}}",
	}
	for _, test := range []struct{ what, path string }{
		{"a folder", folder(t, entries...)},
		{"a git checkout with installed packages", folder(t, append(ignored, entries...)...)},
		{"a worktree of git", folder(t, append([]entry{{name: ".git", text: "gitdir: x"}}, entries...)...)},
		{"a zip", zipped(t, entries...)},
		{"a zip with a folder at its top", zipped(t, below...)},
		{"a zip with what is no part of a template", zipped(t, append(ignored, entries...)...)},
		{"a tar.gz", tarred(t, entries...)},
		{"a tar.gz with a folder at its top", tarred(t, below...)},
		{"a tar.gz with names that begin with ./", tarred(t, entry{name: "./" + manifestName, text: manifest},
			entry{name: "./" + entries[1].name, text: entries[1].text}, entry{name: "./data.bin", text: entries[2].text})},
	} {
		t.Run(test.what, func(t *testing.T) {
			got, err := project(t, test.path, map[string]string{"team": "shop", "url": `https://a"b`})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTricksAreRefused(t *testing.T) {
	ok := entry{name: "a.js", text: "x"}
	team := map[string]string{"team": "../../etc"}
	for _, test := range []struct {
		what, path string
		given      map[string]string
		wrong      string
	}{
		{"a zip that climbs", zipped(t, ok, entry{name: "../evil.js"}), nil, `"../evil.js" leads out of the project's folder`},
		{"a zip that climbs from below", zipped(t, ok, entry{name: "a/../../evil.js"}), nil, "leads out"},
		{"a zip that climbs by node_modules", zipped(t, ok, entry{name: "node_modules/../../evil.js"}), nil, "leads out"},
		{"a zip with an absolute path", zipped(t, ok, entry{name: "/etc/evil"}), nil, "leads out"},
		{"a zip with a drive", zipped(t, ok, entry{name: "C:evil"}), nil, "is not the name of a file"},
		{"a zip with backslashes", zipped(t, ok, entry{name: `..\evil`}), nil, "is not the name of a file"},
		{"a zip with a link", zipped(t, ok, entry{name: "link", link: "/etc"}), nil, "links are not followed"},
		{"a zip with a hook of git's", zipped(t, ok, entry{name: ".GIT/hooks/post-checkout"}), nil, "is a file of git's own"},
		{"a zip with a file twice", zipped(t, ok, ok), nil, `"a.js" is there twice`},
		{"a tar that climbs", tarred(t, ok, entry{name: "../evil.js"}), nil, "leads out"},
		{"a tar with an absolute path", tarred(t, ok, entry{name: "/etc/evil"}), nil, "leads out"},
		{"a tar with a link", tarred(t, ok, entry{name: "link", link: "../.."}), nil, "links are not followed"},
		{"a folder with a link", folder(t, ok, entry{name: "link", link: "/etc/passwd"}), nil, "links are not followed"},
		{"a variable that climbs", folder(t, entry{name: manifestName, text: manifest}, entry{name: "{{team}}.js"}), team, "leads out"},
		{"a variable with a slash in a name", folder(t, entry{name: manifestName, text: manifest}, entry{name: "{{team}}.js"}), map[string]string{"team": "a/b"}, "must not have a slash"},
		{"two files that become one", folder(t, entry{name: manifestName, text: manifest}, entry{name: "{{team}}.js"}, entry{name: "a.js"}), map[string]string{"team": "a"}, "would both become a.js"},
		{"a broken zip", save(t, "t.zip", []byte("PK")), nil, "cannot be read"},
		{"a broken tar", save(t, "t.tgz", []byte("x")), nil, "cannot be read"},
		{"something else", save(t, "t.rar", nil), nil, "a template is a folder"},
		{"nothing", folder(t), nil, "has no files"},
		{"a name with a typo", "stres", nil, `there is no template, folder or archive "stres"; did you mean "stress"?`},
		{"a manifest with a typo", folder(t, ok, entry{name: manifestName, text: `{"variabels": []}`}), nil, "variabels"},
		{"a variable twice", folder(t, ok, entry{name: manifestName, text: `{"variables": [{"name": "a"}, {"name": "a"}]}`}), nil, "is there twice"},
		{"a pattern that is none", folder(t, ok, entry{name: manifestName, text: `{"variables": [{"name": "a", "pattern": "("}]}`}), nil, "the pattern of a"},
		{"a variable that is not given", folder(t, ok, entry{name: manifestName, text: manifest}), nil, "team must be given, as --set team=… (whose it is)"},
		{"a variable that there is not", folder(t, ok, entry{name: manifestName, text: manifest}), map[string]string{"team": "a", "tema": "b"}, `no variable "tema"; did you mean "team"?`},
		{"a value that does not match", folder(t, ok, entry{name: manifestName, text: manifest}), map[string]string{"team": "a", "url": "ftp://x"}, `url is "ftp://x", it must match https?://.*`},
	} {
		t.Run(test.what, func(t *testing.T) {
			got, err := project(t, test.path, test.given)
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("%v, error %v, want …%s…", got, err, test.wrong)
			}
		})
	}
}

func TestVariablesAreAskedFor(t *testing.T) {
	tmpl, err := Find(folder(t, entry{name: "a.js"}, entry{name: manifestName, text: manifest}))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	values, err := tmpl.Values(map[string]string{"team": "shop"}, func(v Variable) (string, error) {
		asked = append(asked, v.Name)
		return "https://asked", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"url"}, asked); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"team": "shop", "url": "https://asked"}, values); d != "" {
		t.Error(d)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	files := []File{{Path: "a.js", Data: []byte("new")}, {Path: "lib/b.js", Data: []byte("new")}, {Path: "run", Data: []byte("#!"), Executable: true}}
	dir := folder(t, entry{name: "lib/b.js", text: "old"})
	err := Write(dir, files)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "lib", "b.js")+" is there already: nothing was written") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.js")); err == nil {
		t.Error("a.js was written all the same")
	}
	fresh := filepath.Join(t.TempDir(), "a", "b")
	if err := Write(fresh, files); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(fresh, "run")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("run: %v, %v", info.Mode(), err)
	}
	if err := Write(fresh, files); err == nil || !strings.Contains(err.Error(), "are there already") {
		t.Errorf("the second time: %v", err)
	}
}

func TestLinksInTheFolderAreNotFollowedOut(t *testing.T) {
	outside := t.TempDir()
	dir := folder(t, entry{name: "lib", link: outside})
	if err := Write(dir, []File{{Path: "lib/b.js"}}); err == nil {
		t.Error("no error")
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Errorf("%v was written outside", entries)
	}
}

func TestAnArchiveCannotFillTheDisk(t *testing.T) {
	path := zipped(t, entry{name: "a", text: strings.Repeat("0", maxBytes)}, entry{name: "b", text: "0"})
	if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 {
		t.Fatalf("the test's archive is not small: %v, %v", info.Size(), err)
	}
	if _, err := Find(path); err == nil || !strings.Contains(err.Error(), "more than 64 MB") {
		t.Errorf("error %v", err)
	}
}
