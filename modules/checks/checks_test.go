package checks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"

	"runner/js"
	"runner/metrics"
	"runner/modules/checks"
	"runner/modules/modulestest"
)

// recorded are the checks that a test leaves, as "check [tags] true/all".
var recorded = map[string][]string{
	"testAllHold":               {"has a body 1/1", "is so 1/1", "status is 200 1/1"},
	"testOneDoesNot":            {"has a body 1/1", "is not 0/1", "status is 201 0/2"},
	"testNoneAreAskedFor":       nil,
	"testOneThrows":             {"first 1/1", "second 0/1"},
	"testAPromiseIsNoAnswer":    {"async 0/1"},
	"testTags":                  {"named 0/1", "named name=login step=2 1/1"},
	"testArgumentsThatCannotBe": nil,
	"testGroups":                {"a 1/1", "a group=shop 1/2", "a group=shop/cart 1/1"},
	"testAGroupThatThrows":      {"a 1/1"},
	"testAsyncGroups":           {"a 2/2", "a group=shop 1/2", "a group=shop/cart 1/1"},
}

func TestChecks(t *testing.T) {
	env := func(t *testing.T, name string) *js.Env {
		registry := metrics.NewRegistry()
		env := &js.Env{Side: js.SideUser, Recorder: registry.Recorder(1, metrics.Tag{Key: "scenario", Value: "s"})}
		t.Cleanup(func() {
			var got []string
			registry.Drain().Each(func(m metrics.Metric, tags []metrics.Tag, s metrics.Stats) {
				line := ""
				for _, tag := range tags {
					switch tag.Key {
					case "check":
						line = tag.Value + line
					case "scenario":
					default:
						line += " " + tag.Key + "=" + tag.Value
					}
				}
				got = append(got, fmt.Sprintf("%s %v/%d", line, s.Sum, s.Count))
			})
			slices.Sort(got)
			want, ok := recorded[name]
			if d := cmp.Diff(want, got); !ok || d != "" {
				t.Errorf("recorded (-want +got):\n%s", d)
			}
			if env.Group != "" {
				t.Errorf("the group %q was not left", env.Group)
			}
		})
		return env
	}
	modulestest.Run(t, "checks_test.js", env, checks.Module())
}

func TestChecksWithoutARecorder(t *testing.T) {
	vm, err := modulestest.Script(t, `import { check } from "runner/checks"; export const ok = check(1, { one: (n) => n === 1 });`,
		&js.Env{}, checks.Module())
	if err != nil || !vm.Exports().Get("ok").ToBoolean() {
		t.Errorf("got %v", err)
	}
}

func TestAnInterruptedGroupIsOverAtTheNextIteration(t *testing.T) {
	env := &js.Env{Side: js.SideUser}
	vm, err := modulestest.Script(t, `import { group } from "runner/checks";
export const start = () => group("shop", () => { while (true); });`, env, checks.Module())
	if err != nil {
		t.Fatal(err)
	}
	vm.BeginIteration()
	time.AfterFunc(20*time.Millisecond, func() { vm.Interrupt(errors.New("too long")) })
	if _, err := modulestest.Call(vm, "start"); err == nil || err.Error() != "too long" {
		t.Errorf("got %v", err)
	}
	vm.BeginIteration()
	if env.Group != "" {
		t.Errorf("the group %q was not left", env.Group)
	}
}

func TestWhatAPredicateThrowsHasItsPlace(t *testing.T) {
	vm, err := modulestest.Script(t, `import { check } from "runner/checks";
export const start = () => check({}, {
  "has a type": (r) => r.headers.type,
});`, &js.Env{}, checks.Module())
	if err != nil {
		t.Fatal(err)
	}
	_, err = modulestest.Call(vm, "start")
	if ex, ok := err.(*js.Exception); !ok || !strings.HasPrefix(ex.Place(), "script.js:3:") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, name := range []string{"bench", "benchHoisted", "benchNothing"} {
		b.Run(name, func(b *testing.B) {
			r := modulestest.Registry(checks.Module())
			p, err := js.Load("checks_test.js", r)
			if err != nil {
				b.Fatal(err)
			}
			env := &js.Env{Side: js.SideUser, Recorder: metrics.NewRegistry().Recorder(1), Log: func(string, string) {}}
			vm := js.NewVM(p, r, env)
			if err := vm.Run(); err != nil {
				b.Fatal(err)
			}
			fn, _ := goja.AssertFunction(vm.Exports().Get(name))
			b.ReportAllocs()
			for b.Loop() {
				if v, err := vm.Call(fn); err != nil || !v.ToBoolean() {
					b.Fatal(v, err)
				}
			}
		})
	}
}
