import { didYouMean, foldKey, hashText } from '@gatewise/core';
import { bad, checkRate, flag } from './check-config.js';
import { type RecurrentConfig, type Settings, settingsOf } from './config.js';
import { type LayerArgs, layerArgNames } from './tf-layers.js';

/** How the outputs of two directions become one; 'none' leaves them two. */
export type Merge = 'concat' | 'sum' | 'average' | 'product' | 'none';
const merges: readonly Merge[] = ['concat', 'sum', 'average', 'product', 'none'];

type Outer = keyof LayerArgs | 'returnSequences' | 'returnState' | 'returnStateSequences';
/** One level: a cell and its options; with `merge` it runs in both directions, each with weights of its own. */
export interface LevelConfig extends Omit<RecurrentConfig, Outer> {
  merge?: Merge;
}

/** What all levels have together. */
export interface StackOptions extends LayerArgs {
  /** y [B,T,…] instead of the last outputs [B,…]. */
  returnSequences?: boolean;
  /** The final states too, [B,H] each: by level, then direction (forward first), then state. */
  returnState?: boolean;
  /** All states at every step too, [B,T,H] each, in the same order, last of all. */
  returnStateSequences?: boolean;
  /** Dropout on what goes from one level to the next, a new mask every step. */
  betweenDropout?: number;
  /** Levels after the first add their input to their output; widths must be equal. */
  residual?: boolean;
}
export interface StackConfig extends StackOptions {
  /** Levels, the first reads x. */
  levels: readonly LevelConfig[];
}

/** One direction of one level. */
interface Direction {
  /** As in weight names and in plugins' names of layers: `0`, or `0/forward` and `0/backward`. */
  readonly path: string;
  readonly settings: Settings;
}
export interface Level {
  readonly merge: Merge | undefined;
  readonly directions: readonly Direction[];
  /** As given; directions have seeds made of it. */
  readonly seed: number | undefined;
  /** Of its output; of each where they are not merged. */
  readonly width: number;
}
export interface StackSettings {
  readonly levels: readonly Level[];
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly returnStateSequences: boolean;
  readonly betweenDropout: number;
  readonly residual: boolean;
}

/** Options of a whole stack; all others are a level's. */
export const outerNames: readonly string[] = [
  ...['returnSequences', 'returnState', 'returnStateSequences', 'betweenDropout', 'residual'],
  ...layerArgNames,
];
const ownNames = ['levels', ...outerNames];

/** Checks a stack's config and fills in defaults. Errors: `GW_LAYER_OPTION`, `GW_LAYER_STACK`, and those of `recurrent`. */
export function stackSettingsOf(config: StackConfig): StackSettings {
  const unknown = Object.keys(config).find((name) => !ownNames.includes(name));
  if (unknown !== undefined) {
    bad(
      'GW_LAYER_OPTION',
      `got the unknown option "${unknown}" of a stack${didYouMean(unknown, ownNames) || `, wanted one of ${ownNames.join(', ')}`}`,
    );
  }
  if (!Array.isArray(config.levels) || config.levels.length === 0) {
    bad('GW_LAYER_STACK', 'got no levels, wanted at least one, such as [{ cell: "lstm", units: 32 }]');
  }
  const levels = config.levels.map((level, l) => levelOf(level, l));
  const betweenDropout = config.betweenDropout ?? 0;
  checkRate('betweenDropout', betweenDropout);
  const residual = flag(config, 'residual', false);
  checkLevels(levels, residual);
  return {
    levels,
    returnSequences: flag(config, 'returnSequences', false),
    returnState: flag(config, 'returnState', false),
    returnStateSequences: flag(config, 'returnStateSequences', false),
    betweenDropout,
    residual,
  };
}

function levelOf({ merge, ...config }: LevelConfig, l: number): Level {
  if (merge === undefined) {
    const settings = settingsOf({ ...config, ...seedOf(config, `${l}`) });
    return { merge, directions: [{ path: `${l}`, settings }], seed: config.seed, width: settings.units };
  }
  if (!merges.includes(merge)) {
    bad(
      'GW_LAYER_OPTION',
      `got merge = ${String(merge)}, wanted one of ${merges.join(', ')}${didYouMean(String(merge), merges)}`,
    );
  }
  if (config.reverse)
    bad('GW_LAYER_OPTION', 'got reverse with merge, wanted one of them; merge runs both directions');
  const directions = ['forward', 'backward'].map((name, d) => ({
    path: `${l}/${name}`,
    settings: settingsOf({ ...config, ...seedOf(config, `${l}/${name}`), reverse: d === 1 }),
  }));
  return { merge, directions, seed: config.seed, width: config.units * (merge === 'concat' ? 2 : 1) };
}

/** Levels and directions of one seed start and draw differently. */
const seedOf = ({ seed }: { seed?: number }, path: string) =>
  seed === undefined ? {} : { seed: foldKey(seed, hashText(path)) };

function checkLevels(levels: readonly Level[], residual: boolean): void {
  levels.forEach(({ merge, width, directions }, l) => {
    if (merge === 'none' && l < levels.length - 1) {
      bad(
        'GW_LAYER_STACK',
        `got merge "none" in level ${l} of ${levels.length}, wanted one output to hand on; only the last may be two`,
      );
    }
    if (l > 0 && directions[0]!.settings.inputDim !== undefined) {
      bad('GW_LAYER_STACK', `got inputDim in level ${l}, wanted it in level 0 alone: the others read floats`);
    }
    if (!residual || l === 0) return;
    if (merge === 'none' || width !== levels[l - 1]!.width) {
      const got = merge === 'none' ? 'two outputs' : `an output of ${width}`;
      bad(
        'GW_LAYER_STACK',
        `got ${got} in level ${l} for an input of ${levels[l - 1]!.width}, wanted them equal for residual; change units or merge`,
      );
    }
  });
}
