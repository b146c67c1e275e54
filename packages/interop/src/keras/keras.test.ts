import { useBackend } from '@gatewise/backends';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { cells, draw, golden, goldenJson, modelOf, recurrent } from '../../test/files.js';
import { build } from '../build.js';
import { readModel } from '../load.js';
import type { LayerSpec, ModelSpec, RecurrentSpec } from '../model.js';
import { readTfLayers } from '../tf-layers/read.js';
import { writeTfLayers } from '../tf-layers/write.js';
import { verify } from '../verify.js';
import { readKeras } from './read.js';
import { writeKerasWeights } from './write.js';
import { configOf } from './write-config.js';

beforeAll(async () => void (await useBackend('cpu')));

const ids = { kind: 'ids', steps: 4, size: 9 } as const;
const hold = { padding: 'hold', pair: false } as const;
const layers = (last: RecurrentSpec): LayerSpec[] => [
  { kind: 'embedding', name: 'words', table: draw(9, 3), maskZero: true },
  { kind: 'dropout', name: 'drop', rate: 0.25 },
  recurrent(cells.lstm, [3, 2], { name: 'one', padding: 'hold' }),
  recurrent({ ...cells.lstm, activation: 'relu', output: 'relu' }, [2, 2], { name: 'two', padding: 'hold' }),
  last,
  { kind: 'activation', name: 'squash', activation: 'swish' },
  { kind: 'dense', name: 'head', W: draw(4, 2), bias: draw(2), activation: 'softmax' },
];

describe('what goes out comes back, bit for bit', () => {
  it('.weights.h5, beside the config', async () => {
    const both = recurrent(cells.gruAfter, [2, 2], { name: 'both', both: true });
    const spec = modelOf(layers(both), ids);
    const bytes = await writeKerasWeights(spec);
    const again = await readKeras(bytes, { config: configOf(spec, 'keras-3') });
    expect(again.layers).toEqual(spec.layers);
    expect(again.input).toEqual(ids);
  });

  it('model.json, which tf.layers itself loads and runs alike', async () => {
    const both = recurrent(cells.gru, [2, 2], { name: 'both', both: true, output: 'last', ...hold });
    const spec = modelOf(layers(both), ids);
    const files = writeTfLayers(spec);
    const again = await readTfLayers(files);
    expect(again.layers).toEqual(spec.layers);
    expect(again.input).toEqual(ids);
    await sameAsTfLayers(spec, files);
  });
});

/** tf.layers' own model of the files gives what the model here gives. */
async function sameAsTfLayers(spec: ModelSpec, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(files.get('model.json')!));
  const weightData = files.get('weights.bin')!.slice().buffer as ArrayBuffer;
  const handler = tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData });
  const theirs = await loadLayersModel(handler);
  const ours = build(spec);
  const x = tf.tensor2d([1, 2, 3, 0, 4, 0, 0, 0, 8, 7, 6, 5], [3, 4], 'int32');
  const [a, b] = [theirs, ours].map((model) => model.predict(x) as tf.Tensor);
  const [wanted, got] = [await a!.data(), await b!.data()];
  for (const [i, v] of wanted.entries()) expect(got[i]).toBeCloseTo(v, 6);
  tf.dispose([x, a!, b!]);
  theirs.dispose();
  ours.dispose();
}

describe('hard_sigmoid is what its framework means', () => {
  const config = (recurrent_activation: string, kerasVersion?: string) => ({
    class_name: 'Sequential',
    config: {
      name: 'm',
      layers: [
        {
          class_name: 'LSTM',
          config: { name: 'l', units: 2, activation: 'tanh', recurrent_activation, use_bias: false },
        },
      ],
    },
    ...(kerasVersion && { keras_version: kerasVersion }),
  });
  const spec = modelOf([{ ...recurrent(cells.lstm, [3, 2], { name: 'l' }), output: 'last' }]);
  const files = (keras_version: string) => {
    const { name: _, ...json } = {
      name: '',
      ...JSON.parse(new TextDecoder().decode(writeTfLayers(spec).get('model.json')!)),
    };
    json.modelTopology = { ...config('hard_sigmoid'), keras_version };
    return new Map([...writeTfLayers(spec), ['model.json', new TextEncoder().encode(JSON.stringify(json))]]);
  };
  const gates = ({ layers: [first] }: ModelSpec) =>
    ((first as RecurrentSpec).cell as { gates: string }).gates;

  it.each([
    ['tfjs-layers 4.22.0', 'hard-sigmoid'],
    ['2.15.0', 'hard-sigmoid'],
    ['3.5.0', 'hard-sigmoid-6'],
  ])('written by %s: %s', async (version, wanted) => {
    expect(gates(await readTfLayers(files(version)))).toBe(wanted);
  });

  it('is asked for where the file does not say', async () => {
    const weights = await writeKerasWeights(spec);
    await expect(readKeras(weights, { config: config('hard_sigmoid') })).rejects.toThrow(
      /ASK: layer "l": .*kerasVersion: 2 or 3/,
    );
    expect(gates(await readKeras(weights, { config: config('hard_sigmoid'), kerasVersion: 3 }))).toBe(
      'hard-sigmoid-6',
    );
    expect(gates(await readKeras(weights, { config: config('sigmoid') }))).toBe('sigmoid');
  });
});

describe('asks and refuses, by the name of the layer', () => {
  const { modelConfig } = goldenJson('keras_seq.json') as { modelConfig: string };
  const weights = golden('keras_seq.weights.h5');
  // biome-ignore lint/suspicious/noExplicitAny: a config is changed on purpose, wherever it hurts
  type Any = any;
  const changed = (change: (layers: Any[], config: Any) => void) => {
    const config = JSON.parse(modelConfig);
    change(config.config.layers.slice(1), config);
    return readKeras(weights, { config });
  };

  it.each<[string, (layers: Any[], config: Any) => void, RegExp]>([
    [
      'outputs in reversed order',
      ([lstm]) => Object.assign(lstm.config, { go_backwards: true }),
      /UNSUPPORTED: layer "lstm_a": got go_backwards/,
    ],
    [
      'several outputs',
      ([lstm]) => Object.assign(lstm.config, { return_state: true }),
      /UNSUPPORTED: layer "lstm_a": got return_state/,
    ],
    [
      'another layer',
      (l) => Object.assign(l[0], { class_name: 'Conv1D' }),
      /UNSUPPORTED: layer "lstm_a": got a layer of class Conv1D/,
    ],
    [
      'an activation that no cell can have',
      ([lstm]) => Object.assign(lstm.config, { activation: 'softmax' }),
      /UNSUPPORTED: layer "lstm_a": got activation softmax inside/,
    ],
    [
      'a function of its own',
      (l) => Object.assign(l[3].config, { activation: { class_name: 'function', config: 'mine' } }),
      /UNSUPPORTED: layer "head": got activation/,
    ],
    [
      'a gate that cannot be turned round',
      ([, gru]) => Object.assign(gru.config, { recurrent_activation: 'relu' }),
      /UNSUPPORTED: layer "gru_b": .*turned round/,
    ],
    [
      'the other GRU',
      ([, gru]) => Object.assign(gru.config, { reset_after: false }),
      /WEIGHTS: layer "gru_b": got reset_after false and a bias of two rows/,
    ],
    [
      'other units',
      ([lstm]) => Object.assign(lstm.config, { units: 5 }),
      /WEIGHTS: layer "lstm_a": kernel: got \[3, 16\], wanted \[\?, 20\]/,
    ],
    [
      'units that are none',
      ([lstm]) => Object.assign(lstm.config, { units: Number.NaN }),
      /FORMAT: layer "lstm_a": got units = NaN/,
    ],
    [
      'weights of another layer',
      ([lstm]) => Object.assign(lstm.config, { name: 'other' }),
      /WEIGHTS: layer "other": got the weights of "lstm_a"/,
    ],
    [
      'a name twice',
      (l) => Object.assign(l[1].config, { name: 'lstm_a' }),
      /FORMAT: got the layer "lstm_a" twice/,
    ],
    [
      'a graph',
      (_, config) => Object.assign(config, { class_name: 'Functional' }),
      /UNSUPPORTED: layer "lstm_a": got a graph in which it reads nothing/,
    ],
    [
      'code',
      (_, config) => Object.assign(config, { class_name: 'MyModel' }),
      /UNSUPPORTED: got a model of class "MyModel"/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(changed(change)).rejects.toThrow(message);
  });

  it('not for a GRU whose bias tells when it resets', async () => {
    const spec = await changed(([, gru]) => Object.assign(gru.config, { reset_after: undefined }));
    expect((spec.layers[1] as RecurrentSpec).cell).toMatchObject({ resetAfter: true });
  });

  it('weights without their config', async () => {
    await expect(readModel(weights)).rejects.toThrow(/GW_IMPORT_ASK: .*model.to_json/);
  });

  it.each<[string, LayerSpec, 'keras' | 'tf.layers', RegExp]>([
    [
      'a GRU that resets after, as tf.layers',
      recurrent(cells.gruAfter, [3, 2]),
      'tf.layers',
      /layer "gru": .*resets after/,
    ],
    [
      'hard gates of Keras 2, as Keras 3',
      recurrent({ ...cells.lstm, gates: 'hard-sigmoid' }, [3, 2]),
      'keras',
      /layer "lstm": got a hard sigmoid of 0.2 x/,
    ],
    [
      'peepholes',
      recurrent({ ...cells.lstm, peepholes: true }, [3, 2]),
      'keras',
      /layer "lstm": got peepholes/,
    ],
    [
      'two activations',
      recurrent({ ...cells.lstm, output: 'relu' }, [3, 2]),
      'keras',
      /got tanh for the candidate and relu/,
    ],
    [
      'an initial state',
      {
        ...recurrent(cells.rnn, [3, 2]),
        directions: [{ ...recurrent(cells.rnn, [3, 2]).directions[0]!, initial: { h: draw(2) } }],
      },
      'keras',
      /initial states/,
    ],
  ])('to write %s', async (_, layer, as, message) => {
    const write = async () =>
      as === 'keras' ? writeKerasWeights(modelOf([layer])) : writeTfLayers(modelOf([layer]));
    await expect(write()).rejects.toThrow(message);
  });

  it('to write zeros at masked steps as tf.layers, which holds there', () => {
    const masked = modelOf([{ kind: 'masking', name: 'pad', value: 0 }, recurrent(cells.lstm, [3, 2])]);
    expect(() => writeTfLayers(masked)).toThrow(
      /layer "lstm": got zeros at masked steps, where tf.layers has hold/,
    );
  });
});

it('a certificate names what is off, and nothing is left in memory', async () => {
  const { numTensors } = tf.memory();
  const spec = await readKeras(golden('keras_seq.keras'));
  const fixture = goldenJson('keras_seq.json');
  expect(await verify(spec, fixture)).toMatchObject({
    passed: true,
    tensors: [{ tensor: 'expected.y', shape: [3, 2], passed: true }],
  });
  fixture.expected.y.data[0] += 1e-4;
  const failed = await verify(spec, fixture);
  expect(failed.passed).toBe(false);
  expect(failed.tensors[0]!.error).toBeCloseTo(1e-4, 6);
  await expect(verify(spec, { ...fixture, expected: { z: fixture.expected.y } })).rejects.toThrow(
    /GW_IMPORT_FIXTURE: got the expected tensor "z", wanted one of y/,
  );
  await expect(verify(spec, { inputs: {}, expected: {} })).rejects.toThrow(
    /GW_IMPORT_FIXTURE: got no inputs/,
  );
  expect(tf.memory().numTensors).toBe(numTensors);
});
