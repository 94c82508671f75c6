// Is it fast enough under the usual load? So many visits a second, whatever the server does.
import { constantArrivalRate } from "runner/loadmodels";
import settings from "runner/variables";
import { createUser, getUser } from "../lib/api.js";
import { common } from "../lib/settings.js";

/** @type {import("runner/script").Variables} */
export const variables = {
  ...common,
  rate: { default: 20, description: "visits a second" },
  duration: { default: "10s", description: "how long" },
};

/** @type {import("runner/script").Options} */
export const options = {
  http: { baseURL: settings.host, throws: true },
  thresholds: {
    "http.failed": "rate < 1%",
    "http.response_time{name:create user}": "p(95) < 1s",
    "http.response_time{name:get user}": "p(95) < 1s",
  },
};

/** @type {import("runner/script").LoadModel} */
export function loadModel(commands, context) {
  constantArrivalRate({ rate: settings.rate, duration: settings.duration })(commands, context);
}

/** @type {import("runner/script").Start} */
export function start(id) {
  const created = createUser({ name: `user ${id}`, age: 30 });
  return getUser(created.id).id;
}
