package scaffold

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	// maxFiles and maxBytes bound a template, so that an archive cannot fill the disk.
	maxFiles = 2_000
	maxBytes = 64 << 20
)

// left are folders that are no part of a template.
var left = map[string]bool{".git": true, "node_modules": true, "runner-results": true}

// leftOut says whether a file is in such a folder.
func leftOut(name string) bool {
	for part := range strings.SplitSeq(path.Dir(name), "/") {
		if left[part] {
			return fs.ValidPath(name)
		}
	}
	return false
}

// checkPath refuses names that lead out of the folder that they are for, or that mean another place elsewhere.
func checkPath(name string) error {
	switch {
	case name == "" || strings.ContainsRune(name, 0) || strings.ContainsRune(name, '\\') || strings.ContainsRune(name, ':'):
		return fmt.Errorf("%q is not the name of a file", name)
	case !fs.ValidPath(name) || name == "." || !filepath.IsLocal(filepath.FromSlash(name)):
		return fmt.Errorf("%q leads out of the project's folder", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.EqualFold(part, ".git") {
			return fmt.Errorf("%q is a file of git's own", name)
		}
	}
	return nil
}

// collector takes the files of a template.
type collector struct {
	files []File
	bytes int64
	seen  map[string]bool
}

// add reads one file, unless it is in a folder that is no part of a template.
func (c *collector) add(name string, mode fs.FileMode, r io.Reader) error {
	if leftOut(name) {
		return nil
	}
	if err := checkPath(name); err != nil {
		return err
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	if c.seen[name] {
		return fmt.Errorf("%q is there twice", name)
	}
	c.seen[name] = true
	if len(c.files) == maxFiles {
		return fmt.Errorf("it has more than %d files", maxFiles)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBytes-c.bytes+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if c.bytes += int64(len(data)); c.bytes > maxBytes {
		return fmt.Errorf("it has more than %d MB", maxBytes>>20)
	}
	c.files = append(c.files, File{Path: name, Data: data, Executable: mode&0o111 != 0})
	return nil
}

// readPath reads a folder or an archive.
func readPath(name string) ([]File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return readFS(os.DirFS(name))
	}
	lower := strings.ToLower(name)
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("it is neither a folder nor an archive")
	case strings.HasSuffix(lower, ".zip"):
		return readZip(name)
	case strings.HasSuffix(lower, ".tar.gz"), strings.HasSuffix(lower, ".tgz"), strings.HasSuffix(lower, ".tar"):
		return readTar(name)
	}
	return nil, errors.New("it is not a template: a template is a folder, a .zip, a .tar.gz or a .tar")
}

func readFS(fsys fs.FS) ([]File, error) {
	var c collector
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && left[d.Name()]:
			return fs.SkipDir
		case d.IsDir() || d.Name() == ".git": // a file in a worktree
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file; links are not followed", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return c.add(name, info.Mode(), f)
	})
	return c.files, err
}

func readZip(name string) ([]File, error) {
	r, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	defer r.Close()
	var c collector
	for _, f := range r.File {
		switch mode := f.Mode(); {
		case mode.IsDir():
			continue // those that have files come with them
		case !mode.IsRegular():
			return nil, fmt.Errorf("%s is not a regular file; links are not followed", f.Name)
		}
		file, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		err = c.add(f.Name, f.Mode(), file)
		file.Close()
		if err != nil {
			return nil, err
		}
	}
	return withoutTop(c.files), nil
}

func readTar(name string) ([]File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r io.Reader = file
	if !strings.HasSuffix(strings.ToLower(name), ".tar") {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, fmt.Errorf("it cannot be read: %w", err)
		}
		r = z
	}
	var c collector
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return withoutTop(c.files), nil
		}
		if err != nil {
			return nil, fmt.Errorf("it cannot be read: %w", err)
		}
		switch h.Typeflag {
		case tar.TypeReg:
		case tar.TypeXGlobalHeader, tar.TypeDir: // git archive writes the first
			continue
		default:
			return nil, fmt.Errorf("%s is not a regular file; links are not followed", h.Name)
		}
		if err := c.add(strings.TrimPrefix(h.Name, "./"), h.FileInfo().Mode(), archive); err != nil {
			return nil, err
		}
	}
}

// withoutTop takes away the one folder that an archive often has at its top.
func withoutTop(files []File) []File {
	top := ""
	for i, f := range files {
		first, _, below := strings.Cut(f.Path, "/")
		if !below || i > 0 && first != top {
			top = ""
			break
		}
		top = first
	}
	if top != "" {
		for i := range files {
			files[i].Path = strings.TrimPrefix(files[i].Path, top+"/")
		}
	}
	return files
}
