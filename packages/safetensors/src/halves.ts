/**
 * 16-bit floats as bit patterns. F16: 1 sign, 5 exponent (bias 15), 10 fraction bits (IEEE 754 binary16).
 * BF16: the upper half of a float32.
 */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A bit pattern of F16 as a number: exact. */
export function f16ToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >>> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  // subnormal: fraction · 2⁻²⁴;  normal: (1024 + fraction) · 2^(exponent − 25)
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The nearest F16, ties to even; from 65520 on it is infinity. */
export function numberToF16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  // below 2⁻¹⁴ steps are 2⁻²⁴; above, 2^(e − 10), where 2^e is the largest power within
  const e = Math.max(-14, exponentOf(size));
  const steps = roundToEven(size * 2 ** (10 - e));
  // a carry out of the fraction raises the exponent by itself
  return sign | (((e + 14) << 10) + steps);
}

/** ⌊log₂ x⌋ of a number that a float32 holds as normal; below, any number under −14. */
function exponentOf(x: number): number {
  float[0] = x;
  const e = (bits[0]! >>> 23) - 127;
  // rounding to float32 may have reached the next power of two
  return 2 ** e > x ? e - 1 : e;
}

function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** A bit pattern of BF16 as a number: exact. */
export function bf16ToNumber(b: number): number {
  bits[0] = (b << 16) >>> 0;
  return float[0]!;
}

/** The BF16 nearest to the value as float32, ties to even. */
export function numberToBf16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  float[0] = value;
  const u = bits[0]!;
  return (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
}
