// second.js: users that wake once a second.
import { sleep } from "runner/timing";

export function start() {
  sleep(1);
}
