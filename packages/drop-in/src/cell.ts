import { type AnyCell, cellNames, random } from '@gatewise/core';
import { findCell, registeredCells } from '@gatewise/layers';
import { Num } from '@gatewise/recurrence';

export type Kind = 'LSTM' | 'GRU' | 'SimpleRNN';

/** What a layer of tf.layers computes in a step. */
export interface Step {
  readonly kind: Kind;
  readonly activation: string;
  /** '' for a simple RNN. */
  readonly recurrentActivation: string;
}

/** Gates in tf.layers' order of columns, by their names here. */
export const gatesOf: Readonly<Record<Kind, readonly string[]>> = {
  LSTM: ['i', 'f', 'g', 'o'],
  GRU: ['z', 'r', 'n'],
  SimpleRNN: ['h'],
};

const functions: Readonly<Record<string, (a: number) => number>> = {
  tanh: Math.tanh,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  hardSigmoid: (a) => Math.min(Math.max(0.2 * a + 0.5, 0), 1),
  relu: (a) => Math.max(a, 0),
  linear: (a) => a,
};

/** The cell that computes this step, of those given and those registered; undefined where there is none. */
export function cellFor(step: Step, given: readonly AnyCell[]): AnyCell | undefined {
  const φ = functions[step.activation];
  const σ = functions[step.recurrentActivation];
  if (!φ || (step.kind !== 'SimpleRNN' && !σ)) return undefined;
  const cells = [...given, ...registeredCells().map(findCell)];
  return cells.find((cell) => hasShape(cell, step.kind) && computes[step.kind](cell, φ, σ ?? φ));
}

/** States, gates and what they read are those of tf.layers' cell. */
function hasShape(cell: AnyCell, kind: Kind): boolean {
  const { state, gates, input, recurrent, vectors, feeds } = cellNames(cell);
  const wanted = gatesOf[kind];
  const all = (list: readonly string[]) => list.length === wanted.length;
  const named = kind === 'SimpleRNN' || wanted.every((g) => gates.includes(g));
  return (
    named &&
    [gates, input, recurrent].every(all) &&
    vectors.length === 0 &&
    state.join() === (kind === 'LSTM' ? 'h,c' : 'h') &&
    feeds.join() === (kind === 'GRU' ? 'n' : '')
  );
}

type Activation = (a: number) => number;
const num = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, v]) => [name, new Num(v)]));

/** Numbers in [−4, 4): past the ends of a hard sigmoid. */
function* points(count: number): Generator<number[]> {
  const draw = random(1);
  for (let n = 0; n < 64; n++) yield Array.from({ length: count }, () => 8 * draw.uniform() - 4);
}
/** True where the next states of the cell are the wanted ones at every point. */
function agrees(count: number, at: (point: number[]) => { got: Num[]; wanted: number[] }): boolean {
  return [...points(count)].every((point) => {
    const { got, wanted } = at(point);
    return wanted.every((v, n) => Math.abs(got[n]!.v - v) < 1e-9);
  });
}

const computes: Readonly<Record<Kind, (cell: AnyCell, φ: Activation, σ: Activation) => boolean>> = {
  SimpleRNN: (cell, φ) =>
    agrees(2, ([a, h]) => {
      // h = φ(a)
      const { next } = cell.forward(num({ [cell.gates[0]!]: a! }), num({ [cell.state[0]!]: h! }), {});
      return { got: [next[cell.state[0]!]!], wanted: [φ(a!)] };
    }),
  LSTM: (cell, φ, σ) =>
    agrees(6, ([i, f, g, o, h, c]) => {
      // c = σ(f) c' + σ(i) φ(g),  h = σ(o) φ(c)
      const { next } = cell.forward(num({ i: i!, f: f!, g: g!, o: o! }), num({ h: h!, c: c! }), {});
      const wanted = σ(f!) * c! + σ(i!) * φ(g!);
      return { got: [next.h!, next.c!], wanted: [σ(o!) * φ(wanted), wanted] };
    }),
  GRU: (cell, φ, σ) =>
    agrees(4, ([z, r, n, h]) => {
      // theirs: h = σ(z) h' + (1 − σ(z)) φ(n + σ(r) h'), in ours z has the other sign
      const u = cell.operand!.forward(num({ z: -z!, r: r! }), num({ h: h! })).v;
      const { next } = cell.forward(num({ z: -z!, r: r!, n: n! + u }), num({ h: h! }), {});
      return { got: [next.h!], wanted: [σ(z!) * h! + (1 - σ(z!)) * φ(n! + σ(r!) * h!)] };
    }),
};
