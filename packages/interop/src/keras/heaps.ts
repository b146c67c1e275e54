import { refuse } from '../errors.js';

const GCOL = 0x4c4f4347; // little-endian "GCOL"
const HEADER = 16;

/**
 * Checks every global heap of an HDF5 file, which is where texts lie: objects one after the other, each within its heap.
 * HDF5 2.0 never ends on one of no size. Errors: `GW_IMPORT_FORMAT`.
 * Source: HDF5 File Format Specification 3.0, III.E.
 */
export function checkHeaps(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER <= bytes.byteLength; at += 8) {
    // signature, version 1, three reserved bytes
    if (view.getUint32(at, true) !== GCOL || view.getUint32(at + 4, true) !== 1) continue;
    const size = view.getBigUint64(at + 8, true);
    if (size < HEADER || size > bytes.byteLength - at) bad(at);
    checkObjects(view, at, at + Number(size));
  }
}

function checkObjects(view: DataView, heap: number, end: number): void {
  let at = heap + HEADER;
  while (at + HEADER <= end) {
    const index = view.getUint16(at, true);
    const size = view.getBigUint64(at + 8, true);
    // index 0 is what is free, with its own header counted in
    const left = BigInt(end - at);
    if (index === 0 ? size < HEADER || size > left : size > left - BigInt(HEADER)) bad(heap);
    at += index === 0 ? Number(size) : HEADER + Math.ceil(Number(size) / 8) * 8;
  }
}

const bad = (at: number): never =>
  refuse(
    'GW_IMPORT_FORMAT',
    `got a heap of texts at byte ${at} whose parts reach beyond it; the file is damaged or cut off`,
  );
