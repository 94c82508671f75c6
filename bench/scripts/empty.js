// empty.js: nothing but the engine's own work.
export function start() {}
