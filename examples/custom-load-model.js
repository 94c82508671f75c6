// custom-load-model.js: a load model and a user loop written by hand. It adds users as long as that
// brings more iterations a second, and so finds how many the API can use.
import http from "runner/http";

export function loadModel(commands) {
  let best = 0;
  for (let users = 1; users <= 16; users *= 2) {
    commands.reportProgress({ phase: `trying ${users} users` });
    commands.scaleUsers(users);
    commands.sleep(0.5); // let the new users settle
    commands.getLatestResults({ timeoutMs: 0, maxResults: 100000 });

    const began = commands.elapsed;
    commands.sleep(2);
    const results = commands.getLatestResults({ maxResults: 100000 });
    const perSecond = results.length / ((commands.elapsed - began) / 1000);
    commands.verifyResults(results);

    commands.note(`${users} users: ${perSecond.toFixed(0)} iterations/s`);
    if (perSecond < best * 1.2) {
      break;
    }
    best = perSecond;
    commands.aggregate = { users, perSecond };
  }
  commands.scaleUsers(0);
}

export function userLoop(commands) {
  while (commands.isUp()) {
    const { output, exception, logs, duration } = commands.run();
    commands.reportResult(output, exception, logs, duration);
  }
}

export function start() {
  const res = http.get("/work");
  if (!res.ok) {
    throw new Error(`GET /work: status ${res.status}`);
  }
}

// The load model sets the aggregate itself.
export const aggregator = (previous) => previous;

export function outputTransformer({ users, perSecond }) {
  return `${users} users are enough for ${perSecond.toFixed(0)} iterations/s`;
}
