import '@tensorflow/tfjs';
import { drawBelow } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { dropElements, dropSteps } from './drop-elements.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('dropElements', () => {
  it('draws element (t, b, unit) as every engine does and scales by 1 / (1 − p)', async () => {
    const [B, T, H, key, rate] = [3, 5, 4, 0x9abcdef0, 0.25];
    const mask = dropElements(tf.ones([B, T, H]), [B, T, H], key, rate);
    const got = await mask.data();
    const wanted = Array.from({ length: B * T * H }, (_, n) => {
      const [b, t, unit] = [Math.floor(n / (T * H)), Math.floor(n / H) % T, n % H];
      return drawBelow(key, t, b, unit, rate) ? 0 : Math.fround(1 / (1 - rate));
    });
    expect([...got]).toEqual(wanted);
    mask.dispose();
  });

  it('drops at its rate', async () => {
    const mask = dropElements(tf.ones([20, 50, 20]), [20, 50, 20], 7, 0.3);
    const dropped = (await mask.data()).filter((v) => v === 0).length / 20_000;
    expect(Math.abs(dropped - 0.3)).toBeLessThan(0.01);
    mask.dispose();
  });
});

describe('dropSteps', () => {
  it('is true where unit 0 is dropped', async () => {
    const mask = dropSteps(2, 4, 99, 0.5);
    expect(mask.dtype).toBe('bool');
    expect([...(await mask.data())].map(Boolean)).toEqual(
      Array.from({ length: 8 }, (_, n) => drawBelow(99, n % 4, Math.floor(n / 4), 0, 0.5)),
    );
    mask.dispose();
  });
});
