package loadmodels_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"

	"runner/js"
	"runner/loadmodels"
	"runner/loadmodels/simulation"
	"runner/modules/commands"
	lmmodule "runner/modules/loadmodels"
	"runner/modules/modulestest"
	"runner/value"
)

const s = time.Second

func TestArguments(t *testing.T) {
	env := func(*testing.T, string) *js.Env { return &js.Env{Side: js.SideInspect} }
	modulestest.Run(t, "loadmodels_test.js", env, lmmodule.Module())
}

// script evaluates a script's exports; its imports are there already.
func script(t *testing.T, source string, env *js.Env) *js.VM {
	t.Helper()
	vm, err := modulestest.Script(t, `import * as lm from "runner/loadmodels";
import { stages, sequence, nIterations, nSeconds, rampUsers, runOnce, whileAlive, paced } from "runner/loadmodels";
`+source, env, lmmodule.Module(), commands.Module())
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func TestModelsAreTheirGoValues(t *testing.T) {
	for call, want := range map[string]any{
		`runOnce()`: loadmodels.RunOnce{},
		`runOnce({ timeout: "1m", waitPeriod: "50ms" })`: loadmodels.RunOnce{Timeout: time.Minute, WaitPeriod: 50 * time.Millisecond},
		`nIterations(10, 2)`:                             loadmodels.NIterations{Iterations: 10, Users: 2},
		`nIterations(10, 2, { timeout: Infinity, waitPeriod: "2s", skipScaleDown: true })`: loadmodels.NIterations{Iterations: 10, Users: 2, Timeout: loadmodels.Forever, WaitPeriod: 2 * s, SkipScaleDown: true},
		`nSeconds(1.5, 4)`: loadmodels.NSeconds(1500*time.Millisecond, 4),
		`lm.constantUsers(3, "2m", { skipScaleDown: true })`:                                 loadmodels.ConstantUsers{Users: 3, Duration: 2 * time.Minute, SkipScaleDown: true},
		`lm.constantUsers(3, Infinity)`:                                                      loadmodels.ConstantUsers{Users: 3, Duration: loadmodels.Forever},
		`rampUsers(60, 30)`:                                                                  loadmodels.RampUsers{Duration: time.Minute, Target: 30},
		`rampUsers(60, 30, { skipScaleDown: false })`:                                        loadmodels.RampUsers{Duration: time.Minute, Target: 30, ScaleDown: true},
		`lm.constantArrivalRate({ rate: 6, per: "1m", duration: "10m" })`:                    loadmodels.ConstantArrivalRate{Rate: 6, Per: time.Minute, Duration: 10 * time.Minute},
		`lm.constantArrivalRate({ rate: 0.5, duration: Infinity, users: 2, maxUsers: 5 })`:   loadmodels.ConstantArrivalRate{Rate: 0.5, Duration: loadmodels.Forever, Users: 2, MaxUsers: 5},
		`lm.rampingArrivalRate({ startRate: 5, stages: [{ target: 50, duration: "10s" }] })`: loadmodels.RampingArrivalRate{StartRate: 5, Stages: []loadmodels.RateStage{{Target: 50, Duration: 10 * s}}},
		`stages(rampUsers(1, 2), sequence(runOnce()))`: loadmodels.Stages{Models: []loadmodels.Model{
			loadmodels.RampUsers{Duration: s, Target: 2}, loadmodels.Sequence{Models: []loadmodels.Model{loadmodels.RunOnce{}}}}},
	} {
		vm := script(t, "export const loadModel = "+call, &js.Env{})
		got, ok := lmmodule.ModelOf(vm.Exports().Get("loadModel"))
		if d := cmp.Diff(want, got, cmp.AllowUnexported(loadmodels.ConstantUsers{})); !ok || d != "" {
			t.Errorf("%s (-want +got):\n%s", call, d)
		}
		if _, ok := lmmodule.UserLoopOf(vm.Exports().Get("loadModel")); ok {
			t.Errorf("%s is a user loop too", call)
		}
	}
	for call, want := range map[string]loadmodels.UserLoop{
		`lm.whileHasWork()`:                            loadmodels.WhileHasWork{},
		`lm.whileHasWork({ pollingTimeout: "200ms" })`: loadmodels.WhileHasWork{PollingTimeout: 200 * time.Millisecond},
		`whileAlive()`:                                 loadmodels.WhileAlive{},
		`lm.iterationsPerSecondLimited(0.5)`:           loadmodels.IterationsPerSecondLimited{PerSecond: 0.5},
		`paced("2s")`:                                  loadmodels.Paced{Period: 2 * s},
		`lm.repeatAfter("1m", { times: 3 })`:           loadmodels.RepeatAfter{Pause: time.Minute, Times: 3},
	} {
		vm := script(t, "export const userLoop = "+call, &js.Env{})
		got, ok := lmmodule.UserLoopOf(vm.Exports().Get("userLoop"))
		if d := cmp.Diff(want, got); !ok || d != "" {
			t.Errorf("%s (-want +got):\n%s", call, d)
		}
	}
	vm := script(t, "export const loadModel = (commands) => {}", &js.Env{})
	if m, ok := lmmodule.ModelOf(vm.Exports().Get("loadModel")); ok {
		t.Errorf("a script's own function is %v", m)
	}
	if m, ok := lmmodule.ModelOf(goja.Undefined()); ok {
		t.Errorf("undefined is %v", m)
	}
}

// drive runs a script's load model on a simulated scenario, as package script does.
func drive(t *testing.T, source string, sim *simulation.Scenario) error {
	t.Helper()
	vm := script(t, source, &js.Env{Side: js.SideController, Commands: sim})
	v := vm.Exports().Get("loadModel")
	if m, ok := lmmodule.ModelOf(v); ok {
		return m.Run(sim)
	}
	_, err := modulestest.Call(vm, "loadModel", commands.Object(vm), commands.Context(vm))
	return err
}

func total(previous value.Value, latest []*loadmodels.Result) (value.Value, error) {
	n, _ := previous.(float64)
	return n + float64(len(latest)), nil
}

func TestAScriptsModelCallsOurs(t *testing.T) {
	sim := &simulation.Scenario{Work: true, Aggregator: total}
	err := drive(t, `export function loadModel(commands, context) {
  nIterations(20, 4)(commands, context);
  if (commands.aggregate !== 20) throw new Error("aggregate " + commands.aggregate);
  runOnce()(commands);
}`, sim)
	check(t, "error", err, nil)
	check(t, "iterations", sim.Counts().Succeeded, int64(21))
}

func TestAModelThatFailsThrows(t *testing.T) {
	sim := &simulation.Scenario{Work: true, Latency: func(int64) time.Duration { return time.Hour }}
	err := drive(t, `export function loadModel(commands) {
  try {
    nIterations(20, 4)(commands);
  } catch (e) {
    commands.aggregate = e.message;
  }
}`, sim)
	check(t, "error", err, nil)
	check(t, "message", sim.Aggregate(), value.Value("nIterations: timed out after 15s: only 0 of 20 iterations ended"))
}

func TestTheEndPassesThroughAScriptsModel(t *testing.T) {
	sim := &simulation.Scenario{EndAt: 3 * s}
	err := drive(t, `export function loadModel(commands) { nSeconds(60, 1)(commands); }`, sim)
	if !errors.Is(err, loadmodels.ErrEnded) {
		t.Errorf("got %v, want one that is ErrEnded", err)
	}
}

func TestAThresholdIsAFunctionOfTheScript(t *testing.T) {
	sim := &simulation.Scenario{Aggregator: func(previous value.Value, latest []*loadmodels.Result) (value.Value, error) {
		n, err := total(nil, latest)
		return value.NewObject([]string{"lately"}, []value.Value{n}), err
	}}
	err := drive(t, `export const loadModel = lm.rampUsersToThreshold({
  initialUsers: 10, period: "5s", nextUsers: (n) => n + 5,
  threshold: (aggregate) => aggregate !== null && aggregate.lately > 180,
  updateAggregate: (users, aggregate) => ({ users, ...aggregate }),
});`, sim)
	check(t, "error", err, nil)
	check(t, "notes", sim.Notes, []string{"threshold crossed at 20 users after 11s"})
	if o, ok := sim.Aggregate().(*value.Object); !ok || !strings.HasPrefix(modulestest.Show(o), "{users: 20, lately: ") {
		t.Errorf("aggregate %s", modulestest.Show(sim.Aggregate()))
	}
}

func TestWhatAThresholdThrowsHasItsPlace(t *testing.T) {
	err := drive(t, `export const loadModel = lm.rampUsersToThreshold({
  initialUsers: 1,
  threshold: (aggregate) => aggregate.mean > 5,
});`, &simulation.Scenario{Latency: func(int64) time.Duration { return time.Minute }})
	var ex *js.Exception
	if !errors.As(err, &ex) || ex.Name != "TypeError" || ex.Place() == "" || !strings.HasPrefix(ex.Place(), "script.js:5:") {
		t.Errorf("got %v", err)
	}
}

func TestNextUsersThatCannotBe(t *testing.T) {
	for _, n := range []string{"-1", "1.5", "NaN", `"12"`, "undefined", "1e9", "{}"} {
		err := drive(t, `export const loadModel = lm.rampUsersToThreshold({
  initialUsers: 3, period: "1s", threshold: () => false, nextUsers: () => (`+n+`),
});`, &simulation.Scenario{})
		want := "nextUsers(3) must be an integer from 0 to 10000000, not "
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", n, err, want)
		}
	}
}

func TestAScriptsFunctionIsAStage(t *testing.T) {
	for _, function := range []string{
		`function pause(commands, context) {
    commands.reportProgress({ phase: "pausing in " + context.scenario, fraction: 0.5 });
    commands.sleep(4);
    rampUsers(1, 5)(commands);
  }`,
		`async function pause(commands, context) {
    commands.reportProgress({ phase: "pausing in " + context.scenario, fraction: 0.5 });
    await null;
    commands.sleep(4);
    rampUsers(1, 5)(commands);
  }`,
	} {
		sim := &simulation.Scenario{Aggregator: total}
		vm := script(t, `export const loadModel = stages(rampUsers(2, 3), `+function+`, nSeconds(2, 5));`,
			&js.Env{Side: js.SideController, Commands: sim, Info: sim.Info()})
		m, _ := lmmodule.ModelOf(vm.Exports().Get("loadModel"))
		plan := m.Plan()
		check(t, "plan", plan[1], loadmodels.Segment{Label: "pause", Duration: -1, FromUsers: 3, ToUsers: 3, Note: "decided by the script"})
		check(t, "error", m.Run(sim), nil)
		check(t, "ends", sim.Elapsed(), 9*s)
		var phases []string
		for _, p := range sim.Reported {
			if n := len(phases); n == 0 || phases[n-1] != p.Phase {
				phases = append(phases, p.Phase)
			}
		}
		check(t, "phases", phases, []string{
			"stage 1/3: ramping from 0 to 3 users", "stage 2/3: pausing in simulated",
			"stage 2/3: ramping from 3 to 5 users", "stage 3/3: starting 5 users", "stage 3/3: holding 5 users",
		})
		if vm.Env().Part != nil {
			t.Error("the part stayed")
		}
	}
}

func TestAStageThatThrowsEndsTheModel(t *testing.T) {
	sim := &simulation.Scenario{}
	err := drive(t, `export const loadModel = sequence(() => { throw new RangeError("boom"); }, runOnce());`, sim)
	var ex *js.Exception
	if !errors.As(err, &ex) || ex.Error() != "RangeError: boom" || ex.Place() == "" {
		t.Errorf("got %v", err)
	}
	check(t, "users", sim.Scaled, nil)
}

func TestAScriptsLoopCallsOurs(t *testing.T) {
	u := &simulation.User{StopAt: 5 * s}
	vm := script(t, `export function userLoop(commands, context) {
  paced("2s")(commands, context);
}`, &js.Env{Side: js.SideUser, User: u})
	if _, err := modulestest.Call(vm, "userLoop", commands.Object(vm), commands.Context(vm)); err != nil {
		t.Fatal(err)
	}
	check(t, "starts", u.Starts, []time.Duration{0, 2 * s, 4 * s})
}

func TestAnIterationCannotRunALoop(t *testing.T) {
	u := &simulation.User{StopAt: 5 * s}
	vm := script(t, `export const start = () => whileAlive()();`, &js.Env{Side: js.SideUser, User: u})
	vm.BeginIteration()
	_, err := modulestest.Call(vm, "start")
	if err == nil || !strings.Contains(err.Error(), "whileAlive can only be called by a user loop, not within an iteration") {
		t.Errorf("got %v", err)
	}
	check(t, "iterations", len(u.Starts), 0)
}

// bellRinger delivers an event in the user's second wait.
type bellRinger struct {
	*simulation.User
	waits int
}

func (b *bellRinger) Sleep(d time.Duration) bool {
	if b.waits++; b.waits == 2 {
		b.Deliver("bell", 1.0)
	}
	return b.User.Sleep(d)
}

func TestWhatAHandlerThrowsInOurLoopIsThrownInTheScripts(t *testing.T) {
	u := &bellRinger{User: &simulation.User{StopAt: 50 * s}}
	vm := script(t, `export function userLoop(commands) {
  commands.onEvent("bell", () => { throw new RangeError("deaf"); });
  try {
    paced("2s")(commands);
  } catch (e) {
    return e.name + " " + e.message;
  }
}`, &js.Env{Side: js.SideUser, User: u})
	v, err := modulestest.Call(vm, "userLoop", commands.Object(vm))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "caught", v.String(), "RangeError deaf")
	check(t, "broken", vm.Broken(), false)
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
