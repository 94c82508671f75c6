// asleep.js: users that do nothing but wait, within JavaScript.
import { sleep } from "runner/timing";

export function start() {
  sleep(3600);
}
