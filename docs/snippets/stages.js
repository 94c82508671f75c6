import http from "runner/http";
import { constantUsers, rampUsers, stages, whileAlive } from "runner/loadmodels";

export const loadModel = stages(
  rampUsers(1, 10), // in 1 s from none to 10
  constantUsers(10, "2s"),
  rampUsers(1, 0),
);

export const userLoop = whileAlive();

export function start() {
  http.get("/work");
}
