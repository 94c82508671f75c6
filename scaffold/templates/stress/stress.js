// At how many users does the mean response time pass {{limitMs}} ms?
import http from "runner/http";
import { rampUsersToThreshold, whileAlive } from "runner/loadmodels";

/** @type {import("runner/script").Options} */
export const options = {
  http: { baseURL: {{baseURL:json}} }, // --demo takes its place
};

export const loadModel = rampUsersToThreshold({
  initialUsers: 10,
  nextUsers: (users) => users + 10,
  threshold: (aggregate) => aggregate !== null && aggregate.meanMs > {{limitMs}},
  period: "2s",
  periodLimit: 15,
  updateAggregate: (users, aggregate) => ({ users, ...aggregate }),
});

export const userLoop = whileAlive();

/** @type {import("runner/script").Start} */
export function start(id) {
  const res = http.post("/users", { json: { name: "ann", age: 30 }, expect: 201, throws: true });
  return res.timings.duration;
}

// The mean of the last second's results alone: those before were of fewer users.
/** @type {import("runner/script").Aggregator<{ meanMs: number }, number>} */
export function aggregator(previous, latest) {
  const times = latest.filter((result) => result.exception === null).map((result) => result.output);
  if (times.length === 0) {
    return previous ?? { meanMs: 0 };
  }
  return { meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length };
}

/** @type {import("runner/script").OutputTransformer} */
export function outputTransformer({ users, meanMs }) {
  return `at ${users} users the mean response time is ${meanMs.toFixed(1)} ms`;
}
