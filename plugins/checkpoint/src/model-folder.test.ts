import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
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
    damage(join(folder, file));
    const said = await code(folder);
    expect(said).toMatch(/^GW_CHECKPOINT_CORRUPT/);
    expect(said).toMatch(message);
    expect(said).toMatch(/the file is damaged$/);
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
