import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-model-'));
const path = (name: string) => join(root, name);
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(root, { recursive: true }));

const model = () =>
  tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'ones', name: 'head' })],
  });
const predict = async (m: tf.LayersModel) => [
  ...(await (m.predict(tf.tensor2d([[1, 2]])) as tf.Tensor).data()),
];
const files = (folder: string) => readdirSync(folder).sort();

/** Weights alone: n floats of one value. */
const weights = (value: number, n = 4): tf.io.ModelArtifacts => ({
  weightSpecs: [{ name: 'w', shape: [n], dtype: 'float32' }],
  weightData: Float32Array.from({ length: n }, () => value).buffer,
});
const saved = async (folder: string) =>
  new Float32Array((await modelFolder(folder).load()).weightData as ArrayBuffer)[0];

describe('modelFolder', () => {
  it('gives a layers model back, here and over HTTP, as any tf.js reads it', async () => {
    const folder = path('plain/deep');
    const first = model();
    const result = await first.save(modelFolder(folder));
    expect(result.modelArtifactsInfo.weightDataBytes).toBe(36);
    expect(files(folder)).toEqual(['SHA256SUMS', 'model.json', 'weights.bin']);
    expect(files(path('plain'))).toEqual(['deep']);
    expect(await predict(await tf.loadLayersModel(modelFolder(folder)))).toEqual([3, 3, 3]);

    const server = createServer((request, response) =>
      response.end(readFileSync(join(folder, request.url ?? ''))),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    const loaded = await tf.loadLayersModel(`http://127.0.0.1:${port}/model.json`);
    await new Promise((closed) => server.close(closed));
    expect(await predict(loaded)).toEqual([3, 3, 3]);
  });

  it('has checksums that sha256sum -c takes', async () => {
    const folder = path('sums');
    await modelFolder(folder).save(weights(1));
    const sum = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
    const lines = ['model.json', 'weights.bin'].map((name) => `${sum(name)}  ${name}\n`);
    expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(lines.join(''));
  });

  it('replaces what it saved before, and joins shards', async () => {
    const folder = path('twice');
    await modelFolder(folder).save(weights(1));
    const { weightSpecs } = weights(2);
    const halves = [1, 2].map(() => new Float32Array([2, 2]).buffer);
    await modelFolder(folder).save({ weightSpecs: weightSpecs ?? [], weightData: halves });
    expect(await saved(folder)).toBe(2);
    expect(files(root).filter((name) => name.startsWith('twice'))).toEqual(['twice']);
  });

  it('refuses a folder that holds anything else, and a binary topology', async () => {
    const folder = path('foreign');
    await modelFolder(folder).save(weights(1));
    writeFileSync(join(folder, 'notes.txt'), '');
    const again = modelFolder(folder).save(weights(2));
    await expect(again).rejects.toThrow(
      /GW_CHECKPOINT_FOLDER: got a folder ".*foreign" that holds notes.txt, wanted/,
    );
    expect(await saved(folder)).toBe(1);
    const binary = modelFolder(path('binary')).save({ ...weights(1), modelTopology: new ArrayBuffer(1) });
    await expect(binary).rejects.toThrow('GW_CHECKPOINT_FORMAT');
  });

  it('reads a folder without checksums, as plain tf.js writes it, and knows when weights are cut off', async () => {
    const folder = path('unsigned');
    await modelFolder(folder).save(weights(1));
    rmSync(join(folder, 'SHA256SUMS'));
    expect(await saved(folder)).toBe(1);
    truncateSync(join(folder, 'weights.bin'), 12);
    await expect(saved(folder)).rejects.toThrow(
      /GW_CHECKPOINT_CORRUPT: got 12 bytes in ".*weights.bin", wanted 16/,
    );
  });
});

describe('what is not there, or damaged', () => {
  const copy = async (name: string) => {
    const folder = path(name);
    await modelFolder(folder).save(weights(1));
    return folder;
  };
  const code = (folder: string) => saved(folder).catch((error) => `${error.code}: ${error.message}`);

  it('is GW_CHECKPOINT_MISSING', async () => {
    expect(await code(path('nowhere'))).toMatch(
      /^GW_CHECKPOINT_MISSING.*got no model.json in ".*nowhere".*check the path/,
    );
    await modelFolder(path('run/best')).save(weights(1));
    expect(await code(path('run/last'))).toMatch(/there is ".*run.best"$/);
    expect(await code(path('run'))).toMatch(/there is ".*run.best"$/);
  });

  it.each([
    [
      'a cut weights.bin',
      'weights.bin',
      (f: string) => truncateSync(f, 7),
      /other bytes than were saved \(7 now\)/,
    ],
    [
      'a flipped bit',
      'weights.bin',
      (f: string) => writeFileSync(f, readFileSync(f).fill(0, 3, 4)),
      /other bytes/,
    ],
    ['no weights.bin', 'weights.bin', (f: string) => rmSync(f), /got no such file in ".*weights.bin"/],
    [
      'a model.json of zeros',
      'model.json',
      (f: string) => writeFileSync(f, new Uint8Array(9)),
      /other bytes/,
    ],
    [
      'checksums of another kind',
      'SHA256SUMS',
      (f: string) => writeFileSync(f, 'abc\n'),
      /got the line "abc"/,
    ],
  ])('is GW_CHECKPOINT_CORRUPT: %s', async (what, file, damage, message) => {
    const folder = await copy(`damaged ${what}/last`);
    cpSync(folder, join(folder, '../best'), { recursive: true });
    damage(join(folder, file));
    const said = await code(folder);
    expect(said).toMatch(/^GW_CHECKPOINT_CORRUPT/);
    expect(said).toMatch(message);
    expect(said).toMatch(/there is ".*best"$/);
  });

  it.each([
    ['[', /2 bytes that are no JSON|1 bytes that are no JSON/],
    ['null', /got null in/],
    ['{}', /got no weightsManifest/],
  ])('is GW_CHECKPOINT_CORRUPT: a model.json of %s without checksums', async (text, message) => {
    const folder = await copy(`json ${text.length}`);
    rmSync(join(folder, 'SHA256SUMS'));
    writeFileSync(join(folder, 'model.json'), text);
    expect(await code(folder)).toMatch(message);
  });
});

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
  return spawnSync(command, args, { ...options, encoding: 'utf8' });
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
      const { stdout, stderr } = child(code, path('large'), limit);
      expect(stdout, stderr).toMatch(/^GW_CHECKPOINT_WRITE: got EFBIG on writing .* is untouched$/);
      expect(await saved(folder)).toBe(1);
      expect(files(path('limited'))).toEqual(['last']);
    },
  );

  it('at any call, by a kill: the old or the new one loads, and the next write goes on', async () => {
    const seen = new Set<number | undefined>();
    let calls = 0;
    await modelFolder(path('next')).save(weights(2));
    for (let at = 1, killed = true; killed; at++) {
      const folder = path(`killed-${at}/last`);
      await modelFolder(folder).save(weights(1));
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
        process.stdout.write(String(calls));`;
      const { signal, stdout, stderr } = child(code, path('next'));
      killed = signal === 'SIGKILL';
      if (!killed) calls = Number(stdout);
      expect(killed || stdout !== '', stderr).toBe(true);
      seen.add(await saved(folder));
      await modelFolder(folder).save(weights(3));
      expect(await saved(folder)).toBe(3);
      expect(files(path(`killed-${at}`))).toEqual(['last']);
    }
    expect(calls).toBe(12);
    expect(seen).toEqual(new Set([1, 2]));
  });
});
