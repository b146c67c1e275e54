import type { Runner } from '@gatewise/testing';

/** A test of the page; `body` is null where the suite itself skips it. */
export interface PageTest {
  readonly name: string;
  readonly body: (() => void | Promise<void>) | null;
}

/** Runs suites with a runner that only notes their tests, by their whole names. */
export function collect(suites: (runner: Runner) => void): PageTest[] {
  const tests: PageTest[] = [];
  const path: string[] = [];
  const add = (name: string, body: PageTest['body']) =>
    tests.push({ name: [...path, name].join(' > '), body });
  const it = (name: string, body: () => void | Promise<void>) => add(name, body);
  it.skip = (name: string) => add(name, null);
  const describe = (name: string, body: () => void) => {
    path.push(name);
    body();
    path.pop();
  };
  suites({ describe, it });
  return tests;
}
