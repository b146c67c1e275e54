import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, type DType, type Entry, entryOf, valuesOf } from './entry.js';
import { readSafetensors } from './read.js';
import { writeSafetensors } from './write.js';

const python = readFileSync(join(import.meta.dirname, '..', 'test', 'every-type.safetensors'));
const all = (file: Uint8Array) =>
  Object.fromEntries([...readSafetensors(file).tensors].map(([name, entry]) => [name, valuesOf(entry)]));

/** A file of any header and so many bytes after it. */
function file(header: unknown, bytes = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const made = new Uint8Array(8 + json.byteLength + bytes);
  new DataView(made.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  made.set(json, 8);
  return made;
}

describe('a file of safetensors for Python', () => {
  it('is read, every type of it', () => {
    const { tensors, metadata } = readSafetensors(python);
    expect(Object.fromEntries(metadata)).toEqual({ 'made by': 'safetensors of Python' });
    expect(tensors.get('f64')).toMatchObject({ dtype: 'F64', shape: [2, 2] });
    expect(tensors.get('scalar')?.shape).toEqual([]);
    const of = all(python);
    expect(of).toEqual({
      f64: Float64Array.of(1.5, -2.25, 1e300, 5e-324),
      f32: Float32Array.of(0.1, -0, Number.POSITIVE_INFINITY),
      f16: Float32Array.of(0.0999755859375, 65504, 2 ** -24),
      bf16: Float32Array.of(0.10009765625, -3),
      i64: BigInt64Array.of(-9223372036854775808n, 9007199254740993n),
      i32: Int32Array.of(-2147483648, 7),
      u8: Uint8Array.of(0, 255, 7),
      bool: Uint8Array.of(1, 0, 1),
      scalar: Float32Array.of(3),
      none: new Float32Array(0),
    });
    expect(Object.is((of.f32 as Float32Array)[1], -0)).toBe(true);
  });

  it('is written again with the same tensors', () => {
    const { tensors, metadata } = readSafetensors(python);
    const again = writeSafetensors(tensors, Object.fromEntries(metadata));
    expect(all(again)).toEqual(all(python));
    // its own bytes: another order of types of one width is as good
    expect(writeSafetensors(readSafetensors(again).tensors, Object.fromEntries(metadata))).toEqual(again);
  });
});

it('comes back as written, whatever the names, the types and the values', () => {
  const name = fc.string({ unit: 'grapheme' }).filter((n) => n !== '__metadata__');
  const entry = fc
    .record({
      dtype: fc.constantFrom(...(Object.keys(bytesOf) as DType[])),
      shape: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
      fill: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    })
    .map(({ dtype, shape, fill }): Entry => {
      const length = shape.reduce((a, b) => a * b, 1) * bytesOf[dtype];
      return { dtype, shape, data: Uint8Array.from({ length }, (_, i) => fill[i % 8]!) };
    });
  const named = fc.uniqueArray(fc.tuple(name, entry), { selector: ([n]) => n, maxLength: 6 });
  fc.assert(
    fc.property(named, (tensors) => {
      const given = new Map(tensors);
      const { tensors: read } = readSafetensors(writeSafetensors(given));
      expect(new Map([...read].sort())).toEqual(new Map([...given].sort()));
      for (const { dtype, data } of read.values()) {
        // the header is a multiple of 8, so an array may begin at any tensor
        expect(data.byteLength === 0 || data.byteOffset % bytesOf[dtype] === 0).toBe(true);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

it('gives values in arrays of their own, wherever the bytes lie', () => {
  const shifted = Buffer.concat([Buffer.alloc(1), python]).subarray(1);
  expect(all(shifted)).toEqual(all(python));
  const { tensors } = readSafetensors(shifted);
  const values = valuesOf(tensors.get('u8')!);
  expect(values.buffer.byteLength).toBe(3);
  values.fill(9 as never);
  expect(all(shifted)).toEqual(all(python));
});

it('keeps names that objects have of their own', () => {
  const odd = new Map([['__proto__', entryOf('F32', [1], [1])]]);
  expect([...readSafetensors(writeSafetensors(odd)).tensors.keys()]).toEqual(['__proto__']);
});

const one = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
describe('refuses', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(3), /^GW_SAFETENSORS_HEADER: got 3 bytes/],
    [
      'a header beyond the end',
      Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123),
      /HEADER: got a header of 9 bytes/,
    ],
    ['a huge header', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255), /HEADER: got a header of 1844/],
    ['no JSON', file('{nope'), /HEADER: got a header that is no JSON/],
    ['no object', file('[]'), /HEADER: got a header that does not begin with \{/],
    ['no UTF-8', file('{').fill(0xff, 9), /HEADER/],
    [
      'a name twice',
      file(`{"a":${JSON.stringify(one)},"a":${JSON.stringify(one)}}`, 4),
      /HEADER: got the name "a" twice/,
    ],
    [
      'a name twice, written otherwise',
      file(`{"a":${JSON.stringify(one)},"\\u0061":${JSON.stringify(one)}}`, 4),
      /"a" twice/,
    ],
    [
      'a key twice in a tensor',
      file('{"a":{"dtype":"U8","dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
      /"dtype" twice/,
    ],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), /HEADER: got other __metadata__/],
    ['an entry without offsets', file({ a: { dtype: 'F32', shape: [] } }), /HEADER: got dtype shape of "a"/],
    ['an entry that is a number', file({ a: 1 }), /HEADER: got number of "a"/],
    [
      'an unknown type',
      file({ a: { ...one, dtype: 'C64' } }, 4),
      /GW_SAFETENSORS_DTYPE: got the type "C64" of "a"/,
    ],
    ['a type of objects', file({ a: { ...one, dtype: 'toString' } }, 4), /GW_SAFETENSORS_DTYPE/],
    [
      'a negative axis',
      file({ a: { ...one, shape: [-1, -1] } }, 4),
      /GW_SAFETENSORS_SHAPE: got the shape \[-1,-1\]/,
    ],
    ['a huge shape', file({ a: { ...one, shape: [1e9, 1e9] } }, 4), /GW_SAFETENSORS_SHAPE/],
    ['a shape of texts', file({ a: { ...one, shape: ['1'] } }, 4), /HEADER: got another shape/],
    ['bytes beyond the end', file({ a: one }, 3), /OFFSETS: got the bytes \[0,4\] of "a"/],
    ['bytes of another size', file({ a: { ...one, data_offsets: [0, 8] } }, 8), /OFFSETS.*wanted 4 bytes/],
    ['backward bytes', file({ a: { ...one, data_offsets: [4, 0] } }, 4), /OFFSETS/],
    ['three offsets', file({ a: { ...one, data_offsets: [0, 4, 4] } }, 4), /OFFSETS/],
    ['an overlap', file({ a: one, b: one }, 8), /OFFSETS: got "b" from byte 0, wanted it from 4/],
    [
      'a gap',
      file({ a: { ...one, data_offsets: [4, 8] } }, 8),
      /OFFSETS: got "a" from byte 4, wanted it from 0/,
    ],
    ['bytes left over', file({ a: one }, 5), /OFFSETS: got 5 bytes of tensors, wanted 4/],
  ])('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('every cut of a file', () => {
    for (let n = 0; n < python.byteLength; n++)
      expect(() => readSafetensors(python.subarray(0, n))).toThrow(/^GW_SAFETENSORS_/);
  });

  it('on writing: a reserved name, a type that is none, bytes that do not fit', () => {
    const entry = entryOf('F32', [1], [1]);
    const write = (name: string, e: Entry) => () => writeSafetensors(new Map([[name, e]]));
    expect(write('__metadata__', entry)).toThrow(/^GW_SAFETENSORS_NAME/);
    expect(write('a', { ...entry, dtype: 'F8' as DType })).toThrow(/^GW_SAFETENSORS_DTYPE/);
    expect(write('a', { ...entry, shape: [2] })).toThrow(
      /^GW_SAFETENSORS_SHAPE: got 4 bytes of "a", wanted 8/,
    );
    expect(() => entryOf('F32', [2], [1])).toThrow(/^GW_SAFETENSORS_SHAPE: got 1 values for the shape \[2\]/);
    const odd = { dtype: 'BOOL', shape: [1], data: Uint8Array.of(2) } as const;
    expect(() => valuesOf(odd)).toThrow(/^GW_SAFETENSORS_VALUE: got 2 as a BOOL/);
  });
});
