import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { tutorial, ways } from './index.js';

it('writes names, the same again from the same seed, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.ways.map(({ way }) => way)).toEqual(Object.keys(ways));
  // 28 symbols, all alike, would take 4.8 bits
  for (const { bits } of first.ways) expect(bits).toBeLessThan(Math.log2(28));
  for (const { names } of first.samples) {
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^[a-z-]{1,20}$/);
  }
});

it('shows the network the kind in one place, or nowhere', () => {
  tf.tidy(() => {
    const x = tf.tensor2d(
      [
        [27, 0, 1],
        [28, 2, 3],
      ],
      [2, 3],
      'int32',
    );
    const hidden = [
      [27, 0, 1],
      [27, 2, 3],
    ];
    expect((ways['not at all'](x) as tf.Tensor).arraySync()).toEqual(hidden);
    expect((ways['by the first input'](x) as tf.Tensor).arraySync()).toEqual(x.arraySync());
    const [ids, kind] = ways['by the first state'](x) as tf.Tensor[];
    expect(ids!.arraySync()).toEqual(hidden);
    expect(kind!.arraySync()).toEqual([[0], [1]]);
    for (const t of [ids!, kind!]) expect(t.dtype).toBe('int32');
  });
});
