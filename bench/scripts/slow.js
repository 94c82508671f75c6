// slow.js: get.js, from a server that answers after 10 ms.
import http from "runner/http";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

const url = `${settings.server}/slow`;

export function start() {
  const res = http.get(url);
  if (res.status !== 200) {
    throw new Error(`status ${res.status}`);
  }
}
