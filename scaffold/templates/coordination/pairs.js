// Users meet in pairs. The first of a pair writes a message, the second finds it.
import { coordinator } from "runner/coordinator";
import http from "runner/http";
import { nSeconds, whileAlive } from "runner/loadmodels";

/** @type {import("runner/script").Options} */
export const options = {
  http: { baseURL: "http://127.0.0.1:8080", throws: true }, // --demo takes the server's place
};

/** @type {import("runner/coordinator").Coordinator<{ createdId: number }>} */
const meet = coordinator("meet", { plan: { users: 2 }, timeout: "10s" });

export const loadModel = nSeconds(3, {{users}});
export const userLoop = whileAlive();

/** @type {import("runner/script").Start} */
export function start(id) {
  const created = http.post("/users", { json: { name: `user ${id}`, age: 30 }, expect: 201 }).json();
  const group = meet.join(id, { createdId: created.id });
  const other = group.find((member) => member.id !== id);
  if (other === undefined) {
    return "alone"; // nobody came in time
  }
  const found = http.get(`/users/${other.data.createdId}`, { tags: { name: "/users/{id}" } }).json();
  if (found.name !== `user ${other.id}`) {
    throw new Error(`${found.name} was found, not user ${other.id}`);
  }
  return "met";
}
