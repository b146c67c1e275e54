import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import type { BatchSource } from '@gatewise/data';
import { recurrent } from '@gatewise/layers';
import { carried, evaluate } from '@gatewise/trainer';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';

const byName = {
  vanilla,
  additive,
  'lstm-original': lstmOriginal,
  lstm,
  gru,
  'gru-reset-after': gruResetAfter,
} satisfies Record<string, AnyCell>;

export type CellName = keyof typeof byName;
/** The cells that a character model can have. */
export const cellChoices = Object.keys(byName) as CellName[];

/**
 * The character model: ids [B,T] → a recurrent layer of H units → logits [B,T,V]. Its states go in and out, so that
 * training carries them from window to window and sampling goes on one character at a time.
 *
 * @example const network = characterModel('lstm', 128, symbols.size, 1);
 */
export function characterModel(cell: CellName, units: number, symbols: number, seed: number): LayersModel {
  const ids = input({ shape: [null], dtype: 'int32', name: 'ids' });
  const states = byName[cell].state.map((state) => input({ shape: [units], name: `${state}0` }));
  const layer = recurrent({
    cell,
    units,
    inputDim: symbols,
    returnSequences: true,
    returnState: true,
    name: 'recurrent',
    seed,
  });
  const [y, ...next] = layer.apply([ids, ...states]) as SymbolicTensor[];
  const kernelInitializer = initializers.glorotUniform({ seed });
  const logits = layers.dense({ units: symbols, name: 'head', kernelInitializer }).apply(y as SymbolicTensor);
  return model({ name: cell, inputs: [ids, ...states], outputs: [logits as SymbolicTensor, ...next] });
}

/** Bits per character of a text, read once from end to end in B streams with their states carried. */
export async function heldOutBits(network: LayersModel, heldOut: BatchSource): Promise<number> {
  // 1 nat = log₂ e bits
  return (await evaluate(carried(network, { loss: 'softmaxCrossEntropy' }), heldOut)) * Math.LOG2E;
}
