import { refuseLayer } from '../errors.js';
import type { CellSpec, Direction, RecurrentSpec, Values } from '../model.js';
import { inverse, stacked, transposed, withGates } from '../values.js';
import type { Attributes, Net } from './net.js';
import { gatesOf, type RecurrentOp } from './recurrent-node.js';
import { FLOAT } from './tensor.js';
import { inCell } from './write-activation.js';

export const noMask = (layer: string): never =>
  refuseLayer(
    'GW_EXPORT_UNSUPPORTED',
    layer,
    'got a layer that makes masks, which ONNX does not have',
    'write it with { lengths: true }: the net then takes the lengths of rows as an input',
  );

/** One RNN, LSTM or GRU node, layout 0, between transposes; gives [batch, time, …] or, of the last output, [batch, …]. */
export function writeRecurrent(net: Net, layer: RecurrentSpec, input: string, readsIds: boolean): string {
  const { name, cell, units: H, directions } = layer;
  const op = opOf(layer);
  const order = gatesOf[op];
  if (readsIds) {
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      'got ids as the input of a recurrent layer',
      'put an embedding before it',
    );
  }
  if (net.lengths && layer.padding === 'hold') {
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      'got outputs that hold at padding, where ONNX has zeros',
      "use padding: 'zeros'",
    );
  }
  const back = inverse(order);
  const all = (part: (d: Direction) => Values) => stacked(directions.map(part));
  const weight = (key: 'W' | 'R') => all((d) => transposed(withGates(d[key], back)));
  const constant = (key: string, values: Values) => net.constant(`${name}.${key}`, values);
  const x = net.node('Transpose', [input], { perm: [1, 0, 2] });
  const states = cell.kind === 'lstm' ? ['h', 'c'] : ['h'];
  const [h0, c0 = ''] = states.map((state) => initialState(net, layer, state, input));
  const inputs = [
    x,
    constant('W', weight('W')),
    constant('R', weight('R')),
    directions[0]?.bias
      ? constant(
          'B',
          all((d) => biasOf(d, H, order.from.length, back)),
        )
      : '',
    net.lengths ? 'lengths' : '',
    h0 as string,
    ...(cell.kind === 'lstm' ? [c0] : []),
    ...(directions[0]?.peepholes ? [constant('P', all(peepholesOf))] : []),
  ];
  const [y, ...finals] = net.nodeOf(op, inputs, 1 + states.length, attributesOf(layer, op)) as [
    string,
    ...string[],
  ];
  states.forEach((state, k) => void net.finals.set(`${name}.${state}`, finals[k] as string));
  return layer.output === 'sequence'
    ? merged(net, layer, y, [2, 0])
    : merged(net, layer, finals[0] as string, [1]);
}

function opOf({ name, cell, directions }: RecurrentSpec): RecurrentOp {
  if (cell.kind === 'own') {
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      `got the cell "${cell.name}", which ONNX does not have`,
      'use lstm, gru or vanilla, or export the model as a standalone module',
    );
  }
  if (directions.length === 2 && (directions[0]?.reverse || !directions[1]?.reverse)) {
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      'got two directions that are not forward and reverse',
      'use bidirectional',
    );
  }
  return ({ rnn: 'RNN', lstm: 'LSTM', gru: 'GRU', own: 'RNN' } as const)[cell.kind];
}

function attributesOf({ cell, units, directions }: RecurrentSpec, op: RecurrentOp): Attributes {
  const used = directions.flatMap(() => activationsOf(cell).map((a) => inCell[a]));
  const numbers = (key: 'alpha' | 'beta') =>
    used.flatMap((a) => (a[key] === undefined ? [] : [{ float: a[key] }]));
  const [alpha, beta] = [numbers('alpha'), numbers('beta')];
  return {
    hidden_size: units,
    direction: directions.length === 2 ? 'bidirectional' : directions[0]?.reverse ? 'reverse' : 'forward',
    activations: used.map(({ name }) => name),
    ...(alpha.length > 0 && { activation_alpha: alpha, activation_beta: beta }),
    ...(op === 'GRU' && { linear_before_reset: cell.kind === 'gru' && cell.resetAfter ? 1 : 0 }),
  };
}

function activationsOf(cell: CellSpec) {
  if (cell.kind === 'lstm') return [cell.gates, cell.activation, cell.output];
  if (cell.kind === 'gru') return [cell.gates, cell.activation];
  return cell.kind === 'rnn' ? [cell.activation] : [];
}

/** Both biases side by side [2·G·H]; where there is one, the other is zeros. */
function biasOf({ bias }: Direction, H: number, G: number, back: ReturnType<typeof inverse>): Values {
  const data = new Float32Array(2 * G * H);
  if (bias) data.set(withGates(bias.input, back).data);
  if (bias?.recurrent) data.set(withGates(bias.recurrent, back).data, G * H);
  return { shape: [2 * G * H], data };
}

/** Rows i f o to i o f, side by side. */
function peepholesOf({ peepholes }: Direction): Values {
  const { shape, data } = peepholes as Values;
  return withGates(
    { shape: [data.length], data: data.slice(0, 3 * (shape[1] as number)) },
    { from: ['i', 'f', 'o'], to: ['i', 'o', 'f'] },
  );
}

/** An input [directions, batch, H], or what was learned, once for every row of the batch. */
function initialState(
  net: Net,
  { name, units: H, directions }: RecurrentSpec,
  state: string,
  x: string,
): string {
  const D = directions.length;
  const learned = directions.map(({ initial }) => initial?.[state]);
  if (learned.some((values) => !values)) return net.input(`${name}.${state}_0`, FLOAT, [D, 'batch', H]);
  const rows = stacked(
    learned.map((values) => ({ shape: [1, H], data: (values as Values).data.slice(0, H) })),
  );
  const batch = net.node('Gather', [net.node('Shape', [x]), net.integers(0)]);
  const shape = net.node('Concat', [net.integers(D), batch, net.integers(H)], { axis: 0 });
  return net.node('Expand', [net.constant(`${name}.${state}_0`, rows), shape]);
}

/** Directions [.., D, .., H] to one value: `lead` are the axes that come first, D and H the last. */
function merged(
  net: Net,
  { directions, merge = 'concat', units: H }: RecurrentSpec,
  y: string,
  lead: readonly number[],
): string {
  const directionAxis = lead.length === 2 ? 1 : 0;
  // [.., D, H]
  const last = lead.length === 2 ? 3 : 2;
  const turned = net.node('Transpose', [y], { perm: [...lead, directionAxis, last] });
  if (directions.length === 1 || merge === 'concat') {
    const shape = [...lead.map(() => 0), directions.length * H];
    return net.node('Reshape', [turned, net.integers(...shape)]);
  }
  const [a, b] = [0, 1].map((d) => net.node('Gather', [turned, net.integers(d)], { axis: -2 })) as [
    string,
    string,
  ];
  const joined = net.node(merge === 'product' ? 'Mul' : 'Add', [a, b]);
  const flat = net.node('Squeeze', [joined, net.integers(-2)]);
  return merge === 'average'
    ? net.node('Mul', [flat, net.constant(`half ${y}`, { shape: [], data: Float32Array.of(0.5) })])
    : flat;
}
