import { type AnyCell, cellNames } from '@gatewise/core';
import { type RecurArgs, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Case, CaseResult, Flat } from './recur-case.js';

/** Tensors of a case by the names of its gradients, and the rest of the request. */
export interface CaseTensors {
  readonly differentiable: Record<string, tf.Tensor>;
  readonly rest: Omit<RecurArgs, 'x' | 'W' | 'R' | 'b' | 'vectors' | 'state0' | 'probe'> & { x?: tf.Tensor };
  readonly dy: tf.Tensor;
  readonly dfinal: Record<string, tf.Tensor>;
}

/** Uploads a case; the caller disposes of it. */
export function upload(cell: AnyCell, c: Case): CaseTensors {
  const { B, T, H, ids, state0, probe, mask, reverse, padding, memory } = c.options;
  const { recurrent } = cellNames(cell);
  const differentiable: Record<string, tf.Tensor> = {
    ...(!ids && { x: tf.tensor3d(c.x) }),
    W: tf.tensor2d(c.weights.W),
    ...(recurrent.length > 0 && { R: tf.tensor2d(c.weights.R) }),
    b: tf.tensor1d(c.weights.b),
    ...(probe && { probe: tf.zeros([B, T, cell.state.length * H]) }),
  };
  for (const [k, v] of Object.entries(c.weights.vectors)) differentiable[`vectors.${k}`] = tf.tensor1d(v);
  if (state0) for (const k of cell.state) differentiable[`state0.${k}`] = tf.tensor2d(c.state0[k]!);
  return {
    differentiable,
    rest: {
      ...(ids && { x: tf.tensor2d(c.ids, [B, T], 'int32') }),
      ...(mask && {
        mask: tf.tensor2d(
          c.mask.map((row) => row.map(Number)),
          [B, T],
          'int32',
        ),
      }),
      ...(reverse && { reverse }),
      ...(padding && { padding }),
      ...(memory && { memory }),
      ...regularisers(cell, c),
    },
    dy: tf.tensor3d(c.dy),
    dfinal: Object.fromEntries(cell.state.map((k) => [k, tf.tensor2d(c.dfinal[k]!)])),
  };
}

function regularisers(cell: AnyCell, c: Case): Pick<RecurArgs, 'zoneout' | 'operandDropout'> {
  const { zoneout, operandDropout } = c.options;
  const { rate, seed } = c;
  const rates = Object.fromEntries(cell.state.map((k) => [k, rate]));
  const drop = (): RecurArgs['operandDropout'] => {
    if (operandDropout === 'mask') return { mask: tf.tensor2d(c.operandMask.map((row) => row[0]!)) };
    if (operandDropout === 'step-mask') return { mask: tf.tensor3d(c.operandMask) };
    return { rate, seed, per: operandDropout === 'step-draw' ? 'step' : 'sequence' };
  };
  const hold = (): RecurArgs['zoneout'] =>
    zoneout === 'mask'
      ? { masks: Object.fromEntries(cell.state.map((k) => [k, tf.tensor3d(c.holdMasks[k]!)])) }
      : { rates, seed, training: zoneout === 'draw' };
  return { ...(operandDropout && { operandDropout: drop()! }), ...(zoneout && { zoneout: hold()! }) };
}

/** The op's arguments from differentiable tensors by name. */
export function argsOf(named: Readonly<Record<string, tf.Tensor>>, { rest }: CaseTensors): RecurArgs {
  const group = (prefix: string) =>
    Object.fromEntries(
      Object.entries(named)
        .filter(([k]) => k.startsWith(prefix))
        .map(([k, v]) => [k.slice(prefix.length), v]),
    );
  const { x = rest.x!, W, R, b, probe } = named;
  return {
    ...rest,
    x,
    W: W!,
    ...(R && { R }),
    b: b!,
    ...(probe && { probe }),
    vectors: group('vectors.'),
    state0: group('state0.'),
  };
}

export type Forward = (args: RecurArgs) => { y: tf.Tensor; final: Readonly<Record<string, tf.Tensor>> };

/** Forward and every gradient of E = Σ dY ⊗ y + Σ ds_T ⊗ s_T through tf.js' tape. */
export async function runCase(cell: AnyCell, c: Case, forward: Forward): Promise<CaseResult> {
  const tensors = upload(cell, c);
  const names = Object.keys(tensors.differentiable);
  const kept: Record<string, tf.Tensor> = {};
  try {
    const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => {
      const { y, final } = forward(argsOf(Object.fromEntries(names.map((k, i) => [k, xs[i]!])), tensors));
      kept.y = tf.keep(y);
      for (const k of cell.state) kept[`final.${k}`] = tf.keep(final[k]!);
      return loss(tensors, y, final, c.options.upstream);
    })(Object.values(tensors.differentiable));
    kept[''] = value;
    const gradients = Object.fromEntries(names.map((k, i) => [k, grads[i]!]));
    const result = { outputs: await readAll(kept), gradients: await readAll(gradients) };
    delete result.outputs[''];
    tf.dispose(grads);
    return result;
  } finally {
    tf.dispose([tensors as unknown as tf.TensorContainer, kept]);
  }
}

/** E = Σ dY ⊗ y + Σ ds_T ⊗ s_T, or one of the two. */
function loss(
  { dy, dfinal }: CaseTensors,
  y: tf.Tensor,
  final: Readonly<Record<string, tf.Tensor>>,
  only?: 'y' | 'final',
): tf.Scalar {
  const terms = only === 'y' ? [] : Object.entries(dfinal).map(([k, d]) => tf.sum(tf.mul(d, final[k]!)));
  if (only !== 'final') terms.push(tf.sum(tf.mul(dy, y)));
  return tf.addN(terms) as tf.Scalar;
}

/** The op itself, on one engine or on the backend's first. */
export const opForward =
  (cell: AnyCell, engine?: string): Forward =>
  (args) =>
    recur(cell, { ...args, ...(engine !== undefined && { engine }) });

async function readAll(tensors: Readonly<Record<string, tf.Tensor>>): Promise<Flat> {
  const entries = Object.entries(tensors).map(async ([k, t]) => [k, await t.data()] as const);
  return Object.fromEntries(await Promise.all(entries));
}
