package report

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"runner/events"
	"runner/verdict"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.loop"))
}

// lockedGlass is a terminal that two goroutines may look at.
type lockedGlass struct {
	mu sync.Mutex
	*glass
	writes int
	block  chan struct{} // if set, a write waits for it
}

func (g *lockedGlass) Write(p []byte) (int, error) {
	if g.block != nil {
		<-g.block
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writes++
	return g.glass.Write(p)
}

func (g *lockedGlass) size() (int, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.columns, g.rows
}

func (g *lockedGlass) seen() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.text(), "\n")
}

func newTestLive(g *lockedGlass, st *events.State) *Live {
	l := &Live{
		o: Options{LogFile: "run.log"}, source: func() *runView { return liveView(st) }, size: g.size,
		screen: &screen{out: g, size: g.size, reflows: true}, echo: muteEcho(nil), unwatch: func() {},
	}
	l.start()
	return l
}

func TestLiveShowsARunAndLeavesNothingButWhatWasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &lockedGlass{glass: newGlass(100, 30)}
		s := newStory()
		l := newTestLive(g, s.state)
		s.sinks = append(s.sinks, l.Handle)
		time.Sleep(time.Second)
		if got := g.seen(); got != "" {
			t.Errorf("before the run began the terminal shows %q", got)
		}
		s.begin(1, "one", "two")
		s.status("one", "waiting", "starting")
		s.status("one", "starting", "running")
		s.second("one", 3, iterationsOf{succeeded: 20, failed: 1, ms: 10, started: 3, http: true})
		s.tell("one", events.Event{Log: &events.Log{Level: "warn", Message: "careful\x07", User: 3}})
		time.Sleep(time.Second)
		for _, want := range []string{"● one", "users       3 of 3", "failed 1 (4.76 %)", "waiting     two", "one user 3 warning: careful\\x07", "50 %"} {
			if got := g.seen(); !strings.Contains(got, want) {
				t.Errorf("%q is not in:\n%s", want, got)
			}
		}
		g.mu.Lock()
		writes := g.writes
		g.mu.Unlock()
		if writes > 8 {
			t.Errorf("%d writes in a second", writes)
		}
		s.end("one", events.ScenarioEnded{Verdict: verdict.Failed, Duration: time.Second})
		s.end("two", events.ScenarioEnded{Verdict: verdict.Skipped})
		s.close(verdict.Cause{Kind: verdict.Verifier})
		l.Close()
		l.Close()
		want := "00:01 one user 3 warning: careful\\x07\n✗ one failed  1.00 s · 21 iterations · 1 failed\n○ two skipped"
		if got := g.seen(); got != want {
			t.Errorf("at the end the terminal shows\n%s\nwant\n%s", got, want)
		}
	})
}

func TestLiveDrawsNothingWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &lockedGlass{glass: newGlass(100, 30)}
		s := newStory()
		l := newTestLive(g, s.state)
		s.sinks = append(s.sinks, l.Handle)
		s.begin(1, "one")
		s.status("one", "waiting", "running")
		time.Sleep(10 * time.Second)
		l.Close()
		// Only the clock moves: one frame a second, and the last that takes all away.
		if g.writes < 10 || g.writes > 13 {
			t.Errorf("%d writes in ten seconds in which only the clock moved", g.writes)
		}
	})
}

func TestLiveNeverWaitsForTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &lockedGlass{glass: newGlass(100, 3000), block: make(chan struct{})}
		s := newStory()
		l := newTestLive(g, s.state)
		s.sinks = append(s.sinks, l.Handle)
		s.begin(1, "one")
		s.status("one", "waiting", "running")
		began := time.Now()
		for i := range 5000 { // ten minutes of a script that talks while the terminal does not read
			s.at += 120 * time.Millisecond
			s.tell("one", events.Event{Log: &events.Log{Level: "info", Message: fmt.Sprint("line ", i)}})
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("Handle waited for %v", waited)
		}
		close(g.block)
		l.Close()
		shown := strings.Count(g.seen(), " line ")
		if shown == 0 || shown > mostWaiting {
			t.Errorf("%d lines shown, want at most %d", shown, mostWaiting)
		}
		if want := fmt.Sprintf("… %s more lines in run.log", grouped(int64(5000-shown))); !strings.HasSuffix(g.seen(), want) {
			t.Errorf("the end is not %q:\n%s", want, g.seen()[max(0, len(g.seen())-200):])
		}
	})
}

func TestLiveStartsAndEndsOnWhatIsNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := NewLive(LiveOptions{Terminal: f, State: events.NewState()})
	l.Close()
	if CanDrawLive(f) || CanDrawLive(nil) {
		t.Error("a file is taken for a terminal")
	}
}

func TestLogLinesAreLimitedAndTheRestIsCounted(t *testing.T) {
	l := logLines{o: Options{LogFile: "runner-results/x/run.log"}}
	say := func(at time.Duration, e events.Event) (got []string) {
		e.At = at
		for _, x := range l.take(e) {
			got = append(got, x.String())
		}
		return got
	}
	log := events.Event{Log: &events.Log{Level: "info", Message: "hello"}}
	shown := 0
	for range 133 {
		shown += len(say(time.Second, log))
	}
	if shown != perSecondShown {
		t.Errorf("%d lines shown in a second, want %d", shown, perSecondShown)
	}
	warning := events.Event{Note: &events.Note{Level: "warn", Message: "mind"}}
	if got := say(1500*time.Millisecond, warning); len(got) != 1 || got[0] != "00:01 warning: mind" {
		t.Errorf("a warning among them: %q", got)
	}
	got := say(2*time.Second, log)
	if len(got) != 2 || got[0] != "… 123 more lines in runner-results/x/run.log" || got[1] != "00:02 hello" {
		t.Errorf("in the next second: %q", got)
	}
	if got := say(2*time.Second, events.Event{Log: &events.Log{Level: "debug", Message: "deep"}}); got != nil {
		t.Errorf("a debug line is shown: %q", got)
	}
}

func TestLogLinesOfManyRows(t *testing.T) {
	e := events.Event{Scenario: "one", Log: &events.Log{Level: "error", Message: "first\nsecond\n" + strings.Repeat("x\n", 30) + strings.Repeat("y", 9000)}}
	lines := logLine(e)
	if len(lines) != 21 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []string{"00:00 one error: first", "                 second"} {
		if got := lines[i].String(); got != want {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	if got := strings.TrimSpace(lines[20].String()); got != "… 13 more lines" {
		t.Errorf("the last line is %q", got)
	}
}
