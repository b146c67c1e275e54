import { irnn } from '@gatewise/cell-irnn';
import { additive, gru, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import type { RecurrentConfig } from '@gatewise/layers';

/** A cell, and how it starts. */
export interface Contestant {
  readonly name: string;
  readonly cell: AnyCell;
  readonly options: Pick<RecurrentConfig, 'recurrentInitializer' | 'forgetBias' | 'biasInitializer'>;
}

/** Every cell, with what their papers start them from. */
export const contestants: readonly Contestant[] = [
  { name: 'vanilla', cell: vanilla, options: {} },
  { name: 'IRNN', cell: irnn, options: { recurrentInitializer: 'identity' } },
  { name: 'additive', cell: additive, options: {} },
  { name: 'original LSTM', cell: lstmOriginal, options: {} },
  { name: 'LSTM', cell: lstm, options: {} },
  { name: 'LSTM, chrono start', cell: lstm, options: { biasInitializer: 'chrono' } },
  { name: 'GRU', cell: gru, options: {} },
];

/** What a layer that reads T steps starts from: the chrono start is told how far back there is something to remember. */
export const startOf = ({ options }: Contestant, T: number): Partial<RecurrentConfig> =>
  options.biasInitializer === 'chrono' ? { ...options, memoryLength: T } : options;

/** Weights of a recurrent layer: every gate has a row of W for each input, one of R for each unit, and b. */
export const parameters = ({ cell }: Contestant, I: number, H: number): number =>
  cell.gates.length * H * (I + H + 1);

/** The most units that keep the recurrent layer within a number of parameters. */
export function unitsWithin(one: Contestant, I: number, most: number): number {
  let H = 1;
  while (parameters(one, I, H + 1) <= most) H++;
  return H;
}
