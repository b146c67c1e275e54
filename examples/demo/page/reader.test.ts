import { useBackend } from '@gatewise/backends';
import { vocabulary } from '@gatewise/data';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { partsOf } from './network.js';
import { type Place, Reader, type Trace } from './reader.js';

const words = vocabulary('abcdefgh');
const [V, H] = [words.size, 5];
const ids = [0, 3, 1, 7, 2, 2, 5, 6, 4, 0, 1];

function networkOf(cell: string) {
  const model = sequential({
    layers: [
      recurrent({ cell, units: H, inputDim: V, returnSequences: true, seed: 3 }),
      layers.dense({ units: V }),
    ],
  });
  return { model, network: { ...partsOf(model), vocabulary: words } };
}

async function read(reader: Reader, some: readonly number[]): Promise<Trace> {
  for (const id of some) await reader.push(id);
  return (await reader.trace())!;
}

/** Of every step and unit. */
function each(
  trace: Trace,
  check: (now: (name: string) => number, before: (name: string) => number) => void,
) {
  trace.values.forEach((step, t) => {
    for (let j = 0; j < H; j++) {
      check(
        (name) => step[name]![j]!,
        (name) => trace.values[t - 1]?.[name]?.[j] ?? 0,
      );
    }
  });
}

beforeAll(() => useBackend('cpu'));

describe('a reader', () => {
  it('shows the gates and states of an LSTM that belong together, over more rows than are looked at in one go', async () => {
    const trace = await read(new Reader(networkOf('lstm').network), ids);
    expect(trace.ids).toEqual(ids);
    // c = f ⊗ c' + i ⊗ g,  h = o ⊗ tanh(c)
    each(trace, (now, before) => {
      expect(now('c')).toBeCloseTo(now('f') * before('c') + now('i') * now('g'), 5);
      expect(now('h')).toBeCloseTo(now('o') * Math.tanh(now('c')), 5);
    });
  });

  it('and of a GRU; of a vanilla cell its state', async () => {
    // h = (1 − z) ⊗ h' + z ⊗ n
    each(await read(new Reader(networkOf('gru').network), ids), (now, before) => {
      expect(now('h')).toBeCloseTo((1 - now('z')) * before('h') + now('z') * now('n'), 5);
    });
    const vanilla = await read(new Reader(networkOf('vanilla').network), ids);
    expect(Object.keys(vanilla.values[0]!)).toEqual(['h']);
  });

  it('has the logits that the model has, and goes on from a place', async () => {
    const { model, network } = networkOf('lstm');
    const reader = new Reader(network);
    const places: Place[] = [];
    for (const id of ids) {
      await reader.push(id);
      places.push(reader.place);
    }
    const all = model.predict(tf.tensor2d([ids], [1, ids.length], 'int32')) as tf.Tensor; // [1,T,V]
    const wanted = ((await all.array()) as number[][][])[0]!;
    for (const [t, { logits }] of places.entries()) {
      for (let v = 0; v < V; v++) expect(logits[v]).toBeCloseTo(wanted[t]![v]!, 5);
    }
    const later = new Reader(network, places[5]!);
    for (const id of ids.slice(6)) await later.push(id);
    expect(later.place).toEqual(reader.place);
  });

  it('looks at the last steps alone where that is asked for, and leaves nothing behind', async () => {
    const { network } = networkOf('lstm');
    await read(new Reader(network), ids); // builds the layers
    const held = tf.memory().numTensors;
    const reader = new Reader(network);
    for (const id of ids) await reader.push(id);
    expect((await reader.trace(3))!.ids).toEqual(ids.slice(-3));
    expect(await reader.trace()).toBeUndefined();
    reader.dispose();
    expect(tf.memory().numTensors).toBeLessThanOrEqual(held);
  });
});
