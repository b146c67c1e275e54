import { GatewiseError } from '@gatewise/core';
import { bytesOf, checkDType, type Entry, sizeOf } from './entry.js';

/**
 * Writes a file: wide types first and the header padded with spaces, so that every tensor begins where an array of its type
 * may; otherwise in the order given. The same tensors give the same bytes.
 * Errors: `GW_SAFETENSORS_DTYPE`, `GW_SAFETENSORS_SHAPE`, `GW_SAFETENSORS_NAME`.
 *
 * @example const file = writeSafetensors(new Map([['w', entryOf('F32', [2], [1, 2])]]), { source: 'here' });
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Entry>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  for (const [name, entry] of tensors) check(name, entry);
  const sorted = [...tensors].sort(([, a], [, b]) => bytesOf[b.dtype] - bytesOf[a.dtype]);
  let end = 0;
  const described = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [JSON.stringify(name), JSON.stringify({ dtype, shape, data_offsets: [begin, end] })];
  });
  if (Object.keys(metadata).length > 0) described.unshift(['"__metadata__"', JSON.stringify(metadata)]);
  const header = padded(`{${described.map(([name, about]) => `${name}:${about}`).join(',')}}`);
  const file = new Uint8Array(8 + header.byteLength + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.byteLength), true);
  file.set(header, 8);
  let at = 8 + header.byteLength;
  for (const [, { data }] of sorted) {
    file.set(data, at);
    at += data.byteLength;
  }
  return file;
}

function check(name: string, { dtype, shape, data }: Entry): void {
  const said = JSON.stringify(name);
  if (name === '__metadata__') {
    throw new GatewiseError(
      'GW_SAFETENSORS_NAME',
      `got a tensor named ${said}, which the format keeps for itself; choose another name`,
    );
  }
  checkDType(dtype, said);
  const wanted = sizeOf(shape, said) * bytesOf[dtype];
  if (data.byteLength === wanted) return;
  throw new GatewiseError(
    'GW_SAFETENSORS_SHAPE',
    `got ${data.byteLength} bytes of ${said}, wanted ${wanted} for [${shape}] ${dtype}`,
  );
}

function padded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const header = new Uint8Array(Math.ceil(bytes.byteLength / 8) * 8).fill(0x20);
  header.set(bytes);
  return header;
}
