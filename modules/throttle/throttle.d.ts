/**
 * Throttles: limits that all users of a scenario share, wherever they run.
 *
 * A throttle is known by its name. Make it at the script's top level: users, the load model and `init` all
 * get the same one.
 */
declare module "runner/throttle" {
  /** A duration with a unit, such as "250ms", "5s" or "2m". */
  type Duration = string;

  export type ThrottleSettings =
    /**
     * So many permits in each interval ("1s" unless given), evenly spread. 0 pauses, Infinity unlocks. In no
     * window of one interval do more than `rate` leave (of a fraction, the next whole number).
     */
    | { rate: number; interval?: Duration }
    /** The distance between two permits: "10ms" is a rate of 100 per second. */
    | { interarrival: Duration | number }
    /** How many may hold a permit at once. */
    | { parallel: number };

  export interface ThrottleStatus {
    readonly name: string;
    /** Permits per interval; null for a throttle with a number of parallel ones. */
    readonly rate: number | null;
    readonly intervalMs: number | null;
    readonly parallel: number | null;
    readonly paused: boolean;
    readonly stopped: boolean;
    /** The gradual change under way. */
    readonly plan: { from: number; to: number; step: number; steps: number; stepIntervalMs: number } | null;
    /** How many permits were asked for, and given, so far. */
    readonly requested: number;
    readonly permitted: number;
    /** How many wait for a permit, and hold one of a number of parallel ones, now. */
    readonly waiting: number;
    readonly held: number;
  }

  export interface Throttle {
    readonly name: string;
    /**
     * Waits for a permit, first come first served. Throws when the throttle is stopped. Not for a throttle
     * with a number of parallel permits, which `run` gives back.
     */
    wait(): void;
    /** Waits for a permit, calls the function, gives the permit back if it is a parallel one, and returns what the function did. */
    run<T>(fn: () => T): T;
    /** Sets another rate, or another number of parallel permits. A rate without an interval keeps the interval. It ends a gradual change; a paused throttle stays paused. */
    changeRate(settings: ThrottleSettings): ThrottleStatus;
    /**
     * Changes the rate in `steps` even steps, which are steps + 1 rates: `from` at once, `to` at the end. With
     * a `duration` alone, there is a step every 100 ms. It replaces a gradual change that is under way.
     */
    changeRateGradually(plan: {
      from: number;
      to: number;
      interval?: Duration;
      steps?: number;
      stepInterval?: Duration;
      duration?: Duration;
    }): ThrottleStatus;
    /** Holds all permits until `resume`; a gradual change goes on meanwhile. Pausing twice changes nothing. */
    pause(): ThrottleStatus;
    /** Ends `pause`, and does nothing to a throttle that runs. */
    resume(): ThrottleStatus;
    /** Lets everybody through until the rate is changed. */
    unlock(): ThrottleStatus;
    /** Ends the throttle: whoever waits, and whoever waits later, gets an error. */
    stop(): ThrottleStatus;
    status(): ThrottleStatus;
  }

  /**
   * Gives the throttle of a name, which the first call with settings makes. The same settings again give the
   * same throttle; other settings are an error.
   */
  export function throttle(name: string, settings?: ThrottleSettings): Throttle;
}
