import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it, vi } from 'vitest';
import { type LayerNormArgs, layerNorm, lstmLayerNorm } from './index.js';

beforeAll(() => tf.setBackend('cpu'));
const [B, T, I, H] = [2, 4, 3, 5];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.7, 'float32', seed);
const args: LayerNormArgs = {
  x: normal([B, T, I], 1),
  W: normal([I, 4 * H], 2),
  R: normal([H, 4 * H], 3),
  b: normal([4 * H], 4),
  gx: tf.ones([4 * H]),
  gh: tf.ones([4 * H]),
  gc: tf.ones([H]),
  bc: tf.zeros([H]),
};

it('says once that it is not fused', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  tf.dispose(lstmLayerNorm(args) as unknown as tf.TensorContainer);
  tf.dispose(lstmLayerNorm(args) as unknown as tf.TensorContainer);
  const about = warn.mock.calls.filter(([text]) => String(text).includes('lstm-layernorm'));
  expect(about).toHaveLength(1);
  expect(about[0]![0]).toContain('not fused');
  warn.mockRestore();
});

it('normalises to mean 0 and variance 1', () => {
  const n = layerNorm(normal([3, 400], 9));
  const { mean, variance } = tf.moments(n, 1);
  for (const m of mean.dataSync()) expect(Math.abs(m)).toBeLessThan(1e-5);
  for (const v of variance.dataSync()) expect(v).toBeCloseTo(1, 3);
});

it('NaN at masked steps changes nothing, and nothing is left behind', () => {
  const mask = tf.tensor2d([1, 1, 0, 0, 1, 1, 1, 1], [B, T], 'bool');
  const wide = tf.tile(tf.reshape(mask, [B, T, 1]), [1, 1, I]);
  const x = tf.where(wide, args.x, tf.fill([B, T, I], Number.NaN));
  const before = tf.memory().numTensors;
  const a = lstmLayerNorm({ ...args, mask });
  const b = lstmLayerNorm({ ...args, x, mask });
  expect(b.y.arraySync()).toEqual(a.y.arraySync());
  expect(b.final.c.arraySync()).toEqual(a.final.c.arraySync());
  tf.dispose([a, b] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
});

it('says which shape is wrong', () => {
  expect(() => lstmLayerNorm({ ...args, gc: tf.ones([H + 1]) })).toThrow(
    /GW_LAYERNORM_SHAPE.*got gc \[6\], wanted \[5\]/,
  );
});
