import { GatewiseError } from '@gatewise/core';
import { recordProgram } from '@gatewise/recurrence';
import type { serialization } from '@tensorflow/tfjs-core';
import { findSavedCell } from './cell-registry.js';
import type { RecurrentConfig, Settings } from './config.js';

/**
 * Settings as JSON. tf.layers rewrites keys and texts between camelCase and snake_case, so rates by state, whose names
 * are the cell's, are a list in the order of its states.
 */
export function saveSettings(settings: Settings): serialization.ConfigDict {
  const { cell, zoneout, ...plain } = settings;
  const kept = Object.entries(plain).filter(([, value]) => value !== undefined);
  return {
    cell: cell.name,
    cellHash: recordProgram(cell).hash,
    ...(Object.fromEntries(kept) as serialization.ConfigDict),
    zoneout: cell.state.map((state) => zoneout[state] ?? 0),
  };
}

/** The config that a saved one stands for. Errors: `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`, `GW_LAYER_CONFIG`. */
export function loadSettings(saved: serialization.ConfigDict): RecurrentConfig {
  const { cellHash, ...config } = givenIn(saved);
  if (typeof config.cell !== 'string') {
    throw new GatewiseError(
      'GW_LAYER_CONFIG',
      `got cell = ${String(config.cell)} in a saved layer, wanted a name`,
    );
  }
  const cell = findSavedCell(config.cell, cellHash);
  const { zoneout } = config;
  if (Array.isArray(zoneout)) {
    config.zoneout = Object.fromEntries(cell.state.map((state, k) => [state, zoneout[k] ?? 0]));
  }
  return { ...config, cell } as unknown as RecurrentConfig;
}

/** What a saved layer was given: tf.layers adds customObjects and writes null for what was undefined. */
export function givenIn(saved: serialization.ConfigDict): serialization.ConfigDict {
  const given = Object.entries(saved).filter(([name, value]) => name !== 'customObjects' && value !== null);
  return Object.fromEntries(given);
}
