// arrival-rate.js: an open model. Iterations begin at their planned times however slow the answers
// are, so the response time counts what a visitor would have waited.
import http from "runner/http";
import { rampingArrivalRate } from "runner/loadmodels";

export const loadModel = rampingArrivalRate({
  startRate: 20, // a second
  stages: [
    { target: 200, duration: "5s" },
    { target: 200, duration: "5s" },
  ],
  maxUsers: 100,
});

export function start() {
  const res = http.get("/work");
  if (!res.ok) {
    throw new Error(`GET /work: status ${res.status}`);
  }
}
