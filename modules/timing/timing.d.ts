/** Waits and a clock. */
declare module "runner/timing" {
  /** Waits for a number of seconds, or a duration such as "250ms". It ends early only by an interrupt. */
  export function sleep(time: number | string): void;
  /** The same as a promise, beside which other work of the script goes on. */
  export function sleepAsync(time: number | string): Promise<void>;
  /** Milliseconds since 1970, with fractions. It never goes back. */
  export function now(): number;
}
