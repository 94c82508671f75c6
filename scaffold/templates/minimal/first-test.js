// A first test: one user asks once, and a throw makes the test fail.
//
//   runner run --demo first-test.js                 against a server that runner brings along
//   runner run --demo -u 10 -d 30s first-test.js    10 users, for half a minute
import http from "runner/http";

/** @type {import("runner/script").Options} */
export const options = {
  http: { baseURL: "http://127.0.0.1:8080" }, // your server; --demo takes its place
};

/** @type {import("runner/script").Start} */
export function start(id) {
  const res = http.get("/health");
  if (res.status !== 200) {
    throw new Error(`GET /health: status ${res.status}, want 200`);
  }
  return res.timings.duration;
}
