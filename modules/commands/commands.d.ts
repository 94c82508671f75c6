/**
 * What a load model tells the scenario, and what a user loop asks of its virtual user. Which commands
 * work depends on where the script runs; the others throw an error that says to which side they belong.
 *
 * Functions may be imported by name. Properties are read as `commands.users`, since they change.
 */
declare module "runner/commands" {
  /** What an iteration was thrown. */
  export interface Exception {
    readonly name: string;
    readonly message: string;
    readonly stack: string;
  }

  /** What one iteration gave. Frozen. Times are in milliseconds. */
  export interface Result<Output = any> {
    readonly id: number;
    readonly userId: number;
    /** Of this user, from 1. */
    readonly iteration: number;
    readonly node: string;
    readonly status: "succeeded" | "failed" | "aborted";
    readonly output: Output;
    /** null if it succeeded. */
    readonly exception: Exception | null;
    /** What the iteration wrote to the console. */
    readonly logs: string;
    /** When it ended, in milliseconds since 1970. */
    readonly timestamp: number;
    readonly duration: number;
  }

  /** A metric's figures over the whole run, or a window of it. What there is not is NaN. */
  export interface Stats {
    readonly count: number;
    readonly sum: number;
    readonly min: number;
    readonly max: number;
    /** Of a gauge only. */
    readonly last: number;
    readonly mean: number;
    /** Of a rate only: the share that was true, from 0 to 1. */
    readonly rate: number;
    readonly perSecond: number;
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly p999: number;
    /** Any quantile, from 0 to 1. */
    quantile(q: number): number;
  }

  export interface Dependency {
    readonly verdict: string;
    readonly output: any;
    readonly errors: readonly string[];
  }

  /** Which run, scenario and node this is. */
  export interface Context {
    readonly run: string;
    readonly scenario: string;
    readonly node: string;
    /** A string of digits if it is too large for a number. */
    readonly seed: number | string;
    /** Of each scenario that this one waited for: its verdict and what it gave. */
    readonly dependencies: { readonly [scenario: string]: Dependency };
  }

  /** The iterations so far, as of the last second. */
  export interface Counts {
    started: number;
    succeeded: number;
    failed: number;
    aborted: number;
    /** Arrivals for which no user was free. */
    dropped: number;
  }

  // In the load model.

  /** Starts or stops the difference to `commands.targetUsers`. */
  export function scaleUsers(n: number): void;
  /** Asks for n more users and does not wait for them. */
  export function startUsers(n: number, options?: { interarrivalMs?: number; node?: string }): void;
  /** Stops the n newest users, all if there are fewer, and says how many. `force` leaves no time to finish. */
  export function stopUsers(n: number, options?: { force?: boolean }): number;
  /** Adds n units of work: any idle user takes the next. */
  export function addWork(n: number): void;
  /** Delivers an event once to every user running at this moment. */
  export function sendUserEvents(kind: string, payload?: any): void;
  /** The results that nobody has read yet, at once if there are any, else those that come in time. */
  export function getLatestResults(options?: { timeoutMs?: number; maxResults?: number }): Result[];
  /** Folds results into the aggregate with the script's aggregator, and returns it. */
  export function aggregateResults(results: readonly Result[]): any;
  /** Gives results to the script's verifier, and returns what it finds wrong. */
  export function verifyResults(results: readonly Result[]): string[];
  /**
   * Starts iterations at an even rate from now on, whatever the server does; 0 ends that. Users come from
   * a pool of `users` that may grow up to `maxUsers`; an arrival that finds none is dropped and counted.
   */
  export function setArrivalRate(perSecond: number, options?: { users?: number; maxUsers?: number }): void;
  /** Ends the scenario in an orderly way and fails it. */
  export function fail(reason?: any): never;
  /** A metric's figures: `commands.metrics("http.response_time", { name: "login" }, { window: "10s" }).p95`. */
  export function metrics(name: string, tags?: { [key: string]: string } | null, options?: { window?: string }): Stats;
  /** Tells the displays where the load model is. */
  export function reportProgress(progress: { phase?: string; fraction?: number; remainingMs?: number; rate?: number }): void;
  /**
   * Begins a phase of the load, which has figures of its own: what ends from now on counts in it. A phase
   * that is named again goes on. Thresholds leave out "warm-up" unless they name it.
   */
  export function phase(name: string): void;
  /** Writes a finding into the summary. */
  export function note(message: string): void;

  // In a user.

  /** False once the user has been told to stop. */
  export function isUp(): boolean;
  /** Takes the next unit of work, waiting for it up to `timeoutMs` (1000). */
  export function hasWork(options?: { timeoutMs?: number }): boolean;
  /**
   * Runs one iteration: `start(id, state, ...args)`. It never throws: `exception` says what start threw.
   * Its result is reported by `reportResult`, or by itself at the next run.
   */
  export function run(...args: any[]): Result;
  /** Reports the result of the last `run`, as given; without one, an iteration of its own. */
  export function reportResult(result: Partial<Result>): void;
  export function reportResult(output: any, exception?: Error | Exception | string | null, logs?: string, durationMs?: number): void;
  /** Takes the payloads of the events of a kind that have come, oldest first. */
  export function getEvents(kind: string): any[];
  /** Has `handler` called for each event of a kind, between iterations and in waits. */
  export function onEvent(kind: string, handler: (payload: any) => void): void;

  // On both sides.

  /** In a load model: ends the scenario in an orderly way. In a user: ends this user after its iteration. */
  export function stop(reason?: any): void;
  /**
   * Waits, a number of seconds or a duration such as "250ms". In a user it ends early, and is false, when
   * the user is told to stop.
   */
  export function sleep(time: number | string): boolean | void;

  export interface Commands {
    scaleUsers: typeof scaleUsers;
    startUsers: typeof startUsers;
    stopUsers: typeof stopUsers;
    addWork: typeof addWork;
    sendUserEvents: typeof sendUserEvents;
    getLatestResults: typeof getLatestResults;
    aggregateResults: typeof aggregateResults;
    verifyResults: typeof verifyResults;
    setArrivalRate: typeof setArrivalRate;
    fail: typeof fail;
    metrics: typeof metrics;
    reportProgress: typeof reportProgress;
    note: typeof note;
    isUp: typeof isUp;
    hasWork: typeof hasWork;
    run: typeof run;
    reportResult: typeof reportResult;
    getEvents: typeof getEvents;
    onEvent: typeof onEvent;
    stop: typeof stop;
    sleep: typeof sleep;

    /** Users running now. */
    readonly users: number;
    /** Users asked for that are still on their way. */
    readonly startingUsers: number;
    /** Users asked for. */
    readonly targetUsers: number;
    /** Units of work that no user has taken yet. */
    readonly workLeft: number;
    /** The latest aggregate, null before the first. */
    aggregate: any;
    /** What the verifier has found wrong so far. */
    readonly errors: string[];
    readonly resultsCollected: number;
    readonly counts: Counts;
    /** Milliseconds since the load model was called, or the user started. */
    readonly elapsed: number;
    readonly userId: number;
    readonly context: Context;
  }

  const commands: Commands;
  export default commands;
}

declare module "commands" {
  export * from "runner/commands";
  export { default } from "runner/commands";
}
