import commands from "runner/commands";
import { equal, ok, throws } from "runner/test";

export function testWork() {
  equal([commands.userId, commands.isUp(), commands.elapsed], [7, true, 0]);
  ok(commands.hasWork());
  ok(!commands.hasWork({ timeoutMs: 100 }));
  equal(commands.elapsed, 100);
  ok(commands.hasWork({ timeoutMs: 5000 }));
  equal(commands.elapsed, 2500);
  ok(!commands.hasWork({ timeoutMs: Infinity }));
  equal([commands.elapsed, commands.isUp()], [10000, false]);
  throws(() => commands.hasWork(1000), "TypeError", "must be an object");
}

export function testSleepEndsWhenTheUserIsToldToStop() {
  equal(commands.sleep(3), true);
  equal(commands.sleep("1h"), false);
  equal([commands.elapsed, commands.isUp()], [10000, false]);
  equal(commands.sleep(1), false);
}

export function testRunAndReport() {
  const driver = { live: true };
  const r = commands.run(driver, 2);
  equal([r.output, r.exception, r.logs, r.duration], ["output 1", null, "", 100]);
  commands.reportResult(r);
  commands.run();
  commands.reportResult({ ...r, output: "other" });
  commands.run();
  commands.reportResult("mine", new RangeError("odd"), "line", 12.5);
  commands.run();
  commands.reportResult({ a: 1 });
  commands.run();
  commands.reportResult(undefined, { name: "Odd", message: "made" });
  commands.run();
  commands.reportResult();
}

export function testReportsThatCannotBe() {
  throws(() => commands.reportResult(() => {}), "TypeError", "output is a function");
  throws(() => commands.reportResult(1, {}), "TypeError", "the exception must be an error");
  throws(() => commands.reportResult(1, null, "", -1), "RangeError", "reportResult: the duration must be a number of milliseconds, not -1");
}

export function testEvents() {
  equal(commands.getEvents("word"), ["one", { n: 2 }]);
  equal(commands.getEvents("word"), []);
  const heard = [];
  commands.onEvent("bell", (n) => heard.push(n));
  equal(heard, [1]);
  throws(() => commands.onEvent("bell", "no"), "TypeError", "onEvent: the handler must be a function");
  throws(() => commands.getEvents(), "TypeError", "the kind of event must be a string");
}

export function testWhatAHandlerThrowsIsThrown() {
  throws(() => commands.onEvent("bell", () => { throw new TypeError("deaf"); }), "TypeError", "deaf");
}

export function testStop() {
  commands.stop();
  equal(commands.isUp(), false);
}

export function testTheOtherSide() {
  for (const name of [
    "scaleUsers", "startUsers", "stopUsers", "addWork", "sendUserEvents", "getLatestResults", "aggregateResults",
    "verifyResults", "setArrivalRate", "fail", "metrics", "note", "reportProgress",
  ]) {
    throws(() => commands[name](), "Error", `${name} belongs to the load model: a virtual user cannot call it`);
  }
  for (const name of ["users", "targetUsers", "aggregate", "errors", "resultsCollected", "counts", "workLeft"]) {
    throws(() => commands[name], "Error", `${name} belongs to the load model: a virtual user cannot read it`);
  }
  throws(() => { commands.aggregate = 1; }, "Error", "aggregate belongs to the load model: a virtual user cannot set it");
}
