import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { random } from '@gatewise/core';
import { loadNative } from '@gatewise/engine-native';
import { installKernels, removeKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clipped, clampValues, globalNorm, scaleToGlobalNorm, scaleToNorm } from './index.js';

type Numbers = Record<string, number[]>;
const tensors = (g: Numbers) => Object.fromEntries(Object.entries(g).map(([k, v]) => [k, tf.tensor1d(v)]));
const normal = (n: number, scale: number) => {
  const draw = random(n);
  return Array.from({ length: n }, () => Math.fround(draw.normal() * scale));
};
/** The lecture's rule in float64. */
const norm64 = (g: Numbers) =>
  Math.sqrt(
    Object.values(g)
      .flat()
      .reduce((sum, v) => sum + v * v, 0),
  );
const clip64 = (g: Numbers, v: number) => {
  const n = norm64(g);
  return Object.fromEntries(
    Object.entries(g).map(([k, all]) => [k, all.map((e) => (n > v ? (e * v) / n : e))]),
  );
};

async function host(result: Clipped) {
  const { gradients, ...scalars } = result;
  const read = async (t: tf.Tensor) => [...(await t.data())] as number[];
  const out: Record<string, number[]> = {};
  for (const [name, g] of Object.entries(gradients)) out[name] = await read(g);
  const [norm, clippedNorm, clipped] = await Promise.all(
    [scalars.norm, scalars.clippedNorm, scalars.clipped].map(async (s) => (await read(s))[0]),
  );
  tf.dispose([...Object.values(gradients), ...Object.values(scalars)]);
  return { gradients: out, norm, clippedNorm, clipped };
}
function expectClose(got: Numbers, want: Numbers, factor = 4e-6) {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, values] of Object.entries(want)) {
    const limit = factor * Math.max(...values.map(Math.abs)) + 1e-37;
    const error = Math.max(...values.map((v, i) => Math.abs(v - (got[name]?.[i] ?? Number.NaN))));
    expect(error, `${name}: ${error} over ${limit}`).toBeLessThanOrEqual(limit);
  }
}

const native = await loadNative();
const places: [string, string][] = [
  ['cpu', 'by ops'],
  ['wasm', 'by ops'],
  ['cpu', 'by the kernels of an engine'],
];

describe.each(places)('on %s, %s', (backend, how) => {
  const byKernels = how !== 'by ops';
  beforeAll(async () => {
    await tf.setBackend(backend);
    if (byKernels) installKernels();
  });
  afterAll(removeKernels);
  beforeEach(({ skip }) => {
    if (byKernels && 'missing' in native) skip(native.missing.message);
    expect(tf.getKernel('GatewiseClipByGlobalNorm', backend) !== undefined).toBe(byKernels);
  });

  it.each([
    ['ordinary', 1, 1],
    ['large: the sum of squares is 1e43', 1e20, 1],
    ['tiny: the sum of squares is 1e-47', 1e-25, 1e-26],
    ['near the bottom of the range', 1e-35, 1e-36],
  ])('scales %s gradients as float64 does', async (_what, scale, maxNorm) => {
    const g = { W: normal(3000, scale), b: normal(7, scale) };
    const got = await host(scaleToGlobalNorm(tensors(g), maxNorm));
    expectClose(got.gradients, clip64(g, maxNorm));
    expectClose({ norm: [got.norm as number] }, { norm: [norm64(g)] });
    expect(got.clippedNorm).toBe(Math.fround(maxNorm));
    expect(got.clipped).toBe(1);
  });

  it('clips finite gradients whose norm is above the range of float32', async () => {
    const g = { W: normal(3000, 1e37) };
    const got = await host(scaleToGlobalNorm(tensors(g), 2));
    expectClose(got.gradients, clip64(g, 2));
    expect([got.norm, got.clippedNorm]).toEqual([Number.POSITIVE_INFINITY, 2]);
  });

  it('leaves gradients within the norm as they are, to the bit', async () => {
    const g = { W: normal(3000, 1e-20), R: [3e-21, 0], zero: [0, 0] };
    const got = await host(scaleToGlobalNorm(tensors(g), 1));
    expect(got.gradients).toEqual(
      Object.fromEntries(Object.entries(g).map(([k, v]) => [k, v.map(Math.fround)])),
    );
    expect(got.clipped).toBe(0);
    expect(got.clippedNorm).toBe(got.norm);
  });

  it('does not clip at the norm itself, and is exact on 3-4-5', async () => {
    const g = { a: [3, 0], b: [4] };
    expect(await host(scaleToGlobalNorm(tensors(g), 5))).toEqual({
      gradients: g,
      norm: 5,
      clippedNorm: 5,
      clipped: 0,
    });
    const half = await host(scaleToGlobalNorm(tensors(g), 2.5));
    expect(half).toEqual({ gradients: { a: [1.5, 0], b: [2] }, norm: 5, clippedNorm: 2.5, clipped: 1 });
  });

  it('keeps zero gradients zero, and takes none at all', async () => {
    const zero = await host(scaleToGlobalNorm(tensors({ a: [0, 0] }), 1));
    expect(zero).toEqual({ gradients: { a: [0, 0] }, norm: 0, clippedNorm: 0, clipped: 0 });
    expect((await host(scaleToGlobalNorm({}, 1))).norm).toBe(0);
    expect((await host(scaleToNorm({}, 1))).norm).toBe(0);
  });

  it.each([
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
  ])('one %s makes every entry NaN, counts as clipped, and the norm says it', async (_name, bad) => {
    const got = await host(scaleToGlobalNorm(tensors({ a: [1, 2], b: [0.5, bad, 0] }), 1));
    expect(got.gradients).toEqual({ a: [Number.NaN, Number.NaN], b: [Number.NaN, Number.NaN, Number.NaN] });
    expect(got.norm).toBe(Math.abs(bad));
    expect(got.clippedNorm).toBeNaN();
    expect(got.clipped).toBe(1);
  });

  it('scales by norm tensor by tensor', async () => {
    const g = { a: [3, 4], b: [0.3, 0.4], zero: [0] };
    const got = await host(scaleToNorm(tensors(g), 1));
    expectClose(got.gradients, { a: [0.6, 0.8], b: [0.3, 0.4], zero: [0] });
    expectClose(
      { n: [got.norm as number, got.clippedNorm as number] },
      { n: [Math.hypot(5, 0.5), Math.hypot(1, 0.5)] },
    );
    expect(got.clipped).toBe(1);
    expect((await host(scaleToNorm(tensors(g), 5))).clipped).toBe(0);
  });

  it('by norm, NaN stays in its own tensor', async () => {
    const got = await host(scaleToNorm(tensors({ a: [1, Number.NaN], b: [3, 4] }), 5));
    expect(got.gradients).toEqual({ a: [Number.NaN, Number.NaN], b: [3, 4] });
    expect(got.norm).toBeNaN();
  });

  it('clamps by value, Infinity too; NaN stays NaN, alone', async () => {
    const g = { a: [-3, -0.5, 0], b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN] };
    const got = await host(clampValues(tensors(g), 1));
    expect(got.gradients).toEqual({ a: [-1, -0.5, 0], b: [1, -1, Number.NaN] });
    expect(got.clipped).toBe(1);
    const mild = await host(clampValues(tensors({ a: [3, -4] }), 4));
    expect(mild).toEqual({ gradients: { a: [3, -4] }, norm: 5, clippedNorm: 5, clipped: 0 });
  });

  it('keeps shapes, passes over the data few times, leaks nothing', async () => {
    const shapes: Record<string, number[]> = { W: [40, 60], R: [3, 4, 5], s: [] };
    const g = Object.fromEntries(Object.entries(shapes).map(([k, shape]) => [k, tf.fill(shape, 2)]));
    const before = tf.memory();
    for (let step = 0; step < 20; step++) {
      for (const result of [scaleToGlobalNorm(g, 1), scaleToNorm(g, 1), clampValues(g, 1)]) {
        for (const name of Object.keys(shapes)) expect(result.gradients[name]?.shape).toEqual(shapes[name]);
        await host(result);
      }
      const norm = globalNorm(g);
      expect((await norm.data())[0]).toBeCloseTo(2 * Math.sqrt(2461), 3);
      norm.dispose();
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numBytes).toBe(before.numBytes);
    }
    const profile = await tf.profile(() => scaleToGlobalNorm(g, 1).gradients);
    const large = profile.kernels.filter((k) =>
      k.outputShapes.some((s) => tf.util.sizeFromShape(s as number[]) >= 2400),
    );
    const names = large.map((k) => k.name).filter((name) => !['Reshape', 'Identity'].includes(name));
    const composed = ['Concat', 'Abs', 'RealDiv', 'Square', 'Multiply'];
    expect(names).toEqual(byKernels ? ['GatewiseClipByGlobalNorm'] : composed);
    tf.dispose(Object.values(g));
  });

  it('can be differentiated', () => {
    // ∂‖g‖/∂g = g/‖g‖
    const slope = tf.grad((g) => globalNorm({ g }))(tf.tensor1d([3, 4]));
    expectClose({ slope: [...slope.dataSync()] }, { slope: [0.6, 0.8] });
  });

  it('leaves what it was given as it was, whatever becomes of the result', async () => {
    const g = tensors({ a: [0.3, 0.4], b: [0] });
    const { gradients, ...scalars } = scaleToGlobalNorm(g, 1);
    tf.dispose([gradients, scalars] as unknown as tf.TensorContainer);
    expect([...(await g.a!.data())]).toEqual([0.3, 0.4].map(Math.fround));
    tf.dispose(g);
  });
});
