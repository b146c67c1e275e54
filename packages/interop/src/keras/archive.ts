import { unzipSync } from 'fflate';
import { refuse } from '../errors.js';

/** True for the first bytes of a zip archive. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

/** deflate makes nothing smaller than this. */
const MOST = 1032;

/**
 * Unpacks some files of an archive, at most `limit` bytes together. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_LIMIT`.
 */
export function unpack(
  bytes: Uint8Array,
  wanted: readonly string[],
  limit: number,
): ReadonlyMap<string, Uint8Array> {
  const sizes = new Map<string, number>();
  let left = limit;
  const filter = ({
    name,
    size,
    originalSize,
    compression,
  }: {
    name: string;
    size: number;
    originalSize: number;
    compression: number;
  }) => {
    if (!wanted.includes(name)) return false;
    if (sizes.has(name)) refuse('GW_IMPORT_FORMAT', `got "${name}" twice in the archive, wanted it once`);
    const most = compression === 0 ? size : size * MOST;
    if (size > bytes.byteLength || originalSize > most) {
      refuse(
        'GW_IMPORT_FORMAT',
        `"${name}": got ${originalSize} bytes packed into ${size}, which cannot be; the archive is damaged`,
      );
    }
    left -= originalSize;
    if (left < 0)
      refuse(
        'GW_IMPORT_LIMIT',
        `"${name}": got ${originalSize} bytes, wanted at most ${limit} in all; unpack the archive yourself and give model.weights.h5 with its config`,
      );
    sizes.set(name, originalSize);
    return true;
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter });
  } catch (error) {
    if ((error as { code?: unknown }).code?.toString().startsWith('GW_')) throw error;
    return refuse(
      'GW_IMPORT_FORMAT',
      `got an archive that cannot be unpacked (${(error as Error).message}); it is damaged or cut off`,
      error,
    );
  }
  const short = [...sizes].find(([name, size]) => files[name]?.byteLength !== size);
  if (short)
    refuse(
      'GW_IMPORT_FORMAT',
      `"${short[0]}": got ${files[short[0]]?.byteLength} bytes, wanted ${short[1]}; the archive is damaged`,
    );
  return new Map(Object.entries(files));
}
