import { useBackend } from '@gatewise/backends';
import { GatewiseError } from '@gatewise/core';
import { recurrent as layer } from '@gatewise/layers';
import { readSafetensors, writeSafetensors } from '@gatewise/safetensors';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { cells, draw, modelOf, recurrent } from '../../test/files.js';
import { moduleFolder } from '../../test/module-folder.js';
import { build } from '../build.js';
import { describe as describeModel } from '../describe.js';
import { readModel } from '../load.js';
import type { ModelSpec } from '../model.js';
import { accuracyOf, accuracyText } from './accuracy.js';
import { dequantise, quantise, writeDescription } from './quantise.js';
import { writeStandalone } from './standalone.js';
import { placed } from './tensors.js';

const H = 24;
const start = recurrent(cells.lstm, [6, H], { name: 'l', both: true, pair: true });
const spec = modelOf(
  [
    { kind: 'embedding', name: 'e', table: draw(9, 6), maskZero: true },
    { kind: 'dropout', name: 'd', rate: 0.25 },
    {
      ...start,
      directions: start.directions.map((way) => ({ ...way, initial: { h: draw(H), c: draw(H) } })),
    },
    recurrent(cells.gruAfter, [2 * H, H], { name: 'g', output: 'last' }),
    { kind: 'dense', name: 'head', W: draw(H, 5), bias: draw(5), activation: 'softmax' },
    { kind: 'activation', name: 'a', activation: 'tanh' },
  ],
  { kind: 'ids', steps: null, size: 9 },
);
const seeing = recurrent({ ...cells.lstm, peepholes: true }, [3, H], { padding: 'hold' });
const features = modelOf([
  { kind: 'masking', name: 'm', value: -1 },
  { ...seeing, directions: seeing.directions.map((way) => ({ ...way, peepholes: draw(3, H) })) },
]);
const ids = () => tf.tensor2d([1, 2, 3, 4, 8, 7, 6, 5, 4, 3, 2, 1], [2, 6], 'int32');

beforeAll(() => useBackend('cpu'));

describe('a description in few bytes', () => {
  it.each([
    ['of ids, in both directions', spec],
    ['of features, with masks and peepholes', features],
  ])('comes back bit for bit in f32: %s', (_, given) => {
    expect(dequantise(writeDescription(given, 'f32'))).toEqual(given);
    // told by its bytes, like any other format
    return expect(readModel(writeDescription(given, 'f32'))).resolves.toEqual(given);
  });

  it('of a cell that no other format has comes back too', async () => {
    const own = await describeModel(
      tf.sequential({ layers: [layer({ cell: 'lstm-original', units: 3, inputShape: [null, 2], seed: 1 })] }),
    );
    expect(dequantise(writeDescription(own, 'f32'))).toEqual(own);
  });

  it('in f16 every matrix is of the nearest halves, biases as they were', () => {
    const back = placed(dequantise(quantise(spec, { to: 'f16' })));
    for (const [k, { values, matrix }] of placed(spec).entries()) {
      if (!matrix) expect(back[k]!.values).toEqual(values);
      values.data.forEach((w, i) => {
        // half a step: 11 bits, and 2⁻²⁴ below 2⁻¹⁴
        const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(w))) - 10));
        expect(Math.abs(back[k]!.values.data[i]! - w)).toBeLessThanOrEqual(step / 2);
      });
    }
  });

  it('in int8 every weight is within half a step of its row, biases as they were', () => {
    const back = placed(dequantise(quantise(spec, { to: 'int8' })));
    for (const [k, { values, matrix }] of placed(spec).entries()) {
      const got = back[k]!.values;
      expect(got.shape).toEqual(values.shape);
      if (!matrix) {
        expect(got).toEqual(values);
        continue;
      }
      const [rows, inner] = values.shape as [number, number];
      for (let r = 0; r < rows; r++) {
        const row = values.data.subarray(r * inner, (r + 1) * inner);
        const scale = Math.max(...row.map(Math.abs)) / 127;
        row.forEach(
          (w, i) => void expect(Math.abs(got.data[r * inner + i]! - w)).toBeLessThan(0.5001 * scale),
        );
      }
    }
    expect(
      back.some(({ values }, k) => values.data.some((w, i) => w !== placed(spec)[k]!.values.data[i])),
    ).toBe(true);
  });

  it('a row of zeros, and one that float32 cannot scale, are zeros', () => {
    const tiny = { shape: [2, 2], data: Float32Array.of(0, 1e-45, 0, 0) };
    const dense = modelOf([{ kind: 'dense', name: 'd', W: tiny, activation: 'linear' }], {
      kind: 'features',
      steps: 1,
      width: 2,
    });
    expect(placed(dequantise(quantise(dense, { to: 'int8' })))[0]!.values.data).toEqual(new Float32Array(4));
  });

  it.each([
    [1e5, 'f16', /GW_EXPORT_VALUE.*"d".*100000 in W.*keep it in float32/],
    [Number.NaN, 'int8', /GW_EXPORT_VALUE.*"d".*NaN in W.*checkpoint/],
    [Number.POSITIVE_INFINITY, 'int8', /GW_EXPORT_VALUE.*Infinity/],
  ] as const)('refuses %s in %s', (w, to, message) => {
    const W = { shape: [1, 1], data: Float32Array.of(w) };
    const dense = modelOf([{ kind: 'dense', name: 'd', W, activation: 'linear' }], {
      kind: 'features',
      steps: 1,
      width: 1,
    });
    expect(() => quantise(dense, { to })).toThrow(message);
  });
});

describe('the report', () => {
  it('measures every output, and leaves no tensor behind', async () => {
    const x = ids();
    const before = tf.memory().numTensors;
    const two: ModelSpec = {
      ...spec,
      outputs: [...spec.outputs, { name: 'h_n', from: 'state', layers: ['l', 'g'].slice(1), state: 'h' }],
    };
    const reports = await Promise.all(
      (['f16', 'int8'] as const).map((to) => accuracyOf(two, quantise(two, { to }), [x, x])),
    );
    expect(tf.memory().numTensors).toBe(before);
    const [half, eighth] = reports as [(typeof reports)[0], (typeof reports)[0]];
    for (const { outputs } of reports) {
      expect(outputs.map(({ output }) => output)).toEqual(['y', 'h_n']);
      for (const { largest, mean, range } of outputs) {
        expect(mean).toBeGreaterThan(0);
        expect(largest).toBeGreaterThanOrEqual(mean);
        expect(range).toBeGreaterThan(10 * largest);
      }
    }
    expect(half.outputs[0]!.largest).toBeLessThan(1e-3);
    expect(eighth.outputs[0]!.largest).toBeGreaterThan(half.outputs[0]!.largest);
    expect(half.bytes.after / half.bytes.before).toBeLessThan(0.6);
    expect(eighth.bytes.after / eighth.bytes.before).toBeLessThan(0.4);
    expect(accuracyText(eighth)).toMatch(
      /^net: [\d.]+ KB to [\d.]+ KB, \d\d %\n {2}y {4}largest error \d\.\d\de-\d .*\n {2}h_n /,
    );
    const none = await accuracyOf(two, writeDescription(two, 'f32'), [x]);
    expect(none.outputs.map(({ largest }) => largest)).toEqual([0, 0]);
    x.dispose();
  });

  it.each(['f16', 'int8'] as const)('a module in %s is what the file in it is', async (weights) => {
    const plain = {
      ...spec,
      layers: spec.layers.map((l) => (l.kind === 'embedding' ? { ...l, maskZero: false } : l)),
    };
    const model = build(dequantise(quantise(plain, { to: weights })));
    const wanted = tf.tidy(() => model.predict(ids()) as tf.Tensor);
    const modules = await moduleFolder();
    const { run } = new (await modules.classOf(writeStandalone(plain, { weights }).module))();
    await modules.remove();
    const got = [
      [1, 2, 3, 4, 8, 7],
      [6, 5, 4, 3, 2, 1],
    ].flatMap((row) => [...(run(row) as Float32Array)]);
    const far = (await wanted.data()).map((v, i) => Math.abs(v - got[i]!));
    expect(Math.max(...far)).toBeLessThan(1e-6);
  });
});

describe('a damaged file is a coded error', () => {
  const file = quantise(spec, { to: 'int8' });
  const codeOf = (bytes: Uint8Array) => {
    try {
      dequantise(bytes);
      return 'ok';
    } catch (error) {
      return error instanceof GatewiseError ? error.code : `${(error as Error).stack}`;
    }
  };
  const known = /^(ok|GW_(SAFETENSORS|IMPORT)_[A-Z]+|GW_LAYER_CELL_UNKNOWN)$/;

  it('with some bytes changed, or cut off', () => {
    const header = Number(new DataView(file.buffer).getBigUint64(0, true)) + 8;
    const change = fc.tuple(fc.nat(header - 1), fc.integer({ min: 32, max: 126 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const copy = file.slice();
        for (const [at, byte] of changes) copy[at] = byte;
        expect(codeOf(copy)).toMatch(known);
      }),
      { numRuns: 400, seed: 7 },
    );
    for (let n = 0; n < file.length; n += 997) expect(codeOf(file.slice(0, n))).toMatch(/^GW_SAFETENSORS_/);
  });

  it('with any part of the description replaced', () => {
    const { tensors, metadata } = readSafetensors(file);
    const [[key, text]] = [...metadata] as [[string, string]];
    const paths = pathsOf(JSON.parse(text));
    expect(paths.length).toBeGreaterThan(60);
    const odd = fc.constantFrom(null, -1, 0, 1e300, '', 'nobody', '__proto__', [], {}, [[]], true, {
      kind: 'own',
      name: 'x',
    });
    const codes = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...paths), odd, (path, value) => {
        const json = JSON.parse(text);
        const holder = path.slice(0, -1).reduce((o, k) => o[k], json);
        holder[path.at(-1)!] = value;
        const code = codeOf(writeSafetensors(tensors, { [key]: JSON.stringify(json) }));
        codes.add(code);
        expect(code).toMatch(known);
      }),
      { numRuns: 400, seed: 8 },
    );
    expect([...codes]).toContain('GW_IMPORT_FORMAT');
    const polluted = text.replace(
      '{',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
    );
    expect(codeOf(writeSafetensors(tensors, { [key]: polluted }))).toBe('ok');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each<
    [string, RegExp, (tensors: Map<string, { dtype: never; shape: number[]; data: Uint8Array }>) => void]
  >([
    ['a tensor that is gone', /GW_IMPORT_WEIGHTS/, (t) => void t.delete('layers.4.W')],
    ['a scale that is gone', /GW_IMPORT_WEIGHTS/, (t) => void t.delete('layers.4.W.scale')],
    ['a scale of no number', /GW_IMPORT_WEIGHTS/, (t) => void t.get('layers.4.W.scale')!.data.fill(255)],
    ['a tensor of no layer', /GW_IMPORT_WEIGHTS/, (t) => void t.set('layers.9.W', t.get('layers.4.bias')!)],
    ['another shape', /GW_IMPORT_WEIGHTS/, (t) => void t.get('layers.4.W')!.shape.reverse()],
  ])('with %s', (_, code, change) => {
    const { tensors, metadata } = readSafetensors(file.slice());
    const copy = new Map(tensors) as never as Parameters<typeof change>[0];
    change(copy);
    expect(codeOf(writeSafetensors(copy, Object.fromEntries(metadata)))).toMatch(code);
  });
});

/** Where the parts of a JSON value stand. */
const pathsOf = (value: unknown, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, v]) => [[...path, key], ...pathsOf(v, [...path, key])])
    : [];
