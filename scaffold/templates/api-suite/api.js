// One scenario creates a user; the others wait for it and get what it returned.
import { check } from "runner/checks";
import http from "runner/http";
import { nIterations } from "runner/loadmodels";
import { createUser, getUser } from "./lib/users.js";

/** @type {import("runner/script").Options} */
export const options = {
  http: { baseURL: {{baseURL:json}}, throws: true }, // --demo takes the server's place
};

/** What createUser returned is the state of those that depend on it. */
const created = (/** @type {import("runner/script").Context} */ context) => context.dependencies.createUser.output;

/** @type {import("runner/script").Scenarios} */
export const scenarios = {
  createUser: {
    start: () => createUser({ name: "ann", age: 30, email: "ann@example.com" }),
  },

  duplicateEmail: {
    dependsOn: "createUser",
    init: created,
    start(id, user) {
      http.post("/users", { json: { name: "eve", age: 40, email: user.email }, expect: 400 });
    },
  },

  getUser: {
    dependsOn: "createUser",
    init: created,
    loadModel: nIterations(20, 4), // 4 users share 20 iterations
    start(id, user) {
      const found = getUser(user.id);
      check(found, {
        "the id is the same": (found) => found.id === user.id,
        "the email is the same": (found) => found.email === user.email,
      });
    },
  },

  unknownUser: {
    dependsOn: "createUser",
    start() {
      http.get("/users/0", { expect: 404 });
    },
  },
};
