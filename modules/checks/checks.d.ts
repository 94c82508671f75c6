/** Assertions that are counted, and groups. */
declare module "runner/checks" {
  /**
   * Runs each predicate on the value, counts it in the metric `checks` under its name, and says whether all
   * held. A check that fails does not fail the iteration; one that throws has failed, and its exception
   * goes on. Predicates are synchronous: await the value first.
   */
  export function check<T>(
    value: T,
    checks: { [name: string]: ((value: T) => unknown) | boolean },
    tags?: { [key: string]: string },
  ): boolean;

  /**
   * Runs a function with its name as the tag `group` of everything that is recorded meanwhile, and gives
   * what it returns. Groups within groups are "outer/inner". The group of an async function lasts until its
   * promise is settled; such groups must not overlap.
   */
  export function group<T>(name: string, fn: () => T): T;
}
