import { corrupt } from './failures.js';

/** Checksums by file, in the layout of `sha256sum -c`. Errors: `GW_CHECKPOINT_CORRUPT`. */
export function parseSums(path: string, file: Uint8Array): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of new TextDecoder().decode(file).split('\n')) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum !== undefined && name !== undefined) sums.set(name, sum);
    else if (line !== '') throw corrupt(path, `the line "${line.slice(0, 80)}"`, '"<sha256>  <file>"');
  }
  return sums;
}
