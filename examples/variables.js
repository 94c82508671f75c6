// variables.js: settings that can be given from outside, checked before anything runs:
// runner run --demo --set name=ann --set age=30 examples/variables.js
import http from "runner/http";
import settings from "runner/variables";

export const variables = {
  name: { default: "jeremy", description: "what the user is called" },
  age: {
    default: 23,
    description: "how old the user is, in years",
    verify: (age) => age >= 18 || "the user must be of age",
  },
};

export function start() {
  const res = http.post("/users", { json: { name: settings.name, age: settings.age } });
  if (res.status !== 201) {
    throw new Error(`POST /users: status ${res.status}`);
  }
  return http.get(`/users/${res.json("id")}`).json();
}
