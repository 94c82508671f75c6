// events.js: the load model speaks to its users. An event reaches every user that runs, once.
import { sleep } from "runner/timing";

export function loadModel(commands) {
  commands.scaleUsers(3);
  while (commands.users < 3) {
    sleep(0.05);
  }
  for (const word of ["one", "two", "three", "four"]) {
    commands.sendUserEvents("word", { word });
    commands.sleep(0.5);
  }
  commands.scaleUsers(0);
}

export function userLoop(commands) {
  let heard = [];
  commands.onEvent("word", ({ word }) => heard.push(word));
  while (commands.isUp()) {
    commands.sleep(0.1);
  }
  commands.run(heard);
}

export function start(id, state, heard) {
  return heard;
}
