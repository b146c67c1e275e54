import { lstm as cell } from '@gatewise/cells';
import { streams } from '@gatewise/data';
import { lstm } from '@gatewise/layers';
import type { Batch } from '@gatewise/plugin';
import { recur } from '@gatewise/recurrence';
import { carried, softmaxCrossEntropy, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tbptt } from './index.js';

beforeAll(() => tf.setBackend('cpu'));
const [V, H, B] = [5, 4, 3];
type Symbolic = ReturnType<typeof tf.input>;

function network() {
  const x = tf.input({ shape: [null], dtype: 'int32' });
  const states = ['h', 'c'].map(() => tf.input({ shape: [H] }));
  const layer = lstm({ units: H, inputDim: V, returnSequences: true, returnState: true, seed: 1 });
  const [y, ...next] = layer.apply([x, ...states]) as Symbolic[];
  const head = tf.layers.dense({ units: V, kernelInitializer: tf.initializers.randomNormal({ seed: 2 }) });
  return tf.model({ inputs: [x, ...states], outputs: [head.apply(y!) as Symbolic, ...next] });
}
const text = Int32Array.from({ length: 200 }, (_, i) => (i * i + (i >> 2)) % V);
const windows = (time: number) => [...streams(text, { batch: B, time })(0)] as Batch[];

/** The gradients of the loss of the last k1 steps of a stretch that starts from given states. */
function wanted(
  weights: tf.Variable[],
  x: tf.Tensor,
  y: tf.Tensor,
  k1: number,
  state0: Record<string, tf.Tensor>,
) {
  const [W, R, b, V_, bV] = weights as [tf.Variable, tf.Variable, tf.Variable, tf.Variable, tf.Variable];
  const T = x.shape[1]!;
  const loss = () => {
    const all = recur(cell, { x, W, R, b, state0 }).y;
    const last = tf.reshape(tf.slice(all, [0, T - k1, 0], [B, k1, H]), [B * k1, H]) as tf.Tensor2D;
    const z = tf.reshape(tf.add(tf.matMul(last, V_ as unknown as tf.Tensor2D), bV), [B, k1, V]);
    return softmaxCrossEntropy(y, z);
  };
  return tf.variableGrads(loss, weights).grads;
}

describe.each([
  [2, 2],
  [2, 6],
  [3, 6],
])('k1 = %i, k2 = %i', (k1, k2) => {
  it('gives the gradients of the last k1 losses through k2 steps, from the states that were there', () => {
    const net = network();
    const model = tbptt(net as never, { k1, k2, loss: softmaxCrossEntropy });
    const weights = Object.values(model.weights);
    const all = windows(k1);
    const many = k2 / k1;
    const before: Record<string, tf.Tensor>[] = [{ h: tf.zeros([B, H]), c: tf.zeros([B, H]) }];
    all.slice(0, 6).forEach((batch, n) => {
      const got = tf.variableGrads(() => model.loss(batch, true), weights).grads;
      const from = Math.max(0, n - many + 1);
      const x = tf.concat(
        all.slice(from, n + 1).map((one) => one.x as tf.Tensor),
        1,
      );
      const expected = wanted(weights, x, batch.y, k1, before[from]!);
      for (const w of weights) {
        expect(tf.max(tf.abs(tf.sub(got[w.name]!, expected[w.name]!))).arraySync()).toBeLessThan(1e-6);
      }
      const [W, R, b] = weights;
      before.push(recur(cell, { x, W: W!, R: R!, b: b!, state0: before[from]! }).final);
      // an update: states before it were made by the weights of then
      W!.assign(tf.sub(W!, tf.mul(got[W!.name]!, 0.1)) as tf.Tensor);
    });
    model.dispose!();
  });

  it('keeps as much at the end as at the start, and lets go of all', async () => {
    const net = network();
    const optimizer = tf.train.sgd(0.1);
    const start = tf.memory().numTensors;
    const model = tbptt(net as never, { k1, k2, loss: softmaxCrossEntropy });
    const counts: number[] = [];
    const { history } = await train(model, streams(text, { batch: B, time: k1 }), {
      epochs: 2,
      optimizer,
      validation: streams(text, { batch: B, time: 5 }),
    });
    expect(history).toHaveLength(2);
    for (const batch of windows(k1)) {
      tf.tidy(() => void model.loss(batch, true));
      tf.dispose([batch.x as tf.Tensor, batch.y]);
      counts.push(tf.memory().numTensors);
    }
    const steady = counts.slice(k2 / k1 + 1);
    // each step lets go of as many inputs and targets as it was handed
    const falls = steady.slice(1).map((n, i) => steady[i]! - n);
    expect(new Set(falls)).toEqual(new Set([2]));
    model.dispose!();
    expect(tf.memory().numTensors).toBe(start);
  });
});

it('with k1 = k2 it is carried()', async () => {
  const run = async (make: (net: ReturnType<typeof network>) => Parameters<typeof train>[0]) => {
    const { history } = await train(make(network()), streams(text, { batch: B, time: 4 }), {
      epochs: 2,
      optimizer: tf.train.sgd(0.5),
    });
    return history.map(({ loss }) => loss);
  };
  const ours = await run((net) => tbptt(net as never, { k1: 4, k2: 4, loss: softmaxCrossEntropy }));
  expect(ours).toEqual(await run((net) => carried(net, { loss: 'softmaxCrossEntropy' })));
});

describe('refuses', () => {
  it.each([
    [0, 2],
    [2, 3],
    [4, 2],
    [1.5, 3],
  ])('k1 = %d, k2 = %d', (k1, k2) => {
    expect(() => tbptt(network() as never, { k1, k2, loss: softmaxCrossEntropy })).toThrow(/GW_TBPTT_STEPS/);
  });

  it('a model without states, a batch of another length or of other rows', () => {
    const plain = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    const options = { k1: 2, k2: 2, loss: softmaxCrossEntropy };
    expect(() => tbptt(plain as never, options)).toThrow(/GW_TBPTT_MODEL/);
    const model = tbptt(network() as never, options);
    const batch = (rows: number, T: number, carry = true) => ({
      x: tf.zeros([rows, T], 'int32'),
      y: tf.zeros([rows, T], 'int32'),
      carry,
    });
    expect(() => model.loss(batch(B, 3), true)).toThrow(/GW_TBPTT_TIME/);
    model.loss(batch(B, 2), true);
    expect(() => model.loss(batch(B + 1, 2), true)).toThrow(/GW_TBPTT_ROWS/);
  });
});
