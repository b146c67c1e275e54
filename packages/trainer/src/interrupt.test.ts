import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../test/interrupted.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A real process that trains without end. */
function start(mode: string) {
  const args = ['-C', 'gatewise-source', '--import', 'tsx', program, mode];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [out, err] = ['', ''];
  child.stderr.on('data', (data) => {
    err += data;
  });
  const waiting: { readonly text: string; readonly done: () => void }[] = [];
  child.stdout.on('data', (data) => {
    out += data;
    for (const { text, done } of waiting) if (out.includes(text)) done();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.on('exit', (code, signal) => done({ code, signal })),
  );
  return {
    /** Once the process has said this; it fails where it ends before. */
    until: (text: string) =>
      new Promise<void>((done, fail) => {
        if (out.includes(text)) done();
        waiting.push({ text, done });
        ended.then(() =>
          out.includes(text) ? done() : fail(new Error(`ended before "${text}":\n${out}${err}`)),
        );
      }),
    press: () => child.kill('SIGINT'),
    ended,
    said: () => out.trim().split('\n'),
    warned: () => err,
  };
}
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe.skipIf(process.platform === 'win32')('Ctrl-C in a real process', () => {
  it('once ends the epoch in order, validated and saved, and leaves no listener', async () => {
    const run = start('once');
    await run.until('training');
    run.press();
    run.press(); // as a launcher passes it on
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.said()).toEqual([
      'training, 1 listening',
      'validation',
      'epoch with a score',
      'saved, stopped',
      'stopped: interrupted',
      '0 listening',
    ]);
    expect(run.warned()).toContain(
      'gatewise: ending this epoch in order after the step under way; Ctrl-C again',
    );
  });

  it('twice ends the process at once, with exit code 130', async () => {
    const run = start('twice');
    await run.until('training');
    run.press();
    await run.until('validation');
    await pause(600); // or it counts as the first, passed on
    run.press();
    expect(await run.ended).toEqual({ code: 130, signal: null });
    expect(run.said()).toEqual(['training, 1 listening', 'validation']);
  });

  it('is left to a program that listens itself', async () => {
    const run = start('own');
    await run.until('training');
    run.press();
    await run.until('own handler');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.said().slice(-2)).toEqual(['stopped: maxTime 1 is over', '1 listening']);
  });

  it('ends the process as ever with interruptible: false', async () => {
    const run = start('off');
    await run.until('training, 0 listening');
    run.press();
    expect(await run.ended).toEqual({ code: null, signal: 'SIGINT' });
  });
});
