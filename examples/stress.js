// stress.js: at how many users does the mean response time pass 100 ms?
//
// The demo API serves 400 requests a second: 4 workers take 10 ms each. Users who ask without a
// pause share that, so n of them wait n ÷ 400 s each. 40 users wait 100 ms, and the step after
// that should end the ramp.
import http from "runner/http";
import { rampUsersToThreshold, whileAlive } from "runner/loadmodels";

export const loadModel = rampUsersToThreshold({
  initialUsers: 10,
  nextUsers: (users) => users + 5,
  threshold: (aggregate) => aggregate !== null && aggregate.meanMs > 100,
  period: "2s",
  periodLimit: 12,
  updateAggregate: (users, aggregate) => ({ users, ...aggregate }),
});

export const userLoop = whileAlive();

let created = 0; // by this user: every user has an engine of its own

export function start(id) {
  const email = `user${id}-${++created}@example.com`;
  const res = http.post("/users", { json: { name: "jeremy", age: 23, email } });
  if (res.status !== 201) {
    throw new Error(`POST /users: status ${res.status}, want 201`);
  }
  return res.timings.duration;
}

// The mean of the last second's results alone: those before were of fewer users.
export function aggregator(previous, latest) {
  const times = latest.filter((result) => result.exception === null).map((result) => result.output);
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  return times.length > 0 ? { meanMs } : previous;
}

export function outputTransformer({ users, meanMs }) {
  return `at ${users} users the mean response time is ${meanMs?.toFixed(1)} ms`;
}
