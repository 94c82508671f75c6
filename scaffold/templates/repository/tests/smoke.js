// Does every call work? One user, once.
import settings from "runner/variables";
import { createUser, getUser, health } from "../lib/api.js";
import { common } from "../lib/settings.js";

export const variables = common;

/** @type {import("runner/script").Options} */
export const options = { http: { baseURL: settings.host, throws: true } };

/** @type {import("runner/script").Start} */
export function start() {
  health();
  const created = createUser({ name: "ann", age: 30 });
  const found = getUser(created.id);
  if (found.name !== "ann") {
    throw new Error(`user ${found.id} is called ${found.name}, not ann`);
  }
}
