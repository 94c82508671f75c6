package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// whole compares everything, fields of other packages included.
var whole = cmp.Exporter(func(reflect.Type) bool { return true })

// read gives the events of a recording as JSON, so that they can be compared as they were written.
func read(t testing.TB, recording []byte) ([]string, error) {
	t.Helper()
	var all []string
	err := Read(bytes.NewReader(recording), func(e Event) {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	})
	return all, err
}

func TestRecordingGivesBackWhatWasWritten(t *testing.T) {
	var live []Event
	file := path(t, "events.log")
	synctest.Test(t, func(t *testing.T) {
		w, err := Create(file)
		if err != nil {
			t.Fatal(err)
		}
		playRun(5, Tee(nil, w.Write, func(e Event) { live = append(live, e) }))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal("closing twice:", err)
		}
		w.Write(Event{Kind: KindTick, Tick: &Tick{}})
		if w.Lost() != 1 {
			t.Errorf("an event after the end: %d are lost", w.Lost())
		}
	})
	var back []Event
	if err := ReadFile(file, func(e Event) { back = append(back, e) }); err != nil {
		t.Fatal(err)
	}
	if len(back) != len(live) {
		t.Fatalf("%d events became %d", len(live), len(back))
	}
	for i := range live {
		want, _ := json.Marshal(live[i])
		got, _ := json.Marshal(back[i])
		if string(want) != string(got) {
			t.Errorf("event %d was %s and is %s", i, want, got)
		}
	}
	if _, err := Create(file); !errors.Is(err, os.ErrExist) {
		t.Errorf("a recording can be made over another: %v", err)
	}
}

func TestRecordIsALineOfTextWithItsChecksum(t *testing.T) {
	got, err := encodeRecord(Event{At: 1500 * time.Millisecond, Kind: KindLog, Scenario: "a", Log: &Log{Level: "info", Message: "<é>\n"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `c9451789 {"at":1500000000,"kind":"log","scenario":"a","log":{"level":"info","message":"<é>\n"}}` + "\n"
	if string(got) != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestRecordingCutAtEveryByte(t *testing.T) {
	all := collect(t, 1)
	recording, ends := encode(t, all)
	want, err := read(t, recording)
	if err != nil || len(want) != len(all) {
		t.Fatalf("the whole recording: %d of %d events, %v", len(want), len(all), err)
	}
	for cut := range recording {
		var wholeRecords, begin int
		for _, end := range ends {
			if cut >= end-1 { // all but the newline
				wholeRecords++
				begin = end
			}
		}
		got, err := read(t, recording[:cut])
		if len(got) != wholeRecords || !reflect.DeepEqual(got, want[:wholeRecords:wholeRecords]) && wholeRecords > 0 {
			t.Fatalf("cut at byte %d: %d events, not %d", cut, len(got), wholeRecords)
		}
		var incomplete *Incomplete
		if wholeRecords == len(all) {
			if err != nil {
				t.Fatalf("cut at byte %d only the last newline is missing: %v", cut, err)
			}
			continue
		}
		if !errors.As(err, &incomplete) {
			t.Fatalf("cut at byte %d: %v", cut, err)
		}
		expected := Incomplete{Byte: int64(min(begin, cut)), Line: wholeRecords + 1}
		if cut > begin {
			expected.Skipped = 1
		}
		if wholeRecords > 0 && cut == begin-1 {
			expected.Line = wholeRecords // the newline is what is missing
		}
		if *incomplete != expected {
			t.Fatalf("cut at byte %d: %+v, not %+v", cut, *incomplete, expected)
		}
	}
}

func TestRecordingWithAFlippedBit(t *testing.T) {
	all := collect(t, 1)
	recording, ends := encode(t, all)
	want, _ := read(t, recording)
	damaged := make([]byte, len(recording))
	record := 0
	for at := range recording {
		if at >= ends[record] {
			record++
		}
		for bit := range 8 {
			// All bits where it matters, at the ends of records; within, one of every third byte.
			if ends[record]-at > 3 && (at%3 != 0 || bit != at/3%8) {
				continue
			}
			copy(damaged, recording)
			damaged[at] ^= 1 << bit
			got, err := read(t, damaged)
			var incomplete *Incomplete
			if !errors.As(err, &incomplete) {
				t.Fatalf("bit %d of byte %d: %v", bit, at, err)
			}
			expected := append(append([]string{}, want[:record]...), want[record+1:]...)
			if at == ends[record]-1 {
				expected = want // a newline belongs to no record: nothing is lost
			}
			if !reflect.DeepEqual(got, expected) {
				t.Fatalf("bit %d of byte %d, in record %d of %d: %d events are left", bit, at, record, len(all), len(got))
			}
			if incomplete.Line != record+1 || incomplete.Skipped < 1 || incomplete.Skipped > 2 || incomplete.Ended != (record < len(all)-1 || len(got) == len(want)) {
				t.Fatalf("bit %d of byte %d, in record %d: %+v", bit, at, record, *incomplete)
			}
		}
	}
}

func TestIncompleteSaysWhatIsMissing(t *testing.T) {
	for want, e := range map[string]Incomplete{
		"the recording is incomplete: line 3 (byte 70) is damaged and left out":                                                      {Byte: 70, Line: 3, Skipped: 1, Ended: true},
		"the recording is incomplete: from line 3 (byte 70) on, 2 lines are damaged and left out":                                    {Byte: 70, Line: 3, Skipped: 2, Ended: true},
		"the recording is incomplete: line 3 (byte 70) is damaged and left out; it stops before the end of the run":                  {Byte: 70, Line: 3, Skipped: 1},
		"the recording is incomplete: it stops before the end of the run after line 2 (byte 70)":                                     {Byte: 70, Line: 3},
		"the recording is incomplete: from line 1 (byte 0) on, 9 lines are damaged and left out; it stops before the end of the run": {Line: 1, Skipped: 9},
	} {
		if e.Error() != want {
			t.Errorf("%+v says %q", e, e.Error())
		}
	}
}

func TestReadErrorsAreTold(t *testing.T) {
	broken := errors.New("the disk is gone")
	err := Read(io.MultiReader(strings.NewReader("x"), errorReader{broken}), func(Event) {})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := ReadFile(path(t, "none"), func(Event) {}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzReader(f *testing.F) {
	var all []Event
	for i := range 3 {
		all = append(all, Event{At: time.Duration(i), Kind: KindLog, Log: &Log{Level: "info", Message: fmt.Sprint(i)}})
	}
	last := Event{At: 9, Kind: KindRunEnded, End: &RunEnded{Verdict: "passed"}}
	recording, ends := encode(f, all)
	final, _ := encode(f, []Event{last})
	f.Add(recording)
	f.Add(recording[:ends[1]+20])
	f.Add(append([]byte("\n\n\x00"), recording...))
	f.Add([]byte("00000000 {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := read(t, data)
		var incomplete *Incomplete
		if err != nil && !errors.As(err, &incomplete) {
			t.Fatal(err)
		}
		// Whatever stands before, a whole record at the end is read.
		after, err := read(t, append(append(append([]byte{}, data...), '\n'), final...))
		if len(after) != len(got)+1 || after[len(got)] != `{"at":9,"kind":"run-ended","end":{"verdict":"passed","exitCode":0}}` {
			t.Fatalf("%d events and then %d", len(got), len(after))
		}
		if err != nil && (!errors.As(err, &incomplete) || !incomplete.Ended) {
			t.Fatal(err)
		}
		// What is read can be folded.
		state := NewState()
		Read(bytes.NewReader(data), state.Apply)
		Summary(state)
	})
}

func TestWriterFlushesAtTicksAndSoonAfterOthers(t *testing.T) {
	file := path(t, "events.log")
	synctest.Test(t, func(t *testing.T) {
		w, err := Create(file)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		lines := func() int {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return bytes.Count(text, []byte("\n"))
		}
		log := Event{Kind: KindLog, Log: &Log{Message: "x"}}
		w.Write(log)
		time.Sleep(flushDelay - 1)
		w.Write(log)
		if n := lines(); n != 0 {
			t.Errorf("%d lines before the delay", n)
		}
		time.Sleep(1)
		synctest.Wait()
		if n := lines(); n != 2 {
			t.Errorf("%d lines after the delay", n)
		}
		w.Write(log)
		w.Write(Event{Kind: KindTick, Tick: &Tick{}})
		if n := lines(); n != 4 {
			t.Errorf("%d lines after a tick", n)
		}
		w.Write(log)
		w.Flush()
		if n := lines(); n != 5 {
			t.Errorf("%d lines after a flush", n)
		}
		big := Event{Kind: KindLog, Log: &Log{Message: strings.Repeat("x", flushSize)}}
		w.Write(big)
		if n := lines(); n != 6 {
			t.Errorf("%d lines after a big event", n)
		}
	})
}

func TestWriterIsSafeForConcurrentUse(t *testing.T) {
	file := path(t, "events.log")
	w, err := Create(file)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				w.Write(Event{Kind: KindLog, Log: &Log{Message: fmt.Sprint(g, " ", i)}})
				if i%50 == 0 {
					w.Write(Event{Kind: KindTick, Tick: &Tick{}})
				}
			}
		})
	}
	wg.Wait()
	w.Write(Event{Kind: KindRunEnded, End: &RunEnded{}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	next := make([]int, 8)
	if err := ReadFile(file, func(e Event) {
		if e.Log == nil {
			return
		}
		var g, i int
		fmt.Sscan(e.Log.Message, &g, &i)
		if next[g] != i {
			t.Fatalf("of %d, %d comes where %d should", g, i, next[g])
		}
		next[g]++
	}); err != nil {
		t.Fatal(err)
	}
	for g, n := range next {
		if n != 200 {
			t.Errorf("of %d, %d events are there", g, n)
		}
	}
}

// fullDisk is a file on a disk with so many bytes left.
type fullDisk struct {
	bytes.Buffer
	left        int
	noTruncate  bool
	syncs       int
	closeFailed error
}

func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.Buffer.Write(p[:n])
	f.left -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (f *fullDisk) Truncate(size int64) error {
	if f.noTruncate {
		return syscall.EIO
	}
	f.left += f.Len() - int(size)
	f.Buffer.Truncate(int(size))
	return nil
}
func (f *fullDisk) Sync() error  { f.syncs++; return nil }
func (f *fullDisk) Close() error { return f.closeFailed }

func logEvent(i int) Event { return Event{Kind: KindLog, Log: &Log{Message: fmt.Sprint(i)}} }

func TestDiskThatIsFullForAMomentLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &fullDisk{left: 100}
		w := &Writer{to: newAppender("events.log", disk)}
		for i := range 20 {
			w.Write(logEvent(i))
			time.Sleep(flushDelay / 3)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got, _ := read(t, disk.Bytes()); len(got) != 1 || disk.Len() > 100 || disk.Bytes()[disk.Len()-1] != '\n' {
			t.Errorf("on the full disk are %d events: %q", len(got), disk.String())
		}
		if err := w.Err(); !errors.Is(err, syscall.ENOSPC) || err.Error() != "writing events.log: no space left on device" {
			t.Errorf("the error is %v", err)
		}
		if err := w.Err(); err != nil {
			t.Errorf("and again: %v", err)
		}
		disk.left = 1 << 20
		time.Sleep(time.Second)
		w.Write(Event{Kind: KindRunEnded, End: &RunEnded{}})
		if err := w.Close(); err != nil {
			t.Errorf("what Err has said is said again: %v", err)
		}
		if got, err := read(t, disk.Bytes()); err != nil || len(got) != 21 {
			t.Errorf("%d events, %v", len(got), err)
		}
		if w.Lost() != 0 || disk.syncs != 1 {
			t.Errorf("%d are lost, synced %d times", w.Lost(), disk.syncs)
		}
	})
}

func TestDiskThatStaysFull(t *testing.T) {
	for name, disk := range map[string]*fullDisk{
		"and can be cut back":    {left: 200},
		"and cannot be cut back": {left: 200, noTruncate: true},
		"from the start":         {},
	} {
		w := &Writer{to: newAppender("events.log", disk)}
		for i := range 10 {
			w.Write(logEvent(i))
			w.Flush()
		}
		if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
		got, _ := read(t, disk.Bytes())
		if len(got)+w.Lost() != 10 {
			t.Errorf("%s: %d events are there and %d lost", name, len(got), w.Lost())
		}
	}
}

func TestFullDiskDoesNotFillMemory(t *testing.T) {
	disk := &fullDisk{}
	w := &Writer{to: newAppender("events.log", disk)}
	big := Event{Kind: KindLog, Log: &Log{Message: strings.Repeat("x", 1<<20)}}
	for range 20 {
		w.Write(big)
	}
	if n := len(w.to.pending); n > maxPending+2<<20 {
		t.Errorf("%d bytes are waiting", n)
	}
	if w.Lost() < 10 {
		t.Errorf("%d are lost", w.Lost())
	}
	w.Close()
}

func TestRealFullDevice(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here: ", err)
	}
	w := &Writer{to: newAppender("events.log", f)}
	w.Write(logEvent(1))
	w.Flush()
	if err := w.Err(); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	w.Close()
	if w.Lost() != 1 {
		t.Errorf("%d are lost", w.Lost())
	}
}

func TestErrorsAtTheEndAreTold(t *testing.T) {
	broken := errors.New("the close failed")
	w := &Writer{to: newAppender("events.log", &fullDisk{left: 1000, closeFailed: broken})}
	if err := w.Close(); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestEventThatIsNoJSONIsCountedNotWritten(t *testing.T) {
	disk := &fullDisk{left: 1000}
	w := &Writer{to: newAppender("events.log", disk)}
	w.Write(Event{Kind: KindTick, Tick: &Tick{Fraction: math.NaN()}})
	w.Write(logEvent(1))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "a tick event cannot be written") {
		t.Error(err)
	}
	if got, _ := read(t, disk.Bytes()); len(got) != 1 || w.Lost() != 1 {
		t.Errorf("%d events are there and %d lost", len(got), w.Lost())
	}
}

func TestStreamKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Event
		s := NewStream(time.Now(), func(e Event) { got = append(got, e) })
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 50 {
					time.Sleep(time.Duration(g+1) * time.Millisecond)
					s.Emit(fmt.Sprint(g), Event{Tick: &Tick{Users: i}})
				}
			})
		}
		wg.Wait()
		if len(got) != 200 {
			t.Fatalf("%d events", len(got))
		}
		next := map[string]int{}
		for i, e := range got {
			if i > 0 && e.At < got[i-1].At || e.Kind != KindTick || e.Tick.Users != next[e.Scenario] {
				t.Fatalf("event %d is %+v, of tick %+v", i, e, e.Tick)
			}
			next[e.Scenario]++
		}
		if last := got[len(got)-1]; last.At != 200*time.Millisecond {
			t.Errorf("the last is at %v", last.At)
		}
	})
}

func TestStreamNamesEveryKind(t *testing.T) {
	for _, e := range collect(t, 1) {
		if e.Kind == "" {
			t.Errorf("an event without a kind: %+v", e)
		}
	}
	if k := (&Event{}).kind(); k != "" {
		t.Errorf("an empty event is of kind %q", k)
	}
}
