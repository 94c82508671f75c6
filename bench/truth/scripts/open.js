// open.js: arrivals at an even rate, whatever the server does.
import http from "runner/http";
import settings from "runner/variables";
import { constantArrivalRate } from "runner/loadmodels";

export const variables = { server: { default: "" }, rate: { default: 100 }, seconds: { default: 2 } };
export const loadModel = constantArrivalRate({
  rate: settings.rate ?? 1, duration: `${settings.seconds ?? 1}s`, users: 2 * (settings.rate ?? 1), maxUsers: 4 * (settings.rate ?? 1),
});

export function start() {
  http.get(`${settings.server}/stall`, { tags: { name: "stall" } });
}
