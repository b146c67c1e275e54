import { cellNames } from '@gatewise/core';
import { Dual } from '@gatewise/recurrence';
import { expect, it } from 'vitest';
import { dhardSigmoid, hardSigmoid } from './hard-sigmoid.js';
import { gruHardSigmoid, lstmHardSigmoid } from './index.js';

it.each([-3, -2.4, -1, 0, 1, 2.4, 3])('at %d it is the clipped line, and so is its slope', (x) => {
  const y = hardSigmoid(new Dual(x, 1));
  expect(y.v).toBeCloseTo(Math.min(Math.max(0.2 * x + 0.5, 0), 1), 15);
  expect(y.d).toBeCloseTo(Math.abs(x) < 2.5 ? 0.2 : 0, 15);
  expect(dhardSigmoid(y).v).toBeCloseTo(y.d, 15);
});

it('keeps the gate order of the cells with σ', () => {
  expect(cellNames(lstmHardSigmoid).gates).toEqual(['i', 'f', 'g', 'o']);
  expect(cellNames(gruHardSigmoid)).toMatchObject({ gates: ['z', 'r', 'n'], feeds: ['n'] });
});
