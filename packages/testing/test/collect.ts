import type { Runner } from '../src/runner.js';

/** A runner that runs a suite at once and gives the names of the tests that failed, with why. */
export async function failures(suite: (runner: Runner) => void): Promise<Record<string, string>> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  const path: string[] = [];
  const it = (name: string, body: () => void | Promise<void>) => {
    tests.push({ name: [...path, name].join(' > '), body });
  };
  const describe = (name: string, body: () => void) => {
    path.push(name);
    body();
    path.pop();
  };
  suite({ describe, it });
  const failed: Record<string, string> = {};
  for (const { name, body } of tests) {
    try {
      await body();
    } catch (error) {
      failed[name] = String(error);
    }
  }
  if (tests.length === 0) throw new Error('the suite has no tests');
  return failed;
}
