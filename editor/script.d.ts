/**
 * What a scenario script exports, as types. There is nothing to run in it: in TypeScript it is imported with
 * `import type`, in JavaScript it is named in comments:
 *
 *     // @ts-check, with a JSDoc comment before the export: @type {import("runner/script").Options}
 *     export const options = { gracefulStop: "10s" };
 */
declare module "runner/script" {
  import type { Context, Result } from "runner/commands";
  import type { Auth } from "runner/http";
  import type { LoadModel, UserLoop } from "runner/loadmodels";

  export type { Commands, Context, Counts, Dependency, Exception, Result, Stats } from "runner/commands";
  export type { LoadModel, UserLoop } from "runner/loadmodels";

  /** A time with its unit: "250ms", "5s", "2m", "1h30m". */
  export type Duration = string;

  /** One iteration of user `id`. What it returns is the result's output; a throw makes the result a failure. */
  export type Start<State = any, Output = any> = (id: number, state: State, ...args: any[]) => Output | Promise<Output>;
  /** Once on every node, before its first user. What it returns is the state. */
  export type Init<State = any> = (context: Context) => State | Promise<State>;
  /** Every `continueInterval`; exported together with terminate. */
  export type Continue<State = any> = (state: State) => Verdict | Promise<Verdict>;
  /** true, undefined or "continue": go on; `stop`: an orderly end; `fail`: an orderly end that fails the run. */
  export type Verdict = true | undefined | void | "continue" | { stop: any } | { fail: any };
  /** Once on every node, after its last user has gone. `reason` is null at a normal end. */
  export type Terminate<State = any> = (reason: any, state: State) => void | Promise<void>;
  /** Folds the latest results into the aggregate; `previous` is null at first. */
  export type Aggregator<Aggregate = any, Output = any> =
    (previous: Aggregate | null, latest: readonly Result<Output>[]) => Aggregate | Promise<Aggregate>;
  /** Says what is wrong with the latest results. */
  export type Verifier<Output = any> =
    (latest: readonly Result<Output>[]) => string[] | void | null | Promise<string[] | void | null>;
  /** Makes of the last aggregate what is printed, stored and handed to dependents. */
  export type OutputTransformer<Aggregate = any> = (aggregate: Aggregate) => any;

  /** A whole scenario, as in `export default { … } satisfies Scenario` or in `scenarios`. */
  export interface Scenario<State = any, Output = any, Aggregate = any> {
    start: Start<State, Output>;
    init?: Init<State>;
    continue?: Continue<State>;
    terminate?: Terminate<State>;
    loadModel?: LoadModel;
    userLoop?: UserLoop;
    aggregator?: Aggregator<Aggregate, Output>;
    /** null switches the default verifier off. */
    verifier?: Verifier<Output> | null;
    outputTransformer?: OutputTransformer<Aggregate>;
    options?: Options;
    /** Scenarios that must have passed before this one starts. */
    dependsOn?: string | string[];
    /** For `runner run --tag`. */
    tags?: string | string[];
  }

  /** Several scenarios in one script, by name. */
  export interface Scenarios {
    [name: string]: Scenario;
  }

  /** The settings that a script can be given from outside, by name. */
  export interface Variables {
    [name: string]: Variable;
  }

  export interface Variable<Value = any> {
    /** What holds unless it is set; its type is that of the variable. */
    default?: Value;
    description?: string;
    /** A list of the values that are allowed, or a function: true, false, or what is wrong. */
    verify?: readonly Value[] | ((value: Value) => boolean | string);
  }

  /** A share: 0.95 or "95%". */
  export type Share = number | string;

  export interface Options {
    /** How long a user that is told to stop may finish its iteration; "30s". */
    gracefulStop?: Duration;
    /** An iteration that takes longer is interrupted and has failed; none unless set. */
    iterationTimeout?: Duration;
    /** "60s" */
    initTimeout?: Duration;
    /** "60s" */
    terminateTimeout?: Duration;
    /** For one call of a function on the controller; "60s". */
    scriptTimeout?: Duration;
    /** "60s" */
    continueInterval?: Duration;
    /** What ends within it counts in the phase "warm-up", which thresholds leave out. */
    warmUp?: Duration;
    /** How many results wait for a load model that does not read them; 250,000. */
    maxUnreadResults?: number;
    /** Limits on figures, by metric: `{ "http.response_time{name:login}": "p(95) < 200ms" }`. */
    thresholds?: { [metric: string]: string | Threshold | (string | Threshold)[] };
    /** When the generator itself counts as the bottleneck; false switches a rule off. */
    generatorLimits?: {
      lateness?: Duration | false;
      stalls?: Share | false;
      cpu?: Share | false;
      descriptors?: Share | false;
      ports?: Share | false;
      errors?: number | false;
      drops?: Share | false;
    };
    /** Defaults of all requests. */
    http?: HTTPDefaults;
  }

  export interface Threshold {
    check: string;
    /** End the run at once when it breaks. */
    abort?: boolean;
    /** Judge only after so long. */
    after?: Duration;
    /** Judge the last so much, at least "1s", in place of the whole run. */
    window?: Duration;
    /** It is no fault that there were no values. */
    optional?: boolean;
    phase?: string | string[];
    exceptPhase?: string | string[];
  }

  export interface HTTPDefaults {
    /** What relative URLs are relative to. */
    baseURL?: string;
    headers?: Record<string, string | number | boolean | (string | number | boolean)[] | null>;
    timeout?: Duration | number;
    connectTimeout?: Duration | number;
    idleTimeout?: Duration | number;
    redirects?: number | false;
    /** Whether cookies outlive an iteration; "keep". */
    cookies?: "keep" | "iteration" | "off";
    newConnection?: "iteration" | "request";
    throws?: boolean;
    expect?: number | string | (number | string)[];
    /** Drop bodies unread. */
    discardBodies?: boolean;
    maxBodySize?: number | string;
    responseType?: "text" | "binary" | "none";
    compression?: boolean | string;
    auth?: Auth | null;
    tags?: Record<string, string | number | boolean>;
    /** A unix socket to connect to. */
    socket?: string;
    /** Send a request anew when a connection that was kept proves to be closed. */
    retry?: boolean;
    /** Addresses of hosts: `{ "api.test": "127.0.0.1:8080" }`. */
    hosts?: Record<string, string>;
    dnsTTL?: Duration | number;
    dnsServer?: string;
    localAddresses?: string | string[];
    version?: "auto" | "1.1" | "2";
    proxy?: string | { url: string; except?: string | string[] } | false;
    tls?: {
      /** PEM, or the name of a file of it. */
      ca?: string | string[];
      cert?: string;
      key?: string;
      serverName?: string;
      minVersion?: "1.0" | "1.1" | "1.2" | "1.3";
      maxVersion?: "1.0" | "1.1" | "1.2" | "1.3";
      ciphers?: string | string[];
      insecure?: boolean;
      resumption?: boolean;
    };
  }
}
