import { lstmPeephole } from '@gatewise/cell-peephole';
import { gruResetAfter, lstm, vanilla } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import type { CellName } from '../cases.js';

export const ownCells: Readonly<Record<CellName, AnyCell>> = {
  vanilla,
  lstm,
  'gru-reset-after': gruResetAfter,
  'lstm-peephole': lstmPeephole,
};
