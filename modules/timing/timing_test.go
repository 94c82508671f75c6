package timing_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"runner/js"
	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/modules/modulestest"
	"runner/modules/timing"
)

const script = `import { sleep, sleepAsync, now } from "runner/timing";
export const seconds = () => sleep(1.5);
export const text = () => sleep("250ms");
export const promised = () => sleepAsync("3s");
export const together = () => Promise.all([sleepAsync(2), sleepAsync("3s"), sleepAsync(1)]);
export const mixed = async () => { const p = sleepAsync(2); sleep(1); await p; };
export const nothing = () => sleep(0);
export const forever = () => sleep(Infinity);
export const foreverAsync = async () => { await sleepAsync(Infinity); };
export const negative = () => sleep(-1);
export const unitless = () => sleepAsync("5");
export const missing = () => sleep();
export const clock = () => now();
export const elapsed = () => { const t = now(); sleep(2); return now() - t; };
`

func newVM(t *testing.T, env *js.Env) *js.VM {
	t.Helper()
	vm, err := modulestest.Script(t, script, env, timing.Module())
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func TestSleep(t *testing.T) {
	vm := newVM(t, &js.Env{})
	synctest.Test(t, func(t *testing.T) {
		for name, want := range map[string]time.Duration{
			"seconds": 1500 * time.Millisecond, "text": 250 * time.Millisecond, "promised": 3 * time.Second,
			"together": 3 * time.Second, "mixed": 2 * time.Second, "nothing": 0,
		} {
			began := time.Now()
			if _, err := modulestest.Call(vm, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("%s took %v, want %v", name, took, want)
			}
		}
	})
}

func TestTimesThatCannotBe(t *testing.T) {
	vm := newVM(t, &js.Env{})
	for name, want := range map[string]string{
		"negative": "RangeError: sleep: the time must be a number of seconds of at least 0, not -1",
		"unitless": `TypeError: sleepAsync: the time must be a string with a unit, as in "250ms", "5s", "2m" or "1h30m": "5" has no unit`,
		"missing":  `TypeError: sleep: the time must be a string with a unit, as in "250ms", "5s", "2m" or "1h30m", not undefined`,
	} {
		if _, err := modulestest.Call(vm, name); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

func TestAnInterruptEndsASleep(t *testing.T) {
	vm := newVM(t, &js.Env{})
	cause := errors.New("the iteration took too long")
	for _, name := range []string{"forever", "foreverAsync"} {
		synctest.Test(t, func(t *testing.T) {
			time.AfterFunc(5*time.Second, func() { vm.Interrupt(cause) })
			began := time.Now()
			if _, err := modulestest.Call(vm, name); !errors.Is(err, cause) {
				t.Errorf("%s: got %v, want %v", name, err, cause)
			}
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("%s took %v", name, took)
			}
		})
	}
}

// endingScenario must end when its context is done.
type endingScenario struct {
	simulation.Scenario
	ctx context.Context
}

func (e *endingScenario) Context() context.Context { return e.ctx }

func newEnding(t *testing.T, after time.Duration) loadmodels.Commands {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	t.Cleanup(cancel)
	return &endingScenario{ctx: ctx}
}

func TestALoadModelsSleepEndsWithTheScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newEnding(t, 5*time.Second)
		vm := newVM(t, &js.Env{Side: js.SideController, Commands: c})
		began := time.Now()
		if _, err := modulestest.Call(vm, "forever"); !errors.Is(err, loadmodels.ErrEnded) {
			t.Errorf("got %v, want ErrEnded", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		// What runs after the end may still wait.
		if _, err := modulestest.Call(vm, "seconds"); err != nil {
			t.Error(err)
		}
	})
}

func TestNow(t *testing.T) {
	vm := newVM(t, &js.Env{})
	before := time.Now()
	v, err := modulestest.Call(vm, "clock")
	if err != nil {
		t.Fatal(err)
	}
	if d := time.UnixMicro(int64(v.ToFloat() * 1000)).Sub(before); d < -time.Second || d > time.Minute {
		t.Errorf("now is %v off", d)
	}
	// It is tied to the clock of the process, not to that of a bubble.
	later, err := modulestest.Call(vm, "clock")
	if err != nil || later.ToFloat() < v.ToFloat() {
		t.Errorf("%v came after %v (%v)", later, v, err)
	}
}
