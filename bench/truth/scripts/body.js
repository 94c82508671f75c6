// body.js: answers of many sizes, plain, in chunks and gzipped.
import http from "runner/http";
import settings from "runner/variables";
import { nIterations } from "runner/loadmodels";
import { Counter } from "runner/metrics";

export const variables = { server: { default: "" }, iterations: { default: 10 }, users: { default: 2 }, most: { default: 1000000 } };
export const options = { http: { timeout: "60s" } };
export const loadModel = nIterations(settings.iterations ?? 1, settings.users ?? 1, { timeout: "10m" });

const decoded = new Counter("decoded", { unit: "bytes" });
const sizes = [0, 1, 100, 6999, 7000, 7001, 65536, 1000000, 10000000];

export function start() {
  for (const size of sizes.filter((size) => size <= settings.most)) {
    for (const coding of ["plain", "chunked", "gzip"]) {
      const res = http.get(`${settings.server}/body/${coding}/${size}`, { tags: { name: coding } });
      if (res.status !== 200) throw new Error(`${coding} ${size}: ${res.status} ${res.error?.message}`);
      decoded.add(res.bytes().length);
    }
  }
}
