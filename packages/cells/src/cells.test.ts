import { cellNames } from '@gatewise/core';
import { expect, it } from 'vitest';
import * as cells from './index.js';

/** The column order of W, R and b in every saved model: a change here breaks them. */
it.each([
  [cells.vanilla, 'vanilla', 'h', 'h', 'h', 'h'],
  [cells.additive, 'additive', 'h c', 'g', 'g', 'g'],
  [cells.lstmOriginal, 'lstm-original', 'h c', 'i g o', 'i g o', 'i g o'],
  [cells.lstm, 'lstm', 'h c', 'i f g o', 'i f g o', 'i f g o'],
  [cells.gru, 'gru', 'h', 'z r n', 'z r n', 'z r n'],
  [cells.gruResetAfter, 'gru-reset-after', 'h', 'z r n q', 'z r n', 'z r q'],
])('%o keeps its name, states and gate order', (cell, name, state, gates, input, recurrent) => {
  const names = cellNames(cell);
  expect(cell.name).toBe(name);
  expect(names.state.join(' ')).toBe(state);
  expect([names.gates, names.input, names.recurrent].map((list) => list.join(' '))).toEqual([
    gates,
    input,
    recurrent,
  ]);
});
