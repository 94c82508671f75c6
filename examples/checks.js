// checks.js: checks are counted and shown by name. One that does not hold leaves the iteration as it is.
import { check, group } from "runner/checks";
import http from "runner/http";
import { nIterations } from "runner/loadmodels";

export const loadModel = nIterations(100, 10);

export function start() {
  const user = group("create", () => {
    const res = http.post("/users", { json: { name: "jeremy", age: 23 } });
    check(res, {
      "status is 201": (r) => r.status === 201,
      "has a location": (r) => r.headers.has("location"),
    });
    return res.json();
  });

  group("read", () => {
    const res = http.get(`/users/${user.id}`, { tags: { name: "/users/{id}" } });
    check(res, {
      "status is 200": (r) => r.status === 200,
      "is called jeremy": (r) => r.json().name === "jeremy",
    });
  });
}
