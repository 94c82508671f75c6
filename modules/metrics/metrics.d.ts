/**
 * Metrics of a script's own. They stand beside runner's in every output, and `commands.metrics(name)` looks
 * them up. A name is of letters, digits, `_`, `.` and `-`; two metrics of one name must be of one kind and
 * unit.
 */
declare module "runner/metrics" {
  export interface MetricOptions {
    /** "ms", "bytes", …; "1" unless given. */
    unit?: string;
  }
  export interface Tags {
    [key: string]: string | number | boolean;
  }

  /** A sum. */
  export class Counter {
    constructor(name: string, options?: MetricOptions);
    readonly name: string;
    /** Adds 1, or a number of at least 0. */
    add(value?: number, tags?: Tags): void;
  }

  /** The last value, with the smallest and the largest. */
  export class Gauge {
    constructor(name: string, options?: MetricOptions);
    readonly name: string;
    add(value: number, tags?: Tags): void;
  }

  /** How many of all were true. */
  export class Rate {
    constructor(name: string, options?: MetricOptions);
    readonly name: string;
    /** A number counts as true unless it is 0. */
    add(value: boolean | number, tags?: Tags): void;
  }

  /** A distribution: mean, percentiles, smallest and largest. */
  export class Trend {
    constructor(name: string, options?: MetricOptions);
    readonly name: string;
    add(value: number, tags?: Tags): void;
  }
}
