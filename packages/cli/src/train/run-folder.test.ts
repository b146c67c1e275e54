import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeRunFolder } from './run-folder.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatewise-runs-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('takes the first free number, also when runs start together', async () => {
  const runs = join(folder, 'a', 'runs');
  const made = await Promise.all([1, 2, 3, 4].map(() => makeRunFolder(runs, 'lstm-seed1', undefined)));
  expect(made.map(({ name }) => name).sort()).toEqual([1, 2, 3, 4].map((n) => `lstm-seed1-${n}`));
  expect((await readdir(runs)).length).toBe(4);
});

it('takes a name once', async () => {
  const runs = join(folder, 'b');
  expect(await makeRunFolder(runs, 'lstm', 'mine')).toEqual({ name: 'mine', path: join(runs, 'mine') });
  await expect(makeRunFolder(runs, 'lstm', 'mine')).rejects.toThrow(/GW_RUN_EXISTS: got --name mine/);
});

it('says why there can be no folder', async () => {
  const runs = join(folder, 'file');
  await writeFile(runs, '');
  for (const name of [undefined, 'mine']) {
    await expect(makeRunFolder(runs, 'lstm', name)).rejects.toThrow(/GW_RUN_FOLDER: could not make/);
  }
});
