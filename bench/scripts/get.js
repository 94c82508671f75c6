// get.js: the smallest request that is checked.
import http from "runner/http";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

const url = `${settings.server}/`;

export function start() {
  const res = http.get(url);
  if (res.status !== 200) {
    throw new Error(`status ${res.status}`);
  }
}
