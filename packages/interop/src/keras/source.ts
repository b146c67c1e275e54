import { refuseLayer } from '../errors.js';
import type { Values } from '../model.js';
import { showShape } from '../values.js';
import type { Dialect } from './activation.js';
import type { Outline } from './topology.js';

/** Where the weights of a layer come from: by role, `kernel`, `recurrent_kernel`, `bias`, `embeddings`, after `forward/` or `backward/`. */
export type WeightSource = (layer: Outline) => ReadonlyMap<string, Values>;

/** The role that a path like `lstm_1/forward_lstm/lstm_cell/kernel:0` has within its layer. */
export function roleOf(path: string): string {
  const parts = path.replace(/:\d+$/, '').split('/');
  const direction = parts.map((part) => /^(forward|backward)_/.exec(part)?.[1]).find((d) => d !== undefined);
  const leaf = parts.at(-1)!;
  return direction ? `${direction}/${leaf}` : leaf;
}

/** What a config is read with. */
export interface Reading {
  readonly dialect: Dialect | undefined;
  readonly weights: WeightSource;
  readonly notes: string[];
}

/** The weight of a role. Errors: `GW_IMPORT_WEIGHTS`. */
export function weight(
  name: string,
  weights: ReadonlyMap<string, Values>,
  role: string,
  shape: readonly (number | undefined)[],
): Values {
  const values = weights.get(role);
  const fits =
    values?.shape.length === shape.length &&
    shape.every((n, i) => (n === undefined || n === values.shape[i]) && values.shape[i]! > 0);
  if (values && fits) return values;
  const got = values
    ? showShape(values.shape)
    : `none (${[...weights.keys()].join(', ') || 'no weights at all'})`;
  return refuseLayer(
    'GW_IMPORT_WEIGHTS',
    name,
    `${role}: got ${got}, wanted ${showShape(shape.map((n) => n ?? null))} as its config says`,
    'save config and weights of the same model again',
  );
}
