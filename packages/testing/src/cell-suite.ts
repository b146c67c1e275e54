import { type AnyCell, random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertAtMost, assertTrue } from './assertions.js';
import { autodiffForward } from './autodiff.js';
import { assertSameResult } from './compare-case.js';
import { bpttError, differences, randomProblem } from './differences.js';
import type { GoldenResult } from './golden/replay.js';
import { goldenLines } from './golden/report.js';
import { leakCheck } from './leak-check.js';
import { mutations } from './mutations.js';
import { pointwiseError } from './pointwise.js';
import { type CaseOptions, makeCase, referenceResult } from './recur-case.js';
import { programError } from './replay-program.js';
import { opForward, runCase } from './run-case.js';
import type { Runner } from './runner.js';

/** The limits that every cell is held to. */
export const cellLimits = {
  /** Backward against dual numbers, in float64. */
  pointwise: 1e-12,
  /** Whole backpropagation through time against differences, in float64. */
  bptt: 1e-8,
  /** The op in float32, as a part of the largest entry. */
  op: 1e-5,
  /** A program's constants are float32. */
  program: 1e-6,
} as const;

export interface CellSuiteOptions {
  /** Makes a tf.js backend current before the checks that need one; the current one when absent. */
  readonly backend?: () => unknown;
  /** Golden files of this cell, each a function that replays one: `() => replayGoldenFile(path)`. */
  readonly golden?: Readonly<Record<string, () => Promise<GoldenResult | null>>>;
  readonly seed?: number;
}

/**
 * The specification of a cell, as tests: its backward by hand is the derivative of its forward, the suite would notice
 * if it were not, the op and the recorded program compute the same, nothing leaks.
 *
 * @example
 * import { describe, it } from 'vitest';
 * cellSuite({ describe, it }, myCell, { backend: () => tf.setBackend('cpu') });
 */
export function cellSuite(runner: Runner, cell: AnyCell, options: CellSuiteOptions = {}): void {
  runner.describe(`cell ${cell.name}`, () => {
    mathematics(runner, cell, options.seed ?? 1);
    operation(runner, cell, options);
    for (const [name, replay] of Object.entries(options.golden ?? {})) {
      runner.it(`golden ${name}`, async () => {
        await options.backend?.();
        const result = await replay();
        assertTrue(
          result?.status === 'passed',
          result ? goldenLines(result).join('\n') : `${name} is no golden file`,
        );
      });
    }
  });
}

/** In float64, without tf.js. */
function mathematics({ it }: Runner, cell: AnyCell, seed: number): void {
  const problem = randomProblem(cell, random(seed), { T: 6, I: 2, H: 3 });
  const pointwise = (of: AnyCell) => pointwiseError(of, random(seed + 1));
  it(`its backward is the derivative of its forward: dual numbers, ${cellLimits.pointwise}`, () => {
    const { error, at } = pointwise(cell);
    assertAtMost(`backward, ${at}`, error, cellLimits.pointwise);
  });
  it(`BPTT is the gradient by x, W, R, b, vectors, every initial state and δs_t: differences, ${cellLimits.bptt}`, () => {
    const { error, at } = bpttError(cell, problem);
    assertAtMost(`gradient of ${at}`, error, cellLimits.bptt);
  });
  it('a backward that is wrong anywhere is noticed, by both', () => {
    const wanted = differences(cell, problem);
    const wrong = mutations(cell, random(seed + 2));
    assertTrue(wrong.length > 0, 'got a backward that is zero everywhere, wanted gradients');
    for (const mutation of wrong) {
      const seen = pointwise(mutation.cell).error > cellLimits.pointwise;
      assertTrue(seen, `dual numbers did not notice: ${mutation.name}`);
      const felt = bpttError(mutation.cell, problem, wanted).error > cellLimits.bptt;
      assertTrue(felt, `differences did not notice: ${mutation.name}; is the entry never used?`);
    }
  });
  it('the recorded program computes the same', () => {
    for (let n = 0; n < 20; n++)
      assertAtMost('program', programError(cell, random(seed + n)), cellLimits.program);
  });
}

const size = { B: 3, T: 5, I: 4, H: 6 };
const againstAutodiff: Record<string, CaseOptions> = {
  'initial states': { ...size, state0: true },
  'zero initial states': size,
  'masked, in reverse': { ...size, state0: true, mask: 'right', reverse: true },
  'masked anywhere, padding held': { ...size, state0: true, mask: 'any', padding: 'hold' },
  'one of everything': { B: 1, T: 1, I: 1, H: 1, state0: true },
};
const againstReference: Record<string, CaseOptions> = {
  'zoneout and operand dropout': {
    ...size,
    state0: true,
    zoneout: 'mask',
    operandDropout: 'step-mask',
    probe: true,
  },
  'ids, masked': { ...size, ids: true, mask: 'any', probe: true },
};

/** On tensors. */
function operation({ describe, it }: Runner, cell: AnyCell, { backend, seed = 1 }: CellSuiteOptions): void {
  describe('as an op', () => {
    for (const [name, options] of Object.entries(againstAutodiff)) {
      it(`has the gradients of tf.js' autodiff: ${name}`, async () => {
        await backend?.();
        const c = makeCase(cell, options, seed);
        const wanted = await runCase(cell, c, autodiffForward(cell));
        assertSameResult(await runCase(cell, c, opForward(cell)), wanted, cellLimits.op);
      });
    }
    for (const [name, options] of Object.entries(againstReference)) {
      it(`has the gradients of the float64 reference: ${name}`, async () => {
        await backend?.();
        const c = makeCase(cell, options, seed);
        assertSameResult(await runCase(cell, c, opForward(cell)), referenceResult(cell, c), cellLimits.op);
      });
    }
    it('leaks nothing', async () => {
      await backend?.();
      await tf.ready();
      const c = makeCase(cell, { ...size, state0: true, mask: 'right' }, seed);
      await leakCheck(() => runCase(cell, c, opForward(cell)));
    });
  });
}
