import { refuseLayer } from '../errors.js';
import type { CellActivation, CellSpec, Direction, Values } from '../model.js';
import { type GateOrder, rowOf, sliced, transposed, withGates } from '../values.js';
import type { OnnxNode } from './graph.js';

export const recurrentOps = ['RNN', 'LSTM', 'GRU'] as const;
export type RecurrentOp = (typeof recurrentOps)[number];

/** ONNX' gates, and how ours come of them; its h = (1 − z) ⊗ n + z ⊗ h' has z the other way round. */
export const gatesOf: Readonly<Record<RecurrentOp, GateOrder>> = {
  RNN: { from: ['h'], to: ['h'] },
  LSTM: { from: ['i', 'o', 'f', 'g'], to: ['i', 'f', 'g', 'o'] },
  GRU: { from: ['z', 'r', 'n'], to: ['z', 'r', 'n'], negated: 'z' },
};
const usual: Readonly<Record<RecurrentOp, readonly string[]>> = {
  RNN: ['Tanh'],
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
};

/** What the attributes of an RNN, LSTM or GRU node say. */
export interface RecurrentNode {
  readonly op: RecurrentOp;
  readonly cell: CellSpec;
  /** Whether each direction runs from the last step to the first. */
  readonly reverse: readonly boolean[];
  /** 0: X [T,B,I]; 1: X [B,T,I]. */
  readonly layout: 0 | 1;
}

/** Errors: `GW_IMPORT_UNSUPPORTED`, by the node's name. */
export function recurrentNode(node: OnnxNode): RecurrentNode {
  const op = node.op as RecurrentOp;
  const get = <T>(name: string, absent: T): T => (node.attributes.get(name) ?? absent) as T;
  const direction = get('direction', 'forward');
  const reverse = { forward: [false], reverse: [true], bidirectional: [false, true] }[direction];
  if (!reverse) return unsupported(node, `direction "${direction}"`, 'forward, reverse or bidirectional');
  if (node.attributes.has('clip'))
    unsupported(
      node,
      'clip, which bounds what goes into the activations',
      'none: train without it, or run it with ONNX Runtime',
    );
  if (get<number>('input_forget', 0) === 1)
    unsupported(
      node,
      'input_forget: coupled gates',
      'an LSTM without it, or the cell of plugin-cell-coupled trained here',
    );
  return {
    op,
    cell: cellSpec(node, op, reverse.length),
    reverse,
    layout: get<number>('layout', 0) === 1 ? 1 : 0,
  };
}

const unsupported = (node: OnnxNode, got: string, wanted: string): never =>
  refuseLayer('GW_IMPORT_UNSUPPORTED', node.name, `got ${node.op} with ${got}`, `wanted ${wanted}`);

function cellSpec(node: OnnxNode, op: RecurrentOp, directions: number): CellSpec {
  const names = (node.attributes.get('activations') ?? []) as readonly string[];
  const all = names.length > 0 ? names : Array.from({ length: directions }, () => usual[op]).flat();
  const numbers = (key: string) => [
    ...((node.attributes.get(`activation_${key}`) ?? []) as readonly number[]),
  ];
  const [alpha, beta] = [numbers('alpha'), numbers('beta')];
  const used = all.map((name) => activationOf(node, name.toLowerCase(), alpha, beta));
  const each = usual[op].length;
  if (used.some((name, k) => name !== used[k % each]))
    unsupported(node, `other activations in each direction (${all.join(', ')})`, 'the same in both');
  const [first, second, third] = used as [CellActivation, CellActivation, CellActivation];
  if (op === 'RNN') return { kind: 'rnn', activation: first };
  if (op === 'GRU') {
    const resetAfter = node.attributes.get('linear_before_reset') === 1;
    return { kind: 'gru', resetAfter, gates: first, activation: second };
  }
  const peepholes = (node.inputs[7] ?? '') !== '';
  return { kind: 'lstm', gates: first, activation: second, output: third, peepholes };
}

/** The functions that take them take α and β one after the other; where they are absent, ONNX' own. */
function activationOf(node: OnnxNode, name: string, alphas: number[], betas: number[]): CellActivation {
  const plain: Readonly<Record<string, CellActivation>> = { tanh: 'tanh', sigmoid: 'sigmoid', relu: 'relu' };
  const found = plain[name];
  if (found) return found;
  // α x + β, and max(0, min(1, α x + β))
  const usualNumbers = { affine: [1, 0], hardsigmoid: [0.2, 0.5] }[name];
  const [a, b] = usualNumbers ?? [];
  const [alpha, beta] = [alphas.shift() ?? a, betas.shift() ?? b];
  const is = (α: number, β: number) => Math.fround(alpha ?? Number.NaN) === Math.fround(α) && beta === β;
  if (name === 'affine' && is(1, 0)) return 'linear';
  if (name === 'hardsigmoid' && is(0.2, 0.5)) return 'hard-sigmoid';
  if (name === 'hardsigmoid' && is(1 / 6, 0.5)) return 'hard-sigmoid-6';
  return unsupported(
    node,
    `the activation ${name}${alpha === undefined ? '' : ` with alpha ${alpha} and beta ${beta}`}`,
    'tanh, sigmoid, relu, affine with alpha 1, or hardsigmoid with alpha 0.2 or 1/6',
  );
}

/** The weights of a node as ONNX has them, D directions. */
export interface NodeWeights {
  readonly W: Values; // [D, G·H, I]
  readonly R: Values; // [D, G·H, H]
  readonly B?: Values; // [D, 2·G·H]
  readonly P?: Values; // [D, 3·H], i o f
}

/** One direction in this project's order. Errors: `GW_IMPORT_WEIGHTS`. */
export function directionOf(
  { name }: OnnxNode,
  { op, reverse }: RecurrentNode,
  weights: NodeWeights,
  d: number,
): Direction {
  const { W, R, B, P } = weights;
  const G = gatesOf[op].from.length;
  const [D, rows = 0, I] = W.shape;
  const H = rows / G;
  const wanted: readonly [string, Values | undefined, readonly (number | undefined)[]][] = [
    ['W', W, [reverse.length, G * H, I]],
    ['R', R, [D, G * H, H]],
    ['B', B, [D, 2 * G * H]],
    ['P', P, [D, 3 * H]],
  ];
  for (const [key, values, shape] of wanted) {
    if (!values || (Number.isInteger(H) && H > 0 && values.shape.join() === shape.join())) continue;
    refuseLayer(
      'GW_IMPORT_WEIGHTS',
      name,
      `got ${key} [${values.shape}], wanted [${shape}]`,
      `directions, gates · H and inputs of ${op} must agree`,
    );
  }
  const order = gatesOf[op];
  const part = (values: Values) => withGates(transposed(rowOf(values, d)), order);
  const bias = B && rowOf(B, d);
  return {
    reverse: reverse[d] as boolean,
    W: part(W),
    R: part(R),
    ...(bias && {
      bias: {
        input: withGates(sliced(bias, 0, G * H), order),
        recurrent: withGates(sliced(bias, G * H, 2 * G * H), order),
      },
    }),
    ...(P && { peepholes: peepholesOf(rowOf(P, d), H) }),
  };
}

/** i o f to [3, H], rows i f o. */
function peepholesOf(p: Values, H: number): Values {
  const { data } = withGates(p, { from: ['i', 'o', 'f'], to: ['i', 'f', 'o'] });
  return { shape: [3, H], data };
}
