// load.js: a steady load in three stages: 30 users come, stay and go, each at most 4 iterations a second.
import http from "runner/http";
import { iterationsPerSecondLimited, nSeconds, rampUsers, stages } from "runner/loadmodels";

const users = 30;

export const loadModel = stages(rampUsers(3, users), nSeconds(8, users), rampUsers(3, 0));
export const userLoop = iterationsPerSecondLimited(4);

export function start(id) {
  const res = http.get("/work");
  if (res.status !== 200) {
    throw new Error(`GET /work: status ${res.status}, want 200`);
  }
  return res.timings.duration;
}

// Means of parts may only be added when they are weighted by how many are in them.
export function aggregator(previous, latest) {
  const before = previous ?? { requests: 0, failed: 0, meanMs: 0 };
  const times = latest.filter((result) => result.exception === null).map((result) => result.output);
  const sum = times.reduce((total, ms) => total + ms, before.meanMs * before.requests);
  const requests = before.requests + times.length;
  return {
    requests,
    failed: before.failed + latest.length - times.length,
    meanMs: requests > 0 ? sum / requests : 0,
  };
}

export function outputTransformer({ requests, failed, meanMs }) {
  return `${requests} requests, ${failed} failed, mean response time ${meanMs.toFixed(1)} ms`;
}
