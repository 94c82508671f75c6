// thresholds.js: limits that the figures must keep to, judged while the test runs and at its end.
import { check } from "runner/checks";
import http from "runner/http";
import { constantUsers, whileAlive } from "runner/loadmodels";
import { Trend } from "runner/metrics";

const basket = new Trend("basket", { unit: "items" });

export const options = {
  thresholds: {
    "http.response_time{name:create}": ["p(95) < 2s", "med < 1s"],
    "http.response_time": { check: "error_rate < 1%", abort: true, after: "2s", window: "10s" },
    "checks": "rate > 99%",
    "basket": { check: "max <= 5", optional: true },
  },
};

export const loadModel = constantUsers(5, "3s");
export const userLoop = whileAlive();

export function start(id) {
  const user = http.post("/users", { json: { name: "jeremy", age: 23 }, tags: { name: "create" } });
  check(user, { "is created": (res) => res.status === 201 });
  // The id is no part of the name: all are counted as /users/{}.
  check(http.get(http.url`/users/${user.json("id")}`), { "is found": (res) => res.status === 200 });
  basket.add(1 + (id % 5));
}
