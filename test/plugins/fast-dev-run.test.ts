import { readdirSync, rmSync } from 'node:fs';
import { useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, plugins } from './all.js';

beforeAll(async () => {
  await useBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const batches = () => [{ x: tf.ones([2, 3, 1]), y: tf.tensor1d([0, 1], 'int32') }];

describe('fastDevRun', () => {
  it.each(plugins.map(({ factory, make }) => [factory, make] as const))(
    '%s writes no file',
    async (_, make) => {
      const model = tf.sequential({
        layers: [lstm({ units: 2, seed: 1, inputShape: [3, 1] }), tf.layers.dense({ units: 2 })],
      });
      const optimizer = adam({ learningRate: 0.01 });
      const before = readdirSync(folder, { recursive: true });
      const options = { epochs: 3, optimizer, loss: 'softmaxCrossEntropy', validation: batches } as const;
      const result = await train(model, batches, { ...options, plugins: [make()], fastDevRun: true });
      expect(result).toMatchObject({ reason: 'completed', epochs: 1, steps: 1 });
      expect(readdirSync(folder, { recursive: true })).toEqual(before);
      model.dispose();
      optimizer.dispose();
    },
  );
});
