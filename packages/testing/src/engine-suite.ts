import * as cells from '@gatewise/cells';
import { type AnyCell, GatewiseError } from '@gatewise/core';
import { engines, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { assertEqual, assertTrue } from './assertions.js';
import { assertSameResult } from './compare-case.js';
import { type EngineFeature, engineCases, featuresOf } from './engine-cases.js';
import { assertGateRow, gateTable } from './gate-table.js';
import { leakCheck } from './leak-check.js';
import { type Case, type CaseOptions, type CaseResult, makeCase, referenceResult } from './recur-case.js';
import { argsOf, opForward, runCase, upload } from './run-case.js';
import { type Runner, skip } from './runner.js';

export interface EngineSuiteOptions {
  /** The engine's name, as registered. */
  readonly engine: string;
  /** Makes the backend current and registers the engine; called before every test. */
  readonly backend: () => unknown;
  /** Shown in the title: the backend's name. */
  readonly on?: string;
  /** The six cells when absent. */
  readonly cells?: readonly AnyCell[];
  /** What the engine does not do, and why. It must then refuse such a request, with that. */
  readonly unsupported?: Readonly<Partial<Record<EngineFeature, string>>>;
  /** Largest error, as a part of a tensor's largest entry. */
  readonly tolerance?: number;
  /** Requests beside those of every engine, by name: sizes that take another way in it. */
  readonly more?: Readonly<Record<string, CaseOptions>>;
  /** Compare with the float64 reference, where the backend's own ops are slow, or less exact than the engine. */
  readonly against?: 'reference';
  /** Cases by name that hold on no hardware of this kind, and why: `{ 'inputs of 1e-20': '16-bit floats' }`. */
  readonly exempt?: Readonly<Record<string, string>>;
}

/**
 * The specification of an engine, as tests: every request, for every cell, gives what the `ops` engine gives on the same
 * backend; `ops` itself gives what the float64 reference gives. The gates do what the lecture's table says, forward
 * keeps nothing without a tape, nothing leaks, and what is declared as not supported is refused.
 *
 * @example engineSuite({ describe, it }, { engine: 'wasm', backend: () => tf.setBackend('cpu') });
 */
export function engineSuite(runner: Runner, options: EngineSuiteOptions): void {
  const { engine, on } = options;
  const title = `engine ${engine}${on === undefined ? '' : ` on ${on}`}`;
  runner.describe(title, () => {
    const list = options.cells ?? (Object.values(cells) as readonly AnyCell[]);
    for (const cell of list) runner.describe(cell.name, () => requests(runner, cell, options));
    behaviour(runner, options, list[0]!);
  });
}

function requests(runner: Runner, cell: AnyCell, options: EngineSuiteOptions): void {
  for (const [name, request] of Object.entries({ ...engineCases, ...options.more })) {
    const exempt = options.exempt?.[name];
    if (exempt !== undefined) {
      skip(runner, name, exempt);
      continue;
    }
    const missing = featuresOf(cell, request).filter((f) => options.unsupported?.[f] !== undefined);
    if (missing.length > 0) refusal(runner, cell, name, request, options, missing[0]!);
    else comparison(runner, cell, name, request, options);
  }
}

function comparison(
  { it }: Runner,
  cell: AnyCell,
  name: string,
  request: CaseOptions,
  options: EngineSuiteOptions,
): void {
  const { engine, backend, tolerance = 1e-5 } = options;
  it(name, async () => {
    await backend();
    const c = makeCase(cell, request);
    const got = await runCase(cell, c, opForward(cell, engine));
    assertSameResult(got, await wantedResult(cell, c, options), tolerance);
  });
}

const wantedResult = async (
  cell: AnyCell,
  c: Case,
  { engine, against }: EngineSuiteOptions,
): Promise<CaseResult> =>
  engine === 'ops' || against ? referenceResult(cell, c) : runCase(cell, c, opForward(cell, 'ops'));

function refusal(
  { it }: Runner,
  cell: AnyCell,
  name: string,
  request: CaseOptions,
  { engine, backend, unsupported }: EngineSuiteOptions,
  feature: EngineFeature,
): void {
  it(`${name}: refused (${feature}: ${unsupported![feature]})`, async () => {
    await backend();
    const code = await errorCode(() => runCase(cell, makeCase(cell, request), opForward(cell, engine)));
    assertEqual('the error', code, 'GW_ENGINE_REFUSED');
  });
}

async function errorCode(body: () => Promise<unknown>): Promise<string> {
  try {
    await body();
    return 'none: the engine took the request';
  } catch (error) {
    return error instanceof GatewiseError ? error.code : String(error);
  }
}

/** What x can be when its gradient is asked for. */
const inputKinds: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  'a plain tensor': (x) => x,
  'a result on the tape': (x) => tf.neg(tf.neg(x)),
};

function behaviour({ describe, it }: Runner, options: EngineSuiteOptions, cell: AnyCell): void {
  const { engine, backend, unsupported = {} } = options;
  it('is registered for the backend', async () => {
    await backend();
    const names = engines(tf.getBackend()).map((e) => e.name);
    assertTrue(names.includes(engine), `got engines ${names.join(' ')}, wanted ${engine} among them`);
  });
  if (!unsupported['initial-state']) {
    describe("the lecture's table, gates forced", () => {
      for (const row of gateTable) {
        it(`i = ${row.i}, f = ${row.f}: ${row.does}`, async () => {
          await backend();
          await assertGateRow(row, engine);
        });
      }
    });
  }
  for (const [name, own] of Object.entries(inputKinds)) {
    it(`dX where x is ${name}`, async () => {
      await backend();
      const c = makeCase(cell, engineCases['odd sizes']!);
      const got = await runCase(cell, c, (args) => opForward(cell, engine)({ ...args, x: own(args.x) }));
      assertSameResult(got, await wantedResult(cell, c, options), options.tolerance ?? 1e-5);
    });
  }
  it('keeps nothing when nobody asks for gradients', async () => {
    await backend();
    const tensors = upload(cell, makeCase(cell, engineCases['odd sizes']!));
    const before = tf.memory().numTensors;
    const { y, final } = recur(cell, { ...argsOf(tensors.differentiable, tensors), engine });
    const made = tf.memory().numTensors - before;
    tf.dispose([y, final, tensors as unknown as tf.TensorContainer]);
    assertEqual('tensors left by a forward pass', made, 1 + cell.state.length);
  });
  it('leaks nothing', async () => {
    await backend();
    const c = makeCase(cell, engineCases['odd sizes']!);
    await leakCheck(() => runCase(cell, c, opForward(cell, engine)));
  });
}
