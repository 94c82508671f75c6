import http from "runner/http";

export const options = { http: { baseURL: "http://127.0.0.1:18580" } };

export function start() {
  return http.get("/health").json("status");
}
