// json.js: 1 KB of JSON, of which a few fields are read.
import http from "runner/http";
import settings from "runner/variables";

export const variables = { server: { description: "base URL of the server" } };

const url = `${settings.server}/json`;

export function start() {
  const { users, total } = http.get(url).json();
  if (users[0].id !== 1 || users[3].name !== "Jeremy" || total !== 12) {
    throw new Error("not the answer");
  }
}
