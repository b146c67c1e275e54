import '@tensorflow/tfjs';
import { defineCell } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, loadLayersModel, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerCell } from './cell-registry.js';
import { gruResetAfter, lstm, recurrent } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** What `model.save` would write, after a trip through JSON. */
async function artifactsOf(net: LayersModel): Promise<tf.io.ModelArtifacts> {
  let kept: tf.io.ModelArtifacts | undefined;
  await net.save(
    tf.io.withSaveHandler(async (artifacts) => {
      kept = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { weightData, ...json } = kept!;
  return { ...JSON.parse(JSON.stringify(json)), weightData };
}
const reload = async (net: LayersModel) => loadLayersModel(tf.io.fromMemory(await artifactsOf(net)));

/** Predictions before and after are equal to the last bit. */
async function sameAfterReload(net: LayersModel, x: tf.Tensor | tf.Tensor[]): Promise<LayersModel> {
  const loaded = await reload(net);
  const answers = async (m: LayersModel) => {
    const y = m.predict(x);
    return Promise.all((Array.isArray(y) ? y : [y]).map((t) => t.array()));
  };
  expect(await answers(loaded)).toEqual(await answers(net));
  return loaded;
}

const x = tf.randomNormal([2, 5, 3], 0, 1, 'float32', 1);

describe('save and tf.loadLayersModel', () => {
  it.each(['vanilla', 'additive', 'lstm-original', 'lstm', 'gru', 'gru-reset-after'])('%s', async (cell) => {
    const net = sequential();
    net.add(recurrent({ cell, units: 4, inputShape: [null, 3], returnSequences: true, zoneout: 0.2 }));
    net.add(recurrent({ cell, units: 3, reverse: true, padding: 'hold', useBias: false, dropout: 0.3 }));
    net.add(layers.dense({ units: 2 }));
    await sameAfterReload(net, x);
  });

  it('keeps every option', async () => {
    const layer = lstm({
      units: 4,
      inputShape: [5, 3],
      name: 'my_layer',
      trainable: false,
      returnSequences: true,
      reverse: true,
      padding: 'hold',
      forgetBias: 2,
      dropout: 0.1,
      recurrentDropout: 0.2,
      outputDropout: 0.3,
      zoneout: { c: 0.4 },
      seed: 7,
      recurrentInitializer: 'identity',
    });
    const loaded = await sameAfterReload(sequential({ layers: [layer] }), x);
    expect(loaded.layers[0]!.getConfig()).toEqual(layer.getConfig());
  });

  it('a functional model with carried states', async () => {
    const [xi, h0, c0] = [input({ shape: [null, 3] }), input({ shape: [4] }), input({ shape: [4] })] as const;
    type Symbolic = typeof xi;
    const layer = lstm({ units: 4, returnSequences: true, returnState: true });
    const [y, h, c] = layer.apply(xi, { initialState: [h0, c0] }) as Symbolic[];
    const net = model({
      inputs: [xi, h0, c0],
      outputs: [layers.dense({ units: 2 }).apply(y!) as Symbolic, h!, c!],
    });
    await sameAfterReload(net, [x, tf.ones([2, 4]), tf.fill([2, 4], -0.5)]);
  });

  it('ids, and masks from an embedding', async () => {
    const ids = tf.tensor2d([1, 2, 0, 3, 1, 0], [2, 3], 'int32');
    await sameAfterReload(sequential({ layers: [gruResetAfter({ units: 4, inputDim: 5 })] }), ids);
    const net = sequential();
    net.add(layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }));
    net.add(gruResetAfter({ units: 4 }));
    await sameAfterReload(net, ids);
  });

  it('does not compute starting weights that the file replaces', async () => {
    const net = sequential({ layers: [lstm({ units: 512, inputShape: [null, 2] })] });
    const loaded = await reload(net);
    const [before] = net.getWeights().slice(1);
    const [after] = loaded.getWeights().slice(1);
    expect(tf.max(tf.abs(tf.sub(before!, after!))).arraySync()).toBe(0);
    // loading sets this on every layer, and then nothing is drawn: the weights start as zeros
    expect(
      (loaded.layers[0] as unknown as { fastWeightInitDuringBuild: boolean }).fastWeightInitDuringBuild,
    ).toBe(true);
    const layer = lstm({ units: 512 });
    layer.setFastWeightInitDuringBuild(true);
    layer.build([null, null, 2]);
    for (const weight of layer.getWeights()) expect(tf.max(tf.abs(weight)).arraySync()).toBe(0);
  });

  it('goes on training after a reload', async () => {
    const net = sequential({
      layers: [lstm({ units: 4, inputShape: [null, 3], seed: 1 }), layers.dense({ units: 1 })],
    });
    const loaded = await reload(net);
    loaded.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { history } = await loaded.fit(x, tf.ones([2, 1]), { epochs: 5, verbose: 0 });
    expect((history.loss as number[]).at(-1)!).toBeLessThan((history.loss as number[])[0]!);
  });
});

describe('cells in files', () => {
  const scaled = (scale: number) =>
    defineCell({
      name: 'scaled',
      state: ['h'],
      gates: ['h'],
      saved: ['h'],
      forward(a) {
        const h = a.h.tanh();
        return { next: { h: h.mul(scale) }, saved: { h } };
      },
      backward(d, { h }) {
        return { gates: { h: d.h.mul(scale).mul(h.mul(h).neg().add(1)) }, prev: {} };
      },
    });

  it('a cell that is not registered is unknown, then found', async () => {
    const net = sequential({ layers: [recurrent({ cell: scaled(2), units: 4, inputShape: [null, 3] })] });
    const artifacts = await artifactsOf(net);
    const load = () => loadLayersModel(tf.io.fromMemory(structuredClone(artifacts)));
    await expect(load()).rejects.toThrow(/GW_LAYER_CELL_UNKNOWN: got cell "scaled"/);
    registerCell(scaled(2));
    await expect(load()).resolves.toBeDefined();
    const { modelTopology } = artifacts as { modelTopology: object };
    const tampered = JSON.parse(
      JSON.stringify(modelTopology).replace(/"cell_hash":"[0-9a-f]+"/, '"cell_hash":"00"'),
    );
    await expect(
      loadLayersModel(tf.io.fromMemory({ ...artifacts, modelTopology: tampered })),
    ).rejects.toThrow(/GW_LAYER_CELL_CHANGED: got a model saved with program 00 of cell "scaled"/);
  });
});
