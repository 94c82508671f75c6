// integration.js: scenarios that build on each other. One creates a user; three others wait for it
// and get what it returned.
import http from "runner/http";

// Every request throws unless it gets the status that it expects (by default 100 to 399).
export const options = { http: { throws: true } };

const newUser = (email) => ({ name: "jeremy", age: 23, email });

// What createUser returned is the state of those that wait for it.
const created = (context) => context.dependencies.createUser.output;

export const scenarios = {
  createUser: {
    start() {
      return http.post("/users", { json: newUser("jeremy@example.com"), expect: 201 }).json();
    },
  },

  duplicateEmail: {
    dependsOn: ["createUser"],
    init: created,
    start(id, user) {
      http.post("/users", { json: newUser(user.email), expect: 400 });
    },
  },

  getUser: {
    dependsOn: ["createUser"],
    init: created,
    start(id, user) {
      const found = http.get(`/users/${user.id}`).json();
      if (found.email !== user.email) {
        throw new Error(`user ${user.id} has the email ${found.email}, want ${user.email}`);
      }
    },
  },

  unknownUser: {
    dependsOn: ["createUser"],
    start() {
      http.get("/users/0", { expect: 404 });
    },
  },
};
