// check.js: the same request, with a check.
import { check } from "runner/checks";
import http from "runner/http";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

const url = `${settings.server}/`;

export function start() {
  check(http.get(url), { "status is 200": (res) => res.status === 200 });
}
