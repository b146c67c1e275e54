import { useBackend } from '@gatewise/backends';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { chains, I, modelOf } from '../../test/nets.js';
import { build } from '../build.js';
import { describe } from '../describe.js';
import { readModel } from '../load.js';
import { writeKeras } from './write.js';

beforeAll(() => useBackend('cpu'));

it.each(['lstm, dense, softmax', 'gru-reset-after, elu', 'both directions', 'an embedding, dense'])(
  '%s: a .keras archive out and back in, the same to the bit',
  async (name) => {
    const model = modelOf(chains[name]!);
    const back = await readModel(await writeKeras(await describe(model)));
    expect(back.format).toBe('Keras .keras, Keras 3.0.0');
    const again = build(back);
    const x = name.startsWith('an')
      ? tf.tensor2d([1, 8, 0, 3], [2, 2], 'int32')
      : tf.randomNormal([2, 5, I], 0, 1, 'float32', 5);
    const [wanted, got] = [model, again].map((m) => m.predict(x) as tf.Tensor) as [tf.Tensor, tf.Tensor];
    expect(await got.data()).toEqual(await wanted.data());
  },
);

it('refuses by the layer’s name what Keras does not have', async () => {
  const model = modelOf(chains['a learned start']!);
  await expect(writeKeras(await describe(model))).rejects.toThrow(/^GW_EXPORT_UNSUPPORTED: .*initial states/);
});
