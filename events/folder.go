package events

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// The files of a run's folder.
const (
	RecordingFile = "events.log"
	LogFile       = "run.log"
	SummaryFile   = "run.json"
	// LatestFile stands beside the folders and has the name of the newest.
	LatestFile = "latest"
)

const maxFolderName = 60 // characters of the scenario's name

// CreateFolder makes a new folder for a run, base/<time>-<name>, with -2, -3 … after it if there is
// one, and notes its name in base/latest. base is made too if need be.
func CreateFolder(base, name string, now time.Time) (string, error) {
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("making a folder for results: %w", err)
	}
	stem := now.Format("2006-01-02T15-04-05") + "-" + folderName(name)
	folder := stem
	for n := 2; ; n++ {
		err := os.Mkdir(filepath.Join(base, folder), 0o755)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) || n > 10_000 {
			return "", fmt.Errorf("making a folder for results: %w", err)
		}
		folder = fmt.Sprintf("%s-%d", stem, n)
	}
	if err := replaceFile(filepath.Join(base, LatestFile), []byte(folder+"\n")); err != nil {
		return "", fmt.Errorf("noting the latest results: %w", err)
	}
	return filepath.Join(base, folder), nil
}

// folderName makes a name that every file system takes and no shell minds: letters, digits, dots,
// underscores; hyphens for all else.
func folderName(name string) string {
	var b strings.Builder
	length := 0
	for _, r := range name {
		if length == maxFolderName {
			break
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '_' || r == unicode.ReplacementChar {
			r = '-'
		}
		if r == '-' && strings.HasSuffix(b.String(), "-") {
			continue
		}
		b.WriteRune(r)
		length++
	}
	if s := strings.Trim(b.String(), "-."); s != "" {
		return s
	}
	return "run"
}

// replaceFile writes a file whole or not at all: under another name first, then renamed.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(content); err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
