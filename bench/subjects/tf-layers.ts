import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type Case, CLASSES } from '../cases.js';
import { type Data, join, type Prepared } from './data.js';

// The layers of tf.js as they are, on a backend that nothing of this project has touched.

const require = createRequire(import.meta.url);

export async function ready(backend: string): Promise<string> {
  if (backend === 'wasm') setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  if (backend === 'node') {
    // gone since Node 23, still called by tfjs-node
    Object.assign(util, { isNullOrUndefined: (v: unknown) => v == null, isArray: Array.isArray });
    require('@tensorflow/tfjs-node');
  }
  const name = backend === 'node' ? 'tensorflow' : backend;
  if (!(await tf.setBackend(name))) throw new Error(`tf.js has no backend ${name} here`);
  return `tf.layers ${tf.version_layers}`;
}

const makers = {
  vanilla: (units: number) => tf.layers.simpleRNN({ units, returnSequences: true }),
  lstm: (units: number) => tf.layers.lstm({ units, returnSequences: true, recurrentActivation: 'sigmoid' }),
};
type Made = keyof typeof makers;

let kept: tf.Tensor[] = [];
const keep = (data: Data, name: string) => {
  const tensor = tf.tensor(data.array(name), data.shape(name));
  kept.push(tensor);
  return tensor;
};

export async function prepare(one: Case, data: Data): Promise<Prepared> {
  tf.dispose(kept);
  kept = [];
  const layer = makers[one.cell as Made](one.H);
  if (one.measure === 'training-step') return trainingStep(layer, one, data);
  // not build(): a later apply() would build its cell again, and refuse
  tf.dispose(layer.apply(tf.zeros([1, 1, one.I])) as tf.Tensor);
  layer.setWeights(['W', 'R', 'b'].map((name) => keep(data, name)));
  if (one.measure === 'streaming') return streaming(layer, one, data);
  const x = keep(data, 'x');
  return one.measure === 'gradients' ? gradients(layer, x, data) : forward(layer, x);
}

async function forward(layer: tf.RNN, x: tf.Tensor): Promise<Prepared> {
  const compute = () => tf.tidy(() => layer.apply(x) as tf.Tensor);
  const y = compute();
  const result = (await y.data()).slice() as Float32Array;
  y.dispose();
  return { result, run: () => compute().dispose() };
}

async function gradients(layer: tf.RNN, x: tf.Tensor, data: Data): Promise<Prepared> {
  const dy = keep(data, 'dy');
  const all = [x, ...layer.weights.map((weight) => weight.read())];
  const grads = tf.grads(() => layer.apply(x) as tf.Tensor);
  const compute = () => tf.tidy(() => grads(all, dy));
  const found = compute();
  const result = join(await Promise.all(found.map((t) => t.data() as Promise<Float32Array>)));
  tf.dispose(found);
  return { result, run: () => tf.dispose(compute()) };
}

/** The layer's cell: less around it than the layer. */
async function streaming(layer: tf.RNN, { I, H }: Case, data: Data): Promise<Prepared> {
  const inputs = data.array('x');
  const { cell } = layer as unknown as { cell: { call(x: tf.Tensor[], how: object): tf.Tensor[] } };
  const count = layer.getClassName() === 'LSTM' ? 2 : 1;
  let state: tf.Tensor[] = Array.from({ length: count }, () => tf.zeros([1, H]));
  const step = (x: tf.Tensor) => {
    const next = tf.tidy(() => cell.call([x, ...state], {}).slice(1));
    tf.dispose(state);
    state = next;
  };
  const outputs: Float32Array[] = [];
  for (let t = 0; t < inputs.length / I; t++) {
    const x = tf.tensor(inputs.slice(t * I, (t + 1) * I), [1, I]);
    step(x);
    outputs.push((await state[0]!.data()).slice() as Float32Array);
    x.dispose();
  }
  const x = tf.tensor(inputs.slice(0, I), [1, I]);
  kept.push(x);
  return { result: join(outputs), run: () => step(x) };
}

async function trainingStep(layer: tf.RNN, { T, I }: Case, data: Data): Promise<Prepared> {
  const input = tf.input({ shape: [T, I] });
  const head = tf.layers.dense({ units: CLASSES, activation: 'softmax' });
  const output = head.apply(layer.apply(input)) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  model.setWeights(['W', 'R', 'b', 'V', 'bV'].map((name) => keep(data, name)));
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  const x = keep(data, 'x');
  const ids = tf.tensor(data.array('ids'), [...data.shape('ids'), 1]);
  kept.push(ids);
  const step = () => model.trainOnBatch(x, ids) as Promise<number>;
  const result = Float32Array.of(await step(), await step());
  return { result, run: step };
}
