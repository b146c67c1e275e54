import '@tensorflow/tfjs';
import type { BatchContext, Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProgressOptions, progress } from './index.js';
import { progressHooks } from './progress.js';

const { env } = process;
beforeEach(async () => {
  await tf.setBackend('cpu');
  process.env = { ...env, TERM: 'xterm' };
  delete process.env.NO_COLOR;
});
afterEach(() => {
  process.env = env;
});

/** A stream that remembers, and the lines a terminal would show. */
function paper(isTTY: boolean, columns?: number) {
  const writes: string[] = [];
  return {
    writes,
    isTTY,
    columns,
    write: (text: string) => writes.push(text),
    get text() {
      return writes.join('');
    },
    get lines() {
      return this.text.split('\n').map((line) => line.split('\r\x1b[2K').at(-1));
    },
  };
}

/** Trains for steps of one second and 100 targets; the loss of step n is n. */
async function run(stepsAnEpoch: number, options: ProgressOptions, more: Partial<TrainOptions> = {}) {
  let clock = 5000;
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const model: Trainable = {
    name: 'constant',
    weights: { w },
    loss: (batch) => tf.add(tf.mean(batch.y), tf.mul(w, 0)),
  };
  async function* batches() {
    for (let n = 1; n <= stepsAnEpoch; n++) {
      clock += 1000;
      yield { x: tf.zeros([100, 1]), y: tf.fill([100, 1], n) };
    }
  }
  const optimizer = tf.train.sgd(0);
  const plugins = [progress({ now: () => clock, ...options }), ...(more.plugins ?? [])];
  try {
    return await train(model, batches, { epochs: 1, steps: stepsAnEpoch, optimizer, ...more, plugins });
  } finally {
    tf.dispose([w]);
    optimizer.dispose();
  }
}

describe('in a log', () => {
  it('writes a line at once and then one every few seconds', async () => {
    const stream = paper(false);
    await run(12, { stream, every: 4, unit: 'characters' });
    expect(stream.text).toBe(
      [
        '  8%  1/12  loss 1.000  100 characters/s  0:11 left',
        ' 41%  5/12  loss 5.000  100 characters/s  0:07 left',
        ' 75%  9/12  loss 9.000  100 characters/s  0:03 left',
        '12 steps in 0:12  loss 6.500  100 characters/s',
        '',
      ].join('\n'),
    );
  });

  it('turns nats into what is asked', async () => {
    const stream = paper(false);
    await run(1, { stream, loss: { name: 'bits/char', scale: 1 / Math.LN2 } });
    expect(stream.text).toContain('1.443 bits/char');
  });

  it('says how the epochs went, and needs no number of steps', async () => {
    const stream = paper(false);
    const validation = () => [{ x: tf.zeros([1, 1]), y: tf.fill([1, 1], 4) }];
    await run(2, { stream, every: 100 }, { epochs: 2, steps: 4, validation });
    expect(stream.text).toBe(
      [
        'epoch 1/2   25%  1/4  loss 1.000  100 targets/s  0:03 left',
        'epoch 1/2  loss 1.500  validation loss 4.000  0:02',
        'epoch 2/2  loss 1.500  validation loss 4.000  0:04',
        '4 steps in 0:04  loss 1.500  100 targets/s',
        '',
      ].join('\n'),
    );
    const open = paper(false);
    await run(1, { stream: open }, { epochs: 2, steps: undefined as never });
    expect(open.text).toContain('epoch 1/2  1 steps  loss 1.000  100 targets/s  0:01');
  });
});

describe('on a terminal', () => {
  it('draws one line over and over, and ends below it', async () => {
    const stream = paper(true, 100);
    await run(4, { stream });
    expect(stream.writes.filter((text) => text.startsWith('\r\x1b[2K'))).toHaveLength(4);
    expect(stream.text.endsWith('\n')).toBe(true);
    expect(stream.writes[1]).toBe(
      '\r\x1b[2K 50%  \x1b[36m██████████░░░░░░░░░░\x1b[0m  2/4  \x1b[1mloss 2.000\x1b[0m  100 targets/s  \x1b[2m0:02 left\x1b[0m',
    );
    expect(stream.text).not.toContain('\x1b[?25');
  });

  it('is not drawn more than ten times a second', async () => {
    const stream = paper(true, 100);
    await run(50, { stream, now: () => 0 });
    expect(
      stream.writes.filter((text) => text.startsWith('\r')).map((text) => text.includes('50/50')),
    ).toEqual([false, true]);
  });

  it('takes NO_COLOR to heart, stays within the columns, and writes a log for TERM=dumb', async () => {
    process.env.NO_COLOR = '1';
    const narrow = paper(true, 54);
    await run(4, { stream: narrow });
    expect(narrow.lines[0]).toBe('100%  ████  4/4  loss 4.000  100 targets/s  0:00 left');
    delete process.env.NO_COLOR;
    process.env.TERM = 'dumb';
    const dumb = paper(true);
    await run(1, { stream: dumb });
    expect(dumb.text).not.toContain('\x1b');
  });

  it('leaves the cursor on a line of its own after a failure, and after a stop', async () => {
    const failed = paper(true, 100);
    const validation = () => {
      throw new Error('no such file');
    };
    await expect(run(2, { stream: failed }, { validation })).rejects.toThrow('no such file');
    expect(failed.lines.slice(-2)).toEqual(['failed after 2 steps in 0:02', '']);
    const stopped = paper(true, 100);
    const signal = AbortSignal.abort('the time is up');
    await run(2, { stream: stopped }, { signal });
    expect(stopped.lines.slice(-2)).toEqual(['stopped after 0 steps in 0:00: the time is up', '']);
  });
});

describe('silence', () => {
  it.each([{ silent: true }, { stream: undefined, silent: true }])(
    'shows and reads nothing: %j',
    async (options) => {
      const stream = paper(true);
      await run(3, { stream, ...options });
      expect(stream.writes).toEqual([]);
    },
  );

  it('reads the device only for what it shows', async () => {
    let clock = 0;
    let reads = 0;
    const logs = async () => ({ loss: ++reads });
    const stream = paper(false);
    const hooks = progressHooks({
      words: { unit: 'targets', name: 'loss', scale: 1 },
      every: 500,
      now: () => clock,
      stream,
    });
    const context = { epochs: 1, epoch: 0, size: 1, logs } as unknown as BatchContext;
    for (; clock < 1000; clock += 10) await hooks.onBatchEnd?.(context);
    expect(reads).toBe(2);
    expect(stream.writes).toHaveLength(2);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await run(30, { stream: paper(false), every: 1000 });
    await run(30, { stream: paper(true) });
    expect(tf.memory().numTensors).toBe(before);
  });
});

it.each([
  [{ every: 0 }, 'got every 0, wanted seconds above 0'],
  [{ every: Number.NaN }, 'got every NaN'],
  [{ loss: { name: 'bits', scale: 0 } }, 'got loss.scale 0, wanted a number other than 0'],
])('refuses the options %j', (options, message) => {
  expect(() => progress(options)).toThrow(`GW_PROGRESS_OPTIONS: ${message}`);
});
