// amoc-lifecycle.js: the whole life of a scenario: init gives the state, start runs again and again
// for each user, continue decides whether to go on, terminate cleans up.
import http from "runner/http";
import { constantUsers, repeatAfter } from "runner/loadmodels";

export const options = { continueInterval: "1s" };

export const loadModel = constantUsers(5, "60s");
export const userLoop = repeatAfter("500ms"); // after the end of one, until the next begins

// Once, before the first user. What it returns is every user's state, and cannot be changed.
export function init() {
  const res = http.get("/health");
  if (res.status !== 200) {
    throw new Error("the API is not up"); // ends the run before any user starts
  }
  return { names: ["ann", "bob", "eve"], enough: 40, startedAt: Date.now() };
}

export function start(id, state) {
  const name = state.names[id % state.names.length];
  const res = http.post("/users", { json: { name, age: 20 + id } });
  if (res.status !== 201) {
    throw new Error(`POST /users: status ${res.status}`);
  }
  return res.json().id;
}

// Every second. `continue` is a reserved word, so the function has another name and is exported as it.
function goOn(state) {
  const users = http.get("/stats").json().users;
  return users < state.enough || { stop: `${users} users are enough` };
}
export { goOn as continue };

// Once, after the last user has gone.
export function terminate(reason, state) {
  console.log(`ended after ${Date.now() - state.startedAt} ms: ${reason}`);
}
