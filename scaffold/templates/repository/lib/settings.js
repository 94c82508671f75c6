// What every test can be told from outside: by --set, by --settings or by the environment (RUNNER_HOST, …).

/** @type {import("runner/script").Variables} */
export const common = {
  host: { default: {{baseURL:json}}, description: "the server to test" },
};
