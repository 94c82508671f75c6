// events.js: the load model speaks to its users. An event reaches every user that runs, once.
export function loadModel(commands) {
  commands.scaleUsers(3);
  while (commands.users < 3) {
    commands.sleep(0.05);
  }
  for (const word of ["one", "two", "three", "four"]) {
    commands.sendUserEvents("word", word);
  }
}

export function userLoop(commands) {
  let up = true;
  while (up) {
    up = commands.sleep("100ms"); // false once the user is told to stop, which is when the load model is done
    for (const word of commands.getEvents("word")) {
      commands.run(word);
    }
  }
}

// One iteration for each word that a user hears.
export function start(id, state, word) {
  return `user ${id} hears ${word}`;
}

export function aggregator(previous, latest) {
  return (previous ?? 0) + latest.length;
}

export function outputTransformer(heard) {
  return `4 words to 3 users: ${heard} heard`;
}
