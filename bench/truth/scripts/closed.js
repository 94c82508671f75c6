// closed.js: one user who asks again when it has been answered, and so does not see what a stall costs.
import http from "runner/http";
import settings from "runner/variables";
import { constantUsers, whileAlive } from "runner/loadmodels";
import { sleep } from "runner/timing";

export const variables = { server: { default: "" }, rate: { default: 100 }, seconds: { default: 2 } };
export const loadModel = constantUsers(1, `${settings.seconds ?? 1}s`);
export const userLoop = whileAlive();

export function start() {
  http.get(`${settings.server}/stall`, { tags: { name: "stall" } });
  sleep(1 / settings.rate);
}
