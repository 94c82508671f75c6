// outcome.js: a server that answers some requests with errors, and some not at all.
import http from "runner/http";
import settings from "runner/variables";
import { nIterations } from "runner/loadmodels";
import { sleep } from "runner/timing";

export const variables = { server: { default: "" }, iterations: { default: 100 }, users: { default: 5 }, pause: { default: "0ms" }, retry: { default: false } };
export const options = { http: { timeout: "400ms", retry: settings.retry ?? false } };
export const loadModel = nIterations(settings.iterations ?? 1, settings.users ?? 1, { timeout: "10m" });

export function start() {
  http.get(`${settings.server}/outcome`, { tags: { name: "outcome" } });
  sleep(settings.pause);
}
