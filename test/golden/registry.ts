import { lstmPeephole } from '@gatewise/cell-peephole';
import { scaleToGlobalNorm } from '@gatewise/plugin-clip';
import { type GoldenOptions, sameLetters } from '@gatewise/testing';

/** What golden files need besides `@gatewise/testing`: cells and clipping that live in plugins. */
export const golden: GoldenOptions = {
  cells: { lstm_peephole: sameLetters(lstmPeephole, { p: ['pi', 'pf', 'po'] }) },
  clip: scaleToGlobalNorm,
};
