import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { odd } from './odd-cell.js';

/** The six built-in cells, two of plugins, and an odd one: to the engine all are data. */
export const allCells: readonly AnyCell[] = [
  vanilla,
  additive,
  lstmOriginal,
  lstm,
  gru,
  gruResetAfter,
  lstmPeephole,
  indrnn,
  odd,
].map((cell) => cell as unknown as AnyCell);
