/** The settings that a script declares with `export const variables`. */
declare module "runner/variables" {
  /**
   * The variables by name, with the values that hold in this run. Reading a name that the script did
   * not declare throws; writing always does.
   */
  const variables: { readonly [name: string]: any };
  export default variables;
}
