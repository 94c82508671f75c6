// arrival-rate.js: an open model. Iterations begin at their planned times however slow the answers
// are, so the response time counts what a visitor would have waited.
import http from "runner/http";
import { constantArrivalRate, rampingArrivalRate, stages } from "runner/loadmodels";

export const loadModel = stages(
  rampingArrivalRate({ from: 20, to: 200, duration: "5s", maxUsers: 100 }),
  constantArrivalRate({ rate: 200, duration: "5s", maxUsers: 100 }),
);

export function start() {
  const res = http.get("/work");
  if (!res.ok) {
    throw new Error(`GET /work: status ${res.status}`);
  }
}
