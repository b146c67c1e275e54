import { bytesOf, type DType, entryOf, type Values, valuesOf } from '@gatewise/safetensors';
import { refuse } from '../errors.js';
import { sizeOf } from '../values.js';
import { damaged } from './protobuf.js';
import type { RawTensor } from './schema.js';

/** A constant. `whole`: its numbers are integers or truth values, and say shapes, lengths or ids. */
export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  readonly whole: boolean;
}

/** ONNX' numbers for number types. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
const dtypes: Readonly<Record<number, DType>> = {
  ...{ 1: 'F32', 2: 'U8', 3: 'I8', 4: 'U16', 5: 'I16', 6: 'I32', 7: 'I64', 9: 'BOOL', 10: 'F16', 11: 'F64' },
  ...{ 12: 'U32', 16: 'BF16' },
};
export const isWhole = (type: number): boolean => !/F/.test(dtypes[type] ?? 'F');

/** The numbers of a TensorProto. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_UNSUPPORTED`. */
export function tensorOf(raw: RawTensor): OnnxTensor {
  const { name = '', dims: shape = [], dataType = 0 } = raw;
  const dtype = dtypes[dataType];
  if (!dtype || raw.location === 1) {
    const got = dtype ? 'its numbers in a file beside the model' : `the number type ${dataType} of ONNX`;
    return refuse(
      'GW_IMPORT_UNSUPPORTED',
      `tensor "${name}": got ${got}, wanted numbers or truth values inside; save the model with its data in one file`,
    );
  }
  const size = shape.every((n) => Number.isSafeInteger(n) && n >= 0) ? sizeOf(shape) : Number.NaN;
  const data = raw.raw ?? listed(dtype, raw);
  if (data.length !== size * bytesOf[dtype])
    damaged(`${data.length} bytes in tensor "${name}", ${dtype} [${shape}]`);
  return { shape, data: numbersOf(valuesOf({ dtype, shape, data })), whole: isWhole(dataType) };
}

/** Numbers that stand one by one; those of half precision come as their bits. */
function listed(dtype: DType, { floats, int32s, int64s, doubles }: RawTensor): Uint8Array {
  const numbers = floats ?? int32s ?? int64s ?? doubles ?? [];
  if (dtype === 'F16' || dtype === 'BF16') return new Uint8Array(Uint16Array.from(numbers).buffer);
  return entryOf(dtype, [numbers.length], dtype === 'I64' ? numbers.map(BigInt) : numbers).data;
}

/** Integers of 64 bits beyond 2⁵³ are rounded. */
function numbersOf(values: Values): OnnxTensor['data'] {
  if (values instanceof Float32Array || values instanceof Float64Array) return values;
  return Float64Array.from(values as ArrayLike<number>, Number);
}

/** A TensorProto of floats, or of 64-bit integers. */
export function rawTensor(name: string, { shape, data, whole }: OnnxTensor): RawTensor {
  const entry = whole ? entryOf('I64', shape, Array.from(data, BigInt)) : entryOf('F32', shape, data);
  return { name, dims: shape, dataType: whole ? INT64 : FLOAT, raw: entry.data };
}
