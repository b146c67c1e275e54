import '@tensorflow/tfjs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@gatewise/core';
import { type BatchContext, type Logs, type PluginModule, Tokens, type TrainEnd } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { Container } from 'inversify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReportOptions, report } from './report.js';

const texts = [{ name: 'sample', step: 7, text: 'Call <me>' }];
const times = { rest: { ms: 1, count: 1 }, data: { ms: 30, count: 10 }, 'plugin clip': { ms: 0, count: 0 } };
/** As one of @gatewise/optimisers with a group: the rate falls with the steps. */
const optimizer = {
  learningRate: 0,
  getConfig: () => ({
    groups: [{ weights: ['head'], learningRate: optimizer.learningRate / 10 }, { weights: 'b' }],
  }),
} as unknown as tf.Optimizer & { learningRate: number };
function pluginOf(module: PluginModule) {
  const container = new Container();
  container.bind(Tokens.Texts).toConstantValue({ all: texts, add: () => {} });
  container.bind(Tokens.Times).toConstantValue({ read: () => times });
  container.bind(Tokens.Optimizer).toConstantValue(optimizer);
  container.load(module);
  return container.get(Tokens.Plugin);
}

let asked = 0;
function context(step: number, logs: Logs = {}): BatchContext & { logs: BatchContext['logs'] & Logs } {
  const read = async () => {
    asked++;
    return logs;
  };
  return {
    weights: {},
    epochs: 1,
    epoch: 0,
    batch: step,
    size: 1,
    step,
    seed: 0,
    random: random(0),
    stop: () => {},
    report: () => {},
    logs: Object.assign(read, logs),
  };
}

/** Ten steps of a made-up run, with the hooks in the trainer's order. */
async function run(options: ReportOptions, end: TrainEnd = { reason: 'completed' }) {
  const plugin = pluginOf(report(options));
  await plugin.onTrainBegin?.(context(0));
  for (let step = 0; step < 10; step++) {
    const stats = {
      gradients: {},
      skip: () => {},
      skipped: false,
      gates: async () => ({ lstm: { f: { low: 0.1, high: 0.25 - step / 100 } } }),
      stateGradients:
        step % 5 === 0
          ? {
              lstm: tf.tensor2d([
                [1e-4, 1],
                [1e-3, 2],
              ]),
            }
          : {},
      states: { lstm: ['h', 'c'] },
    };
    optimizer.learningRate = 0.01 * (10 - step);
    const waiting = plugin.beforeUpdate?.(stats, context(step));
    tf.dispose(stats.stateGradients);
    await waiting;
    await plugin.onBatchEnd?.(
      context(step + 1, {
        ...{ loss: 3 - step / 5, gradientNorm: 2, gradientNormClipped: 1 },
      }),
    );
  }
  await plugin.onEpochEnd?.(context(10, { loss: 2, valLoss: 1.25 }));
  await plugin.onTrainEnd?.(context(10), end);
  return plugin;
}

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'gatewise-report-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('report', () => {
  it('writes one file that shows the run', async () => {
    const file = join(folder, 'new', 'report.html');
    await run({
      file,
      title: 'A run & more',
      every: 2,
      settings: { cell: 'lstm', seed: 7, carried: true },
      references: [{ label: 'unigram', value: 4.5 }],
      closing: () => ({
        figures: { 'held-out loss': 1.25 },
        sections: [{ title: 'at 0.5', text: '<script>alert(1)</script> Call me' }],
      }),
    });
    const page = await readFile(file, 'utf8');
    expect(page).toContain('<title>A run &amp; more</title>');
    expect(page).toContain('held out: 1.25 at step 10');
    expect(page).toContain('Clipped on 100 %');
    expect(page).toContain('Gradient flow ‖δcₜ‖');
    expect(page).toContain('<th scope="row">cell</th><td>lstm</td>');
    expect(page).toContain('<li><b>1.25</b><span>held-out loss</span></li>');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; Call me');
    expect(page).toContain(
      'η over step. all others: 0.09 at step 2, 0.01 at 10. head: 0.009 at step 2, 0.001 at 10.',
    );
    expect(page).toContain('Gradient flow over training, ‖δhₜ‖ of lstm');
    expect(page).toContain('At step 0: 10⁻⁴ at the first, 0.001 at the last.');
    expect(page).toContain('Gate saturation, lstm');
    expect(page).toContain('f: 0.35 at step 0, 0.3 at 5.');
    expect(page).toContain('At the last look: f 10 % low, 20 % high.');
    expect(page).toContain('<tr><th scope="row">data</th><td class="n">3</td><td class="n">97 %</td>');
    expect(page).toContain('sample, step 7</h3><pre tabindex="0">Call &lt;me&gt;</pre>');
    expect(page).toMatch(/10 steps in [\d.]+ s · completed/);
    expect(await readdir(join(folder, 'new'))).toEqual(['report.html']);
  });

  it('asks for nothing outside itself and runs nothing', async () => {
    const file = join(folder, 'alone.html');
    await run({ file });
    const page = await readFile(file, 'utf8');
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=|href=|https?:/i);
    expect(page).not.toMatch(/undefined|\[object|NaN/);
  });

  it('reads the numbers of every n-th step only', async () => {
    asked = 0;
    await run({ file: join(folder, 'sparse.html'), every: 5 });
    expect(asked).toBe(2);
  });

  it('is written after a failure and a stop too', async () => {
    const file = join(folder, 'failed.html');
    await run({ file }, { reason: 'failed', error: new Error('loss is <NaN>') });
    expect(await readFile(file, 'utf8')).toContain('<p class="failed" role="alert">loss is &lt;NaN&gt;</p>');
    await run({ file }, { reason: 'stopped', why: 'patience' });
    expect(await readFile(file, 'utf8')).toContain('stopped: patience');
  });

  it('is written when nothing was recorded', async () => {
    const file = join(folder, 'empty.html');
    const plugin = pluginOf(report({ file }));
    await plugin.onTrainEnd?.(context(0), { reason: 'failed', error: new Error('no data') });
    expect(await readFile(file, 'utf8')).toContain('Nothing was recorded.');
  });

  it('is written when its closing fails, which is passed on', async () => {
    const file = join(folder, 'closing.html');
    const closing = () => {
      throw new Error('no model');
    };
    await expect(run({ file, closing })).rejects.toThrow('no model');
    expect(await readFile(file, 'utf8')).toContain('no model');
  });

  it('goes on from a checkpoint', async () => {
    const file = join(folder, 'resumed.html');
    const first = await run({ file, every: 1 });
    const second = pluginOf(report({ file, every: 1 }));
    second.loadState?.(JSON.parse(JSON.stringify(first.saveState?.())));
    await second.onTrainEnd?.(context(10), { reason: 'completed' });
    expect(await readFile(file, 'utf8')).toContain('training: 3 at step 1, 1.2 at 10.');
  });

  it('says why it could not be written, and leaves no draft', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(run({ file: join(folder, 'file', 'report.html') })).rejects.toThrow(
      /GW_REPORT_WRITE: .*file/,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses options that cannot be', () => {
    expect(() => report({ file: '' })).toThrow(/GW_REPORT_OPTION: got file/);
    expect(() => report({ file: 'a.html', every: 0 })).toThrow(/GW_REPORT_OPTION: got every = 0/);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await run({ file: join(folder, 'tensors.html') });
    expect(tf.memory().numTensors).toBe(before);
  });
});
