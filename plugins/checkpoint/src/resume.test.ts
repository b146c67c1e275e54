import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleLogger, definePlugin, type Json, memoryStore, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { Container } from 'inversify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from './index.js';
import { cause, checkpoints, files, load, run } from './test-support/countdown.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-resume-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));

/** A container whose messages are kept. */
function listening() {
  const said: string[] = [];
  const container = new Container();
  const add = (message: string) => void said.push(message);
  container.bind(Tokens.Logger).toConstantValue({ info: add, warn: add });
  return { said, container };
}

describe('resume', () => {
  const counter = definePlugin('counter', (seen: { counts: number[] }) => {
    let count = 0;
    return {
      onBatchEnd: () => {
        seen.counts.push(++count);
      },
      saveState: () => count,
      loadState: (state: Json) => {
        count = state as number;
      },
    };
  });

  it('begins where there is nothing, then goes on: weights, epochs, states of plugins', async () => {
    const folder = fresh();
    const { said, container } = listening();
    const [first, second] = [{ counts: [] as number[] }, { counts: [] as number[] }];
    await run([3, 1], { folder, resume: true }, { plugins: [counter(first)], container });
    const weights = await run(
      [3, 1, 4, 5],
      { folder, resume: true },
      { plugins: [counter(second)], container },
    );
    expect(first.counts).toEqual([1, 2, 3, 4]);
    expect(second.counts).toEqual([5, 6, 7, 8]);
    expect(weights).toEqual([-8, 92]);
    expect(await load(folder, 'best')).toMatchObject({ epochs: 2, monitored: { value: 1 } });
    expect(said).toEqual([
      `no checkpoint in "${folder}": beginning`,
      `going on from "${folder}/step-000000004-epoch-2"`,
    ]);
    // it is done: nothing is trained, nothing written
    const before = files(folder);
    expect(await run([3, 1, 4, 5], { folder, resume: true })).toEqual([-8, 92]);
    expect(files(folder)).toEqual(before);
  });

  it('goes on within an epoch', async () => {
    const folder = fresh();
    const seen = { counts: [] as number[] };
    await run([1, 1], { folder, resume: true }, { steps: 3, plugins: [counter(seen)] });
    expect(await readCheckpoint(folder)).toMatchObject({ epochs: 1, steps: 3 });
    const again = { counts: [] as number[] };
    expect(await run([1, 1], { folder, resume: true }, { plugins: [counter(again)] })).toEqual([-4, 96]);
    expect(again.counts).toEqual([4]);
  });

  it('goes on from the best, and removes what came after it', async () => {
    const folder = fresh();
    await run([3, 1, 2, 2], { folder });
    expect(await run([3, 1, 4], { folder, resume: 'best', keepLast: 9 })).toEqual([-6, 94]);
    expect(checkpoints(folder)).toEqual(['step-000000004-epoch-2', 'step-000000006-epoch-3']);
  });

  it('refuses a run of another model, optimizer or seed', async () => {
    const folder = fresh();
    await run([1], { folder });
    expect(await cause(run([1, 1], { folder, resume: true }, {}, 3))).toMatch(
      /^GW_RESUME_MODEL: got the weight "w" \[3\] float32, wanted \[2\] float32, as saved/,
    );
    const optimizer = tf.train.momentum(1, 0.5);
    expect(await cause(run([1, 1], { folder, resume: true }, { optimizer }))).toMatch(
      /^GW_RESUME_OPTIMIZER: got optimizer.name "Momentum", wanted "SGD", as saved/,
    );
    expect(await cause(run([1, 1], { folder, resume: true }, { optimizer: tf.train.sgd(2) }))).toMatch(
      /^GW_RESUME_OPTIMIZER: got optimizer.options.learningRate 2, wanted 1, as saved/,
    );
    expect(await cause(run([1, 1], { folder, resume: true }, { seed: 5 }))).toMatch(
      /^GW_RESUME_OPTIONS: got seed 5, wanted 0, as saved/,
    );
  });
});

describe('a damaged checkpoint', () => {
  it.each([
    [
      'tensors with a flipped bit',
      'safetensors',
      (data: Buffer) => data.fill(data.at(-1)! ^ 1, data.length - 1),
    ],
    ['cut tensors', 'safetensors', (data: Buffer) => data.subarray(0, data.length - 5)],
    [
      'JSON with another number',
      'json',
      (data: Buffer) => Buffer.from(String(data).replace('"step": 4', '"step": 5')),
    ],
    ['checksums of another kind', 'sha256', () => Buffer.from('abc\n')],
    ['no checksum of a file', 'sha256', (data: Buffer) => data.subarray(0, data.indexOf('\n') + 1)],
  ])('%s: it is said, and the one before is taken', async (_, ending, damage) => {
    const folder = fresh();
    const { said, container } = listening();
    await run([1, 2], { folder, keepLast: 3 });
    const path = join(folder, `step-000000004-epoch-2.${ending}`);
    writeFileSync(path, damage(readFileSync(path)));
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    expect(await load(folder)).toMatchObject({ epochs: 1, steps: 2 });
    expect(warn.mock.calls.flat().join()).toContain('the checkpoint step-000000004-epoch-2 is passed over');
    warn.mockRestore();
    expect(await run([1, 2, 3], { folder, resume: true }, { container })).toEqual([-6, 94]);
    expect(said[0]).toMatch(
      new RegExp(
        `^the checkpoint step-000000004-epoch-2 is passed over: GW_CHECKPOINT_CORRUPT: .*epoch-2.${ending}`,
      ),
    );
    expect(said[1]).toBe(`going on from "${folder}/step-000000002-epoch-1"`);
    expect(await load(folder)).toMatchObject({ epochs: 3, steps: 6 });
  });

  it('is an error where there is no other', async () => {
    const folder = fresh();
    await run([1], { folder });
    writeFileSync(join(folder, 'step-000000002-epoch-1.safetensors'), 'x');
    const warn = vi.spyOn(consoleLogger, 'warn').mockImplementation(() => {});
    expect(await cause(run([1, 1], { folder, resume: true }))).toMatch(/^GW_CHECKPOINT_CORRUPT: got sha256/);
    await expect(readCheckpoint(folder)).rejects.toThrow(/^GW_CHECKPOINT_CORRUPT/);
    warn.mockRestore();
  });

  it('is not there yet, or no longer, without its checksums: no word is lost about it', async () => {
    const folder = fresh();
    const { said, container } = listening();
    await run([1, 2], { folder });
    rmSync(join(folder, 'step-000000004-epoch-2.sha256'));
    expect(await run([1, 2], { folder, resume: true }, { container })).toEqual([-4, 96]);
    expect(said).toEqual([`going on from "${folder}/step-000000002-epoch-1"`]);
  });
});

it('works on a store of the caller’s', async () => {
  const store = memoryStore();
  const container = new Container();
  container.bind(Tokens.Store).toConstantValue(store);
  container.bind(Tokens.Clock).toConstantValue({ now: () => 0, elapsed: () => 0 });
  await run([2, 1], { folder: 'a/b/', resume: true }, { container });
  expect(await store.list('a/b')).toHaveLength(6);
  expect(await readCheckpoint('a/b', 'best', store)).toMatchObject({
    name: 'step-000000004-epoch-2',
    written: '1970-01-01T00:00:00.000Z',
  });
  expect(await run([2, 1, 5], { folder: 'a/b', resume: true }, { container })).toEqual([-6, 94]);
});
