import http from "runner/http";
import { nIterations, nSeconds, sequence } from "runner/loadmodels";

// A function is a load model like any other.
function warmUp(commands) {
  commands.scaleUsers(1);
  commands.addWork(3);
  while (commands.resultsCollected < 3) {
    commands.aggregateResults(commands.getLatestResults());
  }
  commands.scaleUsers(0);
}

export const loadModel = sequence(warmUp, nIterations(50, 5), nIterations(100, 10));

export function start() {
  return http.get("/work").status;
}
