import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { describe as describeModel, readOnnxGraph, writeOnnx } from '@gatewise/interop';
import { bidirectional, recurrent, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

// Models written as ONNX beside ONNX Runtime, from the environment of bench/.

const peers = fileURLToPath(new URL('../../bench/.peers/node', import.meta.url));
const there = existsSync(join(peers, 'node_modules', 'onnxruntime-node'));

interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}
interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
}
interface Runtime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

const [I, H] = [3, 4];
const options = { units: H, inputShape: [null, I] as [null, number], returnSequences: true };
const { dense } = tf.layers;
const nets: Readonly<Record<string, () => tf.layers.Layer[]>> = {
  vanilla: () => [recurrent({ ...options, cell: 'vanilla' })],
  'lstm and softmax': () => [
    recurrent({ ...options, cell: 'lstm' }),
    dense({ units: 5, activation: 'softmax' }),
  ],
  'gru in reverse': () => [recurrent({ ...options, cell: 'gru', reverse: true })],
  'gru-reset-after, last output': () => [
    recurrent({ ...options, cell: 'gru-reset-after', returnSequences: false }),
  ],
  'both directions': () => [bidirectional({ ...options, cell: 'lstm' })],
  'both directions, summed': () => [bidirectional({ ...options, cell: 'gru-reset-after', merge: 'sum' })],
  'two levels': () => [stack({ ...options, cell: 'lstm', depth: 2 }), dense({ units: 2 })],
  'a learned start': () => [recurrent({ ...options, cell: 'lstm', learnedState: true })],
};

const title = there ? 'ONNX Runtime' : 'ONNX Runtime, which npm run setup:peers sets up';
describe.skipIf(!there)(title, () => {
  const runtime = () => createRequire(`${peers}/`)('onnxruntime-node') as Runtime;
  beforeAll(() => useBackend('cpu'));

  it.each(Object.keys(nets))('%s: the outputs are ours, at two batch sizes and two lengths', async (name) => {
    const model = tf.sequential({ layers: nets[name]!() });
    const draws = random(7);
    model.setWeights(
      model.getWeights().map((w) =>
        tf.tensor(
          Float32Array.from({ length: w.size }, () => 0.7 * draws.normal()),
          w.shape,
        ),
      ),
    );
    const bytes = writeOnnx(await describeModel(model));
    const { InferenceSession, Tensor } = runtime();
    const session = await InferenceSession.create(bytes);
    const { inputs } = readOnnxGraph(bytes);
    for (const B of [1, 3]) {
      for (const T of [2, 7]) {
        const x = Float32Array.from({ length: B * T * I }, () => draws.normal());
        const feeds = inputs.map(({ name, shape }) => {
          if (name === 'x') return [name, new Tensor('float32', x, [B, T, I])] as const;
          const dims = shape.map((n) => (typeof n === 'number' ? n : B));
          const size = dims.reduce((a, b) => a * b, 1);
          return [name, new Tensor('float32', new Float32Array(size), dims)] as const;
        });
        const { y } = await session.run(Object.fromEntries(feeds));
        const ours = model.predict(tf.tensor(x, [B, T, I])) as tf.Tensor;
        expect(y!.dims).toEqual(ours.shape);
        const wanted = await ours.data<'float32'>();
        const worst = wanted.reduce((most, v, i) => Math.max(most, Math.abs(v - y!.data[i]!)), 0);
        expect(worst).toBeLessThan(2e-6);
      }
    }
  });
});
