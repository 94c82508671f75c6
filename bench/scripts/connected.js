// connected.js: users that each hold one connection and wait.
import http from "runner/http";
import { sleep } from "runner/timing";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

export function start() {
  const res = http.get(`${settings.server}/`);
  if (res.status !== 200) {
    throw new Error(`status ${res.status}`);
  }
  sleep(3600);
}
