import { foldKey } from '@gatewise/core';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import { drawLimit } from '@gatewise/shader';
import type * as tf from '@tensorflow/tfjs-core';
import { copy, empty, type Limits } from './device.js';
import { type Plan, planOf } from './plan.js';
import { partNames, sweepParameters } from './sweep.js';
import { parameterData } from './wgsl.js';

export const planFor = (request: RecurRequest, { state0, holdMasks }: RecurTensors, limits: Limits): Plan =>
  planOf(
    request,
    limits,
    state0.map((t) => t !== null),
    request.program.state.map((_, k) => (holdMasks?.[k] ?? null) !== null),
  );

/** The inputs behind one another in one buffer, and where each begins: a shader has eight buffers at most. */
export interface Parts {
  readonly V: tf.Tensor;
  readonly places: Readonly<Record<string, number>>;
}

export function packParts(plan: Plan, tensors: RecurTensors): Parts {
  const { b, vectors, mask, operandMask, holdMasks } = tensors;
  const find = (name: string): tf.Tensor => {
    const k = Number(name.replace(/^\D+/, ''));
    if (name === 'b') return b;
    if (name === 'mask') return mask!;
    if (name === 'drop') return operandMask!;
    return name.startsWith('w') ? vectors[k]! : holdMasks![k]!;
  };
  const list = partNames(plan).map((name) => ({ name, tensor: find(name) }));
  const places: Record<string, number> = {};
  let size = 0;
  for (const { name, tensor } of list) {
    places[`o_${name}`] = size;
    size += tensor.size;
  }
  if (list.length === 1) return { V: b, places };
  const V = empty(size);
  copy(
    list.map(({ name, tensor }) => ({ from: tensor, to: V, place: places[`o_${name}`]!, size: tensor.size })),
  );
  return { V, places };
}

/** The parameters of steps [from, to). */
export function sweepData(
  request: RecurRequest,
  plan: Plan,
  places: Parts['places'],
  from: number,
  to: number,
): ArrayBuffer {
  const { B, T, I, operandDropout: d, zoneout: z } = request;
  const values: Record<string, number> = { B, T, I, start: from, end: to, ...places };
  if (d?.kind === 'draw') {
    Object.assign(values, { dropKey: d.key, dropLimit: drawLimit(d.rate), dropScale: 1 / (1 - d.rate) });
  }
  plan.zone.forEach((kind, k) => {
    if (z?.kind === 'draw' && kind === 'draw') {
      values[`zoneKey${k}`] = foldKey(z.key, k);
      values[`zoneLimit${k}`] = drawLimit(z.rates[k]!);
    }
    if (z?.kind === 'expect' && kind === 'expect') {
      values[`rho${k}`] = z.rates[k]!;
      values[`keep${k}`] = 1 - z.rates[k]!;
    }
  });
  return parameterData(sweepParameters(plan), values);
}

/** The states [S,B,H] in one buffer, from those that are given. */
export function packStates(
  { B, H, program }: RecurRequest,
  given: readonly (tf.Tensor | null)[], // [B,H] each
  more = 0,
): tf.Tensor {
  const size = B * H;
  const S = empty(program.state.length * size + more);
  copy(given.flatMap((from, k) => (from ? [{ from, to: S, place: k * size, size }] : [])));
  return S;
}

/** [B,H] each, out of that buffer. */
export function unpackStates({ B, H, program }: RecurRequest, S: tf.Tensor): tf.Tensor[] {
  const size = B * H;
  const list = program.state.map(() => empty(B, H));
  copy(list.map((to, k) => ({ from: S, at: k * size, to, size })));
  return list;
}
