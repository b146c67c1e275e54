import { useBackend } from '@gatewise/backends';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { chains, first, H, I, merges, modelOf } from '../../test/nets.js';
import { describe as describeModel } from '../describe.js';
import { readOnnxGraph } from './graph.js';
import { runOnnx } from './run.js';
import { writeOnnx } from './write.js';

const nets = { ...chains, ...merges };

const start = (model: tf.LayersModel, [B, T]: [number, number]): tf.Tensor =>
  model.inputs[0]!.shape.length === 2
    ? tf.cast(tf.randomUniform([B, T], 0, 9, 'float32', 5), 'int32')
    : tf.randomNormal([B, T, I], 0, 1, 'float32', 5);

const plain = async (t: tf.Tensor) => ({ shape: t.shape, data: await t.data() });

beforeAll(() => useBackend('cpu'));

describe('a model written as ONNX', () => {
  it.each(Object.entries(nets))('%s: gives its outputs at any batch and length', async (_, layers) => {
    const model = modelOf(layers);
    const graph = readOnnxGraph(writeOnnx(await describeModel(model)));
    for (const [B, T] of [
      [2, 5],
      [1, 9],
    ] as const) {
      const x = start(model, [B, T]);
      const inputs = Object.fromEntries(
        await Promise.all(
          graph.inputs.map(async ({ name, shape }) => [
            name,
            name === 'x' ? await plain(x) : zeros(shape, B),
          ]),
        ),
      );
      const got = await runOnnx(graph, inputs);
      const wanted = await plain(model.predict(x) as tf.Tensor);
      expect(got.y!.shape).toEqual(wanted.shape);
      wanted.data.forEach((v, i) => void expect(got.y!.data[i]).toBeCloseTo(v, 5));
    }
  });

  it('takes the lengths of rows where it is asked to', async () => {
    const model = modelOf(chains['lstm, dense, softmax']!);
    const graph = readOnnxGraph(writeOnnx(await describeModel(model), { lengths: true }));
    const x = start(model, [2, 5]);
    const states = Object.fromEntries(
      graph.inputs.filter(({ name }) => /_0$/.test(name)).map(({ name, shape }) => [name, zeros(shape, 2)]),
    );
    const full = await runOnnx(graph, {
      x: await plain(x),
      ...states,
      lengths: { shape: [2], data: [5, 2] },
    });
    const short = tf.slice(x, [1, 0, 0], [1, 2, I]);
    const wanted = await (model.predict(short) as tf.Tensor).data();
    wanted.forEach((v, i) => void expect(full.y!.data[5 * 5 + i]).toBeCloseTo(v, 5));
  });

  it('refuses what ONNX does not have, by the layer’s name', async () => {
    const additive = tf.sequential({ layers: [recurrent({ ...first, cell: 'additive', name: 'sums' })] });
    const spec = await describeModel(additive);
    expect(() => writeOnnx(spec)).toThrow(/GW_EXPORT_UNSUPPORTED.*"sums".*additive/);
    const masked = tf.sequential({
      layers: [
        tf.layers.masking({ name: 'mask', inputShape: [null, I] }),
        recurrent({ cell: 'lstm', units: H }),
      ],
    });
    const masks = await describeModel(masked);
    expect(() => writeOnnx(masks)).toThrow(/GW_EXPORT_UNSUPPORTED.*"mask".*lengths: true/);
  });
});

function zeros(shape: readonly (number | string | null)[], B: number) {
  const known = shape.map((n) => (typeof n === 'number' ? n : B));
  return { shape: known, data: new Float32Array(known.reduce((a, b) => a * b, 1)) };
}
