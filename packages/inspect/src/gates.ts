import type { AnyCell } from '@gatewise/core';
import { Num, recurStates, savedAtEveryStep, TensorValue } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';

type RecurArgs = Parameters<typeof recurStates>[1];

/** How a gate is used over the real steps of a batch: shares of its activations, all units together. */
export interface GateUse {
  /** Near its lower end: 0 for σ (shut), −1 for tanh. */
  readonly low: number;
  /** Near its upper end: 1 (open for σ); 0 where it has none, as relu. */
  readonly high: number;
  /** Near one of them. */
  readonly saturated: number;
  readonly mean: number;
}

/** Tensors to be read once the device is done. */
interface Pending {
  readonly gates: Readonly<Record<string, tf.Tensor>>; // [B·T,H] each
  readonly keep: tf.Tensor | null; // [B·T,H]
  readonly real: tf.Tensor | null; // [B,T]
}

/** Gate activations of every step, and ∂s_t/∂s_{t-1} of the cell's memory at fixed gates where asked for. The caller disposes of them. */
export function gateTensors(cell: AnyCell, given: RecurArgs, withMemory = true): Pending {
  return tf.tidy(() => {
    const { lengths: _, operandDropout: __, ...args } = given;
    const { sequences } = recurStates(cell, { ...args, padding: 'hold' });
    const before = Object.fromEntries(
      cell.state.map((name) => [name, delayed(sequences[name]!, args.state0?.[name], args.reverse ?? false)]),
    );
    const saved = savedAtEveryStep(cell, args, before);
    const names = boundedGates(cell).map(({ gate }) => gate);
    const keep = withMemory ? memoryFactor(cell, args, saved, before) : null;
    // recurStates keeps them beyond this tidy
    tf.dispose(Object.values(sequences));
    return {
      gates: Object.fromEntries(names.map((gate) => [gate, saved[gate]!])),
      keep: keep && tf.broadcastTo(keep, saved[cell.saved[0]!]!.shape),
      real: args.mask ? tf.clone(args.mask) : null,
    } as Pending & tf.TensorContainerObject;
  });
}

/** The state before each step: s_{t-1}, in reverse s_{t+1}. */
function delayed(
  s: tf.Tensor, // [B,T,H]
  first: tf.Tensor | undefined, // [B,H]
  reverse: boolean,
): tf.Tensor {
  const [B, T, H] = s.shape as [number, number, number];
  const start = first ? tf.reshape(first, [B, 1, H]) : tf.zeros([B, 1, H]);
  const rest = tf.slice(s, [0, reverse ? 1 : 0, 0], [B, T - 1, H]);
  return tf.concat(reverse ? [rest, start] : [start, rest], 1);
}

/** Gates that the cell saves under their own name, with what their activation tends to at −∞ and ∞. */
function boundedGates(cell: AnyCell) {
  const zero = Object.fromEntries([...cell.state, ...(cell.vectors ?? [])].map((name) => [name, new Num(0)]));
  const at = (a: number) =>
    cell.forward(Object.fromEntries(cell.gates.map((g) => [g, new Num(a)])), zero, zero).saved;
  const [low, high] = [at(-FAR), at(FAR)];
  return cell.gates
    .filter((gate) => cell.saved.includes(gate))
    .map((gate) => ({ gate, low: low[gate]!.v, high: high[gate]!.v }));
}
const FAR = 1e4;

/** ∂m_t/∂m_{t-1} of the memory m, the cell's last state, with the gates as they are: f of an LSTM, 1 − z of a GRU. */
function memoryFactor(
  cell: AnyCell,
  { vectors }: RecurArgs,
  saved: Readonly<Record<string, tf.Tensor>>,
  before: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor | null {
  const rows = saved[cell.saved[0]!]!.shape as [number, number];
  const memory = cell.state.at(-1)!;
  const values = (of: Readonly<Record<string, tf.Tensor>>) =>
    Object.fromEntries(Object.entries(of).map(([name, t]) => [name, new TensorValue(t)]));
  const d = Object.fromEntries(
    cell.state.map((name) => [name, new TensorValue(name === memory ? tf.ones(rows) : tf.zeros(rows))]),
  );
  const states = Object.fromEntries(
    Object.entries(before).map(([name, s]) => [name, new TensorValue(tf.reshape(s, rows))]),
  );
  const { prev } = cell.backward(d, values(saved), states, values(vectors ?? {}));
  return prev[memory]?.t ?? null;
}

/** Reads them back and counts; padded steps do not count. */
export async function readGates(cell: AnyCell, { gates, keep, real }: Pending, H: number, within: number) {
  const counts = (await real?.data()) ?? null;
  const use: Record<string, GateUse> = {};
  for (const { gate, low, high } of boundedGates(cell)) {
    use[gate] = useOf(await gates[gate]!.data(), H, counts, { low, high, within });
  }
  return { gates: use, halfLife: keep && halfLives(await keep.data(), H, counts) };
}

type Numbers = ArrayLike<number>;
function useOf(
  a: Numbers,
  H: number,
  real: Numbers | null,
  { low, high, within }: { low: number; high: number; within: number },
): GateUse {
  let [count, atLow, atHigh, sum] = [0, 0, 0, 0];
  for (let n = 0; n < a.length; n++) {
    if (real && !real[Math.floor(n / H)]) continue;
    count++;
    sum += a[n]!;
    if (Math.abs(a[n]! - low) < within) atLow++;
    else if (Math.abs(a[n]! - high) < within) atHigh++;
  }
  const share = (n: number) => (count === 0 ? 0 : n / count);
  return { low: share(atLow), high: share(atHigh), saturated: share(atLow + atHigh), mean: share(sum) };
}

/** By unit: ln ½ / mean ln k, the steps after which half of the memory is left, k the factor of a step. */
function halfLives(k: Numbers, H: number, real: Numbers | null): number[] {
  const sums = new Float64Array(H);
  let steps = 0;
  for (let row = 0; row < k.length / H; row++) {
    if (real && !real[row]) continue;
    steps++;
    for (let j = 0; j < H; j++) sums[j]! += Math.log(Math.abs(k[row * H + j]!));
  }
  return [...sums].map((sum) => (sum < 0 ? (steps * Math.log(0.5)) / sum : Number.POSITIVE_INFINITY));
}
