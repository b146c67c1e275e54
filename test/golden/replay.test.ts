import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { findGolden, leakCheck, replayGolden, replayGoldenFile } from '@gatewise/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { golden } from './registry.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gatewise-golden-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

// biome-ignore lint/suspicious/noExplicitAny: a file is damaged on purpose, wherever it hurts
type Json = any;
const read = (path: string): Json => JSON.parse(readFileSync(here(`files/${path}`), 'utf8'));
const kinds = {
  cell: 'cells/lstm/masked_zeros.json',
  gru: 'cells/gru_reset_after_keras/reversed.json',
  stack: 'stacks/lstm_bidirectional_masked.json',
  loss: 'losses/ce_many_to_many_masked.json',
  model: 'losses/model_ce_lstm_many_to_many_masked.json',
  clip: 'clip/above.json',
  train: 'train/lstm_sgd.json',
  onnx: 'onnx-node/test_gru_seq_length.json',
} as const;

/** Replays a file with something changed in it. */
function replay(path: string, change: (json: Json) => void) {
  const json = read(path);
  change(json);
  return replayGolden(path, json, golden);
}
const nudge = (tensor: { data: number[] }) => {
  const at = tensor.data.findIndex((v) => v !== 0);
  tensor.data[at] = tensor.data[at]! * 1.01;
};

describe('golden replay notices', () => {
  it.each<[string, keyof typeof kinds, (json: Json) => void, string]>([
    ['an output', 'cell', (j) => nudge(j.expected.y), 'expected.y'],
    ['a final state', 'cell', (j) => nudge(j.expected.cT), 'expected.cT'],
    ['a loss', 'cell', (j) => (j.loss *= 1.001), 'loss'],
    ['the gradient of x', 'cell', (j) => nudge(j.gradients.x), 'gradients.x'],
    ['the gradient of the initial state', 'cell', (j) => nudge(j.gradients.c0), 'gradients.c0'],
    ['the gradient of one of two biases', 'gru', (j) => nudge(j.gradients.bh), 'gradients.bh'],
    ['the gradient of a stack', 'stack', (j) => nudge(j.gradients['l0.bwd.Wx']), 'gradients.l0.bwd.Wx'],
    ['the loss of a step', 'loss', (j) => nudge(j.expected.loss), 'expected.loss'],
    ['a mean', 'loss', (j) => (j.scalars.meanOverCountedSteps *= 1.01), 'scalars.meanOverCountedSteps'],
    ['the gradient of the logits', 'loss', (j) => nudge(j.gradients.logits), 'gradients.logits'],
    ['logits', 'model', (j) => nudge(j.expected.logits), 'expected.logits'],
    ['the gradient of the head', 'model', (j) => nudge(j.gradients.Wy), 'gradients.Wy'],
    [
      'a norm',
      'clip',
      (j) => (j.expected.tf_clip_by_global_norm.totalNorm *= 1.01),
      'expected.tf_clip_by_global_norm.totalNorm',
    ],
    [
      'a clipped gradient',
      'clip',
      (j) => nudge(j.expected.tf_clip_by_global_norm.clipped.g1),
      'expected.tf_clip_by_global_norm.clipped.g1',
    ],
    ['the loss after an update', 'train', (j) => (j.losses[20] *= 1.001), 'losses'],
    ['a trained weight', 'train', (j) => nudge(j.finalWeights.Wh), 'finalWeights.Wh'],
    ['the output of an ONNX node', 'onnx', (j) => nudge(j.expected.Y_h), 'expected.Y_h'],
    ['a mask that is not the one meant', 'cell', (j) => j.inputs.mask.data.fill(1), 'expected.y'],
  ])('%s that is off', async (_, kind, change, tensor) => {
    expect((await replay(kinds[kind], () => {})).status).toBe('passed');
    const { status, comparisons } = await replay(kinds[kind], change);
    expect(status).toBe('failed');
    expect(comparisons.filter((c) => !c.passed).map((c) => c.tensor)).toContain(tensor);
  });
});

describe('golden replay fails, with a code, on', () => {
  it.each<[string, (json: Json) => void, RegExp]>([
    ['another format', (j) => (j.format = 'rnn-golden/2'), /GW_GOLDEN_FORMAT/],
    ['no kind', (j) => delete j.kind, /GW_GOLDEN_FORMAT/],
    [
      'data that do not fill the shape',
      (j) => j.inputs.x.data.pop(),
      /GW_GOLDEN_TENSOR: tensor inputs.x: got 83/,
    ],
    ['a word among numbers', (j) => (j.weights.b.data[2] = 'much'), /GW_GOLDEN_TENSOR.*"much" at 2/],
    ['a shape of halves', (j) => (j.weights.b.shape = [16.5]), /GW_GOLDEN_TENSOR/],
    ['no data', (j) => delete j.weights.b.data, /GW_GOLDEN_TENSOR: tensor weights.b: got no data/],
    ['no bias', (j) => delete j.weights.b, /GW_GOLDEN_MISSING: got no tensor "b"/],
    ['no x', (j) => delete j.inputs.x, /GW_GOLDEN_MISSING: got no inputs.x/],
    ['weights of another size', (j) => (j.weights.Wh = j.weights.Wx), /GW_OP_SHAPE/],
    [
      'nothing to compare',
      (j) => Object.assign(j, { expected: {}, gradients: {}, loss: null }),
      /GW_GOLDEN_MISSING/,
    ],
  ])('%s', async (_, change, reason) => {
    const result = await replay(kinds.cell, change);
    expect(result.status).toBe('failed');
    expect(result.reason).toMatch(reason);
  });

  it('a file that is not there, and one that is no JSON', async () => {
    const missing = await replayGoldenFile(join(folder, 'nowhere.json'));
    expect(missing).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^GW_GOLDEN_PATH/) });
    writeFileSync(join(folder, 'half.json'), '{"format":');
    const half = await replayGoldenFile(join(folder, 'half.json'));
    expect(half).toMatchObject({ status: 'failed', reason: expect.stringMatching(/^GW_GOLDEN_JSON/) });
  });
});

describe('golden replay skips, with a reason,', () => {
  it.each<[string, keyof typeof kinds, (json: Json) => void, RegExp]>([
    ['a cell that is not here', 'cell', (j) => (j.cell = 'lstm_of_tomorrow'), /"lstm_of_tomorrow"/],
    ['a kind that is not here', 'cell', (j) => (j.kind = 'tflite'), /tflite/],
    ['a padding that is not here', 'cell', (j) => (j.options.padding = 'mirror'), /mirror/],
    ['an optimizer that is not here', 'train', (j) => (j.optimizer.kind = 'lion'), /lion/],
    ['a task that is not here', 'train', (j) => (j.taskKind = 'ctc'), /ctc/],
    [
      'activations that are not here',
      'onnx',
      (j) => (j.attributes.activations = ['ThresholdedRelu', 'Tanh']),
      /thresholdedrelu/,
    ],
    ['a rule that is not there', 'clip', (j) => delete j.expected.tf_clip_by_global_norm, /TensorFlow/],
  ])('%s', async (_, kind, change, reason) => {
    const result = await replay(kinds[kind], change);
    expect(result).toMatchObject({ status: 'skipped', comparisons: [] });
    expect(result.reason).toMatch(reason);
  });

  it("a clip file where nothing clips, and passes over a model's own description", async () => {
    expect((await replayGolden('', read(kinds.clip))).status).toBe('skipped');
    writeFileSync(join(folder, 'model.json'), '{"modelTopology":{}}');
    expect(await replayGoldenFile(join(folder, 'model.json'))).toBeNull();
  });
});

describe('golden replay', () => {
  it('takes a loss of huge logits', async () => {
    const result = await replay('losses/ce_many_to_one.json', (j) => {
      j.inputs.logits = { shape: [2, 3], data: [1e30, -1e30, 0, -1e30, 1e30, 1e30] };
      j.inputs.targets = { shape: [2], dtype: 'int32', data: [1, 2] };
      j.expected = { loss: { shape: [2], data: [2e30, Math.fround(Math.log(2))] } };
      j.scalars = { sum: 2e30 };
      j.gradients = { logits: { shape: [2, 3], data: [1, -1, 0, 0, 0.5, -0.5] } };
    });
    expect(result).toMatchObject({ status: 'passed' });
  });

  it('takes ONNX nodes of both directions, batch first', async () => {
    const both = (t: { shape: number[]; data: number[] }) => ({
      shape: [2, ...t.shape.slice(1)],
      data: [...t.data, ...t.data],
    });
    const result = await replay('onnx-node/test_simple_rnn_defaults.json', (j) => {
      // one step: both directions see the same, and [1,3,2] is also 3 steps of 1 row, batch first
      j.attributes.direction = 'bidirectional';
      j.inputs.W = both(j.inputs.W);
      j.inputs.R = both(j.inputs.R);
      j.expected.Y_h = both(j.expected.Y_h);
    });
    expect(result).toMatchObject({ status: 'passed' });
    const swapped = await replay('onnx-node/test_simple_rnn_defaults.json', (j) => {
      j.attributes.layout = 1;
      j.inputs.X.shape = [3, 1, 2];
      j.expected.Y_h.shape = [3, 1, 4];
    });
    expect(swapped).toMatchObject({ status: 'passed' });
  });

  it.each(Object.values(kinds))('leaks nothing: %s', async (path) => {
    await leakCheck(() => replay(path, () => {}), { steps: 2, warmup: 1 });
    await leakCheck(() => replay(path, (j) => (j.weights = {})), { steps: 2, warmup: 1 });
  });
});

describe('npm run golden', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['-C', 'gatewise-source', '--import', 'tsx', here('cli.ts'), ...args], {
      encoding: 'utf8',
      cwd: here('.'),
    });

  it('counts on its last line and exits with 1 when something failed', async () => {
    const bad = read(kinds.cell);
    nudge(bad.expected.y);
    writeFileSync(join(folder, 'bad.json'), JSON.stringify(bad));
    const unknown = { ...read(kinds.cell), cell: 'lstm_of_tomorrow' };
    writeFileSync(join(folder, 'unknown.json'), JSON.stringify(unknown));
    const { status, stdout } = run(join(folder, 'bad.json'), 'files/clip', join(folder, 'unknown.json'));
    expect(stdout).toMatch(/FAIL/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('8 passed, 1 failed, 1 skipped');
    expect(status).toBe(1);
  });

  it('writes JSON, and exits with 0 when nothing failed', async () => {
    const { status, stdout } = run('files/onnx-node', '--json', '--engine', 'ops');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ passed: 5, failed: 0, skipped: 0 });
    expect(report.files[0].comparisons[0]).toMatchObject({ tensor: 'expected.Y_h', passed: true });
    expect(status).toBe(0);
    expect(await findGolden([here('files/onnx-node')])).toHaveLength(5);
  });

  it.each([
    [['files/clip', '--engine', 'warp'], /GW_ENGINE_UNKNOWN/],
    [['files/clip', '--backend', 'abacus'], /GW_BACKEND_UNKNOWN/],
    [['--what'], /GW_GOLDEN_USAGE/],
    [[], /GW_GOLDEN_USAGE/],
  ])('says what is wrong with %j', (args, message) => {
    const { status, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });
});
