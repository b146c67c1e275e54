import { type AnyCell, didYouMean, GatewiseError } from '@gatewise/core';
import { findCell } from './cell-registry.js';
import {
  type BiasInitialiserName,
  checkInitialiser,
  chronoGates,
  type InitialiserName,
} from './initialisers.js';
import { type LayerArgs, layerArgNames } from './tf-layers.js';

/** What `recurrent` takes. Rates lie in [0, 1) and act in training only; a trainer's plugins override them field by field. */
export interface RecurrentConfig extends LayerArgs {
  /** A registered cell's name, or a cell. */
  cell: string | AnyCell;
  /** H */
  units: number;
  /** y [B,T,H] instead of the final h [B,H]. */
  returnSequences?: boolean;
  /** The final states too, [B,H] each, in the order of `cell.state`. */
  returnState?: boolean;
  /** All states at every step too, [B,T,H] each, in the order of `cell.state`, last of all: one more fused run for each state but h. */
  returnStateSequences?: boolean;
  /** From the last step to the first; y[:, t] still belongs to input step t, and the final state is the one after step 0. */
  reverse?: boolean;
  /** y at masked steps: zeros (default), or the last real one held, as Keras does. */
  padding?: 'zeros' | 'hold';
  /** I, when the input is int32 ids [B,T] instead of float [B,T,I]. */
  inputDim?: number;
  useBias?: boolean;
  /** W; glorotUniform by default. */
  kernelInitializer?: InitialiserName;
  /** R; orthogonal, gate by gate, by default. */
  recurrentInitializer?: InitialiserName;
  /** b; zeros by default. 'chrono' goes with `memoryLength`. */
  biasInitializer?: BiasInitialiserName;
  /** The longest memory expected, in steps: with biasInitializer 'chrono' forget or update gates start for memories of 1 to so many. */
  memoryLength?: number;
  /** The cell's vectors; uniform by default. */
  vectorInitializer?: InitialiserName;
  /** Added to the bias of the gate `f`, where the cell has one; 1 by default. */
  forgetBias?: number;
  /** On x, a new mask every step; on ids it drops whole tokens. */
  dropout?: number;
  /** On what R multiplies, one mask a sequence. */
  recurrentDropout?: number;
  /** One mask of it a sequence (default), or a new one every step. */
  recurrentDropoutPer?: 'sequence' | 'step';
  /** DropConnect: on the connections in R, one mask a sequence. */
  dropConnect?: number;
  /** On y, a new mask every step. */
  outputDropout?: number;
  /** The rate of all states, or by state. At inference a state is its expectation. */
  zoneout?: number | Readonly<Record<string, number>>;
  /** The state before the first step is a weight [H] a state, zeros at first, where none is given. */
  learnedState?: boolean;
  /** Of the starting weights and, in plain `model.fit`, of the masks. Without one the layer's name is the seed. */
  seed?: number;
}

/** A checked config, with every default filled in. */
export interface Settings {
  readonly cell: AnyCell;
  readonly units: number;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly reverse: boolean;
  readonly padding: 'zeros' | 'hold';
  readonly inputDim: number | undefined;
  readonly useBias: boolean;
  readonly kernelInitializer: InitialiserName;
  readonly recurrentInitializer: InitialiserName;
  readonly biasInitializer: BiasInitialiserName;
  readonly vectorInitializer: InitialiserName;
  readonly forgetBias: number | undefined;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly recurrentDropoutPer: 'sequence' | 'step';
  readonly dropConnect: number;
  readonly outputDropout: number;
  readonly zoneout: Readonly<Record<string, number>>;
  readonly learnedState: boolean;
  readonly memoryLength: number | undefined;
  readonly returnStateSequences: boolean;
  readonly seed: number | undefined;
}

const optionNames: readonly string[] = [
  ...['cell', 'units', 'returnSequences', 'returnState', 'reverse', 'padding', 'inputDim', 'useBias'],
  ...['kernelInitializer', 'recurrentInitializer', 'biasInitializer', 'vectorInitializer', 'forgetBias'],
  ...[
    'dropout',
    'recurrentDropout',
    'recurrentDropoutPer',
    'dropConnect',
    'outputDropout',
    'zoneout',
    'seed',
  ],
  ...['returnStateSequences', 'learnedState', 'memoryLength'],
  ...layerArgNames,
];
/** What other frameworks call it. */
const elsewhere: Readonly<Record<string, string>> = {
  goBackwards:
    'use reverse: true; outputs stay in the order of the input, so tf.layers.bidirectional cannot wrap it',
  activation: 'activations are part of the cell: choose or write another cell',
  recurrentActivation: 'activations are part of the cell: choose or write another cell',
  stateful: 'take the states with returnState and hand them on with initialState',
  resetAfter: 'choose cell: "gru-reset-after"',
  unitForgetBias: 'use forgetBias: 1 or 0',
  inputDropout: 'use dropout',
  unroll: 'leave it out: the whole sequence is one op',
  implementation: 'leave it out: the whole sequence is one op',
};

const bad = (code: `GW_${string}`, message: string): never => {
  throw new GatewiseError(code, message);
};

/**
 * Checks a config and fills in defaults.
 * Errors: `GW_LAYER_OPTION`, `GW_LAYER_UNITS`, `GW_LAYER_RATE`, `GW_LAYER_INITIALISER`, `GW_LAYER_CELL_UNKNOWN`.
 */
export function settingsOf(config: RecurrentConfig): Settings {
  for (const name of Object.keys(config)) {
    if (optionNames.includes(name)) continue;
    const fix = elsewhere[name] ? `; ${elsewhere[name]}` : didYouMean(name, optionNames);
    bad(
      'GW_LAYER_OPTION',
      `got the unknown option "${name}"${fix || `, wanted one of ${optionNames.join(', ')}`}`,
    );
  }
  const cell = typeof config.cell === 'string' ? findCell(config.cell) : config.cell;
  if (!cell?.state || !cell.gates) {
    bad(
      'GW_LAYER_CELL_UNKNOWN',
      `got cell = ${String(cell)}, wanted a registered name or a cell from defineCell`,
    );
  }
  positive('GW_LAYER_UNITS', 'units', config.units);
  if (config.inputDim !== undefined) positive('GW_LAYER_OPTION', 'inputDim', config.inputDim);
  const settings: Settings = {
    cell,
    units: config.units,
    returnSequences: flag(config, 'returnSequences', false),
    returnState: flag(config, 'returnState', false),
    reverse: flag(config, 'reverse', false),
    padding: config.padding ?? 'zeros',
    inputDim: config.inputDim,
    useBias: flag(config, 'useBias', true),
    kernelInitializer: config.kernelInitializer ?? 'glorotUniform',
    recurrentInitializer: config.recurrentInitializer ?? 'orthogonal',
    biasInitializer: config.biasInitializer ?? 'zeros',
    vectorInitializer: config.vectorInitializer ?? 'uniform',
    forgetBias:
      config.forgetBias ??
      (cell.gates.includes('f') ? (config.biasInitializer === 'chrono' ? 0 : 1) : undefined),
    dropout: config.dropout ?? 0,
    recurrentDropout: config.recurrentDropout ?? 0,
    recurrentDropoutPer: config.recurrentDropoutPer ?? 'sequence',
    dropConnect: config.dropConnect ?? 0,
    outputDropout: config.outputDropout ?? 0,
    zoneout: zoneoutByState(cell, config.zoneout ?? {}),
    learnedState: flag(config, 'learnedState', false),
    memoryLength: config.memoryLength,
    returnStateSequences: flag(config, 'returnStateSequences', false),
    seed: config.seed,
  };
  checkValues(settings);
  return settings;
}

function checkValues(s: Settings): void {
  if (s.padding !== 'zeros' && s.padding !== 'hold') {
    bad('GW_LAYER_OPTION', `got padding = ${String(s.padding)}, wanted 'zeros' or 'hold'`);
  }
  for (const option of [
    'kernelInitializer',
    'recurrentInitializer',
    'biasInitializer',
    'vectorInitializer',
  ] as const) {
    checkInitialiser(option, s[option]);
  }
  if (s.forgetBias !== undefined && !s.cell.gates.includes('f')) {
    const gates = s.cell.gates.join(' ');
    bad(
      'GW_LAYER_OPTION',
      `got forgetBias, but cell "${s.cell.name}" has no gate f (${gates}); leave it out`,
    );
  }
  for (const [option, value] of Object.entries({ forgetBias: s.forgetBias, seed: s.seed })) {
    if (value !== undefined && !Number.isFinite(value)) {
      bad('GW_LAYER_OPTION', `got ${option} = ${String(value)}, wanted a finite number`);
    }
  }
  for (const option of ['dropout', 'recurrentDropout', 'dropConnect', 'outputDropout'] as const)
    checkRate(option, s[option]);
  if (!['sequence', 'step'].includes(s.recurrentDropoutPer)) {
    bad(
      'GW_LAYER_OPTION',
      `got recurrentDropoutPer = ${String(s.recurrentDropoutPer)}, wanted 'sequence' or 'step'`,
    );
  }
  checkChrono(s);
  for (const [state, rate] of Object.entries(s.zoneout)) checkRate(`zoneout.${state}`, rate);
}

/** Errors: `GW_LAYER_OPTION`. */
function checkChrono({ biasInitializer, memoryLength, cell }: Settings): void {
  const chrono = biasInitializer === 'chrono';
  if (memoryLength !== undefined && !(memoryLength > 2 && Number.isFinite(memoryLength))) {
    bad('GW_LAYER_OPTION', `got memoryLength = ${String(memoryLength)}, wanted a number of steps above 2`);
  }
  if (chrono !== (memoryLength !== undefined)) {
    const got = chrono
      ? "biasInitializer 'chrono' without memoryLength"
      : "memoryLength without biasInitializer 'chrono'";
    bad(
      'GW_LAYER_OPTION',
      `got ${got}, wanted both: chrono starts gates for memories of up to memoryLength steps`,
    );
  }
  if (chrono && !chronoGates(cell.gates)) {
    bad(
      'GW_LAYER_OPTION',
      `got biasInitializer 'chrono', but cell "${cell.name}" has neither gates i and f nor z (${cell.gates.join(' ')})`,
    );
  }
}

/** Errors: `GW_LAYER_RATE`. */
export function checkRate(option: string, rate: unknown): void {
  if (typeof rate === 'number' && rate >= 0 && rate < 1) return;
  bad('GW_LAYER_RATE', `got ${option} = ${String(rate)}, wanted a rate of at least 0 and below 1`);
}

function zoneoutByState(
  cell: AnyCell,
  zoneout: number | Readonly<Record<string, number>>,
): Record<string, number> {
  if (typeof zoneout === 'number') return Object.fromEntries(cell.state.map((s) => [s, zoneout]));
  const unknown = Object.keys(zoneout).find((state) => !cell.state.includes(state));
  if (unknown !== undefined) {
    bad(
      'GW_LAYER_RATE',
      `got zoneout for "${unknown}", wanted states of "${cell.name}": ${cell.state.join(' ')}`,
    );
  }
  return { ...zoneout };
}

function positive(code: `GW_${string}`, option: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) > 0) return;
  bad(code, `got ${option} = ${String(value)}, wanted a positive integer`);
}

function flag<K extends keyof RecurrentConfig>(
  config: RecurrentConfig,
  option: K,
  otherwise: boolean,
): boolean {
  const value: unknown = config[option] ?? otherwise;
  if (typeof value === 'boolean') return value;
  return bad('GW_LAYER_OPTION', `got ${option} = ${String(value)}, wanted true or false`);
}
