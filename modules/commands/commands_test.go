package commands_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/js"
	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/metrics"
	"runner/modules/commands"
	"runner/modules/modulestest"
	"runner/value"
)

func info() loadmodels.Info {
	return loadmodels.Info{Run: "r1", Scenario: "shop", Node: "local", Seed: 42, Dependencies: map[string]loadmodels.Dependency{
		"login":  {Verdict: "passed", Output: value.NewObject([]string{"email"}, []value.Value{"a@b.c"})},
		"create": {Verdict: "failed", Output: nil, Errors: []string{"no"}},
	}}
}

func TestLoadModelSide(t *testing.T) {
	env := func(t *testing.T, name string) *js.Env {
		sim := &simulation.Scenario{Work: true, Measured: measured(t)}
		switch name {
		case "testEvents":
			t.Cleanup(func() {
				var got []string
				for _, e := range sim.Events {
					got = append(got, e.Kind+" "+modulestest.Show(e.Payload))
				}
				check(t, "events", got, []string{"go {at: [1, 2]}", "done undefined"})
			})
		case "testEndsInAWait":
			sim.EndAt = 5 * time.Second
		case "testFailedResults":
			sim.Outcome = func(n int64) (loadmodels.Status, value.Value) {
				if n == 1 {
					return loadmodels.Failed, value.Undefined
				}
				return loadmodels.Succeeded, nil
			}
		case "testProgressAndNotes":
			t.Cleanup(func() {
				check(t, "progress", sim.Reported, []loadmodels.Progress{
					{Phase: "warming up", Fraction: 0.25, Remaining: 3 * time.Second, Rate: 10},
					{Phase: "waiting", Fraction: -1, Remaining: -1},
				})
				check(t, "notes", sim.Notes, []string{"found 12 users"})
			})
		case "testStop":
			t.Cleanup(func() {
				check(t, "reason", modulestest.Show(sim.Ended), `{why: "enough"}`)
				check(t, "failed", sim.HasFailed, false)
			})
		case "testFail":
			t.Cleanup(func() {
				check(t, "reason", modulestest.Show(sim.Ended), `"too slow"`)
				check(t, "failed", sim.HasFailed, true)
			})
		case "testUsersAndWork":
			t.Cleanup(func() { check(t, "interarrival", sim.Interarrival, 1500*time.Millisecond) })
		}
		return &js.Env{Side: js.SideController, Commands: sim, Info: info()}
	}
	modulestest.Run(t, "loadmodel_test.js", env, commands.Module())
}

// measured has a trend of 1 to 100 and nothing else.
func measured(t *testing.T) func(string, map[string]string, time.Duration) (metrics.Stats, error) {
	registry, store := metrics.NewRegistry(), metrics.NewStore()
	rec := registry.Recorder(0)
	s := rec.Series(metrics.HTTPResponseTime, metrics.Tag{Key: "name", Value: "login"})
	for v := 1; v <= 100; v++ {
		rec.Add(s, float64(v))
	}
	store.Apply(time.Second, registry.Drain())
	return func(name string, tags map[string]string, window time.Duration) (metrics.Stats, error) {
		if name == "no.such" {
			return metrics.Stats{}, errors.New("there is no metric no.such")
		}
		if name == "http.response_time" && (window != 10*time.Second || tags["name"] != "login") {
			t.Errorf("window %v, tags %v", window, tags)
		}
		stats, _ := store.Query(name, tags, window)
		return stats, nil
	}
}

func TestUserSide(t *testing.T) {
	env := func(t *testing.T, name string) *js.Env {
		u := &simulation.User{ID: 7, StopAt: 10 * time.Second, WorkAt: []time.Duration{0, 2500 * time.Millisecond}}
		switch name {
		case "testEvents", "testWhatAHandlerThrowsIsThrown":
			u.Waiting = []simulation.Event{
				{Kind: "word", Payload: "one"}, {Kind: "bell", Payload: 1.0},
				{Kind: "word", Payload: value.NewObject([]string{"n"}, []value.Value{2.0})},
			}
		case "testRunAndReport":
			t.Cleanup(func() { checkReports(t, u) })
		case "testReportsThatCannotBe":
			t.Cleanup(func() { check(t, "reports", len(u.Reported), 0) })
		case "testStop":
			t.Cleanup(func() { check(t, "stopped", u.Stopped, true) })
		}
		return &js.Env{Side: js.SideUser, User: u, Info: info()}
	}
	modulestest.Run(t, "user_test.js", env, commands.Module())
}

func checkReports(t *testing.T, u *simulation.User) {
	t.Helper()
	check(t, "arguments of the first run", len(u.Args[0]), 2)
	ms := time.Millisecond
	type report struct {
		Output, Exception, Logs string
		Status                  loadmodels.Status
		Duration                time.Duration
		Placed                  bool
	}
	var got []report
	for _, r := range u.Reported {
		p := report{Output: modulestest.Show(r.Output), Logs: r.Logs, Status: r.Status, Duration: r.Duration}
		if r.Exception != nil {
			p.Exception = r.Exception.Error()
			p.Placed = strings.Contains(r.Exception.Place, "user_test.js:")
		}
		got = append(got, p)
	}
	check(t, "reports", got, []report{
		{Output: `"output 1"`, Duration: 100 * ms},
		{Output: `"other"`, Duration: 100 * ms},
		{Output: `"mine"`, Exception: "RangeError: odd", Logs: "line", Status: loadmodels.Failed, Duration: 12500 * time.Microsecond, Placed: true},
		{Output: "{a: 1}", Duration: 100 * ms},
		{Output: "undefined", Exception: "Odd: made", Status: loadmodels.Failed, Duration: 100 * ms},
		{Output: "undefined", Duration: 100 * ms},
	})
}

func TestCommandsOutsideOfARun(t *testing.T) {
	for _, tt := range []struct {
		name, script, want string
		side               js.Side
	}{
		{"a command at the top level of a script",
			`import { addWork } from "runner/commands"; addWork(1);`,
			"addWork belongs to the load model: the script's top level cannot call it", js.SideInspect},
		{"a property at the top level of a script",
			`import commands from "runner/commands"; export const n = commands.users;`,
			"users belongs to the load model: the script's top level cannot read it", js.SideInspect},
		{"a property imported by name",
			`import { users } from "runner/commands"; export const n = users;`,
			"users belongs to the load model: the script's top level cannot read it", js.SideInspect},
		{"a user's command at the top level of the controller",
			`import commands from "runner/commands"; commands.run();`,
			"run belongs to virtual users: the script's top level cannot call it", js.SideController},
		{"a command of both sides at the top level",
			`import commands from "runner/commands"; commands.stop();`,
			"stop belongs to load models and user loops: the script's top level cannot call it", js.SideInspect},
		{"a command in init",
			`import commands from "runner/commands"; commands.addWork(1);`,
			"addWork belongs to the load model: init and terminate cannot call it", js.SideNode},
		{"a name that is not there",
			`import { addWorks } from "runner/commands"; addWorks(1);`,
			`did you mean "addWork"?`, js.SideInspect},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := modulestest.Script(t, tt.script, &js.Env{Side: tt.side}, commands.Module())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}

func TestContextIsThereOnEverySide(t *testing.T) {
	vm, err := modulestest.Script(t, `import commands from "runner/commands"; export const scenario = commands.context.scenario;`,
		&js.Env{Side: js.SideNode, Info: info()}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	check(t, "scenario", vm.Exports().Get("scenario").String(), "shop")
	if commands.Context(vm) != commands.Context(vm) || commands.Object(vm) != commands.Object(vm) {
		t.Error("the objects are not the same each time")
	}
}

func TestALargeSeedKeepsItsDigits(t *testing.T) {
	vm, err := modulestest.Script(t, `import c from "runner/commands"; export const seed = c.context.seed;`,
		&js.Env{Info: loadmodels.Info{Seed: 1<<64 - 1}}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	check(t, "seed", vm.Exports().Get("seed").String(), "18446744073709551615")
}

func TestTheEndOfAScenarioIsFoundInTheException(t *testing.T) {
	vm, err := modulestest.Script(t, `export function loadModel(commands) { commands.stop("enough"); }`,
		&js.Env{Side: js.SideController, Commands: &simulation.Scenario{}}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	_, err = modulestest.Call(vm, "loadModel", commands.Object(vm))
	if !errors.Is(err, loadmodels.ErrEnded) {
		t.Errorf("got %v, want one that is ErrEnded", err)
	}
}

func TestAnIterationCannotCallWhatIsOfTheLoop(t *testing.T) {
	u := &simulation.User{ID: 1, WorkAt: []time.Duration{0}}
	vm, err := modulestest.Script(t, `import commands from "runner/commands";
export const run = () => commands.run();
export const hasWork = () => commands.hasWork();
export const reportResult = () => commands.reportResult(1);
export const isUp = () => commands.isUp();`, &js.Env{Side: js.SideUser, User: u}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "hasWork", "reportResult"} {
		vm.BeginIteration()
		want := "Error: " + name + " belongs to the user loop: an iteration cannot call it"
		if _, err := modulestest.Call(vm, name); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := modulestest.Call(vm, "isUp"); err != nil {
			t.Error(err)
		}
		vm.EndIteration()
		if _, err := modulestest.Call(vm, name); err != nil {
			t.Error(err)
		}
	}
	check(t, "results", len(u.Reported), 1)
}

func TestAHandlerThatThrowsInALoopOfOursIsTheUsersError(t *testing.T) {
	u := &simulation.User{ID: 1}
	vm, err := modulestest.Script(t, `export function listen(commands) {
  commands.onEvent("bell", () => { throw new RangeError("deaf"); });
}`, &js.Env{Side: js.SideUser, User: u}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := modulestest.Call(vm, "listen", commands.Object(vm)); err != nil {
		t.Fatal(err)
	}
	defer func() {
		err, _ := recover().(error)
		var e *loadmodels.Exception
		if !errors.As(err, &e) || e.Error() != "RangeError: deaf" || !strings.Contains(e.Place, "script.js:2") {
			t.Errorf("got %v with %#v", err, e)
		}
	}()
	u.Deliver("bell", nil)
	t.Error("the handler did not throw")
}

func TestResultsGoThereAndBack(t *testing.T) {
	vm, err := modulestest.Script(t, `export {}`, &js.Env{}, commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	results := []*loadmodels.Result{{ID: 1, Output: 5.0}, {ID: 2, Exception: &loadmodels.Exception{Name: "E", Place: "a.js:1:1"}}}
	v := commands.ResultsToJS(vm, results)
	back, err := commands.ResultsFromJS(vm, v, "results")
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if back[i] != results[i] {
			t.Errorf("result %d is another", i)
		}
	}
	kept, err := vm.Take(v, "aggregate")
	if err != nil {
		t.Fatal(err)
	}
	check(t, "kept", modulestest.Show(kept.(*value.Array).Items[1]),
		`{id: 2, userId: 0, iteration: 0, node: "", status: "succeeded", output: null, exception: {name: "E", message: "", stack: ""}, logs: "", timestamp: 0, duration: 0}`)
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func BenchmarkAggregator(b *testing.B) {
	vm, err := modulestest.Script(b, `export function aggregator(previous, latest) {
  let { count, sum } = previous ?? { count: 0, sum: 0 };
  for (const r of latest) {
    count++;
    sum += r.output;
  }
  return { count, sum };
}`, &js.Env{}, commands.Module())
	if err != nil {
		b.Fatal(err)
	}
	results := make([]*loadmodels.Result, 10_000)
	for i := range results {
		results[i] = &loadmodels.Result{ID: int64(i), Output: float64(i)}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := modulestest.Call(vm, "aggregator", vm.Give(nil), commands.ResultsToJS(vm, results)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(results)), "ns/result")
}
