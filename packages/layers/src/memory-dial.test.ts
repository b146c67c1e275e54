import '@tensorflow/tfjs';
import { foldKey } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { lstm } from './recurrent.js';
import type { RecurrentLayer } from './recurrent-layer.js';
import { stack } from './stack.js';
import type { StackLayer } from './stack-layer.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [B, T, I, H] = [2, 9, 3, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const regularised = { dropout: 0.2, recurrentDropout: 0.3, zoneout: 0.1, seed: foldKey(1, 2) };
type Memory = 'all' | 'states' | number;
const makers: Record<string, (memory: Memory) => RecurrentLayer | StackLayer> = {
  lstm: (memory) => lstm({ units: H, name: 'one', memory, ...regularised, learnedState: true }),
  'a stack of both directions': (memory) =>
    stack({ cell: 'gru', units: H, depth: 2, merge: 'concat', name: 'two', memory, ...regularised }),
};

it.each(Object.keys(makers))('%s: the same outputs and gradients, in training', (name) => {
  const run = (memory: Memory) => {
    const layer = makers[name]!(memory);
    layer.apply(x);
    const loss = () => tf.sum(tf.square(layer.apply(x, { training: true, lengths: [9, 4] }) as tf.Tensor));
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar);
    const own = layer.weights.map((w) => grads[(w.read() as tf.Variable).name]!);
    return { value: value.dataSync()[0]!, own };
  };
  const all = run('all');
  for (const memory of ['states', 2] as const) {
    const some = run(memory);
    expect(some.value).toBe(all.value);
    some.own.forEach((g, k) => {
      const size = tf.max(tf.abs(all.own[k]!)).arraySync() as number;
      expect(tf.max(tf.abs(tf.sub(g, all.own[k]!))).arraySync() as number).toBeLessThan(
        1e-6 * Math.max(1, size),
      );
    });
  }
});

it('is saved with the layer, and refused where it is none', async () => {
  const net = sequential({ layers: [lstm({ units: H, memory: 25, inputShape: [null, I] })] });
  let saved: tf.io.ModelArtifacts | undefined;
  const keep = async (artifacts: tf.io.ModelArtifacts) => {
    saved = artifacts;
    return {} as tf.io.SaveResult;
  };
  await net.save(tf.io.withSaveHandler(keep));
  const loaded = await loadLayersModel(tf.io.fromMemory(saved!));
  expect((loaded.layers[0] as RecurrentLayer).settings.memory).toBe(25);
  expect(lstm({ units: H }).settings.memory).toBe('all');
  for (const memory of [0, 'few']) {
    expect(() => lstm({ units: H, memory: memory as Memory })).toThrow(/GW_LAYER_OPTION: got memory/);
  }
});
