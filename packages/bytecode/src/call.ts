import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import { compile } from './compile.js';

/** A request as numbers. */
export interface Head {
  readonly words: Int32Array;
  readonly constants: Float32Array;
  /** B T I H ids reverse padHold record probe drop dropPerStep dropKey zone zoneKey */
  readonly shape: Int32Array;
  /** Of the operand's dropout, then of zoneout by state. */
  readonly rates: Float64Array;
}

const DROP = { draw: 1, mask: 2 };
const ZONE = { draw: 1, expect: 2, mask: 3 };

/** What forward and backward both take, apart from the tensors. */
export function headOf(request: RecurRequest): Head {
  const { program, zoneout: z, operandDropout: d } = request;
  const { words, constants } = compile(program, { record: request.record, zoneout: z !== null });
  const rates = new Float64Array(1 + program.state.length);
  if (d?.kind === 'draw') rates[0] = d.rate;
  if (z && z.kind !== 'mask') rates.set(z.rates, 1);
  return { words, constants, shape: shapeOf(request), rates };
}

function shapeOf(request: RecurRequest): Int32Array {
  const { B, T, I, H, operandDropout: d, zoneout: z } = request;
  return Int32Array.of(
    B,
    T,
    I,
    H,
    Number(request.ids),
    Number(request.reverse),
    Number(request.padding === 'hold'),
    Number(request.record),
    Number(request.probe),
    d ? DROP[d.kind] : 0,
    Number(d?.perStep ?? false),
    d?.kind === 'draw' ? d.key : 0,
    z ? ZONE[z.kind] : 0,
    z?.kind === 'draw' ? z.key : 0,
  );
}

/** How the values of an input are read. */
export type As = 'floats' | 'ids' | 'truth';

/** The inputs in the order that the engines take them; what is absent is null. */
export function inputsOf<V>(
  { program, ids }: RecurRequest,
  tensors: RecurTensors,
  read: (tensor: Tensor, as: As) => V,
): (V | null)[] {
  const { x, W, R, b, mask, operandMask, vectors, state0, holdMasks } = tensors;
  const get = (t: Tensor | null | undefined, as: As = 'floats') => (t ? read(t, as) : null);
  return [
    get(x, ids ? 'ids' : 'floats'),
    get(W),
    get(R),
    get(b),
    get(mask, 'truth'),
    get(operandMask),
    ...vectors.map((t) => get(t)),
    ...state0.map((t) => get(t)),
    ...program.state.map((_, k) => get(holdMasks?.[k], 'truth')),
  ];
}

/** The most that both engines take, as their sources say. */
const MOST = { state: 16, gates: 32, vectors: 32, saved: 64, constants: 64 } as const;

/** True, or what of the cell is too much for the engines. */
export function supports({ program }: RecurRequest): true | string {
  for (const [what, most] of Object.entries(MOST)) {
    const count = program[what as keyof typeof MOST].length;
    if (count > most) return `it has ${count} ${what}, this engine takes ${most}`;
  }
  const { words } = compile(program, { record: true, zoneout: true });
  const [registers, exports] = [words[3]!, words[5]!];
  return registers <= 64 && exports <= 64 ? true : 'its functions need more than 64 intermediate values';
}

/** The gradients that a request asks for; what it does not is null. */
export interface Gradients<V> {
  readonly dx: V | null; // [B,T,I]
  readonly dA: V | null; // [B·T, (input gates)·H]
  readonly dW: V; // [I, (input gates)·H]
  readonly dR: V | null; // [H, (recurrent gates)·H]
  readonly db: V; // [gates·H]
  readonly dvectors: readonly V[]; // [H] each
  readonly dstate0: readonly V[]; // [B,H] each
  readonly dprobe: V | null; // [B,T,S·H]
}

/** Makes each gradient by its shape. */
export function makeGradients<V>(
  { program: p, B, T, I, H, dx, probe }: RecurRequest,
  make: (...shape: number[]) => V,
): Gradients<V> {
  const [w, r] = [p.input.length * H, p.recurrent.length * H];
  return {
    dx: dx === 'surely' ? make(B, T, I) : null,
    dA: dx === 'perhaps' ? make(B * T, w) : null,
    dW: make(I, w),
    dR: r > 0 ? make(H, r) : null,
    db: make(p.gates.length * H),
    dvectors: p.vectors.map(() => make(H)),
    dstate0: p.state.map(() => make(B, H)),
    dprobe: probe ? make(B, T, p.state.length * H) : null,
  };
}

/** In the order that the engines take them. */
export const listGradients = <V>(g: Gradients<V>): (V | null)[] => [
  g.dx,
  g.dA,
  g.dW,
  g.dR,
  g.db,
  ...g.dvectors,
  ...g.dstate0,
  g.dprobe,
];

export function mapGradients<V, U>(g: Gradients<V>, f: (v: V) => U): Gradients<U> {
  const maybe = (v: V | null) => (v === null ? null : f(v));
  return {
    dx: maybe(g.dx),
    dA: maybe(g.dA),
    dW: f(g.dW),
    dR: maybe(g.dR),
    db: f(g.db),
    dvectors: g.dvectors.map(f),
    dstate0: g.dstate0.map(f),
    dprobe: maybe(g.dprobe),
  };
}
