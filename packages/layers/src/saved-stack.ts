import { GatewiseError } from '@gatewise/core';
import type { serialization } from '@tensorflow/tfjs-core';
import type { Settings } from './config.js';
import { givenIn, loadSettings, saveSettings } from './saved-config.js';
import type { LevelConfig, Merge, StackConfig, StackSettings } from './stack-config.js';

type Saved = serialization.ConfigDict;

/** Settings of a stack as JSON: a list of levels, each a list of its directions. `trained` has the zoneout to expect. */
export function saveStack(settings: StackSettings, trained: readonly (readonly Settings[])[]): Saved {
  const { levels, ...plain } = settings;
  return {
    ...(plain as unknown as Saved),
    levels: levels.map(({ merge, seed }, l) => ({
      merge: merge ?? null,
      seed: seed ?? null,
      directions: trained[l]!.map((own) => saveSettings(own)),
    })),
  };
}

/** The config that a saved one stands for. Errors: `GW_LAYER_CONFIG` and those of a saved cell. */
export function loadStack(saved: Saved): StackConfig {
  const { levels, ...config } = givenIn(saved);
  if (!Array.isArray(levels)) {
    throw new GatewiseError(
      'GW_LAYER_CONFIG',
      `got levels = ${String(levels)} in a saved stack, wanted a list`,
    );
  }
  return { ...config, levels: (levels as unknown as Saved[]).map(loadLevel) } as StackConfig;
}

/** Both directions of a level have the same options but for their seeds, which are made of the level's. */
function loadLevel({ merge, seed, directions }: Saved): LevelConfig {
  const first = (directions as unknown as Saved[])[0]!;
  const {
    returnSequences,
    returnState,
    returnStateSequences,
    seed: _,
    reverse,
    ...config
  } = loadSettings(first);
  return {
    ...config,
    ...(seed == null ? {} : { seed: seed as number }),
    ...(merge == null ? { ...(reverse ? { reverse } : {}) } : { merge: merge as Merge }),
  };
}
