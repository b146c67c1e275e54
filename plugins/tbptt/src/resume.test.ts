import { streams } from '@gatewise/data';
import { lstm } from '@gatewise/layers';
import { definePlugin, type PluginModule, type RunSnapshot, Tokens } from '@gatewise/plugin';
import { softmaxCrossEntropy, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { tbptt } from './index.js';

beforeAll(() => tf.setBackend('cpu'));
const [V, H] = [5, 4];
const text = Int32Array.from({ length: 61 }, (_, i) => (i * i + (i >> 2)) % V);

function network() {
  type Symbolic = ReturnType<typeof tf.input>;
  const x = tf.input({ shape: [null], dtype: 'int32' });
  const states = ['h', 'c'].map(() => tf.input({ shape: [H] }));
  const options = { units: H, inputDim: V, returnSequences: true, returnState: true, seed: 1 };
  const [y, ...next] = lstm({ ...options, name: 'memory' }).apply([x, ...states]) as Symbolic[];
  const head = tf.layers.dense({ units: V, kernelInitializer: 'zeros', name: 'head' });
  return tf.model({ inputs: [x, ...states], outputs: [head.apply(y!) as Symbolic, ...next] });
}

async function run(beside: PluginModule, k2 = 6): Promise<number[]> {
  const model = tbptt(network(), { k1: 2, k2, loss: softmaxCrossEntropy });
  const optimizer = tf.train.momentum(0.3, 0.9);
  const data = streams(text, { batch: 3, time: 2 });
  await train(model, data, { epochs: 2, optimizer, plugins: [beside], interruptible: false });
  const weights = await Promise.all(Object.values(model.weights).map((w) => w.data()));
  tf.dispose(Object.values(model.weights));
  optimizer.dispose();
  return weights.flatMap((w) => [...w]);
}

/** The run after a step of the first epoch, and the weights it came to. */
async function keptAt(at: number) {
  let kept: RunSnapshot | undefined;
  const keep = definePlugin(
    'keeper',
    (_: object, state) => ({
      async onSavePoint({ step, after }) {
        if (step === at && after === 'step') kept = await state.save();
      },
    }),
    [Tokens.RunState],
  );
  const weights = await run(keep({}));
  return { kept: kept as RunSnapshot, weights };
}
const from = (snapshot: RunSnapshot) =>
  definePlugin('keeper', (_: object, state) => ({ onRestore: () => state.restore(snapshot) }), [
    Tokens.RunState,
  ])({});

it.each([1, 2, 5])(
  'a run goes on from step %d to the same bits: what it looks back on is there',
  async (at) => {
    const { kept, weights } = await keptAt(at);
    const names = Object.keys(kept.tensors).filter((name) => /^model-state\/x\//.test(name));
    expect(names).toHaveLength(Math.min(at, 3));
    expect(await run(from(kept))).toEqual(weights);
  },
);

it('refuses a past that is longer than k2', async () => {
  const { kept } = await keptAt(5);
  await expect(run(from(kept), 4)).rejects.toThrow(
    /^GW_TBPTT_STATE: got 3 saved batches, wanted at most k2 \/ k1 = 2/,
  );
});
