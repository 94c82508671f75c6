package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"runner/events"
	"runner/report/page"
	"runner/report/timeline"
)

// recording is what a run keeps on disk: the event stream, the script's console, and at the end every
// figure. With --no-results it keeps nothing.
type recording struct {
	id      string
	folder  string
	logFile string
	stream  *events.Writer
	log     *events.TextLog
	// over is the run over time, for the report.
	over    *timeline.Timeline
	sources []sourceFile
}

// resultsBase is where runs are kept unless --results says otherwise.
const resultsBase = "runner-results"

func openRecording(o runOptions, l *loaded) (*recording, error) {
	name := l.order[0].Name
	if len(l.order) > 1 {
		name = "scenarios"
		if len(l.scripts) == 1 {
			name = scriptName(l.scripts[0].Program.Path())
		}
	}
	now := time.Now()
	rec := &recording{id: now.Format("20060102-150405.000") + "-" + name}
	if o.noResults {
		if o.baseline != "" {
			rec.over = timeline.New()
		}
		return rec, nil
	}
	var err error
	if o.results != "" {
		rec.folder, err = o.results, newFolder(o.results)
	} else {
		rec.folder, err = events.CreateFolder(resultsBase, name, now)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (with --no-results nothing is kept)", err)
	}
	if rec.stream, err = events.Create(filepath.Join(rec.folder, events.RecordingFile)); err != nil {
		return nil, err
	}
	rec.logFile = filepath.Join(rec.folder, events.LogFile)
	if rec.log, err = events.CreateTextLog(rec.logFile); err != nil {
		rec.stream.Close()
		return nil, err
	}
	rec.over = timeline.New()
	return rec, nil
}

// newFolder makes the folder of --results, which must not hold another run.
func newFolder(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(path, events.RecordingFile)); err == nil {
		return fmt.Errorf("--results %s: the folder holds the results of another run", path)
	}
	return nil
}

func scriptName(path string) string {
	base := filepath.Base(path)
	return base[:len(base)-len(filepath.Ext(base))]
}

func (r *recording) write(e events.Event) {
	if r.stream != nil {
		r.stream.Write(e)
		r.log.Write(e)
	}
	if r.over != nil {
		r.over.Apply(e)
	}
}

// keep copies the scripts into the run's folder.
func (r *recording) keep(sources []sourceFile) error {
	r.sources = sources
	if r.stream == nil {
		return nil
	}
	return writeSources(r.folder, sources)
}

// finish writes the figures and the report, and says whether all was kept.
func (r *recording) finish(state *events.State) error {
	if r.stream == nil {
		return nil
	}
	err := errors.Join(r.stream.Close(), r.log.Close())
	r.stream = nil
	return errors.Join(err,
		events.WriteSummary(filepath.Join(r.folder, events.SummaryFile), events.Summary(state)),
		writePage(filepath.Join(r.folder, reportFile), page.Input{
			State: state, Timeline: r.over, Sources: pageSources(r.sources), Samples: readSamples(filepath.Join(r.folder, samplesFile)),
		}))
}

// close closes what finish did not come to.
func (r *recording) close() {
	if r.stream != nil {
		r.stream.Close()
		r.log.Close()
	}
}
