import { lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { type Limits, webgpuEngine } from '@gatewise/engine-webgpu';
import { recur, registerEngine } from '@gatewise/recurrence';
import { countGpuCommands, engineSuite, leakCheck, type Runner } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';

/** So little that a thread has several units, gates take turns in workgroup memory, and a sequence takes several dispatches. */
const little: Partial<Limits> = { threads: 8, shared: 200, work: 3000 };
/** A unit a thread, as on a GPU; drivers on the CPU give it several. */
const alone: Partial<Limits> = { units: 1 };
/** What every device has. */
const guaranteed: Partial<Limits> = { threads: 256, shared: 16384, units: 1 };
/** Sizes that products read four numbers at a time. */
const fours = {
  'sizes by four, NaN where masked': { B: 4, T: 5, I: 12, H: 8, mask: 'any', poison: true },
} as const;
const many = {
  ...fours,
  '300 units': { B: 5, T: 2, I: 3, H: 300, state0: true },
} as const;
const most = { '1024 units': { B: 3, T: 2, I: 3, H: 1024 } } as const;

export interface WebgpuSuiteOptions {
  /** Where it runs, for the title. */
  readonly on: string;
  readonly use: () => Promise<unknown>;
  readonly cells: readonly AnyCell[];
  /** Those that also run with little of everything. */
  readonly some: readonly AnyCell[];
  /** Up to 1024 units, which takes a reference in float64 minutes. */
  readonly long: boolean;
}

/** The engine webgpu, in a page or in Node; tf.js' own tanh there is off for small x, so the reference judges. */
export function webgpuSuite(runner: Runner, { on, use, cells, some, long }: WebgpuSuiteOptions): void {
  const engine = (title: string, list: readonly AnyCell[], less: Partial<Limits>, more = {}) =>
    engineSuite(runner, {
      ...{ engine: 'webgpu', on: `${on}${title}`, cells: list, against: 'reference', more },
      backend: async () => {
        await use();
        registerEngine(webgpuEngine(less));
      },
    });
  engine('', cells, alone, many);
  if (some.length > 0) engine(', with little of everything', some, little, fours);
  if (long) engine(', with what every device has', some, guaranteed, { ...many, ...most });
  costs(runner, on, use);
}

interface Size {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

function makeStep({ B, T, I, H }: Size) {
  const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.1, 'float32', seed);
  const x = draw([B, T, I], 1);
  const [W, R, b] = [draw([I, 4 * H], 2), draw([H, 4 * H], 3), draw([4 * H], 4)].map((t) => tf.variable(t));
  const weights = { W: W!, R: R!, b: b! };
  const forward = () => recur(lstm as unknown as AnyCell, { x, ...weights, engine: 'webgpu' }).y;
  return {
    forward,
    train: () => tf.variableGrads(() => tf.sum(forward()) as tf.Scalar, Object.values(weights)),
  };
}

/** What does not depend on the machine, and what must not grow. */
function costs({ describe, it }: Runner, on: string, use: () => Promise<unknown>): void {
  describe(`engine webgpu on ${on}: what it costs`, () => {
    it('at (32,50,64,128) 3 dispatches forward, 8 in training beside those of the sum', async () => {
      await use();
      const { forward, train } = makeStep({ B: 32, T: 50, I: 64, H: 128 });
      const made: tf.TensorContainer[] = [];
      const ran = countGpuCommands(() => made.push(tf.tidy(() => forward())));
      const trained = countGpuCommands(() => made.push(train() as unknown as tf.TensorContainer));
      const around = countGpuCommands(() =>
        made.push(tf.tidy(() => tf.grad((y) => tf.sum(y))(made[0] as tf.Tensor))),
      );
      tf.dispose(made);
      const got = `${ran} forward, ${trained - around} in training`;
      if (got !== '3 forward, 8 in training') throw new Error(`got ${got}`);
    });

    it('keeps memory flat over 200 training steps, on the GPU too', async () => {
      await use();
      const { train } = makeStep({ B: 4, T: 6, I: 3, H: 8 });
      const step = async () => {
        const { value, grads } = train();
        await value.data();
        tf.dispose([value, grads]);
      };
      for (let n = 0; n < 20; n++) await step(); // until its pool of buffers is full
      const before = held();
      await leakCheck(step, { steps: 200, warmup: 1 });
      const after = held();
      if (after !== before) throw new Error(`got ${after}, wanted ${before} as before`);
    });

    it('sends a sequence in several dispatches, wherever a batch of tf.js ends', async () => {
      await use();
      registerEngine(webgpuEngine(little));
      const { train } = makeStep({ B: 4, T: 6, I: 3, H: 8 });
      const batch = tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE');
      const wanted = await gradients(train);
      for (const most of [1, 2, 3, 4]) {
        tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', most);
        if ((await gradients(train)) !== wanted) throw new Error(`got other gradients in batches of ${most}`);
      }
      tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', batch);
      await use();
    });

    it('gives the same bits again', async () => {
      await use();
      const { train } = makeStep({ B: 5, T: 9, I: 3, H: 20 });
      const [once, again] = [await gradients(train), await gradients(train)];
      if (once !== again) throw new Error('got other gradients the second time');
    });
  });
}

/** Bytes that the backend has in use and has ever asked for. */
function held(): string {
  const { numBytesInGPU, numBytesAllocatedInGPU } = tf.memory() as unknown as Record<string, number>;
  return `${numBytesInGPU} bytes of ${numBytesAllocatedInGPU} on the GPU`;
}

async function gradients(train: ReturnType<typeof makeStep>['train']): Promise<string> {
  const { value, grads } = train();
  const list = await Promise.all(Object.values(grads).map((g) => g.data()));
  tf.dispose([value, grads]);
  return list.map((values) => new Uint32Array((values as Float32Array).slice().buffer).join()).join();
}
