// The API as the tests use it. A request throws unless it gets the status that it expects.
import http from "runner/http";

/** @typedef {{ id: number, email: string, name: string, age: number }} User */

export function health() {
  http.get("/health", { expect: 200 });
}

/**
 * @param {{ name: string, age: number }} user
 * @returns {User}
 */
export function createUser(user) {
  return http.post("/users", { json: user, expect: 201, tags: { name: "create user" } }).json();
}

/**
 * @param {number} id
 * @returns {User}
 */
export function getUser(id) {
  return http.get(`/users/${id}`, { expect: 200, tags: { name: "get user" } }).json();
}
