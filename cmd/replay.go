package cmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"runner/events"
	"runner/report/page"
	"runner/report/timeline"
	"runner/verdict"
)

// replayed is a run that is over, folded again from its recording.
type replayed struct {
	name   string // as the user named it
	folder string // empty if only the recording was named
	page.Input
}

// latest names the newest run.
const latest = "latest"

// recordingOf finds the recording of a run: its folder, "latest", the name of a folder within
// runner-results, or the recording itself.
func recordingOf(name string) (path, folder string, err error) {
	candidates := []string{name}
	if name == latest {
		text, err := os.ReadFile(filepath.Join(resultsBase, events.LatestFile))
		if errors.Is(err, fs.ErrNotExist) {
			return "", "", verdict.Wrap(verdict.Config, fmt.Errorf("there is no latest run: %s has none", resultsBase))
		}
		if err != nil {
			return "", "", verdict.Wrap(verdict.Config, err)
		}
		candidates = []string{filepath.Join(resultsBase, strings.TrimSpace(string(text)))}
	} else if !strings.ContainsAny(name, `/\`) {
		candidates = append(candidates, filepath.Join(resultsBase, name))
	}
	for _, c := range candidates {
		info, err := os.Stat(c)
		switch {
		case err != nil:
			continue
		case !info.IsDir() && filepath.Base(c) == events.RecordingFile:
			return c, filepath.Dir(c), nil
		case !info.IsDir():
			return c, "", nil
		}
		path := filepath.Join(c, events.RecordingFile)
		if _, err := os.Stat(path); err == nil {
			return path, c, nil
		}
		return "", "", verdict.Wrap(verdict.Config, fmt.Errorf("%s holds no run: there is no %s in it", c, events.RecordingFile))
	}
	return "", "", &verdict.Err{Kind: verdict.Config, Err: fmt.Errorf("there is no run %q", name),
		Hint: "name a run's folder, its " + events.RecordingFile + ", or " + latest + "; \"runner runs\" lists them"}
}

// replay folds a recording. That it is incomplete is a warning; that nothing in it can be read is an
// error.
func replay(name string) (*replayed, error) {
	path, folder, err := recordingOf(name)
	if err != nil {
		return nil, err
	}
	r := &replayed{name: name, folder: folder, Input: page.Input{State: events.NewState(), Timeline: timeline.New()}}
	sink := events.Tee(r.State.Apply, r.Timeline.Apply)
	count := 0
	err = events.ReadFile(path, func(e events.Event) {
		count++
		sink(e)
	})
	var incomplete *events.Incomplete
	switch {
	case errors.As(err, &incomplete) && count > 0:
		r.Warning = err.Error()
	case err == nil && count > 0:
	case err != nil && incomplete == nil:
		return nil, verdict.Wrap(verdict.Config, err)
	default:
		return nil, verdict.Wrap(verdict.Config, fmt.Errorf("%s is no recording: no event can be read", path))
	}
	if folder != "" {
		r.Sources = readSources(folder, r.State)
		r.Samples = readSamples(filepath.Join(folder, samplesFile))
	}
	return r, nil
}

// samplesFile holds the first failed exchanges of each sort, one JSON object a line.
const samplesFile = "failures.ndjson"

// readSamples reads what can be read: samples are examples, not figures.
func readSamples(path string) (list []events.Sample) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var s events.Sample
		if json.Unmarshal(in.Bytes(), &s) == nil {
			list = append(list, s)
		}
	}
	return list
}

// doubt says why a run's figures are not to be trusted, nothing if they are.
func (r *replayed) doubt() (note string) {
	r.State.View(func(s *events.State) {
		switch {
		case s.End == nil:
			note = fmt.Sprintf("%s stops before its end", r.name)
		case s.Generator.Limited > 0:
			note = fmt.Sprintf("%s: in %d of its seconds the generator was the bottleneck", r.name, s.Generator.Limited)
		case s.End.Verdict != verdict.Passed && s.End.Verdict != verdict.Stopped:
			note = fmt.Sprintf("%s did not pass: %s", r.name, s.End.Verdict)
		}
	})
	return note
}
