import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sampleCommand } from '../sample.js';
import { trainCommand } from './command.js';
import type { Result } from './tell.js';

let folder = '';
let book = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatewise-cli-'));
  book = join(folder, 'book.txt');
  await writeFile(book, 'the whale and the sea, the sea and the whale. '.repeat(60));
});
afterAll(() => rm(folder, { recursive: true }));

const small = '--backend cpu --units 8 --batch 2 --time 5 --held-out 100 --sample 12';
const silent = { say: () => {}, print: () => {}, progress: { write: () => {} } };

/** `gatewise train`, as far as its result. */
async function train(...args: string[]): Promise<Result> {
  let result: Result | undefined;
  const done = (made: Result) => {
    result = made;
  };
  const command = trainCommand('train', { ...silent, done })
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: 'user' });
  return result as Result;
}
const begin = (name: string, ...more: string[]) =>
  train(book, ...small.split(' '), '--runs', join(folder, 'runs'), '--name', name, ...more);

describe('gatewise train', () => {
  it('goes on to the same bits, from another text refuses', async () => {
    const whole = await begin('whole', '--steps', '12');
    const half = await begin('half', '--steps', '7');
    expect(half.loss).not.toBe(whole.loss);
    const rest = await train('--resume', half.folder, '--steps', '12');
    expect(rest).toMatchObject({ name: 'half', steps: 12, loss: whole.loss, bits: whole.bits });
    expect(rest.samples).toEqual(whole.samples);
    const weights = ({ folder }: Result) => readFile(join(folder, 'model', 'weights.bin'));
    expect(Buffer.compare(await weights(rest), await weights(whole))).toBe(0);

    const other = join(folder, 'other.txt');
    await writeFile(other, 'another text');
    await expect(train(other, '--resume', half.folder)).rejects.toThrow(/^GW_RUN_TEXT: .*another text/);
    await expect(train('--resume', half.folder, '--units', '9')).rejects.toThrow(/got units with --resume/);
  });

  it('says what is wrong with its arguments', async () => {
    await expect(train('--steps', '3')).rejects.toThrow(/got no file/);
    await expect(train(join(folder, 'none.txt'))).rejects.toThrow(/^GW_RUN_TEXT: could not read .*none\.txt/);
    await expect(train('--resume', folder)).rejects.toThrow(/^GW_RUN_MISSING: /);
  });

  it.each(['--seed=-1', '--seed=1.5', '--steps=0', '--steps=many', '--minutes=0', '--minutes=soon'])(
    'refuses %s',
    (option) => expect(train(book, option)).rejects.toThrow(/argument '.*' is invalid. Wanted a/),
  );

  it.each(['../there', '.hidden', 'a/b'])('refuses the name %s', (name) =>
    expect(train(book, '--name', name)).rejects.toThrow(/Wanted letters, digits/),
  );
});

describe('gatewise sample', () => {
  const sample = async (...args: string[]) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await sampleCommand().exitOverride().parseAsync(args, { from: 'user' });
      return String(log.mock.calls.at(-1)?.[0]);
    } finally {
      log.mockRestore();
    }
  };

  it('goes on with a text by the model of a run', async () => {
    const { folder: run } = await begin('sampled', '--steps', '4');
    const text = await sample(run, '--prompt', 'the sea', '--length', '30', '--seed', '2');
    expect(text).toMatch(/^the sea.{30}$/su);
    expect(await sample(run, '--prompt', 'the sea', '--length', '30', '--seed', '2')).toBe(text);
    const json = JSON.parse(await sample(run, '--json', '--top-k', '1', '--seed', '5'));
    expect(json).toMatchObject({ prompt: 'the whale ', topK: 1, seed: 5, backend: 'cpu' });
    expect(json.text).toBe(await sample(run, '--temperature', '0'));
  });

  it('says what is no run', async () => {
    await expect(sample(folder)).rejects.toThrow(/^GW_RUN_MISSING: /);
  });
});
