import { type Comparison, compare, suggestedLimit } from '@gatewise/interop';
import { isDictionary, readNumber } from './file.js';

type Numbers = ArrayLike<number>;

/** `float32Error` of a tensor by its path in the file (`expected.y`); 0 where the file gives none. */
export function float32Error(raw: Readonly<Record<string, unknown>>, path: string): number {
  let at: unknown = raw.float32Error;
  const dot = path.indexOf('.');
  const keys = dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
  for (const key of keys) at = isDictionary(at) ? at[key] : undefined;
  return readNumber(at) ?? 0;
}

/** A comparison under the suggested limit. */
export function judge(
  raw: Readonly<Record<string, unknown>>,
  path: string,
  got: Numbers,
  wanted: Numbers,
): Comparison {
  const limit = suggestedLimit(float32Error(raw, path), wanted);
  return compare(path, got, wanted, () => limit);
}
