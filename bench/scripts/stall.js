// stall.js: a request to a server that stands still for a second now and then.
import http from "runner/http";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

const url = `${settings.server}/stall`;

export function start() {
  const res = http.get(url);
  if (res.status !== 200) {
    throw new Error(`status ${res.status}`);
  }
}
