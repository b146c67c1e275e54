/** f32x4.relaxed_madd and f32x4.relaxed_nmadd. */
const relaxed = [
  [0xfd, 0x85, 0x02],
  [0xfd, 0x86, 0x02],
];

/** Makes this browser say what one without relaxed SIMD says: Firefox 120, Safari 16.4, Chrome 91 to 113. */
export function hideRelaxedSimd(): void {
  const validate = WebAssembly.validate;
  WebAssembly.validate = (source) => !usesRelaxed(new Uint8Array(source as ArrayBuffer)) && validate(source);
}

const usesRelaxed = (bytes: Uint8Array): boolean =>
  relaxed.some((op) => bytes.some((_, at) => op.every((byte, k) => bytes[at + k] === byte)));
