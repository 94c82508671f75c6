// delay.js: a server that takes a fixed time for each answer.
import http from "runner/http";
import settings from "runner/variables";
import { nIterations } from "runner/loadmodels";

export const variables = { server: { default: "" }, ms: { default: 1 }, iterations: { default: 100 }, users: { default: 5 } };
export const loadModel = nIterations(settings.iterations ?? 1, settings.users ?? 1, { timeout: "10m" });

export function start() {
  const res = http.get(`${settings.server}/delay/${settings.ms}`, { tags: { name: "delay" } });
  if (res.status !== 200) throw new Error(`status ${res.status}: ${res.error?.message}`);
}
