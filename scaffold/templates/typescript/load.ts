// 20 requests a second, whatever the server does: an open model.
import http from "runner/http";
import { constantArrivalRate } from "runner/loadmodels";
import type { Options } from "runner/script";
import people from "./people.json";

interface Person {
  name: string;
  age: number;
}

interface User extends Person {
  id: number;
}

export const options: Options = {
  http: { baseURL: {{baseURL:json}}, throws: true }, // --demo takes the server's place
  thresholds: { "http.failed": "rate < 1%" },
};

export const loadModel = constantArrivalRate({ rate: 20, duration: "3s" });

export function start(id: number): number {
  const person: Person = people[id % people.length];
  const created: User = http.post("/users", { json: person, expect: 201, tags: { name: "create" } }).json();
  const found: User = http.get(`/users/${created.id}`, { tags: { name: "read" } }).json();
  if (found.name !== person.name) {
    throw new Error(`user ${found.id} is called ${found.name}, not ${person.name}`);
  }
  return found.id;
}
