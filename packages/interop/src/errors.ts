import { GatewiseError } from '@gatewise/core';

type ImportCode =
  /** Not a file of the format, or a damaged one. */
  | 'GW_IMPORT_FORMAT'
  /** Larger than a file of this kind may be. */
  | 'GW_IMPORT_LIMIT'
  /** Something the file does not say: an option must. */
  | 'GW_IMPORT_ASK'
  /** Something that cannot be represented. */
  | 'GW_IMPORT_UNSUPPORTED'
  /** Weights that are absent or do not fit. */
  | 'GW_IMPORT_WEIGHTS'
  /** Golden inputs that are not of this model. */
  | 'GW_IMPORT_FIXTURE';
type ExportCode =
  | 'GW_EXPORT_UNSUPPORTED'
  /** Numbers that the type asked for cannot hold. */
  | 'GW_EXPORT_VALUE';

/** Refuses, with what was got, what was wanted and the likely fix. */
export function refuse(code: ImportCode | ExportCode, message: string, cause?: unknown): never {
  throw new GatewiseError(code, message, cause === undefined ? undefined : { cause });
}

/** Refuses a layer by its name, with the reason and the nearest way out. */
export function refuseLayer(
  code: ImportCode | ExportCode,
  layer: string,
  reason: string,
  wayOut: string,
): never {
  return refuse(code, `layer "${layer}": ${reason}; ${wayOut}`);
}
