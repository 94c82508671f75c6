package events

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCreateFolder(t *testing.T) {
	base := filepath.Join(t.TempDir(), "a", "runner-results")
	now := time.Date(2026, 3, 4, 15, 6, 7, 8, time.UTC)
	var got []string
	for _, name := range []string{"stress", "stress", "stress", "a/../b c", "", "..", "Größe_2.5", strings.Repeat("x", 300), "\x00\n$(rm)"} {
		folder, err := CreateFolder(base, name, now)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(folder) != base {
			t.Errorf("%q makes a folder elsewhere: %s", name, folder)
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			t.Errorf("%q: %v", name, err)
		}
		latest, err := os.ReadFile(filepath.Join(base, LatestFile))
		if err != nil || string(latest) != filepath.Base(folder)+"\n" {
			t.Errorf("the latest is %q, not %q: %v", latest, folder, err)
		}
		got = append(got, strings.TrimPrefix(filepath.Base(folder), "2026-03-04T15-06-07-"))
	}
	want := []string{"stress", "stress-2", "stress-3", "a-..-b-c", "run", "run-2", "Größe_2.5", strings.Repeat("x", 60), "rm"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateFolderWhereNoneCanBe(t *testing.T) {
	file := path(t, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{file, filepath.Join(file, "sub")} {
		if folder, err := CreateFolder(base, "x", time.Now()); err == nil || !strings.Contains(err.Error(), "making a folder for results: ") {
			t.Errorf("%s: %q, %v", base, folder, err)
		}
	}
}

func TestTextLog(t *testing.T) {
	file := path(t, LogFile)
	l, err := CreateTextLog(file)
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration, scenario string, e Event) {
		e.At, e.Scenario = d, scenario
		l.Write(e)
	}
	at(0, "", Event{Run: &RunStarted{Scenarios: []ScenarioInfo{{Name: "a"}}}})
	at(1234567*time.Microsecond, "a", Event{Log: &Log{Level: "warn", Message: "the cart is empty", User: 3, Iteration: 2}})
	at(time.Minute, "a", Event{Log: &Log{Level: "info", Message: "ready"}})
	at(time.Hour+time.Second, "a", Event{Log: &Log{Level: "error", Message: "one\ntwo\r\x1b[31m\ttab\u009b é", User: 1, Node: "n2"}})
	at(0, "a", Event{Tick: &Tick{}})
	at(0, "a", Event{Note: &Note{Level: "warn", Message: "results were passed over"}})
	at(0, "", Event{Run: &RunStarted{Scenarios: []ScenarioInfo{{Name: "a"}, {Name: "b"}}}})
	at(0, "b", Event{Log: &Log{Level: "debug", Message: "x", User: 4, Iteration: 5}})
	at(0, "b", Event{Note: &Note{Level: "info", Message: "y"}})
	at(0, "", Event{Note: &Note{Level: "info", Message: "z"}})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(file)
	want := `00:01.234 WARN [user 3, iteration 2] the cart is empty
01:00.000 INFO ready
1:00:01.000 ERROR [n2, user 1] one
    two\x0d\x1b[31m	tab\x9b é
00:00.000 WARN [runner] results were passed over
00:00.000 DEBUG [b, user 4, iteration 5] x
00:00.000 INFO [runner, b] y
00:00.000 INFO [runner] z
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := CreateTextLog(file); err == nil {
		t.Error("a log is made over another")
	}
}
