import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { type WebglOptions, webglEngine } from '@gatewise/engine-webgl';
import { registerEngine } from '@gatewise/recurrence';
import { engineSuite, type Runner } from '@gatewise/testing';
import { backend } from './backend.js';
import { goldenSuite } from './golden.js';
import { inWorker, learnsNumbers, learnsWords } from './training.js';
import { drawCounts, halfFloats, ids, lostContext, lostInTraining, memoryStays } from './webgl-behaviour.js';

const any = (...list: unknown[]) => list as readonly AnyCell[];

/** Devices that can do less, by the engine's name: every path on the same device. */
const lesser: Readonly<Record<string, NonNullable<WebglOptions['limits']>>> = {
  'webgl, 4 targets': { targets: 4 },
  'webgl, 1 target': { targets: 1 },
  'webgl, cut in time': { rows: 3 },
  'webgl, cut in time and batch': { rows: 1 },
};

async function use(): Promise<void> {
  await backend('webgl');
  for (const [name, limits] of Object.entries(lesser)) {
    registerEngine(webglEngine({ name, priority: -1, limits }));
  }
}

/** The cases that a golden file of each cell is replayed for in the ordinary run. */
const cases =
  /\/(basic|huge_inputs|tiny_1e-20|masked_zeros|mask_arbitrary_hold|reversed_masked_zeros)\.json$/;

/** The engine webgl in a page: every path, golden files, counts, memory, training. `long`: every cell on every path. */
export function webglPageSuite(runner: Runner, files: readonly string[], long: boolean): void {
  const suite = (engine: string, list: readonly AnyCell[]) =>
    engineSuite(runner, { engine, on: 'webgl', backend: use, cells: list, against: 'reference' });
  const { lstm, gru } = cells;
  if (long) {
    const all = any(...Object.values(cells), lstmPeephole, indrnn);
    for (const engine of ['webgl', ...Object.keys(lesser)]) suite(engine, all);
  } else {
    suite('webgl', any(lstm, gru));
    suite('webgl, 4 targets', any(lstmPeephole));
    suite('webgl, cut in time and batch', any(gru));
  }
  const layers = files.filter((file) => file.startsWith('cells/') && (long || cases.test(file)));
  goldenSuite(runner, layers, { on: 'webgl', engine: 'webgl' });
  runner.describe('the engine webgl', () => {
    runner.it('draws a step once, and little more', drawCounts);
    runner.it('keeps its memory over 200 steps', memoryStays);
    runner.it('takes more ids than a texture has rows', ids);
    runner.it('in 16-bit textures: runs, and refuses to train', halfFloats);
  });
  runner.describe('training on webgl', () => {
    runner.it('numbers in: the loss falls, and no memory is lost', () => learnsNumbers('webgl'));
    runner.it('an embedding of ids: the loss falls, and no memory is lost', () => learnsWords('webgl'));
    runner.it('the same in a worker, on an OffscreenCanvas', () => inWorker('webgl'));
  });
}

/** Last in a page of its own: nothing runs on webgl there afterwards. */
export function lostContextSuite({ it }: Runner): void {
  it('a lost context is an error with a code, not zeros', lostContext);
  it(
    'webgl starts again; lost once more before the loss of a step is read, that is an error too',
    lostInTraining,
  );
}
