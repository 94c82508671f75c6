import http from "runner/http";
import { constantUsers, whileAlive } from "runner/loadmodels";
import settings from "runner/variables";

export const variables = {
  users: { default: 2, verify: (n) => n <= 100 },
  duration: { default: "1s" },
};

export function loadModel(commands, context) {
  constantUsers(settings.users, settings.duration)(commands, context);
}

export const userLoop = whileAlive();

export function start() {
  http.get("/work");
}
