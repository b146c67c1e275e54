import { refuseLayer } from '../errors.js';
import type { CellSpec, Direction, Merge, RecurrentSpec, Values } from '../model.js';
import { rowOf, withGates } from '../values.js';
import { cellActivationOf, type Dialect } from './activation.js';
import { kerasGates } from './gates.js';
import { field, type Json } from './json.js';
import { type Reading, weight } from './source.js';
import { type Outline, outlineOf } from './topology.js';

/** LSTM, GRU or SimpleRNN. */
export function recurrentOf(outline: Outline, reading: Reading): RecurrentSpec {
  const { name, config } = outline;
  const weights = reading.weights(outline);
  const sequences = flag(config, 'return_sequences');
  const reverse = flag(config, 'go_backwards');
  checkRun(name, config, reading);
  if (reverse && sequences) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      'got go_backwards with return_sequences: Keras gives the outputs in reversed order, a layer here in the order of the input',
      'wrap it in Bidirectional, or return the last output alone',
    );
  }
  const cell = cellOf(outline, weights.get('bias'), reading.dialect);
  return {
    kind: 'recurrent',
    name,
    cell,
    units: units(outline),
    directions: [directionOf(outline, cell, weights, '', reverse)],
    output: sequences ? 'sequence' : 'last',
    padding: flag(config, 'zero_output_for_mask') ? 'zeros' : 'hold',
  };
}

const merges: ReadonlyMap<unknown, Merge> = new Map<unknown, Merge>([
  ['concat', 'concat'],
  ['sum', 'sum'],
  ['ave', 'average'],
  ['mul', 'product'],
]);

/** Bidirectional of one of them. */
export function bidirectionalOf(outline: Outline, reading: Reading): RecurrentSpec {
  const { name, config } = outline;
  const weights = reading.weights(outline);
  const forward = outlineOf(field(config, 'layer'));
  const given = field(config, 'backward_layer');
  const backward = given ? outlineOf(given) : forward;
  if (!['LSTM', 'GRU', 'SimpleRNN'].includes(forward.className)) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      `got Bidirectional(${forward.className})`,
      'wrap an LSTM, GRU or SimpleRNN',
    );
  }
  const sequences = flag(forward.config, 'return_sequences');
  const cells = [forward, backward].map((one, d) =>
    cellOf({ ...one, name }, weights.get(`${ends[d]}/bias`), reading.dialect),
  );
  const differ =
    JSON.stringify([cells[0], units(forward), sequences]) !==
    JSON.stringify([cells[1], units(backward), flag(backward.config, 'return_sequences')]);
  if (differ || flag(forward.config, 'go_backwards')) {
    const got = differ ? 'got two directions that are not alike' : 'got a forward layer with go_backwards';
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      got,
      'give both directions the same class, units and activations, the first forward',
    );
  }
  const merge = merges.get(field(config, 'merge_mode'));
  if (!merge) {
    const mode = JSON.stringify(field(config, 'merge_mode'));
    return refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      `got merge_mode ${mode}, wanted concat, sum, ave or mul`,
      'merge the two outputs into one',
    );
  }
  for (const { config } of [forward, backward]) checkRun(name, config, reading);
  // Keras' Bidirectional puts zeros at masked steps of a sequence, tf.layers' holds
  const zeros = reading.dialect === 'tf.layers' ? flag(forward.config, 'zero_output_for_mask') : sequences;
  return {
    kind: 'recurrent',
    name,
    cell: cells[0]!,
    units: units(forward),
    directions: [forward, backward].map((one, d) =>
      directionOf({ ...one, name }, cells[0]!, weights, `${ends[d]}/`, d === 1),
    ),
    merge,
    output: sequences ? 'sequence' : 'last',
    padding: zeros ? 'zeros' : 'hold',
  };
}
const ends = ['forward', 'backward'];

const flag = (config: Json, key: string): boolean => field(config, key) === true;

function units({ name, config }: Outline): number {
  const H = field(config, 'units');
  if (Number.isInteger(H) && (H as number) > 0) return H as number;
  return refuseLayer(
    'GW_IMPORT_FORMAT',
    name,
    `got units = ${String(H)}, wanted a positive whole number`,
    'the config is damaged',
  );
}

function checkRun(name: string, config: Json, { notes }: Reading): void {
  if (flag(config, 'return_state')) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      'got return_state: several outputs',
      'save the model without it; a layer here gives its states when asked',
    );
  }
  if (flag(config, 'time_major')) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      'got time_major: sequences [T,B,I]',
      'save the model with [B,T,I]',
    );
  }
  if (flag(config, 'stateful'))
    notes.push(`${name}: stateful is left out; carry states with runLayer or stream`);
  for (const key of ['dropout', 'recurrent_dropout']) {
    const rate = field(config, key);
    if (typeof rate === 'number' && rate > 0)
      notes.push(
        `${name}: ${key} ${rate} acts in training alone and is left out; give it to the plugin dropout`,
      );
  }
}

function cellOf(outline: Outline, bias: Values | undefined, dialect: Dialect | undefined): CellSpec {
  const { className, name, config } = outline;
  const activation = cellActivationOf(name, config, 'activation', dialect);
  if (className === 'SimpleRNN') return { kind: 'rnn', activation };
  const gates = cellActivationOf(name, config, 'recurrent_activation', dialect);
  if (className === 'LSTM') return { kind: 'lstm', gates, activation, output: activation, peepholes: false };
  if (!['sigmoid', 'hard-sigmoid', 'hard-sigmoid-6'].includes(gates)) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      `got a GRU with recurrent_activation ${gates}: its update gate cannot be turned round, as 1 − σ(a) = σ(−a) can`,
      'retrain with sigmoid or hard_sigmoid',
    );
  }
  return { kind: 'gru', resetAfter: resetAfter(outline, bias), gates, activation };
}

/** As the config says, and as the bias has it: [2, 3H] when the reset comes after. */
function resetAfter({ name, config }: Outline, bias: Values | undefined): boolean {
  const said = field(config, 'reset_after');
  const pair = bias && bias.shape.length === 2;
  if (typeof said !== 'boolean') {
    // configs of before Keras 2.1.3 have no such field, and no second bias
    if (pair !== undefined) return pair;
    return refuseLayer(
      'GW_IMPORT_ASK',
      name,
      'got a GRU without reset_after in its config and without a bias that would tell',
      'add "reset_after": true or false to its config',
    );
  }
  if (pair !== undefined && pair !== said) {
    refuseLayer(
      'GW_IMPORT_WEIGHTS',
      name,
      `got reset_after ${said} and a bias of ${pair ? 'two rows' : 'one row'}`,
      'save config and weights of the same model again',
    );
  }
  return said;
}

function directionOf(
  outline: Outline,
  cell: CellSpec,
  weights: ReadonlyMap<string, Values>,
  at: string,
  reverse: boolean,
): Direction {
  const { name, config } = outline;
  const order = kerasGates(cell);
  const H = units(outline);
  const width = order.from.length * H;
  const W = weight(name, weights, `${at}kernel`, [undefined, width]);
  const R = weight(name, weights, `${at}recurrent_kernel`, [H, width]);
  const common = { reverse, W: withGates(W, order), R: withGates(R, order) };
  if (field(config, 'use_bias') === false) return common;
  const two = cell.kind === 'gru' && cell.resetAfter;
  const b = withGates(weight(name, weights, `${at}bias`, two ? [2, width] : [width]), order);
  return { ...common, bias: two ? { input: rowOf(b, 0), recurrent: rowOf(b, 1) } : { input: b } };
}
