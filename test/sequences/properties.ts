import { gru, gruResetAfter, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames, foldKey } from '@gatewise/core';
import { lengthsMask, recur, recurStates } from '@gatewise/recurrence';
import type { Runner } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

const cells = [vanilla, lstm, gru, gruResetAfter] as unknown as AnyCell[];

/** A cell, its sizes, and the seed of its weights and input. */
const problems = fc.record({
  cell: fc.constantFrom(...cells),
  B: fc.integer({ min: 1, max: 5 }),
  T: fc.integer({ min: 1, max: 7 }),
  I: fc.integer({ min: 1, max: 4 }),
  H: fc.integer({ min: 1, max: 9 }),
  seed: fc.nat(1e6),
  reverse: fc.boolean(),
});
type Problem = typeof problems extends fc.Arbitrary<infer P> ? P : never;

/** Inside the tidy of a trial. */
function tensorsOf({ cell, B, T, I, H, seed }: Problem) {
  const { gates, input, recurrent, state } = cellNames(cell);
  const normal = (shape: number[], n: number) => tf.randomNormal(shape, 0, 0.7, 'float32', foldKey(seed, n));
  const weights = {
    W: normal([I, input.length * H], 1),
    R: normal([H, recurrent.length * H], 2),
    b: normal([gates.length * H], 3),
  };
  const state0 = Object.fromEntries(state.map((s, k) => [s, normal([B, H], 10 + k)]));
  return { weights, state0, x: normal([B, T, I], 4) };
}
const lengthsOf = ({ seed, B, T }: Problem) =>
  Array.from({ length: B }, (_, b) => foldKey(seed, 77, b) % (T + 1));

/** Two tensors that are equal, to the bit or nearly. */
interface Pair {
  readonly got: tf.Tensor;
  readonly wanted: tf.Tensor;
  readonly exact?: true;
}
const close = (got: tf.Tensor, wanted: tf.Tensor): Pair => ({ got, wanted });
const same = (got: tf.Tensor, wanted: tf.Tensor): Pair => ({ got, wanted, exact: true });

export interface Trials {
  readonly numRuns: number;
  /** How far apart two numbers may be that nearly are one: GPUs sum in another order. */
  readonly within: number;
}

/** The property of everything that `arbitrary` gives; its tensors go with each trial. */
export async function holds<A>(
  arbitrary: fc.Arbitrary<A>,
  body: (a: A) => readonly Pair[],
  { numRuns, within }: Trials,
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (a) => {
    const pairs = tf.tidy(() => body(a) as unknown as tf.TensorContainer) as unknown as readonly Pair[];
    try {
      for (const { got, wanted, exact } of pairs) {
        const [x, y] = [await got.data(), await wanted.data()];
        if (x.length !== y.length) return false;
        if (x.some((v, n) => !(Math.abs(v - y[n]!) <= (exact ? 0 : within)))) return false;
      }
      return true;
    } finally {
      tf.dispose(pairs as unknown as tf.TensorContainer);
    }
  });
  await fc.assert(property, { numRuns, seed: 1 });
}

type Args = Pick<Parameters<typeof recur>[1], 'engine'>;
type Property<A> = [arbitrary: fc.Arbitrary<A>, body: (a: A, on: Args) => readonly Pair[]];

const split: Property<[Problem, number]> = [
  fc.tuple(problems, fc.nat()),
  ([p, at], on) => {
    const { cell, B, T, I } = p;
    if (T === 1) return [];
    const { weights, state0, x } = tensorsOf(p);
    const n = 1 + (at % (T - 1));
    const whole = recur(cell, { x, ...weights, state0, ...on });
    const first = recur(cell, { x: tf.slice(x, [0, 0, 0], [B, n, I]), ...weights, state0, ...on });
    const rest = tf.slice(x, [0, n, 0], [B, T - n, I]);
    const second = recur(cell, { x: rest, ...weights, state0: first.final, ...on });
    return [
      close(tf.concat([first.y, second.y], 1), whole.y),
      ...cell.state.map((s) => close(second.final[s]!, whole.final[s]!)),
    ];
  },
];

const permuted: Property<Problem> = [
  problems,
  (p, on) => {
    const { cell, B, seed, reverse } = p;
    const { weights, state0, x } = tensorsOf(p);
    const lengths = lengthsOf(p);
    const order = Array.from({ length: B }, (_, b) => (b + 1 + (seed % B)) % B);
    const permute = (t: tf.Tensor) => tf.gather(t, tf.tensor1d(order, 'int32'));
    const a = recur(cell, { x, ...weights, state0, lengths, reverse, ...on });
    const b = recur(cell, {
      x: permute(x),
      ...weights,
      state0: Object.fromEntries(Object.entries(state0).map(([s, t]) => [s, permute(t)])),
      lengths: order.map((row) => lengths[row]!),
      reverse,
      ...on,
    });
    return [close(permute(a.y), b.y), ...cell.state.map((s) => close(permute(a.final[s]!), b.final[s]!))];
  },
];

const padding: Property<[Problem, number]> = [
  fc.tuple(problems, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e30, -3)),
  ([p, value], on) => {
    const { cell, B, T, I, reverse } = p;
    const { weights, state0, x } = tensorsOf(p);
    const lengths = lengthsOf(p);
    const real = tf.tile(tf.reshape(lengthsMask(lengths, B, T), [B, T, 1]), [1, 1, I]);
    const other = tf.where(real, x, tf.fill([B, T, I], value));
    const loss = (v: tf.Tensor, W: tf.Tensor, R: tf.Tensor, b: tf.Tensor) =>
      tf.sum(tf.square(recur(cell, { x: v, W, R, b, state0, lengths, reverse, ...on }).y)) as tf.Scalar;
    const { W, R, b } = weights;
    const one = tf.valueAndGrads(loss)([x, W, R, b]);
    const two = tf.valueAndGrads(loss)([other, W, R, b]);
    const dx = one.grads[0]!;
    return [
      same(one.value, two.value),
      ...one.grads.map((g, k) => same(g, two.grads[k]!)),
      same(tf.where(real, tf.zerosLike(dx), dx), tf.zerosLike(dx)),
    ];
  },
];

const everyState: Property<[Problem, number]> = [
  fc.tuple(problems, fc.nat()),
  ([p, at], on) => {
    const { cell, B, T, I, H } = p;
    const { weights, state0, x } = tensorsOf(p);
    const n = 1 + (at % T);
    const { sequences } = recurStates(cell, { x, ...weights, state0, ...on });
    const cut = recur(cell, { x: tf.slice(x, [0, 0, 0], [B, n, I]), ...weights, state0, ...on });
    const then = (t: tf.Tensor) => tf.reshape(tf.slice(t, [0, n - 1, 0], [B, 1, H]), [B, H]);
    return cell.state.map((s) => close(then(sequences[s]!), cut.final[s]!));
  },
];

const held: Property<Problem> = [
  problems,
  (p, on) => {
    const { cell, B, T, H, reverse } = p;
    const { weights, state0, x } = tensorsOf(p);
    const masks = Object.fromEntries(cell.state.map((s) => [s, tf.ones([B, T, H], 'bool')]));
    const all = recur(cell, { x, ...weights, state0, zoneout: { masks }, reverse, ...on });
    const none = recur(cell, { x, ...weights, state0, lengths: Array(B).fill(0), reverse, ...on });
    return cell.state.flatMap((s) => [same(all.final[s]!, state0[s]!), same(none.final[s]!, state0[s]!)]);
  },
];

const seeded: Property<Problem> = [
  problems,
  (p, on) => {
    const { cell, seed, reverse } = p;
    const { weights, state0, x } = tensorsOf(p);
    const rates = Object.fromEntries(cell.state.map((s) => [s, 0.3]));
    const drawn = (engine: Args) =>
      recur(cell, {
        ...{ x, ...weights, state0, reverse },
        operandDropout: { rate: 0.4, seed, per: 'step' },
        zoneout: { rates, seed: seed + 1, training: true },
        ...engine,
      }).y;
    const one = drawn(on);
    return [same(one, drawn(on)), close(one, drawn({ engine: 'ops' }))];
  },
];

const dialled: Property<[Problem, number]> = [
  fc.tuple(problems, fc.integer({ min: 1, max: 7 })),
  ([p, memory], on) => {
    const { cell, reverse } = p;
    const { weights, state0, x } = tensorsOf(p);
    const loss = (kept: 'all' | number) => (v: tf.Tensor, W: tf.Tensor) => {
      const args = { x: v, ...weights, W, state0, lengths: lengthsOf(p), reverse, memory: kept, ...on };
      return tf.mean(tf.square(recur(cell, args).y)) as tf.Scalar;
    };
    const [all, some] = (['all', memory] as const).map((kept) =>
      tf.valueAndGrads(loss(kept))([x, weights.W]),
    );
    return [same(all!.value, some!.value), ...all!.grads.map((g, k) => close(g, some!.grads[k]!))];
  },
];

/** What every engine holds to. `use` makes its backend the current one. */
export function properties(
  { describe, it }: Runner,
  { engine, use, ...trials }: Trials & { readonly engine: string; use(): Promise<unknown> },
): void {
  const on = { engine };
  const check = <A>(title: string, [arbitrary, body]: Property<A>) =>
    it(title, async () => {
      await use();
      await holds(arbitrary, (a) => body(a, on), trials);
    });
  describe(`engine ${engine}`, () => {
    check('split and carry = whole', split);
    check('permuted batch = permuted output', permuted);
    check('the content of padding is irrelevant, forward and backward', padding);
    check('every state at every step is what the sequence cut there ends with', everyState);
    check('all held = identity', held);
    check('same seed, same masks; and those of the engine ops', seeded);
    check('states kept of some steps = all kept', dialled);
  });
}

/** A property that is false: what is found false when all is well. */
export const falseProperty = (): Promise<void> =>
  holds(problems, ({ T }) => [same(tf.scalar(Number(T < 5)), tf.scalar(1))], { numRuns: 25, within: 0 });
