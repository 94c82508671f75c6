import { nIterations } from "runner/loadmodels";

export const loadModel = nIterations(6, 3);

export function init() {
  return { names: ["ann", "bob", "eve"] };
}

export function start(id, state) {
  return state.names[id % state.names.length];
}
