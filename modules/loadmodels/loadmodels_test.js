import * as lm from "runner/loadmodels";
import { equal, ok, throws } from "runner/test";

const never = () => false;

export function testEachIsAFunction() {
  for (const [name, model] of Object.entries({
    runOnce: lm.runOnce(), nIterations: lm.nIterations(1, 1), nSeconds: lm.nSeconds(1, 1),
    constantUsers: lm.constantUsers(1, "1s"), rampUsers: lm.rampUsers(1, 1),
    rampUsersToThreshold: lm.rampUsersToThreshold({ initialUsers: 1, threshold: never }),
    stages: lm.stages(lm.runOnce()), sequence: lm.sequence(lm.runOnce()),
    constantArrivalRate: lm.constantArrivalRate({ rate: 1, duration: "1s" }),
    rampingArrivalRate: lm.rampingArrivalRate({ stages: [{ target: 1, duration: "10s" }] }),
    whileHasWork: lm.whileHasWork(), whileAlive: lm.whileAlive(),
    iterationsPerSecondLimited: lm.iterationsPerSecondLimited(4), paced: lm.paced("1s"), repeatAfter: lm.repeatAfter("1s"),
  })) {
    equal(typeof model, "function");
    equal(model.name, name);
  }
}

export function testCountsThatCannotBe() {
  for (const n of [-1, 0, 1.5, NaN, Infinity, "3", undefined, null, {}, 2e9]) {
    throws(() => lm.nIterations(n, 1), "RangeError", "nIterations: iterations must be an integer from 1 to 1000000000");
    throws(() => lm.nIterations(1, n), "RangeError", "nIterations: users must be an integer from 1 to 10000000");
  }
  for (const n of [-1, 0.5, "3", undefined]) {
    throws(() => lm.nSeconds(1, n), "RangeError", "nSeconds: users must be an integer from 0");
    throws(() => lm.constantUsers(n, "1s"), "RangeError", "constantUsers: users must be an integer from 0");
    throws(() => lm.rampUsers(1, n), "RangeError", "rampUsers: target must be an integer from 0");
    throws(() => lm.repeatAfter("1s", { times: n ?? 0 }), "RangeError", "times must be an integer from 1");
  }
}

export function testTimesThatCannotBe() {
  throws(() => lm.nSeconds("5s", 1), "TypeError", 'nSeconds: seconds must be a number of seconds, not "5s"');
  throws(() => lm.nSeconds(-5, 1), "RangeError", "nSeconds: seconds must be a number of seconds of at least 0, not -5");
  throws(() => lm.nSeconds(0, 1), "RangeError", "nSeconds: seconds must be longer than 0");
  throws(() => lm.rampUsers(Infinity, 1), "RangeError", "rampUsers: seconds must end, got Infinity");
  throws(() => lm.constantUsers(1, 5), "TypeError", "constantUsers: duration must be a string with a unit");
  throws(() => lm.constantUsers(1), "TypeError", "constantUsers: duration must be a string with a unit");
  throws(() => lm.runOnce({ timeout: "0s" }), "RangeError", "timeout must be longer than 0");
  throws(() => lm.runOnce({ timeout: 15 }), "TypeError", "the bare number 15 has none");
  throws(() => lm.nIterations(1, 1, { waitPeriod: Infinity }), "RangeError", "waitPeriod must be finite");
  throws(() => lm.nIterations(1, 1, { timeOut: "1s" }), "TypeError", 'did you mean "timeout"?');
  throws(() => lm.paced(1), "TypeError", "paced: period must be a string with a unit");
  throws(() => lm.repeatAfter(), "TypeError", "repeatAfter: pause must be a string with a unit");
  throws(() => lm.iterationsPerSecondLimited("4"), "TypeError", "iterationsPerSecondLimited: limit must be a number");
  throws(() => lm.iterationsPerSecondLimited(0), "RangeError", "limit must be more than 0");
  throws(() => lm.whileHasWork({ pollingTimeout: "0ms" }), "RangeError", "pollingTimeout must be longer than 0");
}

export function testThresholdsThatCannotBe() {
  throws(() => lm.rampUsersToThreshold(), "TypeError", "rampUsersToThreshold needs initialUsers");
  throws(() => lm.rampUsersToThreshold({ initialUsers: 1 }), "TypeError", "rampUsersToThreshold needs threshold");
  throws(() => lm.rampUsersToThreshold({ initialUsers: 1, threshold: 5 }), "TypeError", "threshold must be a function");
  throws(() => lm.rampUsersToThreshold({ initialUsers: -1, threshold: never }), "RangeError", "initialUsers must be an integer");
  throws(() => lm.rampUsersToThreshold({ initialUsers: 1, threshold: never, periodLimit: 0 }), "RangeError", "periodLimit must be an integer from 1");
  throws(() => lm.rampUsersToThreshold({ initialUsers: 1, threshold: never, nextUser: (n) => n }), "TypeError", 'did you mean "nextUsers"?');
}

export function testRatesThatCannotBe() {
  throws(() => lm.constantArrivalRate({ duration: "1s" }), "TypeError", "constantArrivalRate needs rate, as in { rate: 50 }");
  throws(() => lm.constantArrivalRate({ rate: 1 }), "TypeError", "constantArrivalRate needs duration");
  throws(() => lm.constantArrivalRate({ rate: 0, duration: "1s" }), "RangeError", "rate must be more than 0");
  throws(() => lm.constantArrivalRate({ rate: "5", duration: "1s" }), "TypeError", "rate must be a number");
  throws(() => lm.constantArrivalRate({ rate: -5, duration: "0s" }), "RangeError",
    "constantArrivalRate: rate must be a number from 0 to 10,000,000 a second, got -5; constantArrivalRate: duration must be longer than 0");
  throws(() => lm.constantArrivalRate({ rate: 1, duration: "1s", users: 9, maxUsers: 5 }), "RangeError", "users (9) must not be more than maxUsers (5)");
  throws(() => lm.rampingArrivalRate({}), "TypeError", "rampingArrivalRate needs stages");
  throws(() => lm.rampingArrivalRate({ stages: {} }), "TypeError", "stages must be an array of { target, duration }, not an object");
  throws(() => lm.rampingArrivalRate({ stages: [] }), "RangeError", "stages must have at least one");
  throws(() => lm.rampingArrivalRate({ stages: [{ target: 1 }] }), "TypeError", "stages[0] needs duration");
  throws(() => lm.rampingArrivalRate({ stages: [{ target: 1, duration: "1s", x: 1 }] }), "TypeError", 'stages[0] has no option "x"');
  throws(() => lm.rampingArrivalRate({ stages: [{ target: 0, duration: "1s" }] }), "RangeError", "no arrival is due");
}

export function testModelsThatAreNone() {
  throws(() => lm.stages(), "RangeError", "stages: needs at least one load model");
  throws(() => lm.stages(lm.runOnce(), 5), "TypeError", "stages: argument 2 must be a load model, or a function (commands, context) => …, not 5");
  throws(() => lm.sequence(lm.whileAlive()), "TypeError", "sequence: argument 1 must be a load model, or a function (commands, context) => …, not a user loop");
}

export function testCalledOutsideOfARun() {
  throws(() => lm.runOnce()(), "Error", "the load model runOnce can only be called by a load model");
  throws(() => lm.whileAlive()(), "Error", "the user loop whileAlive can only be called by a user loop");
}
