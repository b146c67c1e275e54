/** Where a run's time has gone so far: `Tokens.Times`. */
export interface Times {
  /**
   * By part: `data`, `forward and backward`, `update`, `validation`, `plugin <name>` for its hooks, `rest`. Each has what it spent
   * itself, without parts inside it, so they add up to the run. On a GPU a step's parts count what it takes to enqueue them, and
   * whoever reads a number waits for the rest.
   */
  read(): Readonly<Record<string, PartTime>>;
}
export interface PartTime {
  readonly ms: number;
  /** How often it ran. */
  readonly count: number;
}
