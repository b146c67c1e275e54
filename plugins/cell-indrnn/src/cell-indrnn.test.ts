import { cellNames } from '@gatewise/core';
import { expect, it } from 'vitest';
import { indrnn } from './index.js';

it('has a vector in place of R', () => {
  const { gates, recurrent, vectors } = cellNames(indrnn);
  expect([gates, recurrent, vectors]).toEqual([['h'], [], ['u']]);
});
