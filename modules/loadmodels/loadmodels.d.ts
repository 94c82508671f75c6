/**
 * Load models and user loops. Export one as `loadModel` and one as `userLoop`, call them from your own,
 * or combine them with `stages` and `sequence`.
 *
 * Durations are strings with a unit ("250ms", "5s", "2m"). Every model reads all results as they come and
 * gives them to the aggregator and the verifier once every `waitPeriod` ("1s").
 */
declare module "runner/loadmodels" {
  import type { Commands, Context } from "runner/commands";

  /** Drives a scenario; when it returns, users are stopped. */
  export type LoadModel = (commands: Commands, context: Context) => void | Promise<void>;
  /** Decides when a user's next iteration runs; when it returns, the user ends. */
  export type UserLoop = (commands: Commands, context: Context) => void | Promise<void>;

  /**
   * One user, one iteration; again until it succeeds and the verifier finds nothing wrong. If none does
   * within `timeout` ("15s", Infinity for none) the scenario fails. `waitPeriod` is the pause after a failed
   * try: "100ms" at first and twice as long each time up to a second, unless given. The default load model.
   */
  export function runOnce(options?: { timeout?: string | number; waitPeriod?: string }): LoadModel;

  /** Users share a number of iterations. Fails if they take longer than `timeout` ("15s", Infinity for none). */
  export function nIterations(iterations: number, users: number, options?: {
    timeout?: string | number; waitPeriod?: string; skipScaleDown?: boolean;
  }): LoadModel;

  /** Holds users for a number of seconds, counted from when they are ready. */
  export function nSeconds(seconds: number, users: number, options?: {
    waitPeriod?: string; skipScaleDown?: boolean;
  }): LoadModel;

  /** Holds users for a duration (Infinity: until the scenario is stopped), counted from when they are ready. */
  export function constantUsers(users: number, duration: string | number, options?: {
    waitPeriod?: string; skipScaleDown?: boolean;
  }): LoadModel;

  /** Brings the number of users evenly from what it is to `target`, and leaves them running. */
  export function rampUsers(seconds: number, target: number, options?: {
    waitPeriod?: string; skipScaleDown?: boolean;
  }): LoadModel;

  /**
   * Adds users period by period until `threshold` is true, which is asked after every `waitPeriod`. The
   * summary says at how many users that was.
   */
  export function rampUsersToThreshold(options: {
    initialUsers: number;
    /** The aggregate is null before the first results. */
    threshold: (aggregate: any) => boolean;
    /** By default 10 more. */
    nextUsers?: (users: number) => number;
    /** "30s" */
    period?: string;
    /** Ends after so many periods; without it, only at the threshold. */
    periodLimit?: number;
    waitPeriod?: string;
    /** Replaces the aggregate at the end, when the users have gone. */
    updateAggregate?: (users: number, aggregate: any) => any;
    skipScaleDown?: boolean;
  }): LoadModel;

  /** Load models as parts of one shape: the users of a part stay for the next, and stop at the end. */
  export function stages(...models: LoadModel[]): LoadModel;

  /** Load models one after another, each as if it were alone. */
  export function sequence(...models: LoadModel[]): LoadModel;

  /**
   * Open model: iterations start on their planned times whatever the server does. An arrival that finds no
   * idle user starts one, up to `maxUsers`; beyond that it is dropped and counted.
   */
  export function constantArrivalRate(options: {
    /** Arrivals per `per`; may be a fraction. */
    rate: number;
    /** "1s" */
    per?: string;
    duration: string | number;
    /** Ready from the start; by default as many as a second brings. */
    users?: number;
    /** By default as many as 10 seconds bring, from 100 to 10,000. */
    maxUsers?: number;
    waitPeriod?: string;
  }): LoadModel;

  /** Open model whose rate changes evenly from stage to stage; a stage of "0s" changes it at once. */
  export function rampingArrivalRate(options: {
    /** 0 */
    startRate?: number;
    per?: string;
    stages: { target: number; duration: string }[];
    users?: number;
    maxUsers?: number;
    waitPeriod?: string;
  }): LoadModel;

  /** An iteration for each unit of work. */
  export function whileHasWork(options?: { pollingTimeout?: string }): UserLoop;

  /** One iteration after another. */
  export function whileAlive(): UserLoop;

  /** No more than `limit` iterations a second of each user, evenly spaced; may be a fraction. */
  export function iterationsPerSecondLimited(limit: number): UserLoop;

  /** An iteration every `period`, counted from start to start; one that takes longer is followed at once. */
  export function paced(period: string): UserLoop;

  /** An iteration, a pause, an iteration, …; with `times`, so many in all. */
  export function repeatAfter(pause: string, options?: { times?: number }): UserLoop;
}
