import { useBackend } from '@gatewise/backends';
import { bidirectional, recurrent, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { build } from '../build.js';
import { describe as describeModel } from '../describe.js';
import { readModel } from '../load.js';
import { readOnnx } from './read.js';
import { writeOnnx } from './write.js';

const { dense } = tf.layers;
const [I, H] = [3, 4];
const first = { units: H, inputShape: [null, I] as [null, number], returnSequences: true, seed: 1 };
const nets: Readonly<Record<string, () => tf.layers.Layer[]>> = {
  'vanilla, last output': () => [
    recurrent({ ...first, cell: 'vanilla', returnSequences: false }),
    dense({ units: 2 }),
  ],
  'lstm, dense, softmax': () => [
    recurrent({ ...first, cell: 'lstm' }),
    dense({ units: 5, activation: 'softmax' }),
  ],
  'gru, in reverse': () => [recurrent({ ...first, cell: 'gru', reverse: true })],
  'gru-reset-after': () => [
    recurrent({ ...first, cell: 'gru-reset-after' }),
    dense({ units: 2, activation: 'elu' }),
  ],
  'both directions': () => [bidirectional({ ...first, cell: 'lstm' }), dense({ units: 2, useBias: false })],
  'both directions, last outputs': () => [bidirectional({ ...first, cell: 'gru', returnSequences: false })],
  'two levels': () => [stack({ ...first, cell: 'lstm', depth: 2 })],
  'a learned start': () => [recurrent({ ...first, cell: 'lstm', learnedState: true })],
  'an embedding': () => [
    tf.layers.embedding({ inputDim: 9, outputDim: I, inputShape: [null] }),
    recurrent({ cell: 'lstm', units: H, returnSequences: true }),
    dense({ units: 9 }),
  ],
};

beforeAll(() => useBackend('cpu'));

describe('a net of ONNX as a description', () => {
  it.each(Object.keys(nets))('%s: out and back in, the same to the bit', async (name) => {
    const model = tf.sequential({ layers: nets[name]!() });
    model.setWeights(model.getWeights().map((w, k) => tf.randomNormal(w.shape, 0, 0.7, 'float32', k)));
    const spec = await readModel(writeOnnx(await describeModel(model)));
    const again = build(spec);
    const x =
      model.inputs[0]!.shape.length === 2
        ? tf.tensor2d([1, 8, 0, 3], [2, 2], 'int32')
        : tf.randomNormal([2, 5, I], 0, 1, 'float32', 5);
    const [wanted, got] = [model, again].map((m) => m.predict(x) as tf.Tensor) as [tf.Tensor, tf.Tensor];
    expect(got.shape).toEqual(wanted.shape);
    expect(await got.data()).toEqual(await wanted.data());
  });

  it('says of states that are inputs there what they are here', async () => {
    const model = tf.sequential({ layers: [recurrent({ ...first, cell: 'lstm' })] });
    const { notes, outputs } = readOnnx(writeOnnx(await describeModel(model)));
    expect(notes.join()).toMatch(/initial state h is an input there/);
    expect(outputs.map((output) => output.from)).toEqual(['layer', 'state', 'state']);
  });

  it('sends nets that are no chain to runOnnx, by the node’s name', async () => {
    const model = tf.sequential({ layers: [bidirectional({ ...first, cell: 'lstm', merge: 'sum' })] });
    const bytes = writeOnnx(await describeModel(model));
    expect(() => readOnnx(bytes)).toThrow(/GW_IMPORT_UNSUPPORTED.*Gather.*runOnnx/);
  });

  it.each([0, 1, 7, 40, 200])('a file cut after %i bytes is refused with a code', async (length) => {
    const model = tf.sequential({ layers: [recurrent({ ...first, cell: 'gru' })] });
    const bytes = writeOnnx(await describeModel(model));
    expect(() => readOnnx(bytes.slice(0, length))).toThrow(/^GW_IMPORT_/);
  });
});
