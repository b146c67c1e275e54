/** What a suite needs of a test runner: vitest, node:test and mocha all have it. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it: RegisterTest & { skip?: RegisterTest };
}
type RegisterTest = (name: string, body: () => void | Promise<void>) => unknown;

/** Registers a test that shows up as skipped, with its reason, where the runner can show it. */
export function skip({ it }: Runner, name: string, reason: string): void {
  it.skip?.(`${name} (not supported: ${reason})`, () => {});
}
