import { lstmLayerNorm } from '@gatewise/cell-layernorm';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { scaleToGlobalNorm } from '@gatewise/plugin-clip';
import { composedCell, type GoldenOptions, sameLetters } from '@gatewise/testing';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What golden files need besides `@gatewise/testing`: cells and clipping that live in plugins. */
export const golden: GoldenOptions = {
  cells: {
    lstm_peephole: sameLetters(lstmPeephole, { p: ['pi', 'pf', 'po'] }),
    lstm_layernorm: composedCell('lstm-layernorm', ['h', 'c'], (file, sequence) => {
      const { Wx: W, Wh: R, b, gx, gh, gc, bc } = file as Record<string, Tensor>;
      const weights = { W: W!, R: R!, b: b!, gx: gx!, gh: gh!, gc: gc!, bc: bc! };
      return lstmLayerNorm({ ...sequence, ...weights });
    }),
  },
  clip: scaleToGlobalNorm,
};
