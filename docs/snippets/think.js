import http from "runner/http";
import { constantUsers } from "runner/loadmodels";

export const loadModel = constantUsers(5, "2s");

// A user thinks between 100 and 300 ms, and is gone after 5 visits.
export function userLoop(commands) {
  for (let visit = 1; visit <= 5 && commands.isUp(); visit++) {
    commands.run(visit);
    commands.sleep(0.1 + 0.2 * Math.random());
  }
}

export function start(id, state, visit) {
  return http.get(`/work?visit=${visit}`).status;
}
