import { GatewiseError } from '@gatewise/core';
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { golden, goldenJson } from '../test/files.js';
import { readModel } from './load.js';
import { writeTfLayers } from './tf-layers/write.js';

const { modelConfig: config } = goldenJson('keras_seq.json') as { modelConfig: string };
const h5 = golden('keras_seq.h5');
const stored = golden('keras_seq.weights.h5');
const archive = golden('keras_seq.keras');
const torch = golden('torch_gru.safetensors');

const MB = 1 << 20;
/** What reading some files came to: the code, or 'ok'; how long, and how much memory more than before. */
async function outcome(files: Parameters<typeof readModel>[0], options = { config }) {
  const [before, start] = [process.memoryUsage().rss, performance.now()];
  const code = await readModel(files, options).then(
    () => 'ok',
    (error: unknown) => (error instanceof GatewiseError ? error.code : `${(error as Error).stack}`),
  );
  return { code, ms: performance.now() - start, memory: process.memoryUsage().rss - before };
}

/** A copy with some bytes in another place than they were. */
const patched = (file: Uint8Array, at: number, bytes: readonly number[]) => {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
};
const find = (file: Uint8Array, text: string, from = 0) =>
  Buffer.from(file).indexOf(Buffer.from(text, 'latin1'), from);
const u64 = (value: bigint) => [...new Uint8Array(BigUint64Array.of(value).buffer)];
/** Where a dataset [4, 9] says its shape. */
const shapeAt = find(stored, String.fromCharCode(...u64(4n), ...u64(9n)));
/** Where the archive's directory says how large the weights are. */
const sizeAt = find(archive, 'model.weights.h5', find(archive, 'PK\x01\x02')) - 46 + 24;

const json = (change: (model: Record<string, unknown>) => void) => {
  const files = new Map([
    ...['model.json', 'weights.bin'].map((name) => [name, golden(`tfjs_sigmoid/${name}`)] as const),
  ]);
  const model = JSON.parse(new TextDecoder().decode(files.get('model.json')!));
  change(model);
  return files.set('model.json', strToU8(JSON.stringify(model)));
};
type Manifest = { weightsManifest: { paths: string[]; weights: { name: string; shape: number[] }[] }[] };
const manifest = (change: (group: Manifest['weightsManifest'][0]) => void) =>
  json((model) => change((model as unknown as Manifest).weightsManifest[0]!));
const text = (header: string, size = 4n * 2n ** 30n) => new Uint8Array([...u64(size), ...strToU8(header)]);

describe('a coded error within a second and 256 MB', () => {
  it.each<[string, Parameters<typeof readModel>[0], RegExp]>([
    ['nothing', new Uint8Array(0), /GW_IMPORT_FORMAT/],
    ['a header of 4 GiB', text('{"a":1}'), /GW_SAFETENSORS_HEADER/],
    ['a shape of none', patched(stored, shapeAt, u64(2n ** 63n)), /GW_IMPORT_(FORMAT|LIMIT)/],
    [
      'a shape larger than the file',
      patched(stored, shapeAt, [...u64(40_000n), ...u64(9n)]),
      /GW_IMPORT_(FORMAT|LIMIT)/,
    ],
    [
      'a shape that wraps round',
      patched(stored, shapeAt, [...u64(2n ** 32n), ...u64(2n ** 32n)]),
      /GW_IMPORT_(FORMAT|LIMIT)/,
    ],
    [
      'a heap that goes round in itself',
      patched(stored, find(stored, 'GCOL') + 16, [0, 0, 0, 0, 0, 0, 0, 0, ...u64(0n)]),
      /GW_IMPORT_FORMAT: got a heap/,
    ],
    [
      'an archive of 4 GB of zeros, as it says',
      patched(archive, sizeAt, [0, 0, 0, 240]),
      /GW_IMPORT_FORMAT: "model.weights.h5": got 4026531840 bytes/,
    ],
    [
      'an archive of two configs',
      new Uint8Array([...archive.subarray(0, 0), ...twice()]),
      /GW_IMPORT_FORMAT/,
    ],
    [
      'an archive without weights',
      zipSync({ 'config.json': strToU8(config) }),
      /GW_IMPORT_FORMAT: got an archive without model.weights.h5/,
    ],
    ['weights that overlap', manifest(({ weights }) => weights.push(weights[0]!)), /GW_IMPORT_FORMAT/],
    [
      'a manifest with NaN in it',
      manifest(({ weights }) => Object.assign(weights[0]!, { shape: [Number.NaN, 16] })),
      /GW_IMPORT_FORMAT: weightsManifest/,
    ],
    [
      'a manifest of 2^60 numbers',
      manifest(({ weights }) => Object.assign(weights[0]!, { shape: [2 ** 30, 2 ** 30] })),
      /GW_IMPORT_FORMAT/,
    ],
    [
      'a path out of the folder',
      manifest((group) => Object.assign(group, { paths: ['../../etc/passwd'] })),
      /GW_IMPORT_WEIGHTS: got no file "..\/..\/etc\/passwd"/,
    ],
    [
      'a config of 10^5 levels',
      new Map([['model.json', strToU8('{"modelTopology":'.padEnd(100_000, '['))]]),
      /GW_IMPORT_FORMAT: model.json/,
    ],
    [
      'a model.json of another kind',
      new Map([['model.json', strToU8('{"modelTopology":{"node":[]}}')]]),
      /GW_IMPORT_FORMAT: got a model config of class/,
    ],
  ])('%s', async (_, files, message) => {
    await readModel(stored, { config }); // HDF5 is loaded once
    const { code, ms, memory } = await outcome(files);
    await expect(readModel(files, { config })).rejects.toThrow(message);
    expect(code).toMatch(/^GW_/);
    expect(ms).toBeLessThan(1000);
    expect(memory).toBeLessThan(256 * MB);
  });

  it('an archive that unpacks to more than may be', async () => {
    const bomb = zipSync({ 'config.json': strToU8(config), 'model.weights.h5': new Uint8Array(4 * MB) });
    expect(bomb.byteLength).toBeLessThan(MB / 8);
    await expect(readModel(bomb, { limit: 3 * MB })).rejects.toThrow(/^GW_IMPORT_LIMIT/);
  });

  it('every file cut off', async () => {
    for (const file of [h5, stored, archive, torch]) {
      for (let n = 0; n < file.byteLength - 1; n += Math.ceil(file.byteLength / 60)) {
        expect((await outcome(file.slice(0, n))).code).toMatch(/^GW_/);
      }
    }
  });
});

/** An archive whose directory names config.json twice. */
function twice(): Uint8Array {
  const made = zipSync({ 'config.json': strToU8(config), 'donfig.json': strToU8(config) }, { level: 0 });
  for (let at = find(made, 'donfig'); at >= 0; at = find(made, 'donfig')) made[at] = 'c'.charCodeAt(0);
  return made;
}

it('names that objects have of their own change none', async () => {
  const { layers } = (JSON.parse(config) as { config: { layers: object[] } }).config;
  const evil = config.replace(
    '"name": "lstm_a"',
    '"name": "lstm_a", "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}',
  );
  expect(layers.length).toBeGreaterThan(0);
  await readModel(stored, { config: evil });
  const files = manifest(({ weights }) => Object.assign(weights[0]!, { name: '__proto__/polluted' }));
  await expect(readModel(files)).rejects.toThrow(/^GW_IMPORT_WEIGHTS: layer "lstm_a"/);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

describe('of a valid file with some bytes changed comes a model or a coded error', () => {
  const change = (length: number) =>
    fc.record({
      cut: fc.oneof({ weight: 9, arbitrary: fc.constant(length) }, fc.nat({ max: length })),
      bytes: fc.array(
        fc.tuple(
          fc.oneof(fc.nat({ max: length - 1 }), fc.nat({ max: 2600 })),
          fc.oneof(fc.nat({ max: 255 }), fc.constant(255)),
        ),
        { minLength: 1, maxLength: 8 },
      ),
    });
  it.each([
    ['.h5', h5, 120],
    ['.weights.h5', stored, 120],
    ['.keras', archive, 120],
    ['safetensors', torch, 400],
  ])('%s', async (_, file, numRuns) => {
    await fc.assert(
      fc.asyncProperty(change(file.byteLength), async ({ cut, bytes }) => {
        const damaged = file.slice();
        for (const [at, byte] of bytes) if (at < damaged.byteLength) damaged[at] = byte;
        const { code, ms, memory } = await outcome(damaged.slice(0, cut));
        expect(code).toMatch(/^(ok|GW_[A-Z_]+)$/);
        expect(ms).toBeLessThan(5000);
        expect(memory).toBeLessThan(256 * MB);
      }),
      { numRuns, seed: 3 },
    );
  });

  it('model.json', async () => {
    const plain = golden('tfjs_sigmoid/model.json');
    const weights = golden('tfjs_sigmoid/weights.bin');
    await fc.assert(
      fc.asyncProperty(
        change(plain.byteLength),
        fc.nat({ max: weights.byteLength }),
        async ({ cut, bytes }, end) => {
          const damaged = plain.slice();
          for (const [at, byte] of bytes) damaged[at % damaged.byteLength] = byte;
          const files = new Map([
            ['model.json', damaged.slice(0, cut)],
            ['weights.bin', end % 3 === 0 ? weights.slice(0, end) : weights],
          ]);
          expect((await outcome(files)).code).toMatch(/^(ok|GW_[A-Z_]+)$/);
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });
});

it('what was written is read: the files of a writer are no special case', async () => {
  const spec = await readModel(
    new Map(['model.json', 'weights.bin'].map((name) => [name, golden(`tfjs_sigmoid/${name}`)])),
  );
  expect((await readModel(writeTfLayers(spec))).layers).toEqual(spec.layers);
});
