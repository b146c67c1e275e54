import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compile } from '@gatewise/bytecode';
import { gru, lstm } from '@gatewise/cells';
import { type AnyCell, defineCell } from '@gatewise/core';
import { engines, recordProgram, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Addon, findAddon, guarded, type Head, load } from './addon.js';
import { nativeEngine } from './engine.js';
import { liveReserves, loadNative } from './index.js';

const found = findAddon();
const missing = found instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const addon = found as Addon;

const [B, T, I, H] = [3, 5, 4, 6];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return (e as { code?: string }).code ?? String(e);
  }
  return 'no error';
};
const parameters = (gates = 4) => ({
  W: tf.variable(normal([I, gates * H], 2)),
  R: tf.variable(normal([H, gates * H], 3)),
  b: tf.variable(normal([gates * H], 4)),
});

describe('an addon', () => {
  it('that is not there, or does not load, is a coded error that names the command', () => {
    for (const file of ['./no-such.node', './engine.test.ts']) {
      const error = load(new URL(file, import.meta.url));
      expect(error).toMatchObject({ code: 'GW_ENGINE_NATIVE' });
      expect((error as Error).message).toMatch(/npm run setup:native/);
    }
  });
});

describe.skipIf(missing)(`the native engine${title}`, () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    const info = await loadNative();
    expect(info).toEqual({ arch: expect.any(String), threads: expect.any(Number) });
  });

  it('is the first choice on cpu and tensorflow, and on nothing else', () => {
    const first = (backend: string) => engines(backend)[0]!.name;
    expect([first('cpu'), first('tensorflow'), first('webgl')]).toEqual(['native', 'native', 'ops']);
  });

  it('keeps nothing in inference, one reserve between forward and backward, and none after', () => {
    const p = parameters();
    const x = normal([B, T, I], 1);
    tf.dispose(recur(lstm, { x, ...p, engine: 'native' }));
    expect(liveReserves()).toBe(0);
    const before = tf.memory().numTensors;
    for (let step = 0; step < 3; step++) {
      const { value, grads } = tf.variableGrads(() => {
        const { y } = recur(lstm, { x, ...p, engine: 'native' });
        expect(liveReserves()).toBe(1);
        return tf.sum(y) as tf.Scalar;
      }, Object.values(p));
      tf.dispose([value, grads]);
      expect(liveReserves()).toBe(0);
      expect(tf.memory().numTensors).toBe(before);
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
    const [a, b] = ['native', 'ops'].map((engine) => tf.variableGrads(chain(engine), Object.values(p)));
    expect(liveReserves()).toBe(0);
    for (const [name, grad] of Object.entries(a!.grads)) {
      const off = tf.max(tf.abs(tf.sub(grad, b!.grads[name]!))).dataSync()[0]!;
      expect(off).toBeLessThan(1e-4);
    }
  });

  it('gives the reserve of a pruned path back once it is collected', () => {
    const program = fileURLToPath(new URL('./test-support/pruned.ts', import.meta.url));
    const child = spawnSync(
      process.execPath,
      ['--expose-gc', '-C', 'gatewise-source', '--import', 'tsx', program],
      { encoding: 'utf8' },
    );
    expect(child.status, child.stderr).toBe(0);
    expect(JSON.parse(child.stdout)).toEqual({ before: 20, after: 0, tensors: 0 });
  });

  it('works in worker threads at once, and ends when the process does', () => {
    const program = fileURLToPath(new URL('./test-support/workers.ts', import.meta.url));
    const child = spawnSync(process.execPath, ['-C', 'gatewise-source', '--import', 'tsx', program], {
      encoding: 'utf8',
    });
    expect(child.status, child.stderr).toBe(0);
    const { sums, live } = JSON.parse(child.stdout.slice(child.stdout.indexOf('{'))) as {
      sums: number[];
      live: number;
    };
    expect(sums).toEqual(Array(4).fill(sums[0]));
    expect(live).toBe(0);
  });

  it('takes its threads and its instruction set from the environment', () => {
    const file = fileURLToPath(new URL('../build/gatewise_native.node', import.meta.url));
    const describe = (env: Record<string, string>) => {
      const program = `JSON.stringify(require(${JSON.stringify(file)}).describe())`;
      const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
      return spawnSync(process.execPath, ['-p', program], options);
    };
    const forced = describe({ GATEWISE_THREADS: '3', GATEWISE_NATIVE_ARCH: 'baseline' });
    expect(JSON.parse(forced.stdout).slice(0, 3)).toEqual(['baseline', 3, 0]);
    expect(describe({ GATEWISE_NATIVE_ARCH: 'abacus' }).stderr).toMatch(/GW_ENGINE_NATIVE/);
  });

  it('gives the same bits again', () => {
    const big = { W: normal([32, 4 * 48], 2), R: normal([48, 4 * 48], 3), b: normal([4 * 48], 4) };
    const x = normal([16, 20, 32], 1);
    const once = () =>
      tf
        .grads((W: tf.Tensor, R: tf.Tensor) =>
          tf.sum(recur(lstm, { x, W, R, b: big.b, engine: 'native' }).y),
        )([big.W, big.R])
        .flatMap((t) => [...t.dataSync()]);
    expect(once()).toEqual(once());
  });

  it('refuses ids outside W, and a cell beyond its limits', () => {
    const p = parameters();
    const ids = tf.tensor2d([[0, 1, 2, I, 0]], [1, T], 'int32');
    expect(code(() => recur(lstm, { x: ids, ...p, engine: 'native' }))).toBe('GW_ENGINE_IDS');
    const state = Array.from({ length: 17 }, (_, k) => `s${k}`);
    const wide = defineCell({
      name: 'wide',
      state,
      gates: ['a'],
      saved: [],
      forward: (a, s) => ({ next: Object.fromEntries(state.map((k) => [k, s[k]!.add(a.a)])), saved: {} }),
      backward: (d) => ({ gates: { a: d.s0! }, prev: {} }),
    }) as unknown as AnyCell;
    const program = recordProgram(wide);
    expect(nativeEngine(addon).supports({ program } as never)).toBe('it has 17 state, this engine takes 16');
  });

  describe('checks what reaches the addon', () => {
    const { words, constants } = compile(recordProgram(lstm as unknown as AnyCell), {
      record: true,
      zoneout: false,
    });
    const zeros = (n: number) => new Float32Array(n);
    const shape = (...more: number[]) => Int32Array.of(B, T, I, H, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...more);
    const inputs = () => [zeros(B * T * I), zeros(I * 4 * H), zeros(H * 4 * H), zeros(4 * H)];
    const head = (): Head => [words, constants, shape(), new Float64Array(3), inputs()];
    const outputs = () => [zeros(B * T * H), zeros(B * H), zeros(B * H)];
    const cotangents = outputs;
    const gradients = () => [
      null,
      null,
      zeros(I * 4 * H),
      zeros(H * 4 * H),
      zeros(4 * H),
      zeros(B * H),
      zeros(B * H),
    ];
    const forward = (change: (h: Head) => void = () => {}, out = outputs()) => {
      const h = head();
      change(h);
      return guarded(() => addon.forward(...h, out));
    };

    it('every length, type and size', () => {
      const wrong: [string, (h: Head) => void][] = [
        ['a short x', (h) => (h[4] = [zeros(1), ...inputs().slice(1)])],
        ['x of another type', (h) => (h[4] = [new Int32Array(B * T * I), ...inputs().slice(1)])],
        ['no R', (h) => (h[4] = [...inputs().slice(0, 2), null, zeros(4 * H)])],
        ['a short state', (h) => (h[4] = [...inputs(), null, null, zeros(1)])],
        ['no batch', (h) => (h[2] = shape().fill(0, 0, 1))],
        ['a batch too large', (h) => (h[2] = shape().fill(2 ** 30, 0, 1))],
        ['a short shape', (h) => (h[2] = shape().slice(1))],
        ['a rate of 1', (h) => (h[3] = new Float64Array(3).fill(1))],
        ['a rate that is NaN', (h) => (h[3] = new Float64Array(3).fill(Number.NaN))],
        ['an unknown zoneout', (h) => (h[2] = shape().fill(9, 12, 13))],
        ['an operand mask that is missing', (h) => (h[2] = shape().fill(2, 9, 10))],
        ['a plan cut short', (h) => (h[0] = words.slice(0, -1))],
        ['a plan with more', (h) => (h[0] = Int32Array.of(...words, 0))],
        ['a slot out of range', (h) => (h[0] = words.map((w, k) => (k === words.length - 1 ? w + 999 : w)))],
        ['no list', (h) => (h[4] = null as never)],
      ];
      for (const [what, change] of wrong) {
        expect(
          code(() => forward(change)),
          what,
        ).toBe('GW_ENGINE_ARGUMENTS');
      }
      expect(code(() => forward(undefined, [zeros(1), ...outputs().slice(1)]))).toBe('GW_ENGINE_ARGUMENTS');
      expect(liveReserves()).toBe(0);
    });

    it('the reserve: one backward each, and no other object', () => {
      const reserve = forward()!;
      expect(liveReserves()).toBe(1);
      const backward = (r: object, out: (Float32Array | null)[] = gradients()) =>
        guarded(() => addon.backward(...head(), r, cotangents(), out));
      expect(code(() => backward({}))).toBe('GW_ENGINE_ARGUMENTS');
      expect(code(() => backward(reserve, [zeros(1), ...gradients().slice(1)]))).toBe('GW_ENGINE_ARGUMENTS');
      expect(code(() => guarded(() => addon.backward(...head(), reserve, [], gradients())))).toBe(
        'GW_ENGINE_ARGUMENTS',
      );
      backward(reserve);
      expect(liveReserves()).toBe(0);
      expect(code(() => backward(reserve))).toBe('GW_ENGINE_RESERVE');
    });

    it('the name of an instruction set', () => {
      expect(code(() => guarded(() => addon.use('abacus')))).toBe('GW_ENGINE_NATIVE');
    });
  });
});
