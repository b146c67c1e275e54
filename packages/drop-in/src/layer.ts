import { type AnyCell, GatewiseError } from '@gatewise/core';
import {
  type LevelConfig,
  type Merge,
  recurrent,
  registerCell,
  type StackOptions,
  stack,
} from '@gatewise/layers';
import { cellFor, type Kind } from './cell.js';
import type { Swap } from './weights.js';

/** A layer as tf.layers writes it down. */
export interface LayerConfig {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inboundNodes?: readonly (readonly unknown[])[];
}
/** What a layer becomes, and the cells whose weights it takes over, in their order. */
export interface Replacement {
  readonly layer: LayerConfig;
  readonly swaps: readonly Swap[];
}

const merges: Readonly<Record<string, Merge>> = {
  ...{ concat: 'concat', sum: 'sum', ave: 'average', mul: 'product', null: 'none' },
};
/** Options of tf.layers that ours lack: a penalty or a bound on weights changes training. */
const absent = [
  ...['kernelRegularizer', 'recurrentRegularizer', 'biasRegularizer', 'activityRegularizer'],
  ...['kernelConstraint', 'recurrentConstraint', 'biasConstraint', 'numConstants'],
];
const isKind = (name: string): name is Kind => ['LSTM', 'GRU', 'SimpleRNN'].includes(name);

/**
 * What a layer becomes; null where it is no recurrent one. Errors, each with the layer's name: `GW_DROPIN_OPTION`,
 * `GW_DROPIN_CELL`, `GW_DROPIN_WRAPPER`.
 */
export function replacementOf(given: LayerConfig, cells: readonly AnyCell[]): Replacement | null {
  const { className, config } = given;
  const name = String(config.name);
  if (className === 'TimeDistributed' && isRecurrent(config.layer as LayerConfig)) {
    fail(
      'GW_DROPIN_WRAPPER',
      name,
      `got a ${(config.layer as LayerConfig).className} inside of TimeDistributed, wanted it outside`,
    );
  }
  if (className === 'Bidirectional') return bothWays(name, given, cells);
  if (!isRecurrent(given)) return null;
  const levels = levelsOf(name, given, cells);
  const options = { ...outer(config), ...outputsOf(name, config) };
  const reverse = config.goBackwards === true;
  if (reverse && config.returnSequences) {
    fail(
      'GW_DROPIN_OPTION',
      name,
      'got goBackwards with returnSequences, wanted one of them: ours leaves outputs in the order of time',
    );
  }
  if (levels.length > 1) return stacked(name, given, levels, options, reverse);
  const { cell, kind, level } = levels[0]!;
  const made = recurrent({ ...level, ...options, cell, padding: 'hold', reverse });
  return { layer: written(given, made), swaps: [{ cell, kind }] };
}

const isRecurrent = ({ className, config }: LayerConfig): boolean =>
  isKind(className) ||
  (className === 'RNN' &&
    cellsIn(config.cell as LayerConfig).every(({ className: c }) => isKind(c.replace(/Cell$/, ''))));

const cellsIn = (cell: LayerConfig): readonly LayerConfig[] =>
  cell.className === 'StackedRNNCells' ? (cell.config.cells as LayerConfig[]) : [cell];

interface FoundLevel extends Swap {
  readonly level: Omit<LevelConfig, 'cell'>;
}

/** Its cells, lowest first. */
function levelsOf(name: string, { className, config }: LayerConfig, cells: readonly AnyCell[]): FoundLevel[] {
  const all = className === 'RNN' ? cellsIn(config.cell as LayerConfig) : [{ className, config }];
  if (config.stateful) {
    fail(
      'GW_DROPIN_OPTION',
      name,
      'got stateful, wanted none: keep the state that runLayer(layer, x, state) gives',
    );
  }
  return all.map((cell) => levelOf(name, cell.className.replace(/Cell$/, '') as Kind, cell.config, cells));
}

function levelOf(
  name: string,
  kind: Kind,
  config: LayerConfig['config'],
  cells: readonly AnyCell[],
): FoundLevel {
  const odd = absent.find((option) => config[option] != null);
  if (odd) fail('GW_DROPIN_OPTION', name, `got ${odd}, wanted none: our layers have no such option`);
  const activation = String(config.activation);
  const recurrentActivation = kind === 'SimpleRNN' ? '' : String(config.recurrentActivation);
  const cell = cellFor({ kind, activation, recurrentActivation }, cells);
  if (!cell) {
    const gates = recurrentActivation && ` and recurrentActivation "${recurrentActivation}"`;
    const fix =
      recurrentActivation === 'hardSigmoid'
        ? 'lstmHardSigmoid or gruHardSigmoid of @gatewise/cell-hard-sigmoid'
        : 'one made with defineCell';
    fail(
      'GW_DROPIN_CELL',
      name,
      `got ${kind} with activation "${activation}"${gates}, wanted a cell that computes it; give it in cells: ${fix}`,
    );
  }
  registerCell(cell!);
  const { units, useBias, dropout, recurrentDropout } = config as unknown as LevelConfig & { units: number };
  const rates = { dropout: dropout ?? 0, recurrentDropout: recurrentDropout ?? 0 };
  return { cell: cell!, kind, level: { units, useBias: useBias ?? true, ...rates } };
}

function bothWays(name: string, given: LayerConfig, cells: readonly AnyCell[]): Replacement | null {
  const { layer, mergeMode } = given.config as unknown as { layer: LayerConfig; mergeMode: string | null };
  if (!isRecurrent(layer)) return null;
  const levels = levelsOf(name, layer, cells);
  if (levels.length > 1)
    fail('GW_DROPIN_WRAPPER', name, 'got stacked cells inside of Bidirectional, wanted one cell');
  if (layer.config.goBackwards)
    fail('GW_DROPIN_OPTION', name, 'got goBackwards inside of Bidirectional, wanted it forward');
  const { cell, kind, level } = levels[0]!;
  const merge = merges[String(mergeMode)]!;
  const options = { ...outer(given.config), ...outputsOf(name, layer.config) };
  const made = stack({ ...options, levels: [{ ...level, cell, padding: 'hold', merge }] });
  return {
    layer: written(given, made),
    swaps: [
      { cell, kind },
      { cell, kind },
    ],
  };
}

function stacked(
  name: string,
  given: LayerConfig,
  levels: readonly FoundLevel[],
  options: StackOptions,
  reverse: boolean,
): Replacement {
  if (options.returnState || given.inboundNodes?.some((inputs) => inputs.length > 1)) {
    fail(
      'GW_DROPIN_OPTION',
      name,
      'got states of stacked cells, wanted none: tf.layers has them from the last cell to the first',
    );
  }
  const own = levels.map(({ level, cell }) => ({ ...level, cell, padding: 'hold' as const, reverse }));
  return { layer: written(given, stack({ ...options, levels: own })), swaps: levels };
}

/** What tf.layers itself keeps of any layer. */
function outer(config: LayerConfig['config']) {
  const names = ['name', 'trainable', 'batchInputShape', 'dtype'];
  return Object.fromEntries(names.filter((n) => config[n] != null).map((n) => [n, config[n]]));
}

function outputsOf(name: string, { returnSequences, returnState, numConstants }: LayerConfig['config']) {
  if (numConstants != null)
    fail('GW_DROPIN_OPTION', name, 'got numConstants, wanted none: our layers take no constants');
  return { returnSequences: returnSequences === true, returnState: returnState === true };
}

const written = (
  given: LayerConfig,
  layer: ReturnType<typeof recurrent> | ReturnType<typeof stack>,
): LayerConfig => ({
  ...given,
  className: layer.getClassName(),
  config: layer.getConfig() as LayerConfig['config'],
});

function fail(code: `GW_DROPIN_${string}`, layer: string, text: string): never {
  throw new GatewiseError(code, `layer "${layer}": ${text}; or name it in leave to keep it as it is`);
}
