import http from "runner/http";

export async function start() {
  const [health, work] = await Promise.all([http.async.get("/health"), http.async.get("/work")]);
  const both = http.batch(["/health", { method: "POST", url: "/work", body: "anything" }]);
  return [health, work, ...both].map((res) => res.status);
}
