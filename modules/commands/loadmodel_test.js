import commands, { scaleUsers, addWork } from "runner/commands";
import * as named from "runner/commands";
import bare from "commands";
import { equal, ok, throws } from "runner/test";

export function testIsOneObject() {
  ok(commands === bare);
  ok(named.addWork === addWork);
  ok(commands.scaleUsers === scaleUsers);
  equal(typeof commands.getLatestResults, "function");
  equal(commands.noSuchCommand, undefined);
  equal("addWork" in commands, true);
  equal("noSuchCommand" in commands, false);
}

export function testListsWhatCanBeUsedHere() {
  const names = Object.keys(commands);
  for (const name of ["addWork", "users", "stop", "context", "elapsed"]) ok(names.includes(name));
  for (const name of ["isUp", "userId"]) ok(!names.includes(name));
}

export function testUsersAndWork() {
  scaleUsers(3);
  equal([commands.users, commands.targetUsers, commands.startingUsers], [3, 3, 0]);
  addWork(10);
  equal(commands.workLeft, 7);
  equal(commands.stopUsers(2), 2);
  equal(commands.stopUsers(5, { force: true }), 1);
  equal(commands.targetUsers, 0);
  commands.sleep(0.1); // for those that finish
  equal(commands.users, 0);
  commands.startUsers(2, { interarrivalMs: 1500 });
  equal(commands.targetUsers, 2);
  equal([commands.users, commands.startingUsers], [1, 1]);
  commands.sleep(1.5);
  equal(commands.users, 2);
}

export function testCountsThatCannotBeChangeNothing() {
  commands.scaleUsers(2);
  for (const n of [-1, 1.5, NaN, Infinity, "3", undefined, null, {}, 10_000_001]) {
    throws(() => commands.scaleUsers(n), "RangeError", "scaleUsers: the number of users must be an integer from 0 to 10000000");
    throws(() => commands.startUsers(n), "RangeError", "startUsers: the number of users");
    throws(() => commands.stopUsers(n), "RangeError", "stopUsers: the number of users");
  }
  for (const n of [-1, 0.1, NaN, 1e10, "1", undefined]) {
    throws(() => commands.addWork(n), "RangeError", "addWork: the number of units must be an integer from 0 to 1000000000");
  }
  throws(() => commands.startUsers(1, { interarrival: 5 }), "TypeError", 'no option "interarrival"; did you mean "interarrivalMs"?');
  throws(() => commands.startUsers(1, { interarrivalMs: -5 }), "RangeError", "interarrivalMs must not be negative");
  throws(() => commands.stopUsers(1, { force: 1 }), "TypeError", "force must be true or false");
  throws(() => commands.stopUsers(1, 5), "TypeError", "must be an object");
  equal([commands.users, commands.targetUsers, commands.workLeft], [2, 2, 0]);
}

export function testResults() {
  commands.scaleUsers(2);
  commands.addWork(3);
  equal(commands.resultsCollected, 0);
  const results = commands.getLatestResults();
  equal(commands.elapsed, 100);
  ok(Array.isArray(results));
  equal(results.length, 2);
  equal(results[0], {
    id: 1, userId: 1, iteration: 1, node: "local", status: "succeeded", output: 1, exception: null, logs: "",
    timestamp: 1767225600100, duration: 100,
  });
  equal(Object.keys(results[1]), ["id", "userId", "iteration", "node", "status", "output", "exception", "logs", "timestamp", "duration"]);
  equal(results.map((r) => r.output), [1, 2]);
  equal(results.filter((r) => r.output > 1).length, 1);
  equal([...results].length, 2);
  const outputs = [];
  for (const { output } of results) outputs.push(output);
  equal(outputs, [1, 2]);
  equal(JSON.parse(JSON.stringify(results[0])).duration, 100);
  equal({ ...results[0], output: 5 }.output, 5);
  equal(results.at(-1).id, 2);
  equal(results[5], undefined);
  ok(results[0] === results[0]);
  equal(commands.getLatestResults({ timeoutMs: 0 }), []);
  equal(commands.getLatestResults().length, 1);
  equal(commands.resultsCollected, 3);
  equal(commands.counts, { started: 3, succeeded: 3, failed: 0, aborted: 0, dropped: 0 });
}

export function testResultsCannotBeChanged() {
  commands.scaleUsers(1);
  commands.addWork(1);
  const results = commands.getLatestResults();
  throws(() => { results[0] = null; }, "TypeError", "");
  throws(() => results.push(1), "TypeError", "");
  throws(() => { results.length = 0; }, "TypeError", "");
  throws(() => { results[0].output = 5; }, "TypeError", "");
  throws(() => { delete results[0].output; }, "TypeError", "");
  equal(results[0].output, 1);
}

export function testAtMostSoManyResults() {
  commands.scaleUsers(600);
  commands.addWork(600);
  equal(commands.getLatestResults().length, 500);
  equal(commands.getLatestResults({ maxResults: 60 }).length, 60);
  equal(commands.getLatestResults({ maxResults: 60 }).length, 40);
  throws(() => commands.getLatestResults({ maxResults: 0 }), "RangeError", "maxResults");
  throws(() => commands.getLatestResults({ timeoutMs: "1s" }), "TypeError", "timeoutMs must be a number");
  throws(() => commands.getLatestResults({ timeout: "1s" }), "TypeError", 'did you mean "timeoutMs"?');
}

export function testAggregateAndVerify() {
  commands.scaleUsers(4);
  commands.addWork(8);
  const results = commands.getLatestResults();
  equal(commands.aggregate, null);
  equal(commands.aggregateResults(results), 4);
  equal(commands.aggregateResults(results.filter((r) => r.output === 2)), 2);
  equal(commands.aggregateResults([]), 2);
  equal(commands.aggregate, 2);
  equal(commands.verifyResults(results), []);
  commands.aggregate = { users: 4, list: [1, 2] };
  equal(commands.aggregate, { users: 4, list: [1, 2] });
  throws(() => { commands.aggregate = { f() {} }; }, "TypeError", "aggregate.f is a function");
  throws(() => { commands.users = 5; }, "TypeError", "commands.users cannot be set");
  throws(() => { commands.userz = 5; }, "TypeError", "commands.userz cannot be set");
}

export function testResultsThatAScriptMade() {
  const made = [
    { output: "fine", duration: 12.5, timestamp: 1767225600100 },
    { output: null, exception: new TypeError("bad"), userId: 3 },
    { exception: "broken" },
    { output: 1, exception: null, status: "aborted" },
  ];
  equal(commands.verifyResults(made), ["TypeError: bad", "Error: broken"]);
  equal(commands.errors, ["TypeError: bad", "Error: broken"]);
  equal(commands.aggregateResults(made), 1);
  for (const wrong of [undefined, null, "results", 5, {}, { length: 1 }, () => {}]) {
    throws(() => commands.aggregateResults(wrong), "TypeError", "aggregateResults: the results must be an array");
  }
  throws(() => commands.verifyResults([1]), "TypeError", "verifyResults: the results: item 0 must be a result, not 1");
  throws(() => commands.verifyResults([{ status: "odd" }]), "TypeError", 'item 0: status must be succeeded, failed or aborted, not "odd"');
  throws(() => commands.verifyResults([{ duration: "5s" }]), "RangeError", 'item 0: duration must be a number of milliseconds, not "5s"');
  throws(() => commands.verifyResults([{ output() {} }]), "TypeError", "output is a function");
}

export function testFailedResults() {
  commands.scaleUsers(1);
  commands.addWork(2);
  commands.sleep(0.2);
  const results = commands.getLatestResults();
  equal(results.map((r) => r.status), ["failed", "succeeded"]);
  equal(results[0].exception, { name: "Error", message: "try 1", stack: "" });
  equal(String(results[0].exception), "Error: try 1");
  equal(commands.verifyResults(results), ["Error: try 1"]);
  equal(commands.verifyResults([{ ...results[0] }]), ["Error: try 1"]);
  equal(commands.errors, ["Error: try 1", "Error: try 1"]);
  equal(commands.counts.failed, 1);
}

export function testEvents() {
  commands.scaleUsers(3);
  commands.sendUserEvents("go", { at: [1, 2] });
  commands.sendUserEvents("done");
  throws(() => commands.sendUserEvents(5), "TypeError", "the kind of event must be a string");
  throws(() => commands.sendUserEvents("x", { f: () => {} }), "TypeError", "payload.f is a function");
}

export function testArrivalRate() {
  commands.setArrivalRate(10, { users: 2, maxUsers: 4 });
  commands.sleep(1);
  commands.setArrivalRate(0);
  commands.sleep("1s");
  equal(commands.counts.started, 11);
  equal(commands.targetUsers, 2);
  for (const rate of [-1, NaN, Infinity, "5", undefined, 1e8]) {
    throws(() => commands.setArrivalRate(rate), "RangeError", "the rate must be a number from 0 to 1e+07 a second");
  }
  throws(() => commands.setArrivalRate(1, { maxUsers: 0 }), "RangeError", "maxUsers");
  throws(() => commands.setArrivalRate(1, { users: 5, maxUsers: 2 }), "RangeError", "users (5) must not be more than maxUsers (2)");
}

export function testSleep() {
  commands.sleep(2);
  commands.sleep(0.25);
  commands.sleep("1m");
  equal(commands.elapsed, 62250);
  throws(() => commands.sleep(-1), "RangeError", "sleep: the time must be a number of seconds of at least 0");
  throws(() => commands.sleep("1"), "TypeError", '"1" has no unit');
  throws(() => commands.sleep(), "TypeError", "sleep: the time must be");
}

export function testProgressAndNotes() {
  commands.reportProgress({ phase: "warming up", fraction: 0.25, remainingMs: 3000, rate: 10 });
  commands.reportProgress({ phase: "waiting" });
  commands.note("found 12 users");
  throws(() => commands.reportProgress({ fraction: 2 }), "RangeError", "fraction must be from 0 to 1");
  throws(() => commands.reportProgress({ phas: "x" }), "TypeError", 'did you mean "phase"?');
  throws(() => commands.note(5), "TypeError", "note: the message must be a string");
}

export function testStop() {
  throws(() => commands.stop({ why: "enough" }), "Error", "the scenario is ending");
}

export function testFail() {
  throws(() => commands.fail("too slow"), "Error", "the scenario is ending");
  throws(() => commands.sleep(1), "Error", "the scenario is ending");
}

export function testEndsInAWait() {
  throws(() => commands.sleep(20), "Error", "the scenario is ending");
  equal(commands.elapsed, 5000);
}

export function testMetrics() {
  const m = commands.metrics("http.response_time", { name: "login" }, { window: "10s" });
  equal([m.count, m.sum, m.min, m.max, m.mean], [100, 5050, 1, 100, 50.5]);
  for (const [got, want] of [[m.p50, 50], [m.p90, 90], [m.p95, 95], [m.p99, 99], [m.p999, 100], [m.quantile(0.25), 25]]) {
    ok(Math.abs(got / want - 1) < 0.003);
  }
  equal([m.quantile(0), m.quantile(1)], [1, 100]);
  ok(Number.isNaN(m.rate) && Number.isNaN(m.last));
  equal(Object.keys(m), ["count", "sum", "min", "max", "last", "mean", "rate", "perSecond", "p50", "p90", "p95", "p99", "p999"]);
  throws(() => { m.count = 5; }, "TypeError", "");
  throws(() => m.quantile(2), "RangeError", "a number from 0 to 1, not 2");
  commands.aggregate = m;
  equal(commands.aggregate.mean, 50.5);
  throws(() => commands.metrics("no.such"), "Error", "no.such");
  throws(() => commands.metrics(), "TypeError", "metrics: the name must be a string");
  throws(() => commands.metrics("checks", {}, { windows: "1s" }), "TypeError", 'did you mean "window"?');
  const none = commands.metrics("checks", null);
  equal([none.count, none.sum], [0, 0]);
  ok(!(none.p95 > 0) && !(none.p95 < 0) && !(none.mean < 1) && !(none.max < 1));
}

export function testContext() {
  const { context } = commands;
  equal(context.run, "r1");
  equal(context.scenario, "shop");
  equal(context.seed, 42);
  equal(context.dependencies.login, { verdict: "passed", output: { email: "a@b.c" }, errors: [] });
  equal(Object.keys(context.dependencies), ["create", "login"]);
  ok(commands.context === context);
  throws(() => { context.seed = 1; }, "TypeError", "");
}

export function testTheOtherSide() {
  for (const name of ["isUp", "hasWork", "run", "reportResult", "getEvents", "onEvent"]) {
    throws(() => commands[name](), "Error", `${name} belongs to virtual users: a load model cannot call it`);
  }
  throws(() => commands.userId, "Error", "userId belongs to virtual users: a load model cannot read it");
}
