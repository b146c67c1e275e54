import { findCell } from '@gatewise/layers';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { biasOf } from '../build.js';
import { cellOf } from '../cells.js';
import type { Direction, RecurrentSpec, Values } from '../model.js';
import { rowOf } from '../values.js';
import type { OnnxNode } from './graph.js';
import { directionOf, type NodeWeights, recurrentNode } from './recurrent-node.js';

/** What a node reads while it runs. */
export interface Running {
  readonly x: tf.Tensor; // layout 0: [T,B,I]; 1: [B,T,I]
  readonly weights: NodeWeights;
  readonly lengths?: readonly number[]; // [B]
  readonly h0?: tf.Tensor; // layout 0: [D,B,H]; 1: [B,D,H]
  readonly c0?: tf.Tensor;
  /** Only this engine. */
  readonly engine?: string;
}

/** An RNN, LSTM or GRU node, every direction as one fused sequence. Gives Y, Y_h and, of an LSTM, Y_c in its layout. */
export function runRecurrent(
  node: OnnxNode,
  { x: X, weights, lengths, h0, c0, engine }: Running,
): tf.Tensor[] {
  const said = recurrentNode(node);
  const { cell: spec, reverse, layout } = said;
  const cell = findCell(cellOf(spec));
  const x = layout === 1 ? X : tf.transpose(X, [1, 0, 2]); // [B,T,I]
  const ran = reverse.map((_, d) => {
    const direction = directionOf(node, said, weights, d);
    const initial = { h: at(h0, d, layout), ...(c0 && { c: at(c0, d, layout) }) };
    const state0 = Object.fromEntries(Object.entries(initial).filter(([, s]) => s)) as Record<
      string,
      tf.Tensor
    >;
    return recur(cell, {
      x,
      ...tensorsOf(cell.vectors ?? [], spec, direction),
      state0,
      reverse: direction.reverse,
      ...(lengths && { lengths }),
      ...(engine !== undefined && { engine }),
    });
  });
  const y = tf.stack(
    ran.map((r) => r.y),
    2,
  ); // [B,T,D,H]
  const finals = ['h', ...(spec.kind === 'lstm' ? ['c'] : [])].map((state) =>
    tf.stack(
      ran.map((r) => r.final[state] as tf.Tensor),
      layout,
    ),
  );
  return [layout === 1 ? y : tf.transpose(y, [1, 2, 0, 3]), ...finals];
}

const at = (states: tf.Tensor | undefined, d: number, layout: 0 | 1) =>
  states && (tf.unstack(states, layout)[d] as tf.Tensor);

function tensorsOf(
  vectors: readonly string[],
  cell: RecurrentSpec['cell'],
  { W, R, bias, peepholes }: Direction,
) {
  const H = R.shape[0] as number;
  const G = (R.shape[1] as number) / H;
  const b = bias ? biasOf({ cell, units: H } as RecurrentSpec, bias) : zeros(biasLength(cell, G) * H);
  return {
    W: tensor(W),
    R: tensor(R),
    b: tensor(b),
    ...(peepholes && {
      vectors: Object.fromEntries(vectors.map((name, k) => [name, tensor(rowOf(peepholes, k))])),
    }),
  };
}

/** A GRU that resets after the product has a bias of its own there. */
const biasLength = (cell: RecurrentSpec['cell'], G: number) =>
  cell.kind === 'gru' && cell.resetAfter ? 4 : G;
const zeros = (n: number): Values => ({ shape: [n], data: new Float32Array(n) });
const tensor = ({ data, shape }: Values) => tf.tensor(data, [...shape], 'float32');
