package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"runner/events"
)

func newTestPlain(out io.Writer, st *events.State, o Options) *Plain {
	return NewPlain(out, PlainOptions{Options: o, State: st})
}

func TestPlainProgressLooksAsDrawn(t *testing.T) {
	for _, c := range []struct {
		name string
		tell func(...func(*events.State) events.Sink) *story
	}{{"passed", passedStory}, {"failed", failedStory}} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			var p *Plain
			c.tell(func(st *events.State) events.Sink {
				p = newTestPlain(&b, st, Options{Width: 100})
				return p.Handle
			})
			p.Close()
			golden(t, "progress-"+c.name, b.Bytes())
		})
	}
}

// brokenPipe is a reader that has gone.
type brokenPipe struct{ writes int }

func (b *brokenPipe) Write([]byte) (int, error) {
	b.writes++
	return 0, io.ErrClosedPipe
}

func TestPlainGoesOnWhenNobodyReads(t *testing.T) {
	b := &brokenPipe{}
	st := events.NewState()
	p := newTestPlain(b, st, Options{})
	for i := range 100 {
		p.Handle(events.Event{Note: &events.Note{Level: "warn", Message: fmt.Sprint(i)}})
	}
	p.Close()
	p.Close()
	if b.writes != 1 {
		t.Errorf("%d writes into a closed pipe, want 1", b.writes)
	}
}

// slowReader does not read before it is told to.
type slowReader struct {
	got  bytes.Buffer
	goOn chan struct{}
}

func (s *slowReader) Write(p []byte) (int, error) {
	<-s.goOn
	return s.got.Write(p)
}

func TestPlainNeverWaitsForTheReader(t *testing.T) {
	s := &slowReader{goOn: make(chan struct{})}
	p := newTestPlain(s, events.NewState(), Options{})
	for i := range 5000 {
		p.Handle(events.Event{Note: &events.Note{Level: "warn", Message: fmt.Sprint("note ", i)}})
	}
	close(s.goOn)
	p.Close()
	got := strings.Count(s.got.String(), "note ")
	if got == 0 || got > 2*mostWaiting+1 {
		t.Errorf("%d lines written", got)
	}
	if !strings.Contains(s.got.String(), "lines were left out: nobody read them in time") {
		t.Errorf("nothing says that lines are missing:\n%s", s.got.String())
	}
}
