import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { modelFolder } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-folder-'));
afterAll(() => rmSync(root, { recursive: true }));
const path = (name: string) => join(root, name);
const files = (folder: string) => readdirSync(folder).sort();

/** Weights alone: n floats of one value. */
const weights = (value: number, n = 4): tf.io.ModelArtifacts => ({
  weightSpecs: [{ name: 'w', shape: [n], dtype: 'float32' }],
  weightData: Float32Array.from({ length: n }, () => value).buffer,
});
const saved = async (folder: string) =>
  new Float32Array((await modelFolder(folder).load()).weightData as ArrayBuffer)[0];

/** Runs code in a process of its own, with `write(folder)` at hand: it writes the files of the folder `next`. */
function child(code: string, next: string, prefix: readonly string[] = []) {
  const source = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    import { writeFolder } from './src/folder.ts';
    const files = {};
    for (const name of ['model.json', 'weights.bin']) files[name] = await fs.readFile(${JSON.stringify(next)} + '/' + name);
    const write = (folder) => writeFolder(folder, files);
    ${code}`;
  const node = [
    process.execPath,
    '-C',
    'gatewise-source',
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    source,
  ];
  const [command = '', ...args] = [...prefix, ...node];
  const options = { cwd: join(import.meta.dirname, '..'), env: { ...process.env, TSX_DISABLE_CACHE: '1' } };
  return new Promise<{ killed: boolean; stdout: string; stderr: string }>((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ killed: error?.signal === 'SIGKILL', stdout, stderr }),
    );
  });
}

describe('a write that fails', () => {
  it('below a file: GW_CHECKPOINT_WRITE', async () => {
    writeFileSync(path('file'), '');
    await expect(modelFolder(path('file/model')).save(weights(1))).rejects.toThrow(
      /GW_CHECKPOINT_WRITE: got (ENOTDIR|EEXIST) on writing ".*model".*a part of the path is a file/,
    );
    await expect(modelFolder(path('file')).save(weights(1))).rejects.toThrow(
      'GW_CHECKPOINT_WRITE: got ENOTDIR',
    );
    expect(existsSync(path('file'))).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'midway, at the limit of the disk: what was there still loads',
    async () => {
      const folder = path('limited/last');
      await modelFolder(folder).save(weights(1));
      await modelFolder(path('large')).save(weights(2, 1e5));
      const limit = ['bash', '-c', 'ulimit -f 8; exec "$0" "$@"'];
      const code = `await write(${JSON.stringify(folder)}).catch((error) => process.stdout.write(error.message));`;
      const { stdout, stderr } = await child(code, path('large'), limit);
      expect(stdout, stderr).toMatch(/^GW_CHECKPOINT_WRITE: got EFBIG on writing .* is untouched$/);
      expect(await saved(folder)).toBe(1);
      expect(files(path('limited'))).toEqual(['last']);
    },
  );

  /** Writes in a process that is killed before its call number `at` of the file system; false where it makes fewer. */
  const writeAndDie = async (folder: string, at: number) => {
    const code = `
      let calls = 0;
      for (const name of ['mkdir', 'open', 'rename', 'rm']) {
        const call = fs[name];
        fs[name] = (...args) => {
          if (++calls === ${at}) process.kill(process.pid, 'SIGKILL');
          return call(...args);
        };
      }
      syncBuiltinESMExports();
      await write(${JSON.stringify(folder)});
      process.stdout.write('written');`;
    const { killed, stdout, stderr } = await child(code, path('next'));
    expect(killed || stdout === 'written', stderr).toBe(true);
    return killed;
  };

  it.each([
    ['an ordinary folder', 'last'],
    ['a folder that an earlier kill left aside', 'last.old'],
  ])(
    'at any call, by a kill, on %s: the old or the new one loads, and the next write goes on',
    async (what, name) => {
      const seen = new Set<number | undefined>();
      await modelFolder(path('next')).save(weights(2));
      const attempt = async (at: number) => {
        const parent = path(`${what}-${at}`);
        const folder = join(parent, 'last');
        await modelFolder(folder).save(weights(1));
        renameSync(folder, join(parent, name));
        const killed = await writeAndDie(folder, at);
        seen.add(await saved(folder));
        await modelFolder(folder).save(weights(3));
        expect(await saved(folder)).toBe(3);
        expect(files(parent)).toEqual(['last']);
        return killed;
      };
      const killed = await Promise.all(Array.from({ length: 14 }, (_, at) => attempt(at + 1)));
      // All its calls were tried: the last attempts came through.
      expect(killed.lastIndexOf(true)).toBe(killed.indexOf(false) - 1);
      expect(seen).toEqual(new Set([1, 2]));
    },
  );
});
