// custom-metric.js: metrics of your own: a distribution in ms, and the share above 30 ms.
import http from "runner/http";
import { nSeconds, whileAlive } from "runner/loadmodels";
import { Rate, Trend } from "runner/metrics";

// 24 users share 400 requests a second: 60 ms each, of which 50 are spent in line.
export const loadModel = nSeconds(6, 24);
export const userLoop = whileAlive();

const inLine = new Trend("in_line", { unit: "ms" });
const slow = new Rate("above_30_ms");

export function start() {
  const { waitedMs } = http.get("/work").json();
  inLine.add(waitedMs);
  slow.add(waitedMs > 30);
}
