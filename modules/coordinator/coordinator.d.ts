/**
 * Coordinators: users that meet in groups, wherever they run.
 *
 * A coordinator is known by its name. Make it at the script's top level: all users get the same one, and the
 * controller finds its actions there.
 */
declare module "runner/coordinator" {
  export interface Event {
    /** Why the group came together: it is complete, nobody joined for the timeout, or the coordinator was reset or stopped. */
    readonly kind: "coordinate" | "timeout" | "reset" | "stop";
    /** How many users the group has. */
    readonly count: number;
  }

  export interface Member<Data = any> {
    readonly id: any;
    readonly data: Data;
  }

  export type Group<Data = any> = ReadonlyArray<Member<Data>> & { readonly event: Event };

  /** An action. It runs on the controller, one at a time. */
  export type Action<Args extends any[]> = (event: Event, ...args: Args) => void | Promise<void>;

  interface Item {
    /**
     * How many joins make a group: a number, a range of which both ends are possible and which is drawn anew
     * for each group, or "all": everybody, but only at a timeout, a reset or the stop.
     */
    users: number | [min: number, max: number] | "all";
    /** Called with each group of the item; several are called in order. */
    run?: Action<any[]> | Action<any[]>[];
    /**
     * What `run` is called with after the event: nothing, the group, or each distinct pair of the group, in a call
     * of its own (with undefined in place of who is missing in a remainder of one or none). "pairs" for
     * `users: 2` unless given, else "group".
     */
    pass?: "event" | "group" | "pairs";
  }

  export interface Coordinator<Data = any> {
    readonly name: string;
    /**
     * Joins, and waits for the group of one item of the plan: the first with a number of users, or the one with
     * the given index. Returns the group's members; `event` says whether it is complete.
     *
     * A user, known by its id, is in a group at most once: if it joins again before the group of another item is
     * complete, its later data count there.
     */
    join(id: any, data?: Data, options?: { item?: number }): Group<Data>;
    /** Joins without waiting. */
    add(id: any, data?: Data): void;
    /** Acts on every item's remainder and starts over; returns when the actions have run. */
    reset(): void;
    /** Acts on every item's remainder and ends: a join is an error from then on. */
    stop(): void;
    status(): { name: string; joins: number; groups: number; waiting: number; failures: number; stopped: boolean };
  }

  /**
   * Gives the coordinator of a name, which the first call with a plan makes. The same plan again gives the same
   * coordinator; another plan is an error. `timeout` counts from the last join: "30s" unless given, Infinity for none.
   */
  export function coordinator<Data = any>(name: string, options?: { plan: Item | Item[]; timeout?: string | number }): Coordinator<Data>;
}
