import http from "runner/http";

export const options = {
  http: {
    headers: { Accept: "application/json" },
    timeout: "5s",
    throws: true, // when there is no answer, or a status that is not expected
  },
};

export function start() {
  const created = http.post("/users", {
    json: { name: "jeremy", age: 23 },
    expect: 201,
    tags: { name: "create" }, // what it is called in the figures
  });
  const id = created.json("id"); // a part of the body, by its path
  const { status, timings } = http.get(`/users/${id}`, { query: { verbose: true }, tags: { name: "read" } });
  return { status, ms: timings.duration, location: created.headers.get("location") };
}
