import { type AnyCell, didYouMean } from '@gatewise/core';
import type { Memory } from '@gatewise/recurrence';
import { findCell } from './cell-registry.js';
import { bad, checkValues, flag, positive, zoneoutByState } from './check-config.js';
import type { BiasInitialiserName, InitialiserName } from './initialisers.js';
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
  /**
   * What is kept for the backward run: everything (default); states alone, so that the gates are computed once more, at
   * most an eighth of the sequence at a time; or the states of every n-th step, and n steps at a time. Same gradients.
   */
  memory?: Memory;
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
  readonly memory: Memory;
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
  ...['returnStateSequences', 'learnedState', 'memoryLength', 'memory'],
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
    memory: config.memory ?? 'all',
    seed: config.seed,
  };
  checkValues(settings);
  return settings;
}
