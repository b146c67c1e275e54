import '@tensorflow/tfjs';
import { lstm as lstmCell } from '@gatewise/cells';
import { foldKey, hashText, type Regularisers } from '@gatewise/core';
import { drawnDropout, type Run, recur, withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, lstm } from './recurrent.js';
import type { RecurrentLayer } from './recurrent-layer.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const [B, T, I, H] = [2, 5, 3, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const base = { units: H, seed: 1, returnSequences: true, name: 'memory' };
const training = { training: true };
const dropoutMask = (shape: [number, number, number], key: number, rate: number) =>
  drawnDropout({ B: shape[0], from: 0, steps: shape[1], units: shape[2], key, rate });
const apply = (layer: RecurrentLayer, kwargs = {}) => (layer.apply(x, kwargs) as tf.Tensor).arraySync();

const run = (regularisers: Regularisers, more: Partial<Run> = {}): Run => ({
  seed: 42,
  step: 3,
  training: true,
  regularisers: () => regularisers,
  ...more,
});
const key = (stream: number) => foldKey(42, 3, hashText('memory'), stream);
const weightsOf = (layer: RecurrentLayer) => {
  const [W, R, b] = layer.getWeights();
  return { W: W!, R: R!, b: b! };
};

describe('in plain model.fit', () => {
  it('the options act in training only', () => {
    const plain = apply(lstm(base));
    for (const option of [
      { dropout: 0.5 },
      { recurrentDropout: 0.5 },
      { recurrentDropout: 0.5, recurrentDropoutPer: 'step' as const },
      { dropConnect: 0.5 },
      { outputDropout: 0.5 },
      { zoneout: 0.5 },
    ]) {
      const layer = lstm({ ...base, ...option });
      const inference = apply(layer);
      if (!('zoneout' in option)) expect(inference).toEqual(plain);
      const first = apply(layer, training);
      expect(first).not.toEqual(inference);
      expect(apply(layer, training)).not.toEqual(first);
      // the same layer made again draws the same masks
      expect(apply(lstm({ ...base, ...option }), training)).toEqual(first);
    }
  });

  it('zoneout at inference is its expectation', () => {
    const layer = lstm({ ...base, zoneout: { h: 0.2, c: 0.4 } });
    const got = apply(layer);
    const zoneout = { rates: { h: 0.2, c: 0.4 }, seed: 0, training: false };
    expect(got).toEqual(recur(lstmCell, { x, ...weightsOf(layer), zoneout }).y.arraySync());
  });

  it('goes through model.fit', async () => {
    const net = sequential({
      layers: [lstm({ ...base, dropout: 0.5, inputShape: [T, I] }), layers.dense({ units: 1 })],
    });
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const wet = await net.fit(x, tf.ones([B, T, 1]), { epochs: 1, verbose: 0 });
    expect(wet.history.loss).toHaveLength(1);
  });
});

describe("in a trainer's run", () => {
  it('the run speaks, with keys of its seed, its step, and the name of the layer', () => {
    const layer = lstm(base);
    layer.apply(x);
    const rates = {
      inputDropout: 0.3,
      recurrentDropout: 0.4,
      outputDropout: 0.2,
      zoneout: { h: 0.1, c: 0.2 },
    };
    const got = withRun(run(rates), () => apply(layer));
    const { y } = recur(lstmCell, {
      ...weightsOf(layer),
      x: tf.mul(x, dropoutMask([B, T, I], key(1), 0.3)),
      operandDropout: { rate: 0.4, seed: key(2) },
      zoneout: { rates: { h: 0.1, c: 0.2 }, seed: key(4), training: true },
    });
    expect(got).toEqual(tf.mul(y, dropoutMask([B, T, H], key(3), 0.2)).arraySync());
  });

  it('its fields win over the options, one by one', () => {
    const own = lstm({ ...base, dropout: 0.5, outputDropout: 0.2 });
    const both = lstm({ ...base, outputDropout: 0.2 });
    expect(withRun(run({ inputDropout: 0 }), () => apply(own))).toEqual(withRun(run({}), () => apply(both)));
  });

  it('does not depend on how often the layer ran before', () => {
    const layer = lstm(base);
    const once = withRun(run({ inputDropout: 0.3 }), () => apply(layer));
    expect(withRun(run({ inputDropout: 0.3 }), () => apply(layer))).toEqual(once);
    expect(withRun(run({ inputDropout: 0.3 }, { step: 4 }), () => apply(layer))).not.toEqual(once);
  });

  it('is silent while it validates, whatever tf.layers says', () => {
    const layer = lstm({ ...base, dropout: 0.5 });
    const quiet = run({ inputDropout: 0.5 }, { training: false });
    expect(withRun(quiet, () => apply(layer, training))).toEqual(apply(layer));
  });

  it('tells the run its name and units, and zoneout of a state that the cell lacks is not for it', () => {
    const asked: unknown[] = [];
    const layer = gru(base);
    const regularisers = (who: unknown) => {
      asked.push(who);
      return { zoneout: { h: 0.5, c: 0.5 } };
    };
    withRun(run({}, { regularisers }), () => layer.apply(x));
    expect(asked).toMatchObject([{ name: 'memory', units: H }]);
  });

  it('refuses a rate outside [0, 1)', () => {
    expect(() => withRun(run({ inputDropout: 1.5 }), () => lstm(base).apply(x))).toThrow(
      /GW_LAYER_RATE: got input dropout = 1.5/,
    );
  });

  it('zoneout that it trained with is in effect at inference, and in the saved layer', () => {
    const layer = lstm(base);
    withRun(run({ zoneout: { h: 0.3 } }), () => layer.apply(x));
    expect(apply(layer)).toEqual(apply(lstm({ ...base, zoneout: { h: 0.3 } })));
    expect(layer.getConfig().zoneout).toEqual([0.3, 0]);
    withRun(run({}), () => layer.apply(x));
    expect(layer.getConfig().zoneout).toEqual([0, 0]);
  });

  it('state gradients carry the name of the layer', () => {
    const layer = lstm(base);
    layer.apply(x);
    const seen: [string, number[], readonly string[]][] = [];
    const listening = run({}, { onStateGradients: (name, d, states) => seen.push([name, d.shape, states]) });
    withRun(listening, () => tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor)));
    expect(seen).toEqual([['memory', [B, T, 2 * H], ['h', 'c']]]);
  });
});

describe('output dropout', () => {
  it('acts on the last output, and leaves the returned states alone', () => {
    const layer = lstm({ ...base, returnSequences: false, returnState: true, outputDropout: 0.5 });
    const [y, h] = layer.apply(x, training) as tf.Tensor[];
    const values = (y!.arraySync() as number[][]).flat();
    const states = (h!.arraySync() as number[][]).flat();
    expect(values.some((v) => v === 0)).toBe(true);
    values.forEach((v, n) => {
      if (v !== 0) expect(v).toBe(Math.fround(2 * states[n]!));
    });
  });
});

describe('DropConnect and dropout by step', () => {
  it('R is cut once a call, each connection for itself, and scaled', () => {
    const layer = lstm(base);
    const got = withRun(run({ dropConnect: 0.5 }), () => apply(layer));
    const { W, R, b } = weightsOf(layer);
    const mask = tf.reshape(dropoutMask([H, 1, 4 * H], key(5), 0.5), [H, 4 * H]);
    expect(new Set(mask.dataSync())).toEqual(new Set([0, 2]));
    expect(got).toEqual(recur(lstmCell, { x, W, R: tf.mul(R, mask), b }).y.arraySync());
    const off = withRun({ ...run({ dropConnect: 0.5 }), training: false }, () => apply(layer));
    expect(off).toEqual(apply(layer));
  });

  it('gradients of R are those of the connections that were left', () => {
    const layer = gru({ ...base, name: 'memory' });
    layer.apply(x);
    const R = layer.weights[1]!.read() as tf.Variable;
    const loss = () =>
      withRun(run({ dropConnect: 0.5 }), () => tf.sum(tf.square(layer.apply(x) as tf.Tensor))) as tf.Scalar;
    const dR = tf.variableGrads(loss, [R]).grads[R.name]!;
    const mask = tf.reshape(dropoutMask([H, 1, 3 * H], key(5), 0.5), [H, 3 * H]);
    expect(tf.sum(tf.where(tf.equal(mask, 0), tf.abs(dR), tf.zerosLike(dR))).arraySync()).toBe(0);
    expect(tf.sum(tf.cast(tf.notEqual(dR, 0), 'float32')).arraySync()).toBe(
      tf.sum(tf.cast(tf.notEqual(mask, 0), 'float32')).arraySync(),
    );
  });

  it('the operand is masked anew every step when asked', () => {
    const layer = lstm(base);
    const asked = { recurrentDropout: 0.3, recurrentDropoutPer: 'step' } as const;
    const got = withRun(run(asked), () => apply(layer));
    const operandDropout = { rate: 0.3, seed: key(2), per: 'step' } as const;
    expect(got).toEqual(recur(lstmCell, { x, ...weightsOf(layer), operandDropout }).y.arraySync());
    expect(got).not.toEqual(withRun(run({ recurrentDropout: 0.3 }), () => apply(layer)));
  });
});
