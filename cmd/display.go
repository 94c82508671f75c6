package cmd

import (
	"os"

	"runner/events"
	"runner/report"
)

// display shows the run while it goes.
type display interface {
	Handle(events.Event)
	Close()
}

// quiet shows nothing.
type quiet struct{}

func (quiet) Handle(events.Event) {}
func (quiet) Close()              {}

// newDisplay draws on standard error: in place if it is a terminal, else a line now and then.
func newDisplay(s *streams, o runOptions, state *events.State, rec *recording) display {
	if o.quiet {
		return quiet{}
	}
	ro := s.reportOptions(s.err)
	ro.Results, ro.LogFile = rec.folder, rec.logFile
	if f, ok := s.err.(*os.File); ok && report.CanDrawLive(f) {
		return report.NewLive(report.LiveOptions{Options: ro, Terminal: f, State: state})
	}
	return report.NewPlain(s.err, report.PlainOptions{Options: ro, State: state})
}
