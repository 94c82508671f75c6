import http from "runner/http";
import { nIterations } from "runner/loadmodels";

export const loadModel = nIterations(20, 4);

export function start() {
  return http.get("/work").status;
}

export function aggregator(previous, latest) {
  const before = previous ?? { count: 0, slowestMs: 0 };
  return {
    count: before.count + latest.length,
    slowestMs: Math.max(before.slowestMs, ...latest.map((result) => result.duration)),
  };
}

export function verifier(latest) {
  return latest
    .filter((result) => result.exception !== null || result.duration > 1000)
    .map((result) => `user ${result.userId} waited for ${result.duration} ms`);
}
