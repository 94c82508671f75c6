package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxNamed is how many files an error names.
const maxNamed = 5

// Write writes a project's files into dir, which it makes. If one of them is there already, nothing is written and
// the error names them all. Links in dir that lead out of it are not followed.
func Write(dir string, files []File) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var there []string
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if _, err := root.Lstat(f.Path); err == nil {
			there = append(there, filepath.Join(dir, f.Path))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot write %s: %w", filepath.Join(dir, f.Path), err)
		}
	}
	if len(there) > 0 {
		more := ""
		if n := len(there) - maxNamed; n > 0 {
			there, more = there[:maxNamed], fmt.Sprintf(" and %d more", n)
		}
		verb := "is"
		if len(there) > 1 {
			verb = "are"
		}
		return fmt.Errorf("%s%s %s there already: nothing was written", strings.Join(there, ", "), more, verb)
	}
	for _, f := range files {
		if err := write(root, f); err != nil {
			return fmt.Errorf("cannot write %s: %w", filepath.Join(dir, f.Path), err)
		}
	}
	return nil
}

func write(root *os.Root, f File) error {
	if parent := path.Dir(f.Path); parent != "." {
		if err := root.MkdirAll(parent, 0o777); err != nil {
			return err
		}
	}
	mode := fs.FileMode(0o666)
	if f.Executable {
		mode = 0o777
	}
	// Nothing that came meanwhile is overwritten either.
	file, err := root.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(f.Data)
	return errors.Join(err, file.Close())
}
