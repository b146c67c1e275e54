import { GatewiseError } from '@gatewise/core';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './halves.js';

/** Bytes of an element, by the format's names of types. */
export const bytesOf = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
} as const;
export type DType = keyof typeof bytesOf;

/** A tensor as it lies in a file. */
export interface Entry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row by row, little-endian. */
  readonly data: Uint8Array;
}
export type Values =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

const arrays = {
  ...{ F64: Float64Array, F32: Float32Array, F16: Uint16Array, BF16: Uint16Array },
  ...{ I64: BigInt64Array, I32: Int32Array, I16: Int16Array, I8: Int8Array },
  ...{ U64: BigUint64Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array, BOOL: Uint8Array },
} as const;

/** The number of elements of a shape; the file was checked, or what was given is. Errors: `GW_SAFETENSORS_SHAPE`. */
export function sizeOf(shape: readonly number[], name: string): number {
  const size = shape.reduce((product, n) => product * n, 1);
  const whole = shape.every((n) => Number.isSafeInteger(n) && n >= 0) && Number.isSafeInteger(size);
  if (whole) return size;
  throw new GatewiseError(
    'GW_SAFETENSORS_SHAPE',
    `got the shape [${shape}] of ${name}, wanted whole numbers from 0`,
  );
}

/**
 * The numbers of a tensor, row by row, in an array of their own: F16 and BF16 as Float32Array, BOOL as Uint8Array of 0 and 1,
 * I64 as BigInt64Array, the others as their names say. Errors: `GW_SAFETENSORS_VALUE` for a BOOL that is neither.
 *
 * @example const w = valuesOf(tensors.get('w')!);
 */
export function valuesOf({ dtype, data }: Entry): Values {
  // a copy begins at 0, where any array may; slice() of a Buffer would be none
  const values = new arrays[dtype](new Uint8Array(data).buffer);
  if (dtype === 'F16') return Float32Array.from(values as Uint16Array, f16ToNumber);
  if (dtype === 'BF16') return Float32Array.from(values as Uint16Array, bf16ToNumber);
  if (dtype === 'BOOL') {
    const odd = (values as Uint8Array).find((v) => v > 1);
    if (odd !== undefined)
      throw new GatewiseError('GW_SAFETENSORS_VALUE', `got ${odd} as a BOOL, wanted 0 or 1`);
  }
  return values;
}

/**
 * A tensor of numbers, row by row: rounded where the type is narrower. Errors: `GW_SAFETENSORS_DTYPE`, `GW_SAFETENSORS_SHAPE`.
 *
 * @example const entry = entryOf('F32', [2, 2], [1, 2, 3, 4]);
 */
export function entryOf(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number> | ArrayLike<bigint>,
): Entry {
  checkDType(dtype, 'an entry');
  const wanted = sizeOf(shape, 'an entry');
  if (values.length !== wanted) {
    throw new GatewiseError(
      'GW_SAFETENSORS_SHAPE',
      `got ${values.length} values for the shape [${shape}], wanted their product, ${wanted}`,
    );
  }
  const made = encoded(dtype, values);
  return { dtype, shape: [...shape], data: new Uint8Array(made.buffer, made.byteOffset, made.byteLength) };
}

function encoded(dtype: DType, values: ArrayLike<number> | ArrayLike<bigint>): Values {
  if (dtype === 'I64' || dtype === 'U64') return arrays[dtype].from(Array.from(values as never, BigInt));
  const numbers = values as ArrayLike<number>;
  if (dtype === 'F16') return Uint16Array.from(numbers, numberToF16);
  if (dtype === 'BF16') return Uint16Array.from(numbers, numberToBf16);
  if (dtype === 'BOOL') return Uint8Array.from(numbers, (v) => (v ? 1 : 0));
  return arrays[dtype].from(numbers);
}

/** Errors: `GW_SAFETENSORS_DTYPE`. */
export function checkDType(dtype: unknown, name: string): asserts dtype is DType {
  if (typeof dtype === 'string' && Object.hasOwn(bytesOf, dtype)) return;
  throw new GatewiseError(
    'GW_SAFETENSORS_DTYPE',
    `got the type ${JSON.stringify(dtype)} of ${name}, wanted one of ${Object.keys(bytesOf).join(' ')}`,
  );
}
