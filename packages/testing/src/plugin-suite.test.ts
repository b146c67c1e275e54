import '@tensorflow/tfjs';
import { definePlugin, type Plugin } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { failures } from '../test/collect.js';
import { pluginSuite } from './index.js';

async function failed(create: () => Omit<Plugin, 'name'>, name = 'sample'): Promise<string[]> {
  const make = definePlugin('sample', create);
  const backend = () => tf.setBackend('cpu');
  const found = await failures((runner) => pluginSuite(runner, () => make({}), { name, backend }));
  return Object.keys(found).map((test) => test.replace(`plugin ${name} > `, ''));
}

describe('pluginSuite', () => {
  it('passes a plugin that keeps its contract', async () => {
    const half = () => {
      let steps = 0;
      let kept: tf.Tensor | undefined;
      return {
        onTrainBegin: () => {
          kept = tf.scalar(0.5);
        },
        transformGradients: (g: Readonly<Record<string, tf.Tensor>>) =>
          Object.fromEntries(Object.entries(g).map(([k, v]) => [k, tf.mul(v, kept!)])),
        onBatchEnd: () => {
          steps++;
        },
        saveState: () => ({ steps }),
        loadState: (state: unknown) => {
          steps = (state as { steps: number }).steps;
        },
        dispose: () => {
          kept?.dispose();
        },
      };
    };
    expect(await failed(half)).toEqual([]);
  });

  it.each<[string, () => Omit<Plugin, 'name'>, string]>([
    ['listens to nothing', () => ({}), 'keeps its name, and has hooks that are hooks'],
    [
      'keeps a tensor a batch',
      () => ({ onBatchEnd: () => void tf.keep(tf.zeros([1])) }),
      'lets no tensors pile up from epoch to epoch',
    ],
    [
      'forgets to dispose',
      () => ({ onTrainBegin: () => void tf.keep(tf.zeros([1])) }),
      'leaves nothing behind when a run ends',
    ],
    [
      'is not seeded',
      () => {
        const scale = runs++;
        return { transformLoss: (loss) => tf.mul(loss, scale) as tf.Scalar };
      },
      'gives the same weights for the same seed',
    ],
    [
      'has a state that is not JSON',
      () => ({ onTrainBegin() {}, saveState: () => ({ best: Number.POSITIVE_INFINITY }), loadState() {} }),
      'has a state of plain JSON, and a way back for all that it saves',
    ],
    [
      'saves what it cannot load',
      () => ({ onTrainBegin() {}, saveState: () => 1 }),
      'has a state of plain JSON, and a way back for all that it saves',
    ],
    [
      'forgets its state',
      () => {
        let count = 0;
        return {
          onBatchEnd: () => {
            count++;
          },
          transformLoss: (loss) => tf.mul(loss, 1 + count) as tf.Scalar,
        };
      },
      'goes on from step 5 to the same bits as if it had never stopped',
    ],
    [
      'forgets its tensors',
      () => {
        let sum: tf.Tensor | undefined;
        const dispose = () => sum?.dispose();
        return {
          onTrainBegin: () => {
            sum = tf.scalar(0);
          },
          transformLoss(loss) {
            const before = sum;
            sum = tf.keep(tf.add(sum!, loss));
            before?.dispose();
            return tf.add(loss, tf.mul(loss, sum)) as tf.Scalar;
          },
          saveTensors: () => ({}),
          loadTensors() {},
          dispose,
        };
      },
      'goes on from step 2 to the same bits as if it had never stopped',
    ],
    [
      'cannot be disposed of twice',
      () => {
        const t = tf.keep(tf.zeros([1]));
        return {
          onTrainBegin() {},
          dispose: () => {
            if (t.isDisposed) throw new Error('again');
            t.dispose();
          },
        };
      },
      'is disposed of once, and can be again',
    ],
    [
      'leaks when training fails',
      () => ({
        onTrainEnd: (_, end) => {
          if (end.reason === 'failed') tf.keep(tf.zeros([1]));
        },
      }),
      'is disposed of when training fails, and hides no error',
    ],
  ])('fails a plugin that %s', async (_, create, test) => {
    expect(await failed(create)).toContain(test);
  });

  it('fails a plugin of another name', async () => {
    expect(await failed(() => ({ onTrainBegin() {} }), 'other')).toContain(
      'keeps its name, and has hooks that are hooks',
    );
  });
});
let runs = 1;
