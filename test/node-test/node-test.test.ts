import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = fileURLToPath(new URL('program.ts', import.meta.url));

/** Runs the suites under `node --test`; gives what its TAP says at the end. */
function nodeTest(env: Record<string, string> = {}) {
  const args = ['-C', 'gatewise-source', '--import', 'tsx', '--test', '--test-reporter=tap', program];
  // NODE_TEST_CONTEXT and VITEST are of the runner around this one
  const { NODE_TEST_CONTEXT: _, VITEST: __, ...rest } = process.env;
  const { stdout, status } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...rest, ...env },
  });
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
  return { status, stdout, pass: count('pass'), fail: count('fail'), skipped: count('skipped') };
}

describe('the suites under node --test', () => {
  it('pass, and show what is left out', () => {
    const { status, stdout, pass, fail, skipped } = nodeTest();
    expect({ status, fail, skipped }, stdout).toEqual({ status: 0, fail: 0, skipped: 1 });
    expect(pass).toBeGreaterThan(40);
    expect(stdout).toContain('ids (not supported: left out here)');
  });

  it('notice a wrong backward', () => {
    const { status, stdout } = nodeTest({ FAULT: '1' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/not ok \d+ - its backward is the derivative of its forward/);
    expect(stdout).toMatch(/^not ok 1 - cell gru$/m);
  });
});
