// typescript.ts: a scenario in TypeScript: types, an import of JSON, nothing to install.
import http from "runner/http";
import { nIterations } from "runner/loadmodels";
import people from "./people.json";

interface Person {
  name: string;
  age: number;
}

interface Created extends Person {
  id: number;
  email: string;
}

export const loadModel = nIterations(30, 5);

export function init(): Person[] {
  return people.filter((person: Person) => person.age >= 18);
}

export function start(id: number, adults: Person[]): Created {
  const { name, age } = adults[id % adults.length];
  const created = http.post("/users", { json: { name, age } });
  if (created.status !== 201) {
    throw new Error(`POST /users: status ${created.status}`);
  }
  const found = http.get(`/users/${created.json().id}`, { tags: { name: "/users/{id}" } }).json() as Created;
  if (found.name !== name) {
    throw new Error(`user ${found.id} is called ${found.name}, not ${name}`);
  }
  return found;
}
