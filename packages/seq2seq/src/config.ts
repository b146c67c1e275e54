import { GatewiseError } from '@gatewise/core';
import type { Stateful } from '@gatewise/layers';
import type { AttentionLayer } from './attention-layer.js';

export interface Seq2SeqConfig {
  /** Reads the source: any layer of @gatewise/layers, of one or both directions. */
  readonly encoder: Stateful;
  /** Writes the target: any layer of @gatewise/layers that runs forward. */
  readonly decoder: Stateful;
  /**
   * Ids with an embedding of so many symbols and that width, or vectors of so many features. Absent: ids that the encoder
   * looks up itself, with `inputDim`.
   */
  readonly source?: { readonly symbols: number; readonly width: number } | { readonly features: number };
  readonly target: TargetConfig;
  /** Where absent all that the decoder knows of the source is the state it starts from. */
  readonly attention?: AttentionLayer;
  /** Of the starting weights of all but the layers that were given; 0 where absent. */
  readonly seed?: number;
  readonly name?: string;
}

export interface TargetConfig {
  /** V: ids from 0 to V − 1, `end` among them. */
  readonly symbols: number;
  /** Of the embedding; absent: the decoder looks ids up itself, with `inputDim`. */
  readonly width?: number;
  /** The id that ends a target. */
  readonly end: number;
  /** What the decoder reads first; `end` where absent. It is never written where it is another. */
  readonly start?: number;
}

const bad = (text: string): never => {
  throw new GatewiseError('GW_SEQ2SEQ_CONFIG', text);
};

/** Errors: `GW_SEQ2SEQ_CONFIG`. */
export function checkConfig({ encoder, decoder, source, target, seed = 0 }: Seq2SeqConfig): void {
  if (!isStateful(encoder) || !isStateful(decoder)) {
    bad('got no encoder or no decoder, wanted layers of @gatewise/layers, such as gru({ units: 64 })');
  }
  if (encoder === decoder) bad('got one layer as encoder and decoder, wanted two');
  if (!decoder.causal) {
    bad(`got the decoder "${decoder.name}", which runs backward, wanted forward directions alone`);
  }
  const { symbols, width, end, start = end } = target;
  for (const [name, value] of Object.entries({
    ...source,
    'target.symbols': symbols,
    'target.width': width,
  })) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      bad(`got ${name} = ${value}, wanted a whole number of at least 1`);
    }
  }
  for (const [name, id] of Object.entries({ end, start })) {
    if (Number.isInteger(id) && id >= 0 && id < symbols) continue;
    bad(
      `got ${name} = ${id}, wanted one of the target's ids, 0 to ${symbols - 1}; count it among \`symbols\``,
    );
  }
  if (!Number.isInteger(seed)) bad(`got seed = ${seed}, wanted a whole number`);
  checkReads('encoder', encoder, source === undefined);
  checkReads('decoder', decoder, width === undefined);
}

const isStateful = (layer: Partial<Stateful> | undefined): boolean =>
  typeof layer?.sequence === 'function' && Array.isArray(layer.states);

/** A layer looks ids up itself, or is handed vectors. */
function checkReads(role: 'encoder' | 'decoder', layer: Stateful, ids: boolean): void {
  const inputDim = inputDimOf(layer);
  if ((inputDim !== undefined) === ids) return;
  bad(
    ids
      ? `got no embedding for the ${role} "${layer.name}", wanted its inputDim, or ${role === 'encoder' ? 'source: { symbols, width }' : 'target.width'}`
      : `got inputDim = ${inputDim} of the ${role} "${layer.name}" that reads vectors, wanted it left out`,
  );
}

function inputDimOf({ settings }: Stateful): number | undefined {
  return 'levels' in settings ? settings.levels[0]!.directions[0]!.settings.inputDim : settings.inputDim;
}
