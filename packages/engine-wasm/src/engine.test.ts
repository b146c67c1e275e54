import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gru, lstm } from '@gatewise/cells';
import { type AnyCell, defineCell } from '@gatewise/core';
import {
  type Engine,
  engines,
  opsEngine,
  type RecurRequest,
  type RecurTensors,
  recordProgram,
  recur,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { wasmEngine } from './engine.js';
import { ownHome, tfHome } from './home.js';
import { liveReserves, loadWasm } from './index.js';
import { compileModule } from './load.js';

const [B, T, I, H] = [3, 5, 4, 6];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);
const parameters = (gates = 4) => ({
  W: tf.variable(normal([I, gates * H], 2)),
  R: tf.variable(normal([H, gates * H], 3)),
  b: tf.variable(normal([gates * H], 4)),
});
/** A request as the op makes it, and tensors for it. */
const requestOf = (cell: AnyCell, more: Partial<RecurRequest> = {}): RecurRequest => ({
  program: recordProgram(cell),
  B,
  T,
  I,
  H,
  ids: false,
  masked: false,
  reverse: false,
  padding: 'zeros',
  operandDropout: null,
  zoneout: null,
  record: true,
  dx: 'surely',
  probe: false,
  ...more,
});
const tensorsOf = (): RecurTensors => ({
  x: normal([B, T, I], 1),
  ...parameters(),
  vectors: [],
  state0: [null, null],
  mask: null,
  operandMask: null,
  holdMasks: null,
});
const LSTM = lstm as unknown as AnyCell;
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return (e as { code?: string }).code ?? String(e);
  }
  return 'no error';
};

beforeAll(async () => {
  const dist = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${dist}/`);
  expect(await loadWasm()).toEqual({ variant: expect.stringMatching(/^(relaxed )?SIMD$/) });
});

it('stands before ops on cpu, wasm and tensorflow, and nowhere else', () => {
  const names = (backend: string) => engines(backend).map(({ name }) => name);
  for (const backend of ['cpu', 'wasm', 'tensorflow']) expect(names(backend)).toEqual(['wasm', 'ops']);
  expect(names('webgl')).toEqual(['ops']);
});

it('registers once, however often it is loaded', async () => {
  const before = engines('cpu');
  expect(await loadWasm()).toBe(await loadWasm());
  expect(engines('cpu')).toEqual(before);
});

it('says what is missing where WebAssembly has no SIMD', async () => {
  await expect(compileModule(undefined as never)).resolves.toBeDefined();
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    await expect(compileModule()).rejects.toMatchObject({ code: 'GW_ENGINE_WASM' });
  } finally {
    WebAssembly.validate = validate;
  }
});

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  let engine: Engine;
  let used: () => number;
  beforeAll(async () => {
    await tf.setBackend(backend);
    const module = await compileModule();
    const own = ownHome(module);
    const home = backend === 'wasm' ? tfHome(module, tf.backend())! : own;
    engine = wasmEngine(() => home);
    used = () => own.heap.used;
  });

  it('keeps nothing in inference, one reserve between forward and backward, and none after', () => {
    const p = parameters();
    const x = normal([B, T, I], 1);
    tf.dispose(recur(lstm, { x, ...p, engine: 'wasm' }));
    expect(liveReserves()).toBe(0);
    const before = tf.memory();
    for (let step = 0; step < 3; step++) {
      const { value, grads } = tf.variableGrads(() => {
        const { y } = recur(lstm, { x, ...p, engine: 'wasm' });
        expect(liveReserves()).toBe(1);
        return tf.sum(y) as tf.Scalar;
      }, Object.values(p));
      tf.dispose([value, grads]);
      expect(liveReserves()).toBe(0);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    }
  });

  it('has several sequences in flight', () => {
    const p = parameters(3);
    const x = normal([B, T, I], 1);
    const chain = (engine: string) => () => {
      const first = recur(gru, { x, ...p, engine }).y;
      const second = recur(gru, { x: tf.slice(first, [0, 0, 0], [B, T, I]), ...p, engine }).y;
      return tf.sum(tf.square(tf.add(first, second))) as tf.Scalar;
    };
    const [a, b] = ['wasm', 'ops'].map((engine) => tf.variableGrads(chain(engine), Object.values(p)));
    expect(liveReserves()).toBe(0);
    for (const [name, grad] of Object.entries(a!.grads)) {
      const off = tf.max(tf.abs(tf.sub(grad, b!.grads[name]!))).dataSync()[0]!;
      expect(off).toBeLessThan(1e-4);
    }
  });

  it('gives the same bits again', () => {
    const big = { W: normal([32, 4 * 48], 2), R: normal([48, 4 * 48], 3), b: normal([4 * 48], 4) };
    const x = normal([16, 20, 32], 1);
    const once = () =>
      tf
        .grads((W: tf.Tensor, R: tf.Tensor) => tf.sum(recur(lstm, { x, W, R, b: big.b, engine: 'wasm' }).y))([
          big.W,
          big.R,
        ])
        .flatMap((t) => [...t.dataSync()]);
    expect(once()).toEqual(once());
  });

  it('refuses ids outside W, and takes them again afterwards', () => {
    const p = parameters();
    const run = (last: number) =>
      recur(lstm, { x: tf.tensor2d([[0, 1, 2, last, 0]], [1, T], 'int32'), ...p, engine: 'wasm' });
    for (const id of [I, -1, 2 ** 30]) {
      expect(() => run(id)).toThrow(/^GW_ENGINE_IDS: got an id outside 0 to 3 at row 0, step 3/);
    }
    expect(run(I - 1).y.shape).toEqual([1, T, H]);
  });

  it('refuses what no memory holds, and runs on', () => {
    // 4 GB of y
    const request = requestOf(LSTM, { B: 2 ** 16, T: 2 ** 10, H: 16, record: false });
    const before = tf.memory();
    const tensors = tensorsOf();
    expect(() => tf.tidy(() => engine.forward(request, tensors).y)).toThrow(/^GW_ENGINE_MEMORY/);
    expect(used()).toBe(0);
    const { y } = engine.forward(requestOf(LSTM, { record: false }), tensors);
    expect(y.shape).toEqual([B, T, H]);
    expect(tf.memory().numBytes - before.numBytes).toBeLessThan(10_000);
  });

  it('refuses a second backward of one forward', () => {
    const request = requestOf(LSTM);
    const tensors = tensorsOf();
    const outputs = engine.forward(request, tensors);
    const cotangents = { dy: outputs.y, dfinal: outputs.final };
    engine.backward(request, tensors, outputs, cotangents);
    expect(code(() => engine.backward(request, tensors, outputs, cotangents))).toBe('GW_ENGINE_RESERVE');
  });
});

it('gives the reserve of a pruned path back on the next tape, and the last one once it is collected', () => {
  const program = fileURLToPath(new URL('./test-support/pruned.ts', import.meta.url));
  const args = ['--expose-gc', '-C', 'gatewise-source', '--import', 'tsx', program];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(child.status, child.stderr).toBe(0);
  expect(JSON.parse(child.stdout)).toEqual({ during: [2, 2, 2], before: 2, after: 0, tensors: 0 });
});

it('refuses a cell beyond its limits', () => {
  const state = Array.from({ length: 17 }, (_, k) => `s${k}`);
  const wide = defineCell({
    name: 'wide',
    state,
    gates: ['a'],
    saved: [],
    forward: (a, s) => ({ next: Object.fromEntries(state.map((k) => [k, s[k]!.add(a.a)])), saved: {} }),
    backward: (d) => ({ gates: { a: d.s0! }, prev: {} }),
  }) as unknown as AnyCell;
  const { supports } = wasmEngine(() => undefined as never);
  expect(supports({ program: recordProgram(wide) } as never)).toBe('it has 17 state, this engine takes 16');
});

describe("where tf.js' wasm backend does not let us in", () => {
  it('values are copied', async () => {
    const module = await compileModule();
    await tf.setBackend('wasm');
    const backend = tf.backend();
    expect(tfHome(module, backend)).not.toBeNull();
    expect(tfHome(module, {})).toBeNull();
    const closed = Object.create(backend, { wasm: { value: { _malloc() {}, _free() {} } } });
    expect(tfHome(module, closed)).toBeNull();
    const home = ownHome(module);
    const tensors = tensorsOf();
    const got = wasmEngine(() => home)
      .forward(requestOf(LSTM, { record: false }), tensors)
      .y.dataSync();
    const wanted = opsEngine.forward(requestOf(LSTM, { record: false }), tensors).y.dataSync();
    got.forEach((v, k) => {
      expect(v).toBeCloseTo(wanted[k]!, 5);
    });
    expect(home.heap.used).toBe(0);
  });
});
