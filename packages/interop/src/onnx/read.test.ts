import { useBackend } from '@gatewise/backends';
import { bidirectional, recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { chains, first, I, modelOf } from '../../test/nets.js';
import { build } from '../build.js';
import { describe as describeModel } from '../describe.js';
import { readModel } from '../load.js';
import { readOnnx } from './read.js';
import { writeOnnx } from './write.js';

beforeAll(() => useBackend('cpu'));

describe('a net of ONNX as a description', () => {
  it.each(Object.entries(chains))('%s: out and back in, the same to the bit', async (_, layers) => {
    const model = modelOf(layers);
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
