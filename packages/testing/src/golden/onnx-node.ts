import { type Comparison, compare } from '@gatewise/interop';
import * as tf from '@tensorflow/tfjs-core';
import { goldenCells } from './cells.js';
import { type GoldenFile, type GoldenTensor, type GoldenTensors, isDictionary, need } from './file.js';
import { evaluate, findCell, type GoldenOptions, maskOf, runLayer, Skip } from './run.js';

/** Per operator: the file's cell, ONNX' gate order, and the order that the cell's letters have. */
interface Operator {
  readonly onnx: readonly string[];
  readonly ours: readonly string[];
  readonly activations: readonly string[];
  cell(peepholes: boolean, linearBeforeReset: boolean): string;
}
const operators: Readonly<Record<string, Operator>> = {
  RNN: { onnx: ['h'], ours: ['h'], activations: ['Tanh'], cell: () => 'rnn_tanh' },
  GRU: {
    onnx: ['z', 'r', 'n'],
    ours: ['z', 'r', 'n'],
    activations: ['Sigmoid', 'Tanh'],
    cell: (_, after) => (after ? 'gru_reset_after_keras' : 'gru_reset_before_keras'),
  },
  LSTM: {
    onnx: ['i', 'o', 'f', 'g'],
    ours: ['i', 'f', 'g', 'o'],
    activations: ['Sigmoid', 'Tanh', 'Tanh'],
    cell: (peepholes) => (peepholes ? 'lstm_peephole' : 'lstm'),
  },
};

/** Kind `onnx-node`: one RNN, GRU or LSTM node of ONNX, held to the rtol and atol that ONNX ships. */
export async function replayOnnxNode(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const node = readNode(file);
  const golden = findCell(node.cell, options, goldenCells);
  const letters = node.directions.map((_, d) => lettersOf(file, node, d));
  const tensors: GoldenTensors = Object.assign({ x: node.x }, ...letters);
  const mask = maskOf(undefined, node.lengths, node.x.shape[1]!);
  const { outputs } = await evaluate({ ...tensors, ...(mask && { mask }) }, [], (letters) => {
    const { mask } = letters;
    const ran = node.directions.map((direction, d) =>
      runLayer(golden, letters, `d${d}.`, letters.x!, {
        reverse: direction === 'reverse',
        padding: 'zeros',
        ...(mask && { mask }),
        ...(options.engine !== undefined && { engine: options.engine }),
      }),
    );
    const state = (s: string) =>
      stackDirections(
        ran.flatMap((r, d) => r.final[`d${d}.${s}T`] ?? []),
        node.layout,
      );
    const outputs: Record<string, tf.Tensor> = {
      Y: stackSteps(
        ran.map((r) => r.y),
        node.layout,
      ),
      Y_h: state('h'),
    };
    if (golden.cell.state.includes('c')) outputs.Y_c = state('c');
    return { loss: tf.scalar(0), outputs };
  });
  const { rtol, atol } = file.raw as { rtol: number; atol: number };
  return Object.entries(file.expected).map(([k, { data }]) =>
    compare(`expected.${k}`, need(outputs[k], `output ${k}`), data, (v) => atol + rtol * Math.abs(v)),
  );
}

interface Node {
  readonly operator: Operator;
  readonly cell: string;
  readonly x: GoldenTensor; // [B,T,I]
  readonly directions: readonly string[];
  readonly layout: number;
  readonly H: number;
  readonly lengths: readonly number[] | undefined;
}

function readNode(file: GoldenFile): Node {
  const operator = operators[String(file.raw.opType)];
  if (!operator) throw new Skip(`no operator "${String(file.raw.opType)}" here`);
  const attributes = isDictionary(file.raw.attributes) ? file.raw.attributes : {};
  const direction = String(attributes.direction ?? 'forward');
  const directions = direction === 'bidirectional' ? ['forward', 'reverse'] : [direction];
  refuseWhatIsNotThere(operator, attributes, directions.length);
  const layout = Number(attributes.layout ?? 0);
  const X = need(file.inputs.X, 'inputs.X');
  const R = need(file.inputs.R, 'inputs.R');
  const lengths = file.inputs.sequence_lens;
  return {
    operator,
    cell: operator.cell(file.inputs.P !== undefined, attributes.linear_before_reset === 1),
    x: layout === 1 ? X : swapFirstTwo(X),
    directions,
    layout,
    H: R.shape[2]!,
    lengths: lengths && Array.from(lengths.data),
  };
}

function refuseWhatIsNotThere(
  operator: Operator,
  attributes: Readonly<Record<string, unknown>>,
  directions: number,
) {
  const { activations, clip, input_forget } = attributes;
  const standard = Array.from({ length: directions }, () => operator.activations).flat();
  if (activations !== undefined && JSON.stringify(activations) !== JSON.stringify(standard)) {
    throw new Skip(`no activations ${JSON.stringify(activations)} here, only ${standard.join(', ')}`);
  }
  if (clip !== undefined) throw new Skip('no clipping inside a cell here');
  if (input_forget === 1) throw new Skip('no coupled input and forget gates here');
}

/** The letters of direction d: W and R transposed and reordered, B's two halves, states, peepholes. */
function lettersOf(
  file: GoldenFile,
  { operator, cell, H, layout, x }: Node,
  d: number,
): Record<string, GoldenTensor> {
  const { W, R, B, P, initial_h, initial_c } = file.inputs;
  const G = operator.onnx.length;
  const I = x.shape[2]!;
  const b = B ? Array.from(B.data.slice(d * 2 * G * H, (d + 1) * 2 * G * H)) : Array(2 * G * H).fill(0);
  const row = ({ data }: GoldenTensor, n: number, size: number) => data.slice(n * size, (n + 1) * size);
  const bias = (half: number) => reorder(operator, H, (from) => b[half * G * H + from]!);
  const letters: Record<string, GoldenTensor> = {
    Wx: transposed(operator, H, I, row(need(W, 'inputs.W'), d, G * H * I)),
    Wh: transposed(operator, H, H, row(need(R, 'inputs.R'), d, G * H * H)),
  };
  const [bx, bh] = [bias(0), bias(1)];
  if (cell === 'gru_reset_after_keras') Object.assign(letters, { bx: vector(bx), bh: vector(bh) });
  else letters.b = vector(bx.map((v, i) => Math.fround(v + bh[i]!)));
  // ONNX has the rows of P as i, o, f
  if (P) letters.p = { shape: [3, H], data: picked(row(P, d, 3 * H), H, [0, 2, 1]) };
  const states =
    layout === 1 ? [initial_h, initial_c].map((s) => s && swapFirstTwo(s)) : [initial_h, initial_c];
  states.forEach((s, i) => {
    if (s) letters[i === 0 ? 'h0' : 'c0'] = { shape: s.shape.slice(1), data: row(s, d, s.shape[1]! * H) };
  });
  return Object.fromEntries(Object.entries(letters).map(([k, v]) => [`d${d}.${k}`, v]));
}

const vector = (data: readonly number[]): GoldenTensor => ({
  shape: [data.length],
  data: Float32Array.from(data),
});

/** Entries 0 … G·H in our gate order, from their place in ONNX' order. */
function reorder({ onnx, ours }: Operator, H: number, at: (from: number) => number): number[] {
  return ours.flatMap((gate) => Array.from({ length: H }, (_, j) => at(onnx.indexOf(gate) * H + j)));
}

/** [G·H, N] in ONNX' gate order to [N, G·H] in ours. */
function transposed(operator: Operator, H: number, N: number, data: ArrayLike<number>): GoldenTensor {
  const rows = Array.from({ length: N }, (_, n) => reorder(operator, H, (from) => data[from * N + n]!));
  return { shape: [N, operator.ours.length * H], data: Float32Array.from(rows.flat()) };
}

const picked = (data: ArrayLike<number>, H: number, rows: readonly number[]) =>
  Float32Array.from(rows.flatMap((r) => Array.from({ length: H }, (_, j) => data[r * H + j]!)));

function swapFirstTwo({ shape: [n, m, size], data }: GoldenTensor): GoldenTensor {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n!; i++) {
    for (let j = 0; j < m!; j++) {
      for (let k = 0; k < size!; k++) out[(j * n! + i) * size! + k] = data[(i * m! + j) * size! + k]!;
    }
  }
  return { shape: [m!, n!, size!], data: out };
}

/** y [B,T,H] of every direction to Y [T,dirs,B,H], or [B,T,dirs,H] in layout 1. */
const stackSteps = (ys: tf.Tensor[], layout: number) =>
  tf.transpose(tf.stack(ys), layout === 1 ? [1, 2, 0, 3] : [2, 0, 1, 3]);
/** [B,H] of every direction to [dirs,B,H], or [B,dirs,H] in layout 1. */
const stackDirections = (states: tf.Tensor[], layout: number) => tf.stack(states, layout === 1 ? 1 : 0);
