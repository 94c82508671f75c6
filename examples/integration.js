// integration.js: scenarios that build on each other. One creates a user; three others wait for it
// and get what it returned.
import http from "runner/http";

function expectStatus(res, want) {
  if (res.status !== want) {
    throw new Error(`status ${res.status}, want ${want}: ${res.text()}`);
  }
}

function newUser(email) {
  return http.post("/users", { json: { name: "jeremy", age: 23, email } });
}

// The state of those that wait is the user that was created.
const created = (context) => context.dependencies.createUser.output;

export const scenarios = {
  createUser: {
    start() {
      const res = newUser("jeremy@example.com");
      expectStatus(res, 201);
      return res.json(); // { id, email }
    },
  },

  duplicateEmail: {
    dependsOn: ["createUser"],
    init: created,
    start(id, user) {
      expectStatus(newUser(user.email), 400);
    },
  },

  getUser: {
    dependsOn: ["createUser"],
    init: created,
    start(id, user) {
      const res = http.get(`/users/${user.id}`);
      expectStatus(res, 200);
      if (res.json().email !== user.email) {
        throw new Error(`email ${res.json().email}, want ${user.email}`);
      }
    },
  },

  unknownUser: {
    dependsOn: ["createUser"],
    start() {
      expectStatus(http.get("/users/0"), 404);
    },
  },
};
