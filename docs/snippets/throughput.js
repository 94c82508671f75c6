import http from "runner/http";
import { constantUsers, whileAlive } from "runner/loadmodels";

const hold = constantUsers(20, "2s");

// Fails the run if the API gives less than it promises.
export function loadModel(commands, context) {
  hold(commands, context);
  const requests = commands.metrics("http.response_time");
  if (requests.p95 > 200) {
    commands.fail(`95 % of the answers came within ${requests.p95} ms, promised are 200 ms`);
  }
}

export const userLoop = whileAlive();

export function start() {
  http.get("/work");
}
