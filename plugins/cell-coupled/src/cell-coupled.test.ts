import { cellNames } from '@gatewise/core';
import { Num } from '@gatewise/recurrence';
import { expect, it } from 'vitest';
import { lstmCoupled } from './index.js';

it('has three gates, in this order', () => {
  const { gates, input, recurrent } = cellNames(lstmCoupled);
  expect([gates, input, recurrent]).toEqual(Array(3).fill(['i', 'g', 'o']));
});

it.each([
  [1000, Math.tanh(0.4)],
  [-1000, -1.75],
])('with a_i = %d the memory is %d: all new, or all old', (i, memory) => {
  const a = { i: new Num(i), g: new Num(0.4), o: new Num(1000) };
  const { next } = lstmCoupled.forward<Num>(a, { h: new Num(0), c: new Num(-1.75) }, {});
  expect([next.c.v, next.h.v]).toEqual([memory, Math.tanh(memory)]);
});
