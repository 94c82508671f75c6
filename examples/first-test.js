// first-test.js: the smallest test. It asks once, and a throw makes it fail.
import http from "runner/http";

export function start() {
  const res = http.get("/health");
  if (res.status !== 200) {
    throw new Error(`GET /health: status ${res.status}, want 200`);
  }
  return res.json().status;
}
