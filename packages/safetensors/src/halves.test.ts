import { expect, it } from 'vitest';
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from './halves.js';

const patterns = Array.from({ length: 0x10000 }, (_, bits) => bits);
const kinds = [
  ['F16', f16ToNumber, numberToF16],
  ['BF16', bf16ToNumber, numberToBf16],
] as const;

it.each(kinds)(
  '%s: all 65536 patterns come back, numbers that are none as one that is none',
  (_, read, write) => {
    const changed = patterns.filter((bits) => {
      const value = read(bits);
      return Number.isNaN(value) ? !Number.isNaN(read(write(value))) : write(value) !== bits;
    });
    expect(changed).toEqual([]);
  },
);

it.each(kinds)('%s: halfway goes to even, anything else to the nearest', (_, read, write) => {
  const wrong = patterns.slice(0, 0x7bff).filter((bits) => {
    const [low, high] = [read(bits), read(bits + 1)];
    if (!Number.isFinite(high)) return false;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const middle = (low + high) / 2;
    // beyond and below the middle, by as little as a float32 knows
    const step = Math.max((high - low) * 2 ** -12, 2 ** -149);
    return (
      write(middle) !== even ||
      write(-middle) !== (even | 0x8000) ||
      (middle - step > low && write(middle - step) !== bits) ||
      (middle + step < high && write(middle + step) !== bits + 1)
    );
  });
  expect(wrong).toEqual([]);
});

it('F16: the ends of its range', () => {
  expect(numberToF16(65519.99)).toBe(0x7bff);
  expect(numberToF16(65520)).toBe(0x7c00);
  expect(numberToF16(-1e9)).toBe(0xfc00);
  expect(numberToF16(-0)).toBe(0x8000);
  expect(numberToF16(2 ** -25)).toBe(0);
  expect(numberToF16(2 ** -25 * 1.0001)).toBe(1);
  expect(numberToF16(1e-300)).toBe(0);
  expect(numberToF16(2 ** -14 - 2 ** -26)).toBe(0x400);
  // just under a power of two, where a float32 would already be there
  expect(numberToF16(2 - 2 ** -40)).toBe(0x4000);
});
