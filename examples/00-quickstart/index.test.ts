import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from '@gatewise/cli';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from './index.js';

const size = '--units 8 --batch 2 --time 5 --held-out 100 --sample 12';
const silent = { write: () => {} };

let runs = '';
beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'gatewise-quickstart-'));
});
afterAll(() => rm(runs, { recursive: true }));

/** The whole quickstart, small, on the cpu backend. */
async function quickstart(line: string, onSay: (text: string) => void = () => {}) {
  const said: string[] = [];
  const printed: string[] = [];
  const say = (text: string) => {
    said.push(text);
    onSay(text);
  };
  const print = (text: string) => printed.push(text);
  const args = `--backend cpu ${size} --runs ${runs} ${line}`.split(' ');
  const result = (await main(args, { say, print, progress: silent })) as Result;
  return { result, said: said.join(''), printed: printed.join('') };
}

const lines = async (file: string) =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the quickstart', () => {
  it('chooses a backend by its own sizes, and shows what was measured', async () => {
    vi.stubEnv('GATEWISE_CACHE', join(runs, 'cache'));
    const { result, said } = await quickstart('--backend auto --steps 2');
    vi.unstubAllEnvs();
    expect(said).toMatch(/^A training step of B=2 T=5 I=\d+ H=8\n/);
    expect(said).toMatch(new RegExp(`^→ +${result.backend} `, 'm'));
  });

  it('trains, scores, samples, saves and loads', async () => {
    const { result, said, printed } = await quickstart('--steps 6 --seed 3 --json');
    expect(JSON.parse(printed)).toEqual(result);
    expect(result).toMatchObject({
      name: 'lstm-seed3-1',
      cell: 'lstm',
      backend: 'cpu',
      steps: 6,
      end: 'completed',
    });
    expect(result).toMatchObject({ characters: 60, heldOutCharacters: 100, savedDifference: 0 });
    expect(result.bits.unigram).toBeGreaterThan(result.bits.bigram);
    expect(result.bits.model).toBeLessThan(Math.log2(100));
    expect(result.samples.map(({ temperature }) => temperature)).toEqual([0.3, 0.7, 1]);
    expect(result.samples.every(({ text }) => text.startsWith('The whale ') && [...text].length === 22)).toBe(
      true,
    );
    expect(said).toContain('unigram counts');
    expect(said).toContain('loaded again with the same predictions');
  });

  it('leaves a run that others can read', async () => {
    const folder = join(runs, 'lstm-seed3-1');
    expect((await readdir(folder)).sort()).toEqual([
      'checkpoints',
      'metrics.jsonl',
      'model',
      'options.json',
      'report.html',
      'run.json',
      'run.txt',
      'vocabulary.json',
    ]);
    const steps = (await lines(join(folder, 'metrics.jsonl'))).filter(({ event }) => event === 'step');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps[0]).toMatchObject({
      gradientNorm: expect.any(Number),
      'flow/recurrent/c/first': expect.any(Number),
    });
    const report = await readFile(join(folder, 'report.html'), 'utf8');
    for (const part of ['Gradient flow ‖δhₜ‖', 'Gradient flow ‖δcₜ‖', 'held out:', 'The whale ', 'Adam']) {
      expect(report).toContain(part);
    }
    const { symbols } = JSON.parse(await readFile(join(folder, 'vocabulary.json'), 'utf8'));
    const model = await loadLayersModel(modelFolder(join(folder, 'model')));
    expect(model.outputs[0]?.shape).toEqual([null, null, symbols.length]);
    model.dispose();
  });

  it('gives the same loss for the same seed, and never takes the same folder', async () => {
    const [first, second] = [await quickstart('--steps 4 --seed 3'), await quickstart('--steps 4 --seed 3')];
    expect(second.result.name).toBe('lstm-seed3-3');
    expect(second.result.loss).toBe(first.result.loss);
    expect(second.result.bits).toEqual(first.result.bits);
    expect(second.result.samples).toEqual(first.result.samples);
    const other = await quickstart('--steps 4 --seed 4');
    expect(other.result.loss).not.toBe(first.result.loss);
  });

  it.each(['vanilla', 'gru'])('trains a %s', async (cell) => {
    const { result } = await quickstart(`--cell ${cell} --steps 2 --name my-${cell}`);
    expect(result).toMatchObject({ cell, name: `my-${cell}`, steps: 2, savedDifference: 0 });
    await expect(quickstart(`--cell ${cell} --name my-${cell}`)).rejects.toThrow(
      /GW_RUN_EXISTS: got --name my-/,
    );
  });

  it('ends early when its minutes are over, with all that it has', async () => {
    const { result, said } = await quickstart('--steps 100000 --minutes 0.005');
    expect(result.end).toMatch(/maxTime/);
    expect(result.steps).toBeLessThan(100000);
    expect(Number.isFinite(result.bits.model)).toBe(true);
    expect(said).toContain('Report to look at');
  });

  it('ends early on Ctrl-C, with all that it has', async () => {
    const pressSoon = (text: string) => {
      if (!text.startsWith('Moby Dick')) return;
      // twice in a row, as when npm passes on what the terminal has sent already
      setTimeout(() => [process.emit('SIGINT'), process.emit('SIGINT')], 400);
    };
    const { result, said } = await quickstart('--steps 100000', pressSoon);
    expect(result.end).toBe('interrupted');
    expect(said).toContain('Ctrl-C ends it in order');
    expect(await readFile(join(result.folder, 'report.html'), 'utf8')).toContain('stopped: interrupted');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('says what is wrong as a program, in one line', () => {
    const program = fileURLToPath(new URL('index.ts', import.meta.url));
    const args = ['-C', 'gatewise-source', '--import', 'tsx', program, '--cel', 'gru'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^GW_CLI_USAGE: unknown option '--cel' \(Did you mean --cell\?\).*\n$/);
  });
});
