import { cellNames } from '@gatewise/core';
import { expect, it } from 'vitest';
import { lstmPeephole } from './index.js';

it('keeps its gate order and its vectors', () => {
  const { gates, input, recurrent, vectors } = cellNames(lstmPeephole);
  expect([gates, input, recurrent]).toEqual(Array(3).fill(['i', 'f', 'g', 'o']));
  expect(vectors).toEqual(['pi', 'pf', 'po']);
});
